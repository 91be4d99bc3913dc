//! The texts of `Fn::Sub`.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-sub.html>

use crate::template::TemplateError;

/// A piece of the text of `Fn::Sub`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part<'t> {
    Text(&'t str),
    /// `${!Name}`, which stands for the text `${Name}`.
    Literal(&'t str),
    /// `${Name}` or `${Resource.Attribute}`.
    Variable(&'t str),
}

/// Takes the text apart. A `${` without its `}` is plain text.
pub(crate) fn parts(text: &str) -> Result<Vec<Part<'_>>, TemplateError> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start + 2..].find('}') else { break };
        let name = &rest[start + 2..start + 2 + length];
        if start > 0 {
            parts.push(Part::Text(&rest[..start]));
        }
        match name.strip_prefix('!') {
            Some(literal) => parts.push(Part::Literal(literal)),
            None => parts.push(Part::Variable(variable(name)?)),
        }
        rest = &rest[start + 3 + length..];
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    Ok(parts)
}

fn variable(name: &str) -> Result<&str, TemplateError> {
    let trimmed = name.trim();
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':');
    if !trimmed.is_empty() && trimmed.bytes().all(legal) {
        return Ok(trimmed);
    }
    Err(TemplateError::Expression(
        "variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, and colons"
            .to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn variables_literals_and_text_are_told_apart() {
        let expected =
            vec![Part::Text("a "), Part::Variable("B.Arn"), Part::Literal("c"), Part::Text(" $ ${open")];
        assert_eq!(parts("a ${B.Arn}${!c} $ ${open"), Ok(expected));
        assert_eq!(parts(""), Ok(vec![]));
    }

    #[test]
    fn illegal_names_are_refused() {
        let message = parts("${a-b}").unwrap_err().to_string();
        assert!(message.contains("variable names in Fn::Sub syntax must contain only"), "{message}");
        assert!(parts("${}").is_err());
    }

    proptest! {
        #[test]
        fn nothing_is_lost(text in "[a-z${}!. ]{0,40}") {
            if let Ok(parts) = parts(&text) {
                let again: String = parts.iter().map(|part| match part {
                    Part::Text(text) => (*text).to_owned(),
                    Part::Literal(name) => format!("${{!{name}}}"),
                    Part::Variable(name) => format!("${{{name}}}"),
                }).collect();
                let spaceless = |text: &str| text.replace(' ', "");
                prop_assert_eq!(spaceless(&again), spaceless(&text));
            }
        }
    }
}
