use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Language;
use super::fields::{Fields, shown};
use super::state::assignments;
use super::templates::Templates;
use crate::path::Path;
use crate::problem::below;
use crate::template::Template;

/// A Choice state's rules.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html>
#[derive(Debug)]
pub(crate) struct Choice {
    pub(crate) rules: Vec<Rule>,
    pub(crate) default: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) test: Test,
    pub(crate) next: String,
    pub(crate) assign: Vec<(String, Template)>,
    pub(crate) output: Option<Template>,
}

#[derive(Debug)]
pub(crate) enum Test {
    And(Vec<Test>),
    Or(Vec<Test>),
    Not(Box<Test>),
    /// JSONata's `Condition`.
    Condition(Template),
    /// The value of a path against what an operator expects.
    Compare {
        variable: Path,
        operator: Operator,
        operand: Operand,
    },
}

#[derive(Debug)]
pub(crate) enum Operand {
    Literal(Value),
    Path(Path),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    String(Order),
    Numeric(Order),
    Timestamp(Order),
    BooleanEquals,
    StringMatches,
    IsNull,
    IsPresent,
    IsNumeric,
    IsString,
    IsBoolean,
    IsTimestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Equals,
    LessThan,
    GreaterThan,
    LessThanEquals,
    GreaterThanEquals,
}

impl Operator {
    /// The operator of a field's name, and whether its operand is a path.
    fn parse(name: &str) -> Option<(Self, bool)> {
        let (name, is_path) = match name.strip_suffix("Path") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let operator = match name {
            "BooleanEquals" => Self::BooleanEquals,
            "StringMatches" if !is_path => Self::StringMatches,
            "IsNull" if !is_path => Self::IsNull,
            "IsPresent" if !is_path => Self::IsPresent,
            "IsNumeric" if !is_path => Self::IsNumeric,
            "IsString" if !is_path => Self::IsString,
            "IsBoolean" if !is_path => Self::IsBoolean,
            "IsTimestamp" if !is_path => Self::IsTimestamp,
            _ => {
                let (make, order): (fn(Order) -> Self, &str) =
                    if let Some(order) = name.strip_prefix("String") {
                        (Self::String, order)
                    } else if let Some(order) = name.strip_prefix("Numeric") {
                        (Self::Numeric, order)
                    } else {
                        (Self::Timestamp, name.strip_prefix("Timestamp")?)
                    };
                make(match order {
                    "Equals" => Order::Equals,
                    "LessThan" => Order::LessThan,
                    "GreaterThan" => Order::GreaterThan,
                    "LessThanEquals" => Order::LessThanEquals,
                    "GreaterThanEquals" => Order::GreaterThanEquals,
                    _ => return None,
                })
            }
        };
        Some((operator, is_path))
    }

    /// What a literal operand must be, if it is not.
    fn refuses(self, operand: &Value) -> Option<&'static str> {
        let (fits, expected) = match self {
            Self::String(_) | Self::StringMatches => (operand.is_string(), "a string"),
            Self::Numeric(_) => (operand.is_number(), "a number"),
            Self::Timestamp(_) => (timestamp(operand).is_some(), "a timestamp such as 2016-03-14T01:59:00Z"),
            _ => (operand.is_boolean(), "true or false"),
        };
        (!fits).then_some(expected)
    }
}

/// A timestamp as the language takes it: RFC 3339 with an uppercase `T` and `Z`.
pub(crate) fn timestamp(value: &Value) -> Option<OffsetDateTime> {
    let text = value.as_str()?;
    if text.as_bytes().get(10) != Some(&b'T') || text.ends_with('z') {
        return None;
    }
    OffsetDateTime::parse(text, &Rfc3339).ok()
}

pub(super) fn choice(templates: Templates<'_>, fields: &Fields<'_>) -> Choice {
    let mut rules = Vec::new();
    fields.require("Choices");
    if let Some(entries) = fields.array("Choices") {
        if entries.is_empty() {
            fields.add("Choices", "must have at least one rule");
        }
        for (at, entry) in entries.iter().enumerate() {
            let location = below(&fields.at("Choices"), at);
            if let Some(entry) = Fields::new(entry, &location, fields.problems) {
                rules.push(rule(templates, entry));
            }
        }
    }
    Choice { rules, default: fields.text("Default").map(str::to_owned) }
}

fn rule(templates: Templates<'_>, fields: Fields<'_>) -> Rule {
    let next = fields.required_text("Next").unwrap_or_default().to_owned();
    let assign = assignments(templates, &fields);
    let (test, output) = match templates.language {
        Language::JsonPath => (test(templates, &fields), None),
        Language::Jsonata => (condition(templates, &fields), templates.field(&fields, "Output")),
    };
    fields.text("Comment");
    fields.finish(templates.language);
    // A refused test must not hide where the rule leads.
    Rule { test: test.unwrap_or(Test::Or(Vec::new())), next, assign, output }
}

