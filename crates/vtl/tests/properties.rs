//! Properties that hold for any template and any request.

use proptest::prelude::*;
use vtl::{Request, Template};

fn render(template: &str, body: &str) -> Result<String, String> {
    let template = Template::parse(template).map_err(|error| error.to_string())?;
    template
        .render(&Request::from_body(body))
        .map(|rendered| rendered.body)
        .map_err(|error| error.to_string())
}

/// Text made of what the language gives a meaning to, so that many inputs come close to being templates.
fn fragments() -> impl Strategy<Value = String> {
    let fragment = prop::sample::select(vec![
        "$",
        "#",
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        "\"",
        "'",
        "\\",
        "!",
        ".",
        ",",
        " ",
        "\n",
        "..",
        "=",
        "==",
        "&&",
        "-",
        "1",
        "0.5",
        "a",
        "$a",
        "${a",
        "$!a",
        "$input",
        ".path('$.a')",
        ".json('$..*')",
        "$util.urlEncode(",
        "$context",
        ".responseOverride",
        ".status",
        "#set(",
        "#if(",
        "#elseif(",
        "#else",
        "#end",
        "#foreach($a in ",
        "#macro(m $a)",
        "#m(",
        "#@m(",
        "#define($a)",
        "#break",
        "#stop",
        "##",
        "#*",
        "*#",
        "#[[",
        "]]#",
        "#{end}",
        "true",
        "é",
        "😀",
    ]);
    prop::collection::vec(fragment, 0..60).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn parsing_and_rendering_never_panic(template in fragments(), body in ".{0,40}") {
        let _ = render(&template, &body);
    }

    #[test]
    fn any_text_can_be_parsed_or_refused(template in any::<String>(), body in any::<String>()) {
        let _ = render(&template, &body);
    }

    #[test]
    fn text_without_dollar_and_hash_is_itself(text in "[^$#]*") {
        prop_assert_eq!(render(&text, ""), Ok(text));
    }

    #[test]
    fn unparsed_text_is_itself(text in "[^\\]]*") {
        prop_assert_eq!(render(&format!("#[[{text}]]#"), ""), Ok(text));
    }

    #[test]
    fn the_body_arrives_unchanged(body in ".+") {
        prop_assert_eq!(render("$input.body", &body), Ok(body));
    }

    #[test]
    fn escape_java_script_makes_a_json_string(body in ".+") {
        let escaped = render(r#""$util.escapeJavaScript($input.body).replaceAll("\\'","'")""#, &body).unwrap();
        let parsed: String = serde_json::from_str(&escaped).unwrap();
        prop_assert_eq!(parsed, body);
    }

    #[test]
    fn url_encoding_round_trips(body in ".+") {
        let encoded = render("$util.urlEncode($input.body)", &body).unwrap();
        prop_assert!(encoded.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-*_+%".contains(&byte)));
        prop_assert_eq!(render("$util.urlDecode($util.urlEncode($input.body))", &body), Ok(body));
    }

    #[test]
    fn base64_round_trips(body in ".+") {
        prop_assert_eq!(render("$util.base64Decode($util.base64Encode($input.body))", &body), Ok(body));
    }

    #[test]
    fn json_of_the_root_is_the_same_json(number in any::<i64>(), text in any::<String>(), flag in any::<bool>()) {
        let json = serde_json::json!({"n": number, "t": text, "l": [flag, null, {"d": 0.25}]});
        let rendered = render("$input.json('$')", &serde_json::to_string_pretty(&json).unwrap()).unwrap();
        prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&rendered).unwrap(), json);
    }

    #[test]
    fn the_json_reader_agrees_with_serde(json in "[\\[\\]{}\",:0-9a-z\\\\ .e+-]{0,30}") {
        if let Ok(value) = serde_json::from_str::<serde_json::Value>(&json)
            && !json.contains(['.', 'e', '-'])
        {
            let rendered = render("$input.json('$')", &json).unwrap();
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&rendered).unwrap(), value);
        }
    }

    #[test]
    fn the_position_of_an_error_is_in_the_template(template in fragments()) {
        if let Err(error) = Template::parse(&template) {
            let lines = template.split('\n').count();
            prop_assert!(error.line >= 1 && error.line <= lines);
            let line = template.split('\n').nth(error.line - 1).unwrap();
            prop_assert!(error.column >= 1 && error.column <= line.chars().count() + 2);
        }
    }
}
