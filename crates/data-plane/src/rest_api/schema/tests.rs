use serde_json::json;

use super::*;

fn validate(schema: Value, value: &Value) -> Vec<String> {
    let other = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]});
    let models = BTreeMap::from([("M".to_owned(), schema), ("Other".to_owned(), other)]);
    Schemas::new(&models).unwrap().validate("M", value)
}

#[test]
fn values_fit_or_do_not() {
    let ok = true;
    let no = false;
    for (schema, value, fits) in [
        (json!({"type": "object", "required": ["a"]}), json!({"a": 1}), ok),
        (json!({"type": "object", "required": ["a"]}), json!({}), no),
        (json!({"type": "object"}), json!([]), no),
        (json!({"type": ["string", "null"]}), json!(null), ok),
        (json!({"type": "number"}), json!(3), ok),
        (json!({"type": "integer"}), json!(3.5), no),
        (json!({"enum": [1, "a"]}), json!(1.0), ok),
        (json!({"enum": [1, "a"]}), json!("b"), no),
        (json!({"properties": {"a": {"minimum": 3}}, "additionalProperties": false}), json!({"a": 3}), ok),
        (json!({"properties": {"a": {"minimum": 3, "exclusiveMinimum": true}}}), json!({"a": 3}), no),
        (json!({"properties": {"a": {}}, "additionalProperties": false}), json!({"b": 3}), no),
        (json!({"patternProperties": {"^x-": {"type": "string"}}}), json!({"x-a": 1}), no),
        (json!({"additionalProperties": {"type": "string"}}), json!({"a": "b"}), ok),
        (json!({"items": {"maxLength": 2}, "uniqueItems": true}), json!(["a", "äö"]), ok),
        (json!({"items": {"maxLength": 2}}), json!(["abc"]), no),
        (json!({"uniqueItems": true}), json!([1, 1.0]), no),
        (json!({"items": [{"type": "string"}], "additionalItems": false}), json!(["a", 1]), no),
        (json!({"minItems": 1, "maxItems": 2}), json!([]), no),
        (json!({"pattern": "^a(?!b)"}), json!("ac"), ok),
        (json!({"pattern": "^a(?!b)"}), json!("ab"), no),
        (json!({"multipleOf": 0.01}), json!(19.99), ok),
        (json!({"multipleOf": 2}), json!(3), no),
        (json!({"oneOf": [{"type": "string"}, {"type": "number"}]}), json!(true), no),
        (json!({"oneOf": [{"type": "integer"}, {"type": "number"}]}), json!(1), no),
        (json!({"anyOf": [{"type": "string"}, {"minimum": 2}]}), json!(1), no),
        (json!({"allOf": [{"minimum": 1}, {"maximum": 2}]}), json!(2), ok),
        (json!({"not": {"type": "string"}}), json!("x"), no),
        (json!({"dependencies": {"a": ["b"]}}), json!({"a": 1}), no),
        (json!({"dependencies": {"a": {"required": ["b"]}}}), json!({"a": 1, "b": 2}), ok),
        (json!({"$ref": "#/definitions/x", "definitions": {"x": {"type": "string"}}}), json!(1), no),
        (json!({"$ref": "https://apigateway.amazonaws.com/restapis/abc/models/Other"}), json!({"n": 1}), ok),
        (json!({"$ref": "https://apigateway.amazonaws.com/restapis/abc/models/Other"}), json!({}), no),
        (json!({"$ref": "#"}), json!({}), no),
    ] {
        let problems = validate(schema.clone(), &value);
        assert_eq!(problems.is_empty(), fits, "{schema} {value}: {problems:?}");
    }
}

#[test]
fn unknown_keywords_and_bad_patterns_are_refused() {
    let models = |schema: Value| BTreeMap::from([("M".to_owned(), schema)]);
    let (name, reason) = Schemas::new(&models(json!({"properties": {"a": {"typo": 1}}}))).unwrap_err();
    assert_eq!((name.as_str(), reason.as_str()), ("M", "\"typo\" is not a keyword of JSON schema draft 4"));
    assert!(Schemas::new(&models(json!({"pattern": "("}))).is_err());
}
