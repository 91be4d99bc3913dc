//! Templates: what is read, and what is refused in which words.

use std::collections::BTreeMap;
use std::sync::Arc;

use cloudformation::template::{Capability, ParameterError, ParameterKind};
use cloudformation::{Registry, Schema, Template};
use proptest::prelude::*;
use serde_json::json;

use crate::support::TestCloud;

const WHOLE: &str = "
AWSTemplateFormatVersion: 2010-09-09
Description: A whole template
Metadata: {Variant: {Workload: publish}}
Parameters:
  Cpu: {Type: Number, Default: 256, AllowedValues: [256, 512]}
  Memory: {Type: Number, Default: 512}
  Name: {Type: String, MinLength: 2, MaxLength: 4, AllowedPattern: '[a-z]+', ConstraintDescription: small letters}
  Subnets: {Type: 'List<AWS::EC2::Subnet::Id>'}
  Secret: {Type: String, NoEcho: true, Default: ''}
Rules:
  Pairs:
    RuleCondition: !Equals [!Ref Cpu, '256']
    Assertions:
      - Assert: !Contains [['512', '1024'], !Ref Memory]
        AssertDescription: 256 CPU units go with 512 or 1024 MB
Resources:
  Topic: {Type: Test::Thing::Item, DeletionPolicy: Retain, DependsOn: Other}
  Other: {Type: Test::Thing::Item}
Outputs:
  Arn: {Value: !GetAtt Topic.Arn, Description: d, Export: {Name: e}}
";

fn refusal(text: &str) -> String {
    match Template::parse(text) {
        Err(error) => error.to_string(),
        Ok(template) => template.check(TestCloud::new().engine.registry()).unwrap_err().to_string(),
    }
}

#[test]
fn a_whole_template_is_read() {
    let template = Template::parse(WHOLE).unwrap();
    template.check(TestCloud::new().engine.registry()).unwrap();
    assert_eq!(template.description(), "A whole template");
    assert_eq!(template.metadata()["Variant"]["Workload"], "publish");
    let names: Vec<&str> = template.parameters().keys().map(String::as_str).collect();
    assert_eq!(names, ["Cpu", "Memory", "Name", "Subnets", "Secret"]);
    assert_eq!(template.parameters()["Cpu"].default.as_deref(), Some("256"));
    assert_eq!(
        template.parameters()["Subnets"].kind,
        ParameterKind::IdentifierList("AWS::EC2::Subnet::Id".to_owned())
    );
    assert!(template.parameters()["Secret"].no_echo);
    assert_eq!(template.outputs()["Arn"].export, Some(json!("e")));
    assert_eq!(template.resources()["Topic"].depends_on, ["Other"]);
}

#[test]
fn json_and_yaml_read_alike() {
    let json =
        r#"{"Resources": {"A": {"Type": "T", "Properties": {"X": {"Fn::GetAtt": ["A", "B"]}, "N": 1}}}}"#;
    let yaml = "Resources: {A: {Type: T, Properties: {X: !GetAtt A.B, N: 1}}}";
    assert_eq!(Template::parse(json).unwrap().document(), Template::parse(yaml).unwrap().document());
    let flow = "{Resources: {A: {Type: T}}}";
    assert_eq!(Template::parse(flow).unwrap().resources().len(), 1);
}

#[test]
fn parameters_check_values() {
    let template = Template::parse(WHOLE).unwrap();
    let parameters = template.parameters();
    assert_eq!(parameters["Cpu"].check("256.0"), Ok(()));
    assert_eq!(
        parameters["Cpu"].check("100").unwrap_err().to_string(),
        "Parameter 'Cpu' must be one of AllowedValues"
    );
    assert!(matches!(parameters["Cpu"].check("x").unwrap_err(), ParameterError::NotNumber { .. }));
    for wrong in ["a", "abcde", "AB"] {
        let error = parameters["Name"].check(wrong).unwrap_err();
        assert_eq!(
            error.to_string(),
            "Parameter Name failed to satisfy constraint: small letters",
            "{wrong}"
        );
    }
    assert_eq!(parameters["Name"].check("abc"), Ok(()));
    assert_eq!(parameters["Subnets"].value("a, b"), json!(["a", "b"]));
}

