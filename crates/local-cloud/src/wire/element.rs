//! XML documents that callers send, as a small tree.

use quick_xml::Reader;
use quick_xml::events::Event;

use super::ApiError;

/// An element: its name without prefix, its text, and its children.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    pub name: String,
    pub text: String,
    pub children: Vec<Element>,
}

/// Deeper documents are refused; AWS's own are less than ten deep.
const MAX_DEPTH: usize = 32;

impl Element {
    /// Reads a document and gives its root.
    ///
    /// # Errors
    /// `MalformedXML` where it is not well-formed.
    pub fn parse(document: &[u8]) -> Result<Self, ApiError> {
        let mut reader = Reader::from_reader(document);
        let mut stack: Vec<Self> = vec![Self::default()];
        loop {
            match reader.read_event().map_err(|_| malformed())? {
                Event::Start(start) => {
                    if stack.len() > MAX_DEPTH {
                        return Err(malformed());
                    }
                    stack.push(Self::named(start.local_name().as_ref()));
                }
                Event::Empty(start) => {
                    let element = Self::named(start.local_name().as_ref());
                    stack.last_mut().ok_or_else(malformed)?.children.push(element);
                }
                Event::End(_) => {
                    let element = stack.pop().ok_or_else(malformed)?;
                    stack.last_mut().ok_or_else(malformed)?.children.push(element);
                }
                Event::Text(text) => {
                    let text = text.decode().map_err(|_| malformed())?;
                    stack.last_mut().ok_or_else(malformed)?.text.push_str(&text);
                }
                Event::GeneralRef(reference) => {
                    let text = if let Some(c) = reference.resolve_char_ref().map_err(|_| malformed())? {
                        c.to_string()
                    } else {
                        let name = reference.decode().map_err(|_| malformed())?;
                        quick_xml::escape::resolve_predefined_entity(&name).ok_or_else(malformed)?.to_owned()
                    };
                    stack.last_mut().ok_or_else(malformed)?.text.push_str(&text);
                }
                Event::CData(data) => {
                    let text = String::from_utf8_lossy(&data).into_owned();
                    stack.last_mut().ok_or_else(malformed)?.text.push_str(&text);
                }
                Event::Eof => break,
                _ => {}
            }
        }
        let mut top = stack.pop().filter(|_| stack.is_empty()).ok_or_else(malformed)?;
        if top.children.len() == 1 { Ok(top.children.remove(0)) } else { Err(malformed()) }
    }

    fn named(name: &[u8]) -> Self {
        Self { name: String::from_utf8_lossy(name).into_owned(), ..Self::default() }
    }

    /// The first child of a name.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the first child of a name.
    #[must_use]
    pub fn child_text(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.as_str())
    }

    /// All children of a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }
}

fn malformed() -> ApiError {
    ApiError::sender(
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_tree() {
        let document = br#"<?xml version="1.0"?><Delete xmlns="urn:x"><Object><Key>a&amp;b &#x1F983;</Key></Object><Quiet/></Delete>"#;
        let root = Element::parse(document).unwrap();
        assert_eq!((root.name.as_str(), root.children.len()), ("Delete", 2));
        assert_eq!(root.child("Object").unwrap().child_text("Key"), Some("a&b 🦃"));
    }

    #[test]
    fn refuses_what_is_not_xml() {
        for document in ["", "text", "<a><b></a>", "<a>", "<a>&unknown;</a>"] {
            assert_eq!(Element::parse(document.as_bytes()).unwrap_err().code, "MalformedXML", "{document}");
        }
    }
}
