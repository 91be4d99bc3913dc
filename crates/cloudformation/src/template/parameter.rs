//! The `Parameters` section.

use std::fmt;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::shape::{alphanumeric, format_error, known_keys, limit, scalar_text, section};
use super::{MAX_PARAMETERS, TemplateError};

/// The largest value of a parameter, in bytes.
const MAX_VALUE: usize = 4096;

/// The type of a parameter.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-supplied-parameter-types.html>
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    String,
    Number,
    /// `List<Number>`
    NumberList,
    CommaDelimitedList,
    /// `AWS::EC2::VPC::Id` and the like: the identifier of something that exists.
    Identifier(String),
    /// `List<AWS::EC2::Subnet::Id>` and the like.
    IdentifierList(String),
    /// `AWS::SSM::Parameter::Name` or `AWS::SSM::Parameter::Value<…>`.
    Ssm(String),
}

const IDENTIFIERS: [&str; 8] = [
    "AWS::EC2::AvailabilityZone::Name",
    "AWS::EC2::Image::Id",
    "AWS::EC2::Instance::Id",
    "AWS::EC2::KeyPair::KeyName",
    "AWS::EC2::SecurityGroup::Id",
    "AWS::EC2::Subnet::Id",
    "AWS::EC2::VPC::Id",
    "AWS::Route53::HostedZone::Id",
];

impl ParameterKind {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "String" => return Some(Self::String),
            "Number" => return Some(Self::Number),
            "List<Number>" => return Some(Self::NumberList),
            "CommaDelimitedList" | "List<String>" => return Some(Self::CommaDelimitedList),
            "AWS::EC2::SecurityGroup::GroupName" | "AWS::EC2::Volume::Id" => {
                return Some(Self::Identifier(text.to_owned()));
            }
            "AWS::SSM::Parameter::Name" => return Some(Self::Ssm(text.to_owned())),
            _ => {}
        }
        if let Some(inner) = text.strip_prefix("List<").and_then(|rest| rest.strip_suffix('>')) {
            let known = IDENTIFIERS.contains(&inner) || inner == "AWS::EC2::SecurityGroup::GroupName";
            return known.then(|| Self::IdentifierList(inner.to_owned()));
        }
        if text.starts_with("AWS::SSM::Parameter::Value<") && text.ends_with('>') {
            return Some(Self::Ssm(text.to_owned()));
        }
        IDENTIFIERS.contains(&text).then(|| Self::Identifier(text.to_owned()))
    }

    /// Whether `Ref` gives a list.
    #[must_use]
    pub fn is_list(&self) -> bool {
        match self {
            Self::NumberList | Self::CommaDelimitedList | Self::IdentifierList(_) => true,
            Self::Ssm(name) => name.contains("<List<") || name.contains("<CommaDelimitedList>"),
            _ => false,
        }
    }
}

impl fmt::Display for ParameterKind {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::String => formatter.write_str("String"),
            Self::Number => formatter.write_str("Number"),
            Self::NumberList => formatter.write_str("List<Number>"),
            Self::CommaDelimitedList => formatter.write_str("CommaDelimitedList"),
            Self::Identifier(name) | Self::Ssm(name) => formatter.write_str(name),
            Self::IdentifierList(name) => write!(formatter, "List<{name}>"),
        }
    }
}

/// One parameter of a template.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    pub name: String,
    pub kind: ParameterKind,
    pub default: Option<String>,
    pub description: Option<String>,
    pub allowed_values: Vec<String>,
    pub allowed_pattern: Option<String>,
    pub min_value: Option<f64>,
    pub max_value: Option<f64>,
    /// In characters.
    pub min_length: Option<usize>,
    /// In characters.
    pub max_length: Option<usize>,
    pub constraint_description: Option<String>,
    /// Whether its value is shown as `****`.
    pub no_echo: bool,
}

