//! Intrinsic functions as they stand in a template: told apart, their arguments counted, nothing evaluated.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html>

use serde_json::{Map, Value};

use crate::substitution::{self, Part};
use crate::template::TemplateError;

/// One call of an intrinsic function, with its arguments not evaluated.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Function<'v> {
    Ref(&'v str),
    GetAtt { resource: &'v str, attribute: &'v Value },
    GetAttDotted { resource: &'v str, attribute: &'v str },
    Sub { parts: Vec<Part<'v>>, variables: Option<&'v Map<String, Value>> },
    Join { delimiter: &'v str, values: &'v Value },
    Split { delimiter: &'v str, text: &'v Value },
    Select { index: &'v Value, list: &'v Value },
    FindInMap { map: &'v Value, top: &'v Value, second: &'v Value, default: Option<&'v Value> },
    If { condition: &'v str, yes: &'v Value, no: &'v Value },
    Base64(&'v Value),
    Cidr { block: &'v Value, count: &'v Value, bits: Option<&'v Value> },
    GetAzs(&'v Value),
    ImportValue(&'v Value),
    Length(&'v Value),
    ToJsonString(&'v Value),
    And(&'v [Value]),
    Or(&'v [Value]),
    Not(&'v Value),
    Equals(&'v Value, &'v Value),
    Condition(&'v str),
    Contains { list: &'v Value, value: &'v Value },
    EachMemberIn { members: &'v Value, list: &'v Value },
    EachMemberEquals { members: &'v Value, value: &'v Value },
    RefAll(&'v str),
    ValueOf { parameter: &'v str, attribute: &'v str },
    ValueOfAll { kind: &'v str, attribute: &'v str },
}

/// Where an expression stands, which decides the functions that it may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Resource properties and outputs.
    Value,
    /// The `Conditions` section.
    Condition,
    /// The `Rules` section.
    Rule,
}

const VALUE_FUNCTIONS: [&str; 11] = [
    "Fn::Base64",
    "Fn::Cidr",
    "Fn::FindInMap",
    "Fn::GetAZs",
    "Fn::GetAtt",
    "Fn::If",
    "Fn::ImportValue",
    "Fn::Join",
    "Fn::Select",
    "Fn::Split",
    "Fn::Sub",
];
const CONDITION_FUNCTIONS: [&str; 8] =
    ["Fn::And", "Fn::Equals", "Fn::FindInMap", "Fn::If", "Fn::Join", "Fn::Not", "Fn::Or", "Fn::Select"];
const CONDITION_TEXT_FUNCTIONS: [&str; 2] = ["Fn::Split", "Fn::Sub"];
const RULE_FUNCTIONS: [&str; 10] = [
    "Fn::And",
    "Fn::Contains",
    "Fn::EachMemberEquals",
    "Fn::EachMemberIn",
    "Fn::Equals",
    "Fn::Not",
    "Fn::Or",
    "Fn::RefAll",
    "Fn::ValueOf",
    "Fn::ValueOfAll",
];
const EXTENSION_FUNCTIONS: [&str; 2] = ["Fn::Length", "Fn::ToJsonString"];

/// The function call that a value is, or `None` where it is a plain value.
pub(crate) fn parse(
    value: &Value,
    place: Place,
    extensions: bool,
) -> Result<Option<Function<'_>>, TemplateError> {
    let Some(object) = value.as_object() else { return Ok(None) };
    let is_function =
        |key: &str| key == "Ref" || key.starts_with("Fn::") || (key == "Condition" && place != Place::Value);
    let Some((key, arguments)) = object.iter().find(|(key, _)| is_function(key)) else { return Ok(None) };
    if object.len() > 1 {
        // A property may be named `Ref`, but never together with a function's own name.
        if key == "Ref" || key == "Condition" {
            return Ok(None);
        }
        return Err(error(format!("{key} must be the only key of its object")));
    }
    allow(key, place, extensions)?;
    read(key, arguments, extensions).map(Some)
}

fn allow(key: &str, place: Place, extensions: bool) -> Result<(), TemplateError> {
    let extended = extensions && EXTENSION_FUNCTIONS.contains(&key);
    let allowed = match place {
        Place::Value => VALUE_FUNCTIONS.contains(&key) || extended,
        Place::Condition => {
            CONDITION_FUNCTIONS.contains(&key) || CONDITION_TEXT_FUNCTIONS.contains(&key) || extended
        }
        Place::Rule => RULE_FUNCTIONS.contains(&key),
    };
    if allowed || key == "Ref" || key == "Condition" {
        return Ok(());
    }
    if EXTENSION_FUNCTIONS.contains(&key) && !extensions {
        return Err(error(format!("{key} needs Transform: AWS::LanguageExtensions")));
    }
    let supported = match place {
        Place::Value => &VALUE_FUNCTIONS[..],
        Place::Condition => &CONDITION_FUNCTIONS[..],
        Place::Rule => &RULE_FUNCTIONS[..],
    };
    Err(TemplateError::Format(format!(
        "Encountered unsupported function: {key} Supported functions are: [{}]",
        supported.join(", ")
    )))
}

fn read<'v>(key: &str, arguments: &'v Value, extensions: bool) -> Result<Function<'v>, TemplateError> {
    let list = arguments.as_array().map(Vec::as_slice);
    let text = arguments.as_str();
    Ok(match (key, list, text) {
        ("Ref", _, Some(name)) => Function::Ref(name),
        ("Condition", _, Some(name)) => Function::Condition(name),
        ("Fn::RefAll", _, Some(kind)) => Function::RefAll(kind),
        ("Fn::Base64", None, _) => Function::Base64(arguments),
        ("Fn::GetAZs", None, _) => Function::GetAzs(arguments),
        ("Fn::ImportValue", None, _) => Function::ImportValue(arguments),
        ("Fn::Length", ..) => Function::Length(arguments),
        ("Fn::ToJsonString", ..) => Function::ToJsonString(arguments),
        ("Fn::GetAtt", _, Some(path)) => match path.split_once('.') {
            Some((resource, attribute)) if !resource.is_empty() && !attribute.is_empty() => {
                Function::GetAttDotted { resource, attribute }
            }
            _ => return Err(shape(key)),
        },
        ("Fn::GetAtt", Some([Value::String(resource), attribute]), _)
            if !resource.is_empty() && attribute.as_str() != Some("") =>
        {
            Function::GetAtt { resource, attribute }
        }
        ("Fn::Sub", _, Some(text)) => Function::Sub { parts: substitution::parts(text)?, variables: None },
        ("Fn::Sub", Some([Value::String(text), Value::Object(variables)]), _) => {
            Function::Sub { parts: substitution::parts(text)?, variables: Some(variables) }
        }
        ("Fn::Join", Some([Value::String(delimiter), values]), _) if !values.is_string() => {
            Function::Join { delimiter, values }
        }
        ("Fn::Split", Some([Value::String(delimiter), text]), _) if !delimiter.is_empty() => {
            Function::Split { delimiter, text }
        }
        ("Fn::Select", Some([index, list]), _) => Function::Select { index, list },
        ("Fn::FindInMap", Some([map, top, second]), _) => {
            Function::FindInMap { map, top, second, default: None }
        }
        ("Fn::FindInMap", Some([map, top, second, Value::Object(options)]), _)
            if extensions && options.len() == 1 && options.contains_key("DefaultValue") =>
        {
            Function::FindInMap { map, top, second, default: options.get("DefaultValue") }
        }
        ("Fn::If", Some([Value::String(condition), yes, no]), _) => Function::If { condition, yes, no },
        ("Fn::Cidr", Some([block, count]), _) => Function::Cidr { block, count, bits: None },
        ("Fn::Cidr", Some([block, count, bits]), _) => Function::Cidr { block, count, bits: Some(bits) },
        ("Fn::And", Some(terms @ [_, _, ..]), _) if terms.len() <= 10 => Function::And(terms),
        ("Fn::Or", Some(terms @ [_, _, ..]), _) if terms.len() <= 10 => Function::Or(terms),
        ("Fn::Not", Some([term]), _) => Function::Not(term),
        ("Fn::Equals", Some([left, right]), _) => Function::Equals(left, right),
        ("Fn::Contains", Some([list, value]), _) => Function::Contains { list, value },
        ("Fn::EachMemberIn", Some([members, list]), _) => Function::EachMemberIn { members, list },
        ("Fn::EachMemberEquals", Some([members, value]), _) => Function::EachMemberEquals { members, value },
        ("Fn::ValueOf", Some([Value::String(parameter), Value::String(attribute)]), _) => {
            Function::ValueOf { parameter, attribute }
        }
        ("Fn::ValueOfAll", Some([Value::String(kind), Value::String(attribute)]), _) => {
            Function::ValueOfAll { kind, attribute }
        }
        _ => return Err(shape(key)),
    })
}

/// What CloudFormation says of a call with the wrong arguments.
fn shape(key: &str) -> TemplateError {
    error(match key {
        "Ref" => "every Ref object must have a single String value.",
        "Condition" => "every Condition object must have a single String value.",
        "Fn::GetAtt" => {
            "Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute"
        }
        "Fn::Sub" => {
            "One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, and an optional second argument to specify a mapping of values to replace in the string"
        }
        "Fn::Join" => {
            "every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined."
        }
        "Fn::Split" => {
            "every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or a function that returns a string to be split."
        }
        "Fn::Select" => "Fn::Select requires a list argument with two elements: an integer index and a list",
        "Fn::FindInMap" => {
            "every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value"
        }
        "Fn::If" => "Fn::If requires a list argument with three elements",
        "Fn::Cidr" => {
            "every Fn::Cidr object requires two or three parameters, (1) an IP address block, (2) the count of blocks and (3) the number of subnet bits"
        }
        "Fn::And" | "Fn::Or" => {
            return error(format!(
                "every {key} object requires a list of at least 2 and at most 10 boolean parameters."
            ));
        }
        "Fn::Not" => "every Fn::Not object requires one boolean parameter.",
        "Fn::Equals" => "every Fn::Equals object requires a list of 2 string parameters.",
        "Fn::Base64" => "every Fn::Base64 object must have a String-typed value.",
        "Fn::GetAZs" => "every Fn::GetAZs object must have a single String value.",
        "Fn::ImportValue" => {
            "the attribute in Fn::ImportValue must be a string or a function that returns a string"
        }
        _ => return error(format!("{key} has the wrong number or types of arguments.")),
    })
}

pub(crate) fn error(message: impl Into<String>) -> TemplateError {
    TemplateError::Expression(message.into())
}
