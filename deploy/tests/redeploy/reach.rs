//! What a parameter of a template can change at all, read from the template alone.

use std::collections::BTreeSet;

use catalog::Template;
use serde_json::Value;

/// The resources that name a parameter, themselves or by a condition.
pub fn named(template: &Template, parameter: &str) -> BTreeSet<String> {
    let document = template.document();
    let mut names: BTreeSet<String> = [parameter.to_owned()].into();
    let conditions = document.document()["Conditions"].as_object().cloned().unwrap_or_default();
    // Conditions may name each other.
    for _ in 0..conditions.len() {
        let found = conditions.iter().filter(|(_, expression)| names_any(expression, &names));
        let found: Vec<String> = found.map(|(name, _)| name.clone()).collect();
        names.extend(found);
    }
    let resources = document.document()["Resources"].as_object().cloned().unwrap_or_default();
    let found = resources.into_iter().filter(|(_, resource)| names_any(resource, &names));
    found.map(|(name, _)| name).collect()
}

/// The resources that a change of these may reach: themselves, and those that read an attribute of one that is reached.
pub fn reached(template: &Template, changed: BTreeSet<String>) -> BTreeSet<String> {
    let resources = template.document().document()["Resources"].as_object().cloned().unwrap_or_default();
    let mut reached = changed;
    loop {
        let found: Vec<String> = resources
            .iter()
            .filter(|(name, resource)| {
                !reached.contains(*name) && names_any(&resource["Properties"], &reached)
            })
            .map(|(name, _)| name.clone())
            .collect();
        if found.is_empty() {
            return reached;
        }
        reached.extend(found);
    }
}

/// Whether an expression names one of these parameters, conditions or resources.
fn names_any(expression: &Value, names: &BTreeSet<String>) -> bool {
    let is = |value: &Value| value.as_str().is_some_and(|name| names.contains(name));
    match expression {
        Value::Object(object) => object.iter().any(|(key, value)| match key.as_str() {
            "Ref" | "Condition" if value.is_string() => is(value),
            "Fn::GetAtt" => value.as_array().and_then(|parts| parts.first()).is_some_and(is),
            "Fn::If" => {
                value.as_array().and_then(|parts| parts.first()).is_some_and(is) || names_any(value, names)
            }
            "Fn::Sub" => {
                let text = value.as_str().or_else(|| value[0].as_str()).unwrap_or_default();
                let inside = |name: &String| {
                    text.contains(&format!("${{{name}}}")) || text.contains(&format!("${{{name}."))
                };
                names.iter().any(inside) || names_any(value, names)
            }
            _ => names_any(value, names),
        }),
        Value::Array(items) => items.iter().any(|item| names_any(item, names)),
        _ => false,
    }
}
