//! Texts with `$context.name` in them, as access logs and gateway responses have: not templates, plain substitution.

/// A text in pieces.
#[derive(Debug, Clone)]
pub(super) struct Text(Vec<Piece>);

#[derive(Debug, Clone)]
enum Piece {
    Literal(String),
    /// `$context.NAME`.
    Context(String),
    /// `$stageVariables.NAME`.
    StageVariable(String),
}

impl Text {
    /// Reads `$context.a.b`, `${context.a.b}` and the same with `stageVariables`; all else is literal.
    pub(super) fn parse(source: &str) -> Self {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = source;
        while let Some(at) = rest.find('$') {
            literal.push_str(&rest[..at]);
            rest = &rest[at..];
            let Some((piece, length)) = reference(rest) else {
                literal.push('$');
                rest = &rest[1..];
                continue;
            };
            if !literal.is_empty() {
                pieces.push(Piece::Literal(std::mem::take(&mut literal)));
            }
            pieces.push(piece);
            rest = &rest[length..];
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Self(pieces)
    }

    /// Puts the values in; `value` gets `context.NAME` or `stageVariables.NAME` as two words.
    pub(super) fn fill(&self, mut value: impl FnMut(&str, &str) -> String) -> String {
        let mut filled = String::with_capacity(256);
        for piece in &self.0 {
            match piece {
                Piece::Literal(text) => filled.push_str(text),
                Piece::Context(name) => filled.push_str(&value("context", name)),
                Piece::StageVariable(name) => filled.push_str(&value("stageVariables", name)),
            }
        }
        filled
    }
}

/// The reference that `text` begins with, and its length.
fn reference(text: &str) -> Option<(Piece, usize)> {
    let (start, braced) = if text.starts_with("${") { (2, true) } else { (1, false) };
    let rest = &text[start..];
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let mut length = rest.find(|c| !allowed(c)).unwrap_or(rest.len());
    if braced && !rest[length..].starts_with('}') {
        return None;
    }
    if !braced {
        // A full stop after the name ends the sentence, not the name.
        length = rest[..length].trim_end_matches(['.', '-']).len();
    }
    let (root, name) = rest[..length].split_once('.')?;
    let piece = match root {
        "context" => Piece::Context(name.to_owned()),
        "stageVariables" => Piece::StageVariable(name.to_owned()),
        _ => return None,
    };
    Some((piece, start + length + usize::from(braced)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_replaced_and_all_else_stays() {
        for (source, filled) in [
            (r#"{"id":"$context.requestId"}"#, r#"{"id":"<context requestId>"}"#),
            (
                "a $context.identity.sourceIp. ${context.status}x",
                "a <context identity.sourceIp>. <context status>x",
            ),
            (
                "$stageVariables.name $ $5 $other.x ${context.a",
                "<stageVariables name> $ $5 $other.x ${context.a",
            ),
            ("", ""),
        ] {
            assert_eq!(Text::parse(source).fill(|root, name| format!("<{root} {name}>")), filled);
        }
    }
}