/// Why a value does not suit a parameter, in CloudFormation's words.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ParameterError {
    #[error("Parameter '{parameter}' must be one of AllowedValues")]
    NotAllowed { parameter: String, value: String, allowed: Vec<String> },
    #[error("Parameter '{parameter}' must match pattern {pattern}")]
    Pattern { parameter: String, value: String, pattern: String },
    #[error("Parameter '{parameter}' must be a number.")]
    NotNumber { parameter: String, value: String },
    #[error("Parameter '{parameter}' must be a number not less than {min}")]
    TooSmall { parameter: String, value: String, min: f64 },
    #[error("Parameter '{parameter}' must be a number not greater than {max}")]
    TooLarge { parameter: String, value: String, max: f64 },
    #[error("Parameter '{parameter}' must contain at least {min} characters")]
    TooShort { parameter: String, value: String, min: usize },
    #[error("Parameter '{parameter}' must contain at most {max} characters")]
    TooLong { parameter: String, max: usize },
    /// A constraint failed for which the template has its own words.
    #[error("Parameter {parameter} failed to satisfy constraint: {description}")]
    Constraint { parameter: String, value: String, description: String },
}

impl Parameter {
    /// Whether the value satisfies the type and every constraint. Lists are checked member by member.
    pub fn check(&self, value: &str) -> Result<(), ParameterError> {
        let result = self.check_plain(value);
        match (&self.constraint_description, result) {
            (Some(description), Err(_)) => Err(ParameterError::Constraint {
                parameter: self.name.clone(),
                value: value.to_owned(),
                description: description.clone(),
            }),
            (_, result) => result,
        }
    }

    /// What `Ref` gives for a value: a text, or a list of trimmed texts.
    #[must_use]
    pub fn value(&self, text: &str) -> Value {
        if self.kind.is_list() { Value::from(members(text)) } else { Value::from(text) }
    }

    fn check_plain(&self, value: &str) -> Result<(), ParameterError> {
        if value.len() > MAX_VALUE {
            return Err(ParameterError::TooLong { parameter: self.name.clone(), max: MAX_VALUE });
        }
        if matches!(self.kind, ParameterKind::Ssm(_)) {
            // The constraints hold for the stored value, which is not known here.
            return Ok(());
        }
        if !self.kind.is_list() {
            return self.check_one(value);
        }
        members(value).iter().try_for_each(|member| self.check_one(member))
    }

    fn check_one(&self, value: &str) -> Result<(), ParameterError> {
        let parameter = || self.name.clone();
        let given = || value.to_owned();
        if matches!(self.kind, ParameterKind::Number | ParameterKind::NumberList) {
            let Some(number) = number(value) else {
                return Err(ParameterError::NotNumber { parameter: parameter(), value: given() });
            };
            if let Some(min) = self.min_value.filter(|min| number < *min) {
                return Err(ParameterError::TooSmall { parameter: parameter(), value: given(), min });
            }
            if let Some(max) = self.max_value.filter(|max| number > *max) {
                return Err(ParameterError::TooLarge { parameter: parameter(), value: given(), max });
            }
        }
        let length = value.chars().count();
        if let Some(min) = self.min_length.filter(|min| length < *min) {
            return Err(ParameterError::TooShort { parameter: parameter(), value: given(), min });
        }
        if let Some(max) = self.max_length.filter(|max| length > *max) {
            return Err(ParameterError::TooLong { parameter: parameter(), max });
        }
        if !self.allowed_values.is_empty() && !self.is_allowed(value) {
            let allowed = self.allowed_values.clone();
            return Err(ParameterError::NotAllowed { parameter: parameter(), value: given(), allowed });
        }
        if let Some(pattern) = &self.allowed_pattern
            && !whole_pattern(pattern).is_ok_and(|regex| regex.is_match(value).unwrap_or(false))
        {
            let pattern = pattern.clone();
            return Err(ParameterError::Pattern { parameter: parameter(), value: given(), pattern });
        }
        Ok(())
    }

    fn is_allowed(&self, value: &str) -> bool {
        let numeric = matches!(self.kind, ParameterKind::Number | ParameterKind::NumberList);
        self.allowed_values
            .iter()
            .any(|allowed| allowed == value || (numeric && number(allowed) == number(value)))
    }
}

/// The members of a comma-delimited list; an empty text has none.
fn members(text: &str) -> Vec<String> {
    if text.is_empty() {
        return Vec::new();
    }
    text.split(',').map(|member| member.trim().to_owned()).collect()
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|number| number.is_finite())
}

/// `AllowedPattern` must match the entire value.
fn whole_pattern(pattern: &str) -> Result<fancy_regex::Regex, Box<fancy_regex::Error>> {
    fancy_regex::Regex::new(&format!("\\A(?:{pattern})\\z")).map_err(Box::new)
}

