//! The requests that prove that a variant of `publish` does the work.

use super::{MAX_BODY_BYTES, PATH};
use crate::proof::{Case, Expect};

const TEXT: Option<&str> = Some("text/plain");
const TEXT_UTF8: Option<&str> = Some("text/plain; charset=utf-8");
const JSON: Option<&str> = Some("application/json");
const JSON_UTF8: Option<&str> = Some("application/json;charset=UTF-8");
const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

/// Short texts that have been seen to break a variant: by escaping twice or not at all, by reading the body as a form,
/// as JSON or as a template, by trimming, or by normalising.
const TEXTS: &[(&str, Option<&str>, &str)] = &[
    ("ASCII", TEXT, "Hello, topic"),
    ("ASCII without a content type", None, "Hello, topic"),
    ("ASCII as JSON that is not JSON", JSON, "Hello, topic"),
    ("ASCII as a form that is not a form", FORM, "Hello, topic"),
    ("charset parameter", TEXT_UTF8, "charset=utf-8"),
    ("one byte", TEXT, "x"),
    ("one digit as JSON", JSON, "0"),
    ("one space", TEXT, " "),
    ("spaces around", TEXT, "  padded  "),
    ("one line feed", TEXT, "\n"),
    ("double quotes", TEXT, r#"She said "hello" and "goodbye""#),
    ("single quotes", TEXT, "it's 'quoted', isn't it?"),
    ("single quotes in JSON", JSON, r#"{"text":"it's 'quoted'"}"#),
    ("backslashes", TEXT, r"C:\temp\new \\server\share \u0041 \n \\"),
    ("line feeds", TEXT, "first\nsecond\n\nfourth\n"),
    ("carriage returns and line feeds", TEXT, "first\r\nsecond\r\n\rthird\r"),
    ("tabs", TEXT, "a\tb\t\tc\t"),
    ("emoji", TEXT, "🦃 👩‍👩‍👧‍👦 🏳️‍🌈 🇪🇺 👍🏽"),
    ("emoji in JSON", JSON_UTF8, r#"{"text":"🦃 gobble","escaped":"\ud83e\udd83"}"#),
    (
        "combining characters",
        TEXT,
        "e\u{301} é n\u{303} Z\u{335}\u{321}\u{353}a\u{334}\u{360}l\u{338}g\u{321}o\u{337}",
    ),
    ("right to left", TEXT, "שלום עולם \u{200f}مرحبا\u{200e} abc \u{202e}cba\u{202c}"),
    ("Chinese, Japanese, Korean", TEXT, "你好 こんにちは 안녕하세요 𠜎"),
    ("a form", FORM, "a=1&b=2&c=&d"),
    ("characters that forms treat specially", FORM, "&=+%;?#/ &amp; a+b=c%"),
    ("characters that forms treat specially, as text", TEXT, "&=+%;?#/ &amp; a+b=c%"),
    (
        "a form that would add parameters",
        FORM,
        "x&Action=DeleteTopic&TopicArn=arn:aws:sns:us-east-1:0:x&Message=y",
    ),
    ("percent-encoded text", FORM, "a%20b%2Bc%3D%26%25%E2%82%AC%0A"),
    ("percent-encoded text, as text", TEXT, "a%20b%2Bc%3D%26%25%E2%82%AC%0A"),
    ("broken percent-encoding", FORM, "100% %zz %2 %"),
    ("plus signs", FORM, "1+1=2 ++ a+b"),
    ("a mapping template", TEXT, "$input.body #set($x=1) ${x} $x #end $util.urlEncode('a')"),
    (
        "a mapping template in JSON",
        JSON,
        r###"{"a":"$input.json('$')","b":"#if(true)yes#else no#end","c":"## not a comment #* nor this *#"}"###,
    ),
    ("template escapes", TEXT, r"\$input \\$x \#set #[[unparsed]]# $!{missing} $$ ## ${"),
    (
        "stage variables and context",
        TEXT,
        "$stageVariables.a ${stageVariables.b} $context.requestId $method.request.body",
    ),
    ("a JSON object", JSON, r#"{"message":"Hello"}"#),
    (
        "a JSON object with spaces and order",
        JSON,
        "{ \"z\" : 1,\n  \"a\" : [ 1.0, 1e3, -0, 12345678901234567890 ],\t\"z\" : null }\n",
    ),
    ("a JSON array", JSON, r#"[true,false,null,"",{}]"#),
    ("an empty JSON object", JSON, "{}"),
    ("a JSON string", JSON, r#""just a \"string\" \\ \/ \u00e9""#),
    ("JSON null", JSON, "null"),
    ("broken JSON", JSON, r#"{"a":[1,2"#),
    ("SNS's own JSON structure", JSON, r#"{"default":"d","sqs":"s"}"#),
    ("XML", TEXT, "<?xml version=\"1.0\"?><a b=\"c&amp;d\"><![CDATA[<e/>]]>&lt;</a>"),
    ("HTML as JSON text", JSON, r#"{"html":"<script>alert('x')</script>&nbsp;"}"#),
    (
        "control characters",
        TEXT,
        "\u{1}\u{2}\u{7}\u{8}\u{b}\u{c}\u{e}\u{1b}[31m\u{1f}\u{7f}\u{80}\u{85}\u{9f}",
    ),
    ("line and paragraph separators", TEXT, "a\u{2028}b\u{2029}c\u{85}d"),
    ("byte order mark", TEXT, "\u{feff}after the mark"),
    ("spaces of all kinds", TEXT, "\u{a0}\u{2003}\u{200b}\u{3000}\u{2060}x\u{a0}"),
    ("edges of Unicode", TEXT, "\u{7ff}\u{800}\u{d7ff}\u{e000}\u{fffd}\u{10000}\u{10ffff}"),
    ("Base64 text", TEXT, "SGVsbG8sIHRvcGlj"),
    ("shell and SQL", TEXT, "$(rm -rf /) `id` '; DROP TABLE messages; -- ${HOME} %s %n"),
];

/// All cases: first the bodies that must arrive, then the requests that must be refused.
#[must_use]
pub fn cases() -> Vec<Case> {
    let short =
        TEXTS.iter().map(|&(name, content_type, text)| published(name, content_type, text.to_owned()));
    short.chain(large()).chain(refused()).collect()
}

fn large() -> Vec<Case> {
    let line = "0123456789 abcdefghijklmnopqrstuvwxyz \"&=+%\"\n";
    let three_bytes_each = format!("{}x", "€".repeat(MAX_BODY_BYTES / 3));
    vec![
        published("200 KiB", TEXT, repeated(line, 200 * 1024)),
        published("200 KiB of JSON", JSON, format!("{{\"text\":\"{}\"}}", "a".repeat(200 * 1024))),
        published("200 KiB that grow when encoded", FORM, repeated("&=+% ;", 200 * 1024)),
        published("262,144 bytes", TEXT, repeated(line, MAX_BODY_BYTES)),
        published("262,144 bytes without a content type", None, "z".repeat(MAX_BODY_BYTES)),
        published("262,144 bytes, three a character", TEXT_UTF8, three_bytes_each),
    ]
}

fn refused() -> Vec<Case> {
    let empty = (&[400][..], Some("The request body is empty"));
    let too_large = (&[413][..], Some("The request body is over 256 KiB"));
    let unsupported = (&[415][..], Some("The content type is not supported"));
    let unknown_method = (&[404, 405][..], None);
    let unknown_path = (&[404][..], Some("Not found"));
    vec![
        refusal("empty body", ("POST", PATH), (TEXT, String::new()), empty),
        refusal("empty body as JSON", ("POST", PATH), (JSON, String::new()), empty),
        refusal("empty body without a content type", ("POST", PATH), (None, String::new()), empty),
        refusal("262,145 bytes", ("POST", PATH), (TEXT, "z".repeat(MAX_BODY_BYTES + 1)), too_large),
        refusal(
            "262,146 bytes, three a character",
            ("POST", PATH),
            (TEXT, "€".repeat(MAX_BODY_BYTES / 3 + 1)),
            too_large,
        ),
        refusal("image/png", ("POST", PATH), (Some("image/png"), "not a picture".to_owned()), unsupported),
        refusal("text/html", ("POST", PATH), (Some("text/html"), "<p>no</p>".to_owned()), unsupported),
        refusal("GET", ("GET", PATH), (None, String::new()), unknown_method),
        refusal("PUT", ("PUT", PATH), (TEXT, "x".to_owned()), unknown_method),
        refusal("unknown path", ("POST", "/publishing"), (TEXT, "x".to_owned()), unknown_path),
        refusal("path below", ("POST", "/publish/x"), (TEXT, "x".to_owned()), unknown_path),
    ]
}

fn published(name: &'static str, content_type: Option<&'static str>, text: String) -> Case {
    Case {
        name,
        method: "POST",
        path: PATH.into(),
        content_type,
        body: text.into_bytes(),
        expect: Expect::Published,
    }
}

fn refusal(
    name: &'static str,
    (method, path): (&'static str, &'static str),
    (content_type, text): (Option<&'static str>, String),
    (statuses, message): (&'static [u16], Option<&'static str>),
) -> Case {
    let expect = Expect::Refused { statuses, message };
    Case { name, method, path: path.into(), content_type, body: text.into_bytes(), expect }
}

/// The text over and over, cut to a length in bytes. Only for text whose characters are one byte long.
fn repeated(text: &str, bytes: usize) -> String {
    text.chars().cycle().take(bytes).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::publish::check;

    #[test]
    fn the_cases_agree_with_the_check_of_requests() {
        for case in cases().iter().filter(|case| case.method == "POST" && case.path == PATH) {
            let checked = check(case.content_type, &case.body);
            match &case.expect {
                Expect::Published => assert!(checked.is_ok(), "{}: {checked:?}", case.name),
                Expect::Refused { statuses, message } => {
                    let refusal = checked.unwrap_err().refusal();
                    assert_eq!(
                        (*statuses, *message),
                        (&[refusal.status][..], Some(refusal.message)),
                        "{}",
                        case.name
                    );
                }
            }
        }
    }

    #[test]
    fn names_are_unique_and_published_bodies_differ_by_text_or_type() {
        let all = cases();
        let names: HashSet<_> = all.iter().map(|case| case.name).collect();
        assert_eq!(names.len(), all.len());
        let requests: HashSet<_> = all
            .iter()
            .map(|case| (case.method, case.path.as_ref(), case.content_type, case.body.as_slice()))
            .collect();
        assert_eq!(requests.len(), all.len());
    }

    #[test]
    fn there_are_enough_of_each_kind() {
        let all = cases();
        let published = all.iter().filter(|case| case.expect == Expect::Published);
        assert!(published.clone().count() >= 41);
        let sizes: Vec<usize> = published.map(|case| case.body.len()).collect();
        assert_eq!(sizes.iter().filter(|size| **size == MAX_BODY_BYTES).count(), 3);
        assert!(sizes.contains(&1) && sizes.contains(&(200 * 1024)));
    }
}
