//! Reading the few XML answers that AWS still gives, by the names of elements.

use quick_xml::Reader;
use quick_xml::events::Event;

/// One element: its name without prefix, its own text, and its children.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// The name, without namespace prefix.
    pub name: String,
    /// The text directly inside, with entities resolved.
    pub text: String,
    /// The elements inside, in order.
    pub children: Vec<Element>,
}

impl Element {
    /// The first child of a name.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the first child of a name.
    #[must_use]
    pub fn child_text(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.as_str())
    }

    /// All children of a name.
    pub fn children_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    fn find(&self, name: &str) -> Option<&Element> {
        if self.name == name { Some(self) } else { self.children.iter().find_map(|child| child.find(name)) }
    }
}

/// The deepest nesting that is read; AWS's answers stay below ten.
const MAX_DEPTH: usize = 64;

/// The root element of a document, or `None` when the text is not well-formed XML.
#[must_use]
pub fn parse(text: &str) -> Option<Element> {
    let mut reader = Reader::from_str(text);
    let mut open = vec![Element::default()];
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) if open.len() <= MAX_DEPTH => open.push(named(start.local_name().as_ref())),
            Event::Start(_) => return None,
            Event::Empty(start) => open.last_mut()?.children.push(named(start.local_name().as_ref())),
            Event::End(_) => {
                let closed = open.pop()?;
                open.last_mut()?.children.push(closed);
            }
            Event::Text(part) => open.last_mut()?.text.push_str(&part.decode().ok()?),
            Event::CData(part) => open.last_mut()?.text.push_str(&part.decode().ok()?),
            Event::GeneralRef(entity) => {
                let character = match entity.resolve_char_ref().ok()? {
                    Some(character) => character,
                    None => match entity.decode().ok()?.as_ref() {
                        "amp" => '&',
                        "lt" => '<',
                        "gt" => '>',
                        "quot" => '"',
                        "apos" => '\'',
                        _ => return None,
                    },
                };
                open.last_mut()?.text.push(character);
            }
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    let document = open.pop().filter(|_| open.is_empty())?;
    document.children.into_iter().next()
}

/// The text of the first element of a name, anywhere in a document.
#[must_use]
pub fn first_text(text: &str, name: &str) -> Option<String> {
    parse(text)?.find(name).map(|element| element.text.clone())
}

fn named(name: &[u8]) -> Element {
    Element { name: String::from_utf8_lossy(name).into_owned(), ..Element::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_keep_order_text_and_entities() {
        let root =
            parse("<?xml version=\"1.0\"?><a xmlns=\"n\"><b>1 &lt; 2 &#x41;</b><c/><b>two</b></a>").unwrap();
        assert_eq!(root.name, "a");
        let texts: Vec<_> = root.children_named("b").map(|b| b.text.as_str()).collect();
        assert_eq!(texts, ["1 < 2 A", "two"]);
        assert_eq!(root.child_text("c"), Some(""));
        assert_eq!(root.child("d"), None);
    }

    #[test]
    fn prefixes_are_dropped_and_nested_elements_found() {
        assert_eq!(first_text("<s:a><s:b><c>x</c></s:b></s:a>", "c").as_deref(), Some("x"));
        assert_eq!(first_text("<s:a><s:b><c>x</c></s:b></s:a>", "b").as_deref(), Some(""));
    }

    #[test]
    fn broken_documents_are_no_documents() {
        for text in ["", "no xml", "<a>", "<a></b>", "<a>&unknown;</a>"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse(&format!("{}{}", "<a>".repeat(1000), "</a>".repeat(1000))), None);
    }
}
