//! Jayway's JSONPath as RFC 9535 writes it.

/// Rewrites what follows the root, so that `serde_json_path` reads it: `.delivery-partner` is `['delivery-partner']`.
///
/// What Jayway has beyond the RFC (`=~`, `in`, `.length()`) is refused.
pub(super) fn normalised(rest: &str) -> Result<String, String> {
    let mut query = String::from("$");
    let mut chars = rest.chars().peekable();
    let mut brackets = 0_usize;
    let mut before = '$';
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' => {
                query.push(c);
                let mut escaped = false;
                for inner in chars.by_ref() {
                    query.push(inner);
                    if inner == c && !escaped {
                        break;
                    }
                    escaped = inner == '\\' && !escaped;
                }
            }
            '.' if !(brackets > 0 && before.is_ascii_digit()) => {
                let descendants = chars.next_if_eq(&'.').is_some();
                let mut name = String::new();
                while let Some(part) = chars.next_if(|c| is_name(*c)) {
                    name.push(part);
                }
                if chars.peek() == Some(&'(') {
                    return Err(format!("the function `{name}()` is not supported"));
                }
                match (descendants, name.is_empty()) {
                    (false, false) => query.extend(["['", &name, "']"]),
                    (true, false) => query.extend(["..['", &name, "']"]),
                    (false, true) => query.push('.'),
                    (true, true) => query.push_str(".."),
                }
            }
            '[' => {
                brackets += 1;
                query.push(c);
            }
            ']' => {
                brackets = brackets.saturating_sub(1);
                query.push(c);
            }
            c => query.push(c),
        }
        before = c;
    }
    Ok(query)
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-' || (!c.is_ascii() && !c.is_whitespace() && !c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotted_names_are_quoted_outside_strings_and_numbers() {
        for (path, expected) in [
            (".a-b[*].c", "$['a-b'][*]['c']"),
            ("..price", "$..['price']"),
            ("..*", "$..*"),
            (".a[?(@.b-c > 1.5 && @.d == 'x.y')]", "$['a'][?(@['b-c'] > 1.5 && @['d'] == 'x.y')]"),
            (".a[-3:]", "$['a'][-3:]"),
        ] {
            assert_eq!(normalised(path).unwrap(), expected, "{path}");
        }
        assert!(normalised(".a.length()").unwrap_err().contains("length()"));
    }
}