#[test]
fn rules_hold_or_tell_why() {
    let template = Template::parse(WHOLE).unwrap();
    let values = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    assert_eq!(template.check_rules(&values(&[])), Ok(()));
    assert_eq!(template.check_rules(&values(&[("Cpu", "512"), ("Memory", "3")])), Ok(()));
    let violations = template.check_rules(&values(&[("Memory", "2048")])).unwrap_err();
    assert_eq!(violations[0].to_string(), "256 CPU units go with 512 or 1024 MB");
}

#[test]
fn capabilities_follow_from_the_resources() {
    let of = |text: &str| Template::parse(text).unwrap().capabilities();
    assert_eq!(of("Resources: {A: {Type: T}}").0, None);
    let (needed, types) = of("Resources: {A: {Type: AWS::IAM::Role}, B: {Type: AWS::IAM::Policy}}");
    assert_eq!((needed, types.len()), (Some(Capability::Iam), 2));
    let named = "Resources: {A: {Type: AWS::IAM::Role, Properties: {RoleName: r}}}";
    assert_eq!(of(named).0, Some(Capability::NamedIam));
}

#[test]
fn malformed_templates_are_refused_with_their_place() {
    for (text, expected) in [
        ("a: [", "Template format error: YAML not well-formed. (line "),
        (
            "{\"Resources\": {\"A\": {1: ]}}",
            "Template format error: JSON not well-formed. (line 1, column 22)",
        ),
        ("just text", "Template format error: unsupported structure."),
        ("Resources: {}", "Template format error: At least one Resources member must be defined."),
        ("Foo: 1\nBar: 2\nResources: {A: {Type: T}}", "Invalid template property or properties [Foo, Bar]"),
        ("Resources: {A: {Type: T, Foo: 1}}", "Invalid template resource property 'Foo' at [/Resources/A]"),
        (
            "Resources: {A: {Properties: {}}}",
            "[/Resources/A] Every Resources object must contain a Type member.",
        ),
        ("Resources: {a-b: {Type: T}}", "Resource name a-b is non alphanumeric."),
        ("Resources: {A: {Type: T}, A: {Type: T}}", "duplicate key \"A\""),
        ("Resources: {A: {Type: T, DeletionPolicy: Keep}}", "Unrecognized DeletionPolicy Keep for resource"),
        ("Resources: {A: {Type: T, Properties: {X: !Nope y}}}", "unknown tag !Nope"),
        ("Resources: {A: &a {Type: T}, B: *a}", "YAML aliases are not allowed in CloudFormation templates"),
        ("Parameters: {P: {Type: Nope}}\nResources: {A: {Type: T}}", "Unrecognized parameter type: Nope"),
        (
            "Parameters: {P: {Type: String, Nope: 1}}\nResources: {A: {Type: T}}",
            "Invalid template parameter property 'Nope'",
        ),
        (
            "Parameters: {P: {Type: Number, MaxValue: 1, Default: 2}}\nResources: {A: {Type: T}}",
            "must be a number not greater than 1",
        ),
        (
            "Parameters: {P: {Type: String, AllowedPattern: '('}}\nResources: {A: {Type: T}}",
            "AllowedPattern ( is not valid",
        ),
        (
            "Transform: AWS::Serverless-2016-10-31\nResources: {A: {Type: T}}",
            "No transform named AWS::Serverless-2016-10-31 found",
        ),
        (
            "Outputs: {O: {Description: d}}\nResources: {A: {Type: T}}",
            "Every Outputs member must contain a Value object",
        ),
        (
            "AWSTemplateFormatVersion: 2020-01-01\nResources: {A: {Type: T}}",
            "is not a supported value for AWSTemplateFormatVersion",
        ),
    ] {
        let refusal = Template::parse(text).unwrap_err().to_string();
        assert!(refusal.contains(expected), "{text}: {refusal}");
    }
}

#[test]
fn an_ampersand_and_a_star_in_text_are_no_alias() {
    let text = "Resources: {A: {Type: T, Properties: {X: 'a &b *b c', Y: \"&y *y\"}}}";
    assert!(Template::parse(text).is_ok());
    let script = "Resources:\n  A:\n    Type: T\n    Properties:\n      X: |\n        f &x\n        g *x\n";
    assert!(Template::parse(script).is_ok());
}

