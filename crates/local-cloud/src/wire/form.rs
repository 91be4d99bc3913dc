//! Parameters of the query protocol: `Tags.member.1.Key=a&Attributes.entry.1.key=b`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use percent_encoding::percent_decode;

use super::ApiError;

/// Decoded parameters in the order in which they were sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Reads `application/x-www-form-urlencoded` bytes; bytes that are not UTF-8 are replaced.
    #[must_use]
    pub fn parse(form: &[u8]) -> Self {
        let pairs = form.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| match pair.iter().position(|byte| *byte == b'=') {
                    Some(at) => (decode(&pair[..at]), decode(&pair[at + 1..])),
                    None => (decode(pair), String::new()),
                })
                .collect(),
        )
    }

    /// The value of a parameter; the first one where it was sent twice.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The value of a parameter that must be there and not empty.
    pub fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.get(name).filter(|value| !value.is_empty()).ok_or_else(|| {
            ApiError::sender("MissingParameter", format!("The request must contain the parameter {name}."))
        })
    }

    /// Every parameter below `prefix.`, with the prefix taken off.
    #[must_use]
    pub fn below(&self, prefix: &str) -> Self {
        Self(
            self.0
                .iter()
                .filter_map(|(key, value)| {
                    let rest = key.strip_prefix(prefix)?.strip_prefix('.')?;
                    Some((rest.to_owned(), value.clone()))
                })
                .collect(),
        )
    }

    /// The items of a list of structures, in the order of their numbers: `Tags.member.N.…` for prefix `Tags.member`.
    #[must_use]
    pub fn structures(&self, prefix: &str) -> Vec<Self> {
        let mut numbered: BTreeMap<u32, Self> = BTreeMap::new();
        for (key, value) in self.below(prefix).0 {
            let (number, rest) =
                key.split_once('.').map_or((key.as_str(), ""), |(number, rest)| (number, rest));
            let Ok(number) = number.parse::<u32>() else { continue };
            numbered.entry(number).or_default().0.push((rest.to_owned(), value));
        }
        numbered.into_values().collect()
    }

    /// The items of a list of plain values: `TopicArns.member.N` for prefix `TopicArns.member`.
    #[must_use]
    pub fn values(&self, prefix: &str) -> Vec<String> {
        self.structures(prefix).into_iter().filter_map(|item| item.get("").map(str::to_owned)).collect()
    }

    /// A map: `Attributes.entry.N.key` and `.value`; `Tags.member.N.Key` and `.Value`; the first names given win.
    #[must_use]
    pub fn map(&self, prefix: &str, key: &str, value: &str) -> Vec<(String, String)> {
        self.structures(prefix)
            .into_iter()
            .filter_map(|item| {
                Some((item.get(key)?.to_owned(), item.get(value).unwrap_or_default().to_owned()))
            })
            .collect()
    }

    /// All parameters.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Whether nothing was sent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn decode(bytes: &[u8]) -> String {
    let spaced: Cow<'_, [u8]> = if bytes.contains(&b'+') {
        Cow::Owned(bytes.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect())
    } else {
        Cow::Borrowed(bytes)
    };
    percent_decode(&spaced).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_pluses_and_percents() {
        let params = Params::parse(b"Message=a+b%26c%3D%25&Empty=&Flag");
        assert_eq!(params.get("Message"), Some("a b&c=%"));
        assert_eq!((params.get("Empty"), params.get("Flag")), (Some(""), Some("")));
        assert_eq!(params.required("Empty").unwrap_err().code, "MissingParameter");
    }

    #[test]
    fn orders_structures_by_number() {
        let form = b"Tags.member.10.Key=j&Tags.member.2.Key=b&Tags.member.2.Value=B&Arns.member.1=x";
        let params = Params::parse(form);
        assert_eq!(
            params.map("Tags.member", "Key", "Value"),
            vec![("b".to_owned(), "B".to_owned()), ("j".to_owned(), String::new())]
        );
        assert_eq!(params.values("Arns.member"), vec!["x"]);
    }

    #[test]
    fn long_lists_are_read_at_once() {
        let form: Vec<String> = (0..200_000).map(|at| format!("T.member.{at}=x")).collect();
        let begun = std::time::Instant::now();
        assert_eq!(Params::parse(form.join("&").as_bytes()).values("T.member").len(), 200_000);
        // A search for each item among those before it takes minutes.
        assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{:?}", begun.elapsed());
    }

    #[test]
    fn reads_nested_structures() {
        let params = Params::parse(b"E.entry.1.key=k&E.entry.1.value.DataType=String");
        let entry = &params.structures("E.entry")[0];
        assert_eq!(entry.get("key"), Some("k"));
        assert_eq!(entry.below("value").get("DataType"), Some("String"));
    }
}
