//! The text of a template as one JSON value, short forms written out.

use std::cell::Cell;
use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, EnumAccess, Error as _, MapAccess, SeqAccess, VariantAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::TemplateError;

/// The short forms of intrinsic functions: the YAML tag and the key of the long form.
const SHORT_FORMS: [(&str, &str); 25] = [
    ("And", "Fn::And"),
    ("Base64", "Fn::Base64"),
    ("Cidr", "Fn::Cidr"),
    ("Condition", "Condition"),
    ("Contains", "Fn::Contains"),
    ("EachMemberEquals", "Fn::EachMemberEquals"),
    ("EachMemberIn", "Fn::EachMemberIn"),
    ("Equals", "Fn::Equals"),
    ("FindInMap", "Fn::FindInMap"),
    ("GetAZs", "Fn::GetAZs"),
    ("GetAtt", "Fn::GetAtt"),
    ("If", "Fn::If"),
    ("ImportValue", "Fn::ImportValue"),
    ("Join", "Fn::Join"),
    ("Length", "Fn::Length"),
    ("Not", "Fn::Not"),
    ("Or", "Fn::Or"),
    ("Ref", "Ref"),
    ("RefAll", "Fn::RefAll"),
    ("Select", "Fn::Select"),
    ("Split", "Fn::Split"),
    ("Sub", "Fn::Sub"),
    ("ToJsonString", "Fn::ToJsonString"),
    ("ValueOf", "Fn::ValueOf"),
    ("ValueOfAll", "Fn::ValueOfAll"),
];

/// Reads JSON or YAML. Duplicate keys, aliases, unknown tags and more than one document are refused; nesting is bounded
/// by both parsers at 128 levels.
pub(super) fn read(text: &str) -> Result<Value, TemplateError> {
    refuse_depth(text)?;
    if text.trim_start().starts_with('{') {
        match read_json(text) {
            Ok(value) => return Ok(value),
            // A YAML flow mapping begins with a brace too, so JSON's complaint counts only where YAML has one as well.
            Err(json) => return read_yaml(text).map_err(|_| json),
        }
    }
    read_yaml(text)
}

fn read_json(text: &str) -> Result<Value, TemplateError> {
    let budget = Cell::new(node_budget(text));
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Node { budget: &budget }.deserialize(&mut deserializer);
    value.and_then(|value| deserializer.end().map(|()| value)).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        TemplateError::NotWellFormed { format: "JSON", place, detail: error.to_string() }
    })
}

fn read_yaml(text: &str) -> Result<Value, TemplateError> {
    refuse_aliases(text)?;
    parse_yaml(text).map_err(|error| {
        let place = error.location().map_or_else(
            || "unknown place".to_owned(),
            |place| format!("line {}, column {}", place.line(), place.column()),
        );
        TemplateError::NotWellFormed { format: "YAML", place, detail: error.to_string() }
    })
}

fn parse_yaml(text: &str) -> Result<Value, serde_yaml_ng::Error> {
    let budget = Cell::new(node_budget(text));
    Node { budget: &budget }.deserialize(serde_yaml_ng::Deserializer::from_str(text))
}

/// How many brackets may be open at once. The parsers stop at 128 levels, but YAML's scanner runs far ahead of that and takes time
/// by the square of the depth. Brackets in texts count too, which is why there is so much room.
const MAX_OPEN_BRACKETS: usize = 2_000;

fn refuse_depth(text: &str) -> Result<(), TemplateError> {
    let mut open = 0_usize;
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        if open > MAX_OPEN_BRACKETS {
            return Err(TemplateError::Format("the document is nested too deeply".to_owned()));
        }
    }
    Ok(())
}

/// Without aliases a document cannot have more nodes than characters.
fn node_budget(text: &str) -> usize {
    text.len() + 2
}

/// The parser expands aliases silently. Where one may stand, it is renamed to an anchor that does not exist: the parser
/// complains about that exactly if it is an alias and not part of a text.
fn refuse_aliases(text: &str) -> Result<(), TemplateError> {
    const ABSENT: &str = "absent-anchor-of-the-alias-check";
    let bytes = text.as_bytes();
    if !text.contains('&') {
        return Ok(());
    }
    let mut renamed = String::with_capacity(text.len());
    let mut last = 0;
    for (at, _) in text.match_indices('*') {
        let opens = at == 0 || matches!(bytes[at - 1], b' ' | b'\t' | b'\n' | b'[' | b'{' | b',');
        let length =
            bytes[at + 1..].iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        let length = length.count();
        if opens && length > 0 {
            renamed.push_str(&text[last..=at]);
            renamed.push_str(ABSENT);
            last = at + 1 + length;
        }
    }
    if last == 0 {
        return Ok(());
    }
    renamed.push_str(&text[last..]);
    match parse_yaml(&renamed) {
        Err(error) if error.to_string().contains("unknown anchor") => Err(TemplateError::Aliases),
        _ => Ok(()),
    }
}

/// One node of the document.
struct Node<'b> {
    budget: &'b Cell<usize>,
}

impl Node<'_> {
    fn spend<E: serde::de::Error>(&self) -> Result<(), E> {
        match self.budget.get().checked_sub(1) {
            Some(left) => {
                self.budget.set(left);
                Ok(())
            }
            None => Err(E::custom("aliases expand to too many nodes")),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.spend()?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_i128<E: serde::de::Error>(self, value: i128) -> Result<Value, E> {
        Ok(Value::String(value.to_string()))
    }

    fn visit_u128<E: serde::de::Error>(self, value: u128) -> Result<Value, E> {
        Ok(Value::String(value.to_string()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom(format!("{value} is not a number")))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(Node { budget: self.budget })? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            self.spend()?;
            if key == "<<" {
                return Err(A::Error::custom("hash merges (<<) are not supported"));
            }
            if entries.contains_key(&key) {
                return Err(A::Error::custom(format!("duplicate key {key:?}")));
            }
            let value = map.next_value_seed(Node { budget: self.budget })?;
            entries.insert(key, value);
        }
        Ok(Value::Object(entries))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<Value, A::Error> {
        let (tag, contents) = data.variant::<String>()?;
        let value = contents.newtype_variant_seed(Node { budget: self.budget })?;
        long_form(&tag, value).map_err(A::Error::custom)
    }
}

/// `!GetAtt a.b` as `{"Fn::GetAtt": ["a", "b"]}`, and so on.
fn long_form(tag: &str, value: Value) -> Result<Value, String> {
    let name = tag.trim_start_matches('!');
    let Some((_, key)) = SHORT_FORMS.iter().find(|(short, _)| *short == name) else {
        let known: Vec<&str> = SHORT_FORMS.iter().map(|(short, _)| *short).collect();
        return Err(format!("unknown tag !{name}; allowed are !{}", known.join(", !")));
    };
    let value = match (*key, value) {
        ("Fn::GetAtt", Value::String(path)) => split_attribute(&path),
        (_, value) => value,
    };
    Ok(Value::Object(Map::from_iter([((*key).to_owned(), value)])))
}

/// `Name.Some.Attribute` as `["Name", "Some.Attribute"]`; without a dot the text stays, for the check to refuse.
pub(super) fn split_attribute(path: &str) -> Value {
    match path.split_once('.') {
        Some((resource, attribute)) => Value::from(vec![resource, attribute]),
        None => Value::from(path),
    }
}