#[test]
fn references_are_checked_in_cloudformations_words() {
    for (text, expected) in [
        (
            "Resources: {A: {Type: Test::Thing::Item, Properties: {Input: !Ref X, Name: !Sub '${Y.Arn}'}}}",
            "Template format error: Unresolved resource dependencies [X, Y] in the Resources block of the template",
        ),
        (
            "Resources: {A: {Type: Test::Thing::Item}}\nOutputs: {O: {Value: !Ref X}}",
            "Template format error: Unresolved resource dependencies [X] in the Outputs block of the template",
        ),
        (
            "Resources: {A: {Type: Test::Thing::Item, Properties: {Input: !GetAtt X.Arn}}}",
            "Template error: instance of Fn::GetAtt references undefined resource X",
        ),
        (
            "Resources: {A: {Type: Test::Thing::Item}, B: {Type: Test::Thing::Item, Properties: {Input: !GetAtt A.Nope}}}",
            "Template error: resource A does not support attribute type Nope in Fn::GetAtt",
        ),
        (
            "Resources: {A: {Type: AWS::Foo::Bar}}",
            "Template format error: Unrecognized resource types: [AWS::Foo::Bar]",
        ),
        (
            "Resources: {A: {Type: Test::Thing::Item, DependsOn: B}, B: {Type: Test::Thing::Item, DependsOn: A}, C: {Type: Test::Thing::Item, DependsOn: A}}",
            "Circular dependency between resources: [A, B]",
        ),
        (
            "Resources: {A: {Type: Test::Thing::Item, DependsOn: A}}",
            "Circular dependency between resources: [A]",
        ),
        (
            "Resources: {A: {Type: Test::Thing::Item, Condition: Nope}}",
            "Template format error: Unresolved condition dependency Nope in the Resources block of the template",
        ),
        (
            "Conditions: {C: !Equals [!Ref A, b]}\nResources: {A: {Type: Test::Thing::Item}}",
            "Template format error: Unresolved dependencies [A]. Cannot reference resources in the Conditions block of the template",
        ),
    ] {
        assert_eq!(refusal(text), expected);
    }
}

#[test]
fn limits_are_held() {
    let many = |section: &str, count: usize, body: &str| {
        let each: Vec<String> = (0..count).map(|n| format!("  N{n}: {body}")).collect();
        format!("{section}:\n{}", each.join("\n"))
    };
    let resources = many("Resources", 501, "{Type: T}");
    assert!(refusal(&resources).contains("Number of resources, 501, is greater than maximum allowed, 500"));
    let one = "\nResources: {A: {Type: T}}";
    assert!(
        refusal(&(many("Parameters", 201, "{Type: String}") + one)).contains("Number of parameters, 201")
    );
    assert!(refusal(&(many("Outputs", 201, "{Value: x}") + one)).contains("Number of outputs, 201"));
    assert!(refusal(&"x".repeat(1_048_577)).contains("at most 1048576 bytes"));
}

#[test]
fn hostile_documents_are_bounded() {
    let began = std::time::Instant::now();
    let deep = format!("Resources: {}{}", "[".repeat(50_000), "]".repeat(50_000));
    assert!(Template::parse(&deep).is_err());
    let deep_json = format!("{{\"Resources\": {}1{}}}", "[".repeat(50_000), "]".repeat(50_000));
    assert!(Template::parse(&deep_json).is_err());
    for open in ["- ", "? ", "a: - ", "{a: ", "!Sub [", "- [", "\"", "&a "] {
        let _ = Template::parse(&format!("Resources: {}", open.repeat(20_000)));
        let _ = Template::parse(&open.repeat(20_000));
    }
    let mut levels = vec!["a0: &a0 [x, x, x, x, x, x, x, x, x, x]".to_owned()];
    for level in 1..12 {
        let below = vec![format!("*a{}", level - 1); 10].join(", ");
        levels.push(format!("a{level}: &a{level} [{below}]"));
    }
    let bomb = levels.join("\n");
    assert!(Template::parse(&bomb).is_err());
    assert!(began.elapsed() < std::time::Duration::from_secs(20), "{:?}", began.elapsed());
}

fn schema() -> Schema {
    Schema::parse(
        "
typeName: Test::A::B
properties:
  Text: {type: string, maxLength: 3, pattern: '^[a-z0-9.]*$'}
  Flag: {type: boolean}
  Number: {type: number}
  Size: {type: integer, enum: [1, 2]}
  Policy: {type: [object, string]}
  Any: {oneOf: [{type: integer}, {$ref: '#/definitions/Pair'}]}
  Pairs: {type: array, minItems: 1, uniqueItems: true, items: {$ref: '#/definitions/Pair'}}
definitions:
  Pair: {type: object, additionalProperties: false, required: [Key], properties: {Key: {type: string}, Value: {type: string}}}
required: [Text]
readOnlyProperties: [/properties/Arn]
createOnlyProperties: [/properties/Text]
"
        .replace("properties:\n  Text", "properties:\n  Arn: {type: string}\n  Text")
        .as_str(),
    )
    .unwrap()
}

