//! The resources that a template stands for with certain parameters, before any of them exists.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::evaluate::{Pseudo, Scope, Surroundings, conditions};
use crate::function::{Place, error};
use crate::template::{Template, TemplateError};

/// A resource that would be made.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedResource {
    pub logical_id: String,
    /// `AWS::SNS::Topic`
    pub type_name: String,
    /// Its properties with parameters and conditions resolved. What only the resources themselves can tell stays a
    /// reference in the form of `Fn::Sub`: `${Function}`, `${Function.Arn}`. A property that cannot be computed from
    /// references, such as a part of one, stays as the template has it.
    pub properties: Map<String, Value>,
}

impl Template {
    /// The resources whose conditions hold, for parameter values and a region; a parameter that is not in `values` counts
    /// with its default, and without one as its own reference, `${Name}`.
    pub fn outline(
        &self,
        values: &BTreeMap<String, String>,
        region: &str,
    ) -> Result<Vec<PlannedResource>, TemplateError> {
        let parameters: BTreeMap<String, Value> = self
            .parameters()
            .iter()
            .map(|(name, parameter)| {
                let given = values.get(name).cloned().or_else(|| parameter.default.clone());
                (name.clone(), parameter.value(&given.unwrap_or_else(|| reference(name))))
            })
            .collect();
        let pseudo = Pseudo {
            account: reference("AWS::AccountId"),
            notification_arns: Vec::new(),
            partition: "aws".to_owned(),
            region: region.to_owned(),
            stack_id: reference("AWS::StackId"),
            stack_name: reference("AWS::StackName"),
            url_suffix: "amazonaws.com".to_owned(),
        };
        let conditions = conditions(self, &parameters, &pseudo)?;
        let scope = Scope {
            template: self,
            parameters: &parameters,
            pseudo: &pseudo,
            conditions: &conditions,
            surroundings: &Unmade(self),
            place: Place::Value,
        };
        let holds = |condition: &Option<String>| match condition {
            None => Ok(true),
            Some(name) => conditions
                .get(name)
                .copied()
                .ok_or_else(|| error(format!("Unresolved condition dependency {name} in the template"))),
        };
        let mut planned = Vec::new();
        for resource in self.resources().values() {
            if holds(&resource.condition)? {
                planned.push(PlannedResource {
                    logical_id: resource.logical_id.clone(),
                    type_name: resource.type_name.clone(),
                    properties: properties(&scope, &resource.properties),
                });
            }
        }
        Ok(planned)
    }
}

fn properties(scope: &Scope<'_>, properties: &Map<String, Value>) -> Map<String, Value> {
    let evaluate = |(name, value): (&String, &Value)| {
        let evaluated = scope.evaluate(value).unwrap_or_else(|_| Some(value.clone()))?;
        Some((name.clone(), evaluated))
    };
    properties.iter().filter_map(evaluate).collect()
}

/// Resources that do not exist yet: they are known by their references only.
struct Unmade<'t>(&'t Template);

impl Surroundings for Unmade<'_> {
    fn reference(&self, logical_id: &str) -> Option<Value> {
        self.0.resources().contains_key(logical_id).then(|| Value::from(reference(logical_id)))
    }

    fn attribute(&self, logical_id: &str, attribute: &str) -> Result<Value, TemplateError> {
        Ok(Value::from(reference(&format!("{logical_id}.{attribute}"))))
    }

    fn import(&self, name: &str) -> Result<Value, TemplateError> {
        Ok(Value::from(reference(name)))
    }

    fn resolve(&self, reference: &str) -> Result<String, TemplateError> {
        Ok(format!("{{{{{reference}}}}}"))
    }
}

fn reference(name: &str) -> String {
    format!("${{{name}}}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TEMPLATE: &str = r#"
Parameters:
  Count: {Type: Number, Default: 2}
  Topic: {Type: String}
Conditions:
  Many: !Not [!Equals [!Ref Count, "1"]]
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub "${AWS::StackName}-${Topic}"
      MaximumMessageSize: !If [Many, 2048, 1024]
      KmsMasterKeyId: !If [Many, !Ref AWS::NoValue, key]
  Subscription:
    Type: AWS::SNS::Subscription
    Condition: Many
    Properties: {Endpoint: !GetAtt Queue.Arn, TopicArn: !Ref Topic, Count: !Ref Count, Queue: !Ref Queue}
"#;

    fn outline(values: &[(&str, &str)]) -> Vec<PlannedResource> {
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Template::parse(TEMPLATE).unwrap().outline(&values, "eu-west-1").unwrap()
    }

    #[test]
    fn what_is_known_is_resolved_and_the_rest_stays_a_reference() {
        let planned = outline(&[]);
        let properties: Vec<Value> =
            planned.iter().map(|one| Value::Object(one.properties.clone())).collect();
        assert_eq!(
            properties,
            [
                json!({"QueueName": "${AWS::StackName}-${Topic}", "MaximumMessageSize": 2048}),
                json!({"Endpoint": "${Queue.Arn}", "TopicArn": "${Topic}", "Count": "2", "Queue": "${Queue}"}),
            ]
        );
    }

    #[test]
    fn what_needs_more_than_a_reference_stays() {
        let template = "Parameters: {Url: {Type: String}}\nResources: {Queue: {Type: 'AWS::SQS::Queue', Properties: {QueueName: {'Fn::Select': [1, {'Fn::Split': ['/', {Ref: Url}]}]}}}}";
        let planned = Template::parse(template).unwrap().outline(&BTreeMap::new(), "eu-west-1").unwrap();
        assert_eq!(planned[0].properties["QueueName"]["Fn::Select"][0], 1);
    }

    #[test]
    fn a_resource_whose_condition_fails_is_not_made() {
        let planned = outline(&[("Count", "1")]);
        let made: Vec<&str> = planned.iter().map(|one| one.logical_id.as_str()).collect();
        assert_eq!(made, ["Queue"]);
        assert_eq!(planned[0].properties["KmsMasterKeyId"], "key");
    }
}