fn condition(templates: Templates<'_>, fields: &Fields<'_>) -> Option<Test> {
    let value = fields.require("Condition")?;
    let template = templates.field(fields, "Condition")?;
    if template.literal().is_some_and(|literal| !literal.is_boolean() && !literal.is_null()) {
        fields.add("Condition", format!("{} must be true, false or a JSONata expression", shown(value)));
    }
    Some(Test::Condition(template))
}

/// One rule without `Next`: a boolean expression or a comparison.
fn nested(templates: Templates<'_>, value: &Value, location: &str) -> Option<Test> {
    let fields = Fields::new(value, location, templates.problems)?;
    if fields.take("Next").is_some() {
        fields.add("Next", "`Next` is allowed in a rule at the top only");
    }
    let test = test(templates, &fields);
    fields.text("Comment");
    fields.finish(templates.language);
    test
}

fn test(templates: Templates<'_>, fields: &Fields<'_>) -> Option<Test> {
    let operators: Vec<(&str, Operator, bool)> = OPERATOR_NAMES
        .iter()
        .filter(|name| fields.has(name))
        .filter_map(|name| Operator::parse(name).map(|(operator, is_path)| (*name, operator, is_path)))
        .collect();
    let booleans: Vec<&str> = ["And", "Or", "Not"].into_iter().filter(|name| fields.has(name)).collect();
    match (booleans.as_slice(), operators.as_slice()) {
        ([name @ ("And" | "Or")], []) => {
            let entries = fields.array(name)?;
            if entries.is_empty() {
                fields.add(name, "must have at least one rule");
            }
            let tests = entries
                .iter()
                .enumerate()
                .filter_map(|(at, entry)| nested(templates, entry, &below(&fields.at(name), at)))
                .collect();
            Some(if *name == "And" { Test::And(tests) } else { Test::Or(tests) })
        }
        ([_], []) => {
            let value = fields.take("Not")?;
            nested(templates, value, &fields.at("Not")).map(|test| Test::Not(Box::new(test)))
        }
        ([], [(name, operator, is_path)]) => compare(fields, name, *operator, *is_path),
        _ => {
            fields.problems.add(
                &fields.location,
                "a rule has exactly one of And, Or, Not or a Variable with one comparison operator",
            );
            for name in OPERATOR_NAMES.iter().chain(&["And", "Or", "Not", "Variable"]) {
                fields.take(name);
            }
            None
        }
    }
}

fn compare(fields: &Fields<'_>, name: &str, operator: Operator, is_path: bool) -> Option<Test> {
    let path = |name: &str| match Path::parse(fields.required_text(name)?) {
        Ok(path) => Some(path),
        Err(message) => {
            fields.add(name, message);
            None
        }
    };
    let variable = path("Variable");
    let operand = if is_path {
        Operand::Path(path(name)?)
    } else {
        let value = fields.take(name)?;
        if let Some(expected) = operator.refuses(value) {
            fields.add(name, format!("{} must be {expected}", shown(value)));
        }
        if operator == Operator::StringMatches && value.as_str().is_some_and(has_open_escape) {
            fields.add(name, format!("{} has a backslash that escapes neither * nor \\", shown(value)));
        }
        Operand::Literal(value.clone())
    };
    Some(Test::Compare { variable: variable?, operator, operand })
}

fn has_open_escape(pattern: &str) -> bool {
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        if c == '\\' && !matches!(chars.next(), Some('*' | '\\')) {
            return true;
        }
    }
    false
}

const OPERATOR_NAMES: &[&str] = &[
    "BooleanEquals",
    "BooleanEqualsPath",
    "IsBoolean",
    "IsNull",
    "IsNumeric",
    "IsPresent",
    "IsString",
    "IsTimestamp",
    "NumericEquals",
    "NumericEqualsPath",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "NumericGreaterThanEqualsPath",
    "NumericGreaterThanPath",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericLessThanEqualsPath",
    "NumericLessThanPath",
    "StringEquals",
    "StringEqualsPath",
    "StringGreaterThan",
    "StringGreaterThanEquals",
    "StringGreaterThanEqualsPath",
    "StringGreaterThanPath",
    "StringLessThan",
    "StringLessThanEquals",
    "StringLessThanEqualsPath",
    "StringLessThanPath",
    "StringMatches",
    "TimestampEquals",
    "TimestampEqualsPath",
    "TimestampGreaterThan",
    "TimestampGreaterThanEquals",
    "TimestampGreaterThanEqualsPath",
    "TimestampGreaterThanPath",
    "TimestampLessThan",
    "TimestampLessThanEquals",
    "TimestampLessThanEqualsPath",
    "TimestampLessThanPath",
];