const KEYS: [&str; 11] = [
    "Type",
    "Default",
    "Description",
    "AllowedValues",
    "AllowedPattern",
    "MinValue",
    "MaxValue",
    "MinLength",
    "MaxLength",
    "ConstraintDescription",
    "NoEcho",
];

pub(super) fn read_all(parameters: Option<&Value>) -> Result<IndexMap<String, Parameter>, TemplateError> {
    let mut read = IndexMap::new();
    let Some(parameters) = section(parameters, "Parameters")? else { return Ok(read) };
    limit(parameters.len(), MAX_PARAMETERS, "parameters")?;
    for (name, parameter) in parameters {
        alphanumeric(name, "Parameter")?;
        read.insert(name.clone(), Reader::of(name, parameter)?.read()?);
    }
    Ok(read)
}

struct Reader<'d> {
    name: &'d str,
    path: String,
    object: &'d Map<String, Value>,
}

impl<'d> Reader<'d> {
    fn of(name: &'d str, parameter: &'d Value) -> Result<Self, TemplateError> {
        let path = format!("/Parameters/{name}");
        let Some(object) = parameter.as_object() else {
            return Err(format_error(format!("[{path}] Every Parameters member must be an object")));
        };
        known_keys(object, &KEYS, "parameter", &path)?;
        Ok(Self { name, path, object })
    }

    fn read(&self) -> Result<Parameter, TemplateError> {
        let Some(kind) = self.text("Type")? else {
            return Err(format_error("Every Parameters object must contain a Type member."));
        };
        let Some(kind) = ParameterKind::parse(&kind) else {
            return Err(format_error(format!("Unrecognized parameter type: {kind}")));
        };
        let allowed_values = match self.object.get("AllowedValues") {
            None => Vec::new(),
            Some(Value::Array(values)) if !values.is_empty() => {
                let texts: Option<Vec<String>> = values.iter().map(scalar_text).collect();
                texts.ok_or_else(|| self.wrong("AllowedValues", "a list of strings"))?
            }
            Some(_) => return Err(self.wrong("AllowedValues", "a list of strings")),
        };
        let allowed_pattern = self.text("AllowedPattern")?;
        if let Some(pattern) = &allowed_pattern
            && let Err(error) = whole_pattern(pattern)
        {
            return Err(format_error(format!(
                "[{}] AllowedPattern {pattern} is not valid: {error}",
                self.path
            )));
        }
        let parameter = Parameter {
            name: self.name.to_owned(),
            kind,
            default: self.text("Default")?,
            description: self.text("Description")?,
            allowed_values,
            allowed_pattern,
            min_value: self.number("MinValue")?,
            max_value: self.number("MaxValue")?,
            min_length: self.length("MinLength")?,
            max_length: self.length("MaxLength")?,
            constraint_description: self.text("ConstraintDescription")?,
            no_echo: self.flag("NoEcho")?,
        };
        if let Some(default) = &parameter.default {
            parameter.check_plain(default).map_err(|error| format_error(error.to_string()))?;
        }
        Ok(parameter)
    }

    fn text(&self, key: &str) -> Result<Option<String>, TemplateError> {
        match self.object.get(key) {
            None => Ok(None),
            Some(value) => match scalar_text(value) {
                Some(text) => Ok(Some(text)),
                None => Err(format_error(format!("[{}] Every {key} member must be a string.", self.path))),
            },
        }
    }

    fn number(&self, key: &str) -> Result<Option<f64>, TemplateError> {
        match self.text(key)? {
            None => Ok(None),
            Some(text) => number(&text).map(Some).ok_or_else(|| self.wrong(key, "a number")),
        }
    }

    fn length(&self, key: &str) -> Result<Option<usize>, TemplateError> {
        match self.text(key)? {
            None => Ok(None),
            Some(text) => {
                text.parse().map(Some).map_err(|_| self.wrong(key, "an integer that is not negative"))
            }
        }
    }

    fn flag(&self, key: &str) -> Result<bool, TemplateError> {
        match self.text(key)?.as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(self.wrong(key, "true or false")),
        }
    }

    fn wrong(&self, key: &str, expected: &str) -> TemplateError {
        format_error(format!("[{}] {key} must be {expected}.", self.path))
    }
}
