//! An answer as a tree that the query protocol writes as XML, or as JSON when asked.

use quick_xml::escape::escape;
use serde_json::{Map, Value};

/// One value of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// A member that is absent: left out in XML, `null` in JSON.
    Null,
    Text(String),
    Number(i64),
    Bool(bool),
    /// Members in their order. A name may stand several times, which is how flattened lists look in XML.
    Struct(Vec<(&'static str, Node)>),
    /// A list whose items are `<member>`.
    List(Vec<Node>),
    /// A list whose items have a name of their own, such as `<Contents>` or `<QueueUrl>`; see [`Node::Struct`] for flattened ones.
    Named(&'static str, Vec<Node>),
    /// Another value with its type as an attribute, `xsi:type`, which XML alone shows.
    Typed(&'static str, Box<Node>),
    /// `<entry><key>…</key><value>…</value></entry>`
    Map(Vec<(String, String)>),
}

impl From<&str> for Node {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Node {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Node {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Node {
    fn from(value: i64) -> Self {
        Self::Number(value)
    }
}

impl From<usize> for Node {
    fn from(value: usize) -> Self {
        Self::Number(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl Node {
    /// A structure from its members; those that are `None` are left out.
    #[must_use]
    pub fn members<const N: usize>(members: [(&'static str, Option<Node>); N]) -> Self {
        Self::Struct(members.into_iter().filter_map(|(name, node)| Some((name, node?))).collect())
    }

    /// Adds a member to a structure; other values stay as they are.
    #[must_use]
    pub fn with(mut self, name: &'static str, node: impl Into<Node>) -> Self {
        if let Self::Struct(members) = &mut self {
            members.push((name, node.into()));
        }
        self
    }

    /// The tree as an XML document with the given root.
    #[must_use]
    pub fn to_xml(&self, root: &str, namespace: Option<&str>) -> String {
        let mut out = String::with_capacity(512);
        out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<");
        out.push_str(root);
        if let Some(namespace) = namespace {
            out.push_str(" xmlns=\"");
            out.push_str(namespace);
            out.push('"');
        }
        out.push('>');
        self.write_content(&mut out);
        close(&mut out, root);
        out
    }

    fn write_content(&self, out: &mut String) {
        match self {
            Self::Null => {}
            Self::Text(text) => push_text(out, text),
            Self::Number(number) => out.push_str(&number.to_string()),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Struct(members) => {
                let present = members.iter().filter(|(_, node)| *node != Self::Null);
                present.for_each(|(name, node)| node.write_element(out, name));
            }
            Self::List(items) => items.iter().for_each(|node| node.write_element(out, "member")),
            Self::Typed(_, node) => node.write_content(out),
            Self::Named(name, items) => items.iter().for_each(|node| node.write_element(out, name)),
            Self::Map(entries) => {
                for (key, value) in entries {
                    out.push_str("<entry><key>");
                    push_text(out, key);
                    out.push_str("</key><value>");
                    push_text(out, value);
                    out.push_str("</value></entry>");
                }
            }
        }
    }

    fn write_element(&self, out: &mut String, name: &str) {
        out.push('<');
        out.push_str(name);
        if let Self::Typed(kind, _) = self {
            out.push_str(" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"");
            out.push_str(kind);
            out.push('"');
        }
        out.push('>');
        self.write_content(out);
        close(out, name);
    }

    /// The tree as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Text(text) => Value::String(text.clone()),
            Self::Number(number) => Value::from(*number),
            Self::Bool(value) => Value::Bool(*value),
            Self::Typed(_, node) => node.to_json(),
            Self::Struct(members) => {
                let mut object = Map::new();
                for (name, node) in members {
                    object.insert((*name).to_owned(), node.to_json());
                }
                Value::Object(object)
            }
            Self::List(items) | Self::Named(_, items) => items.iter().map(Self::to_json).collect(),
            Self::Map(entries) => {
                entries.iter().map(|(key, value)| (key.clone(), Value::String(value.clone()))).collect()
            }
        }
    }
}

fn close(out: &mut String, name: &str) {
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

/// XML 1.0 cannot hold most control characters at all, not even as references, so they become replacement characters: what a
/// caller sent comes back in errors, too, and no parser would read those. A carriage return must be a reference or parsers turn
/// it into a line feed.
fn push_text(out: &mut String, text: &str) {
    for c in escape(text).chars() {
        match c {
            '\r' => out.push_str("&#xD;"),
            c if is_xml(c) => out.push(c),
            _ => out.push(char::REPLACEMENT_CHARACTER),
        }
    }
}

/// <https://www.w3.org/TR/xml/#charsets>
fn is_xml(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        c => c >= ' ',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_xml_and_json_from_one_tree() {
        let tree = Node::Struct(vec![
            ("Id", Node::from("a<b&\"c\"\r\n")),
            ("Sequence", Node::Null),
            ("Topics", Node::List(vec![Node::Struct(vec![("Arn", "x".into())])])),
            ("Attributes", Node::Map(vec![("k".into(), "v".into())])),
        ]);
        assert_eq!(
            tree.to_xml("R", Some("urn:n")),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<R xmlns=\"urn:n\"><Id>a&lt;b&amp;&quot;c&quot;&#xD;\n</Id>\
             <Topics><member><Arn>x</Arn></member></Topics><Attributes><entry><key>k</key><value>v</value></entry></Attributes></R>"
        );
        assert_eq!(
            tree.to_json().to_string(),
            r#"{"Id":"a<b&\"c\"\r\n","Sequence":null,"Topics":[{"Arn":"x"}],"Attributes":{"k":"v"}}"#
        );
    }

    #[test]
    fn xml_holds_no_character_that_it_must_not() {
        let tree = Node::Text("a\u{0}\u{1b}\t\u{fffe}\u{10ffff}b".into());
        let written = tree.to_xml("R", None);
        assert!(written.ends_with("<R>a\u{fffd}\u{fffd}\t\u{fffd}\u{10ffff}b</R>"), "{written:?}");
    }
}