fn validated(properties: serde_json::Value) -> Result<serde_json::Value, String> {
    let serde_json::Value::Object(properties) = properties else { panic!("not an object") };
    schema().validate(&properties).map(serde_json::Value::Object)
}

#[test]
fn scalars_are_coerced_as_cloudformation_does() {
    let given = json!({"Text": 12, "Flag": "true", "Number": "1.5", "Size": "2", "Policy": "{}", "Any": "7"});
    let expected = json!({"Text": "12", "Flag": true, "Number": 1.5, "Size": 2, "Policy": "{}", "Any": 7});
    assert_eq!(validated(given), Ok(expected));
    assert_eq!(
        validated(json!({"Text": true, "Size": 1.0})).unwrap_err(),
        "#/Text: expected maxLength: 3, actual: 4"
    );
    assert_eq!(validated(json!({"Text": "a", "Size": 1.0})), Ok(json!({"Text": "a", "Size": 1})));
}

#[test]
fn illegal_properties_are_named() {
    for (given, expected) in [
        (json!({}), "#: required key [Text] not found"),
        (json!({"Text": "a", "Foo": 1}), "#: extraneous key [Foo] is not permitted"),
        (json!({"Text": "A"}), "#/Text: string [A] does not match pattern ^[a-z0-9.]*$"),
        (json!({"Text": ["a"]}), "#/Text: expected type: String, found: JSONArray"),
        (json!({"Text": "a", "Size": 3}), "#/Size: 3 is not a valid enum value; allowed are 1, 2"),
        (json!({"Text": "a", "Flag": "yes"}), "#/Flag: expected type: Boolean, found: String"),
        (json!({"Text": "a", "Pairs": []}), "#/Pairs: expected minimum item count: 1, found: 0"),
        (
            json!({"Text": "a", "Pairs": [{"Value": "v", "X": 1}]}),
            "#/Pairs/0: required key [Key] not found, #/Pairs/0: extraneous key [X] is not permitted",
        ),
        (json!({"Text": "a", "Pairs": [{"Key": "k"}, {"Key": "k"}]}), "#/Pairs: array items are not unique"),
        (
            json!({"Text": "a", "Any": {"X": 1}}),
            "#/Any: #: 0 subschemas matched instead of one (#/Any: expected type: Integer, found: JSONObject)",
        ),
        (json!({"Text": "a", "Arn": "x"}), "Encountered read-only property [Arn]; remove it"),
    ] {
        assert_eq!(validated(given).unwrap_err(), expected);
    }
}

#[test]
fn schemas_say_what_they_enforce() {
    for (text, expected) in [
        ("properties: {}", "the schema has no typeName"),
        ("typeName: A::B::C", "the schema has no properties"),
        ("typeName: A::B::C\nproperties: {X: {kind: y}}", "the unknown keyword kind at /properties/X"),
        ("typeName: A::B::C\nproperties: {X: {$ref: '#/definitions/Y'}}", "the reference"),
        ("typeName: A::B::C\nproperties: {X: {type: text}}", "the unknown type"),
        ("typeName: A::B::C\nproperties: {}\nreadOnlyProperties: [/properties/X]", "to no property"),
    ] {
        let error = Schema::parse(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let schema = schema();
    assert!(schema.has_attribute("Arn") && !schema.has_attribute("Text"));
    assert!(Registry::default().get(&schema.type_name).is_none());
    let _shared: Arc<Schema> = Arc::new(schema);
}

proptest! {
    #[test]
    fn parsing_never_panics(text in "\\PC{0,200}") {
        let _ = Template::parse(&text);
    }

    #[test]
    fn parsing_yaml_like_text_never_panics(
        text in "(Resources|Parameters|Outputs|A|B|Type|Fn::Sub|Ref|Value|[:{}\\[\\],!&*|>\n '\"-]|\\$\\{|  ){0,60}"
    ) {
        if let Ok(template) = Template::parse(&format!("Resources: {{A: {{Type: T}}}}\n{text}")) {
            let _ = template.check_references();
        }
        let _ = Template::parse(&text);
    }
}
