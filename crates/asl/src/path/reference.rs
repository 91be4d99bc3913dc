use serde_json::{Map, Value};

/// A path without operators, which names one place at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReferencePath(Vec<Segment>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Member(String),
    Element(i64),
}

impl ReferencePath {
    /// Reads what follows the root: `.name`, `['name']` and `[0]`. Anything else is no reference path.
    pub(super) fn parse(rest: &str) -> Option<Self> {
        let mut segments = Vec::new();
        let mut rest = rest;
        while !rest.is_empty() {
            let (segment, after) = if let Some(name) = rest.strip_prefix('.') {
                dotted(name)?
            } else {
                bracketed(rest.strip_prefix('[')?)?
            };
            segments.push(segment);
            rest = after;
        }
        Some(Self(segments))
    }

    pub(crate) fn find<'v>(&self, root: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(root, |value, segment| match segment {
            Segment::Member(name) => value.as_object()?.get(name),
            Segment::Element(index) => {
                let array = value.as_array()?;
                array.get(position(*index, array.len())?)
            }
        })
    }

    /// Whether the path has an index below zero, which a place to write to cannot have.
    pub(crate) fn counts_from_the_end(&self) -> bool {
        self.0.iter().any(|segment| matches!(segment, Segment::Element(index) if *index < 0))
    }

    /// Puts a value at the place, making the objects on the way. Says no if something on the way is in the way.
    pub(crate) fn put(&self, root: Value, value: Value) -> Option<Value> {
        let mut root = root;
        let mut place = &mut root;
        for segment in &self.0 {
            place = match segment {
                Segment::Member(name) => {
                    place.as_object_mut()?.entry(name.as_str()).or_insert_with(|| Value::Object(Map::new()))
                }
                Segment::Element(index) => {
                    let array = place.as_array_mut()?;
                    let index = position(*index, array.len())?;
                    array.get_mut(index)?
                }
            };
        }
        *place = value;
        Some(root)
    }
}

fn position(index: i64, length: usize) -> Option<usize> {
    if let Ok(index) = usize::try_from(index) {
        return Some(index);
    }
    length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?)
}

/// `name` up to the next `.` or `[`, where a backslash takes the next character as it is.
fn dotted(text: &str) -> Option<(Segment, &str)> {
    let mut name = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '.' | '[' => return (at > 0).then_some((Segment::Member(name), &text[at..])),
            '\\' => name.push(chars.next()?.1),
            '*' | '?' | '@' | ',' | ':' | '(' | ')' | ']' | '\'' | '"' => return None,
            c if c.is_whitespace() => return None,
            c => name.push(c),
        }
    }
    (!name.is_empty()).then_some((Segment::Member(name), ""))
}

/// `0]`, `-1]`, `'name']` or `"name"]`, spaces around allowed.
fn bracketed(text: &str) -> Option<(Segment, &str)> {
    let text = text.trim_start();
    let quote = text.chars().next()?;
    if quote != '\'' && quote != '"' {
        let (index, rest) = text.split_once(']')?;
        return Some((Segment::Element(index.trim().parse().ok()?), rest));
    }
    let mut name = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => name.push(chars.next()?.1),
            c if c == quote => {
                let rest = text[at + 1..].trim_start().strip_prefix(']')?;
                return Some((Segment::Member(name), rest));
            }
            c => name.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_are_named_with_dots_brackets_and_escapes() {
        let root = json!({"error-info": {"a.b": [1, {"c d": 2}]}, "Ж": 3});
        for (path, expected) in [
            ("", Some(root.clone())),
            (".error-info['a.b'][0]", Some(json!(1))),
            (".error-info.a\\.b[-1][\"c d\"]", Some(json!(2))),
            (".Ж", Some(json!(3))),
            (".error-info.none", None),
            (".error-info['a.b'][9]", None),
        ] {
            assert_eq!(ReferencePath::parse(path).unwrap().find(&root).cloned(), expected, "{path}");
        }
    }

    #[test]
    fn operators_make_no_reference_path() {
        for path in
            ["..a", ".a[*]", ".*", ".a[0,1]", ".a[1:]", ".a[?(@.b)]", ".", ".a.", "[", "[0", "['a]", "a"]
        {
            assert_eq!(ReferencePath::parse(path), None, "{path}");
        }
    }

    #[test]
    fn a_value_is_put_where_nothing_is_in_the_way() {
        let put = |path: &str, root| ReferencePath::parse(path).unwrap().put(root, json!(6));
        assert_eq!(put("", json!({"a": 1})), Some(json!(6)));
        assert_eq!(put(".b.c", json!({"a": 1})), Some(json!({"a": 1, "b": {"c": 6}})));
        assert_eq!(put(".a[1]", json!({"a": [1, 2]})), Some(json!({"a": [1, 6]})));
        assert_eq!(put(".a[2]", json!({"a": [1, 2]})), None);
        assert_eq!(put(".x", json!("foo")), None);
        assert_eq!(put(".a.b", json!({"a": 1})), None);
    }
}
