use serde_json::json;

use super::*;

struct Fixed;

impl Surroundings for Fixed {
    fn reference(&self, logical_id: &str) -> Option<Value> {
        (logical_id == "Thing").then(|| json!("thing-1"))
    }

    fn attribute(&self, logical_id: &str, attribute: &str) -> Result<Value, TemplateError> {
        Ok(json!(format!("{logical_id}:{attribute}")))
    }

    fn import(&self, name: &str) -> Result<Value, TemplateError> {
        Ok(json!(format!("imported {name}")))
    }

    fn resolve(&self, reference: &str) -> Result<String, TemplateError> {
        Ok(format!("<{reference}>"))
    }
}

const HEAD: &str = "
Parameters:
  Name: {Type: String, Default: n}
  Zones: {Type: CommaDelimitedList, Default: 'a, b,c'}
  Count: {Type: Number, Default: 2}
Mappings: {Map: {top: {second: found, list: [x, y]}}}
Conditions:
  Yes: !Equals [!Ref Name, n]
  No: !Not [!Condition Yes]
  Both: !And [!Condition Yes, !Condition No]
  Either: !Or [!Condition Both, !Equals ['2', !Ref Count]]
";

/// Evaluates an expression as a property `P`, with parameters at their defaults.
fn evaluate_in(head: &str, expression: &str) -> Result<Option<Value>, TemplateError> {
    let text = format!("{head}\nResources: {{Thing: {{Type: T, Properties: {{P: {expression}}}}}}}");
    let template = Template::parse(&text)?;
    let parameters: BTreeMap<String, Value> = template
        .parameters()
        .values()
        .filter_map(|one| Some((one.name.clone(), one.value(one.default.as_ref()?))))
        .collect();
    let pseudo = Pseudo {
        account: "123456789012".to_owned(),
        partition: "aws".to_owned(),
        region: "eu-west-1".to_owned(),
        stack_id: "arn:stack".to_owned(),
        stack_name: "s".to_owned(),
        url_suffix: "amazonaws.com".to_owned(),
        notification_arns: vec!["arn:topic".to_owned()],
    };
    let conditions = conditions(&template, &parameters, &pseudo)?;
    let scope = Scope {
        template: &template,
        parameters: &parameters,
        pseudo: &pseudo,
        conditions: &conditions,
        surroundings: &Fixed,
        place: Place::Value,
    };
    scope.evaluate(&template.resources()["Thing"].properties["P"])
}

fn value(expression: &str) -> Value {
    evaluate_in(HEAD, expression).unwrap().unwrap()
}

fn complaint(expression: &str) -> String {
    evaluate_in(HEAD, expression).unwrap_err().to_string()
}

#[test]
fn every_function_gives_its_value() {
    for (expression, expected) in [
        ("!Ref Name", json!("n")),
        ("{Ref: Zones}", json!(["a", "b", "c"])),
        ("!Ref Thing", json!("thing-1")),
        ("!GetAtt Thing.Some.Attribute", json!("Thing:Some.Attribute")),
        ("!GetAtt [Thing, !Ref Name]", json!("Thing:n")),
        ("{Fn::GetAtt: [Thing, Arn]}", json!("Thing:Arn")),
        ("!Sub '${Name}-${Thing.Arn}-${!Literal}-${AWS::Region}'", json!("n-Thing:Arn-${Literal}-eu-west-1")),
        ("!Sub ['${A}.${Name}', {A: !Select [1, !Ref Zones]}]", json!("b.n")),
        ("!Join ['-', [a, !Ref Count, 3]]", json!("a-2-3")),
        ("!Join ['', !Ref Zones]", json!("abc")),
        ("!Split ['|', 'a||b']", json!(["a", "", "b"])),
        ("!Select ['2', !Ref Zones]", json!("c")),
        ("!Select [0, !Split ['.', 'x.y']]", json!("x")),
        ("!FindInMap [Map, top, second]", json!("found")),
        ("!FindInMap [!Sub 'M${Empty}ap', top, list]", Value::Null),
        ("!If [Yes, 1, 2]", json!(1)),
        ("!If [Either, {a: !If [No, 1, !Ref AWS::NoValue], b: 2}, x]", json!({"b": 2})),
        ("[1, !If [Both, 2, !Ref AWS::NoValue], 3]", json!([1, 3])),
        ("!Base64 'hello'", json!("aGVsbG8=")),
        ("!Base64 {'Fn::Sub': '${Name}!'}", json!("biE=")),
        ("!Select [1, !Cidr [10.0.0.0/16, 2, 8]]", json!("10.0.1.0/24")),
        ("!Select [0, !GetAZs '']", json!("eu-west-1a")),
        ("!ImportValue {'Fn::Sub': 'x-${Name}'}", json!("imported x-n")),
        ("'a {{resolve:ssm:/p:1}} b'", json!("a <resolve:ssm:/p:1> b")),
        ("!Ref AWS::NotificationARNs", json!(["arn:topic"])),
        (
            "!Sub '${AWS::AccountId} ${AWS::Partition} ${AWS::URLSuffix} ${AWS::StackName} ${AWS::StackId}'",
            json!("123456789012 aws amazonaws.com s arn:stack"),
        ),
        ("{Condition: {StringEquals: {a: b}}}", json!({"Condition": {"StringEquals": {"a": "b"}}})),
        ("012345", json!("012345")),
        ("2012-10-17", json!("2012-10-17")),
    ] {
        if expected.is_null() {
            assert!(evaluate_in(HEAD, expression).is_err(), "{expression}");
        } else {
            assert_eq!(value(expression), expected, "{expression}");
        }
    }
    assert_eq!(evaluate_in(HEAD, "!Ref AWS::NoValue").unwrap(), None);
}

#[test]
fn wrong_calls_are_refused_in_cloudformations_words() {
    for (expression, expected) in [
        ("!GetAtt Thing", "Fn::GetAtt object requires two non-empty parameters"),
        ("!Join [a, b]", "every Fn::Join object requires two parameters"),
        ("!Split ['', a]", "every Fn::Split object requires two parameters"),
        ("!Select [0]", "Fn::Select requires a list argument with two elements"),
        ("!Select [7, !Ref Zones]", "Fn::Select cannot select nonexistent value at index 7"),
        ("!FindInMap [Map, top, none]", "Unable to get mapping for Map::top::none"),
        ("!FindInMap [None, top, none]", "Mapping named 'None' is not present"),
        (
            "!FindInMap [Map, top, none, {DefaultValue: x}]",
            "every Fn::FindInMap object requires three parameters",
        ),
        ("!If [Yes, 1]", "Fn::If requires a list argument with three elements"),
        ("!If [Nope, 1, 2]", "Unresolved condition dependency Nope"),
        ("!Sub '${a-b}'", "variable names in Fn::Sub syntax"),
        ("!Sub ['x']", "One or more Fn::Sub intrinsic functions don't specify expected arguments"),
        ("!Sub '${Zones}'", "does not resolve to a string"),
        ("!Cidr [10.0.0.0/24, 300, 2]", "the count must be 1 to 256"),
        ("!Ref Nope", "Unresolved dependencies [Nope]"),
        (
            "{'Fn::Nope': x}",
            "Encountered unsupported function: Fn::Nope Supported functions are: [Fn::Base64",
        ),
        ("!Length [1]", "Fn::Length needs Transform: AWS::LanguageExtensions"),
        ("!Equals [a, b]", "Encountered unsupported function: Fn::Equals"),
        ("{'Fn::Join': ['', []], More: 1}", "Fn::Join must be the only key"),
        ("!GetAZs us-west-2", "knows the zones of eu-west-1 only"),
    ] {
        let complaint = complaint(expression);
        assert!(complaint.contains(expected), "{expression}: {complaint}");
    }
}

#[test]
fn language_extensions_add_functions() {
    let head = format!("Transform: AWS::LanguageExtensions\n{HEAD}");
    for (expression, expected) in [
        ("!Length [1, 2]", json!(2)),
        ("!Length {Ref: Zones}", json!(3)),
        ("!ToJsonString {a: !Ref Name}", json!(r#"{"a":"n"}"#)),
        ("!FindInMap [Map, top, none, {DefaultValue: x}]", json!("x")),
    ] {
        assert_eq!(evaluate_in(&head, expression).unwrap().unwrap(), expected, "{expression}");
    }
}

#[test]
fn circular_and_unknown_conditions_are_refused() {
    let circular = "Conditions: {A: !Not [!Condition B], B: !Not [!Condition A]}";
    let complaint = evaluate_in(circular, "1").unwrap_err().to_string();
    assert_eq!(complaint, "Template format error: Found circular condition dependency between [A, B]");
    let unknown = "Conditions: {A: !Not [!Condition B]}";
    let complaint = evaluate_in(unknown, "1").unwrap_err().to_string();
    assert!(complaint.contains("Unresolved condition dependency B"), "{complaint}");
}
