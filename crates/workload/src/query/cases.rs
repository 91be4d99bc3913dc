//! The requests that prove that a variant of `query` does the work.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{BREEDS, MAX_BREED_BYTES, PageSize};
use crate::proof::Case;

/// What must come of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    /// 200 and the page of the breed, which is what the table holds under this key; no more items than `limit`, the
    /// variant's page size where there is none.
    Page {
        /// The breed, decoded.
        breed: String,
        /// The number that is asked for.
        limit: Option<u16>,
    },
    /// One of the statuses, and a JSON body with a `message` alone.
    Refused {
        /// The statuses that count; more than one where architectures cannot answer alike.
        statuses: &'static [u16],
        /// The text of `message`; `None` where it follows the status.
        message: Option<&'static str>,
    },
}

/// Breeds that nothing is known of, which have been seen to break a variant: by escaping twice or not at all, by reading the
/// text as JSON, as a template or as an expression, by trimming, or by normalising.
const HOSTILE: &[(&str, &str)] = &[
    ("unknown", "Dodo"),
    ("another letter case", "bronze"),
    ("space at the end", "Bronze "),
    ("one space", " "),
    ("one digit", "0"),
    ("null", "null"),
    ("double quote", "\""),
    ("double quotes around", "\"Bronze\""),
    ("single quote", "'"),
    ("single quotes", "it's 'Bronze'"),
    ("backslash", "\\"),
    ("backslashes and quotes", "\\\" \\\\\" \\' \\u0041 \\n"),
    ("an end of the JSON", "x\"}},\"Limit\":1000,\"x\":{\"S\":\"y"),
    ("an expression attribute value", ":breed"),
    ("an expression", "x\" OR breed <> \"y"),
    ("a JSON object", "{\"S\":\"Bronze\"}"),
    ("a slash", "Bronze/Slate"),
    ("a slash encoded twice", "Bronze%2FSlate"),
    ("dots", ".."),
    ("dots and slashes", "../../etc/passwd"),
    ("a percent sign encoded twice", "%41uburn"),
    ("plus signs", "Bourbon+Red"),
    ("question and hash marks", "a?limit=1#b"),
    ("ampersands and equals signs", "a&limit=1&b=c;d"),
    ("emoji", "🦃 👩‍👩‍👧‍👦"),
    ("combining characters", "e\u{301} é n\u{303}"),
    ("right to left", "שלום \u{202e}cba"),
    ("Chinese, Japanese, Korean", "七面鳥 칠면조 𠜎"),
    ("line feed", "Bronze\nSlate"),
    ("carriage return, line feed and a header", "a\r\nx-forged: 1\r\n\r\n"),
    ("tab", "a\tb"),
    ("NUL", "a\0b"),
    ("control characters", "\u{1}\u{7}\u{8}\u{b}\u{c}\u{1b}[31m\u{1f}\u{7f}\u{85}"),
    ("line and paragraph separators", "a\u{2028}b\u{2029}c"),
    ("byte order mark", "\u{feff}Bronze"),
    ("a template function", "$util.escapeJavaScript($context.apiId)"),
    ("a template directive", "#set($x=1)#if(true)yes#end ## $x #*c*#"),
    ("template braces", "{{7*7}} ${7*7} #{x} $!{y}"),
    ("a JSONata expression", "{% $states.input %} & $string(1)"),
    ("an intrinsic function", "States.Format('{}', $.breed)"),
    ("HTML", "<script>alert('x')</script>&nbsp;"),
    ("shell and SQL", "'; DROP TABLE turkeys; -- $(id) `id`"),
];

/// Breeds as they may stand in a path without percent-encoding, and what they mean.
const RAW: &[(&str, &str, &str)] = &[
    ("signs that need no encoding", "a-b_c.d~e!f*g(h)i,j;k:l@m=n&o", "a-b_c.d~e!f*g(h)i,j;k:l@m=n&o"),
    ("single quote, not encoded", "it's", "it's"),
    ("plus sign, not encoded", "Bourbon+Red", "Bourbon+Red"),
    ("dollar signs, not encoded", "$input.params('breed')", "$input.params('breed')"),
    ("letters encoded without need", "%42ronz%65", "Bronze"),
    ("lower-case encoding", "%c3%a9", "é"),
];

/// Values of `limit` that are none, as they stand in the URL.
const BAD_LIMITS: &[(&str, &str)] = &[
    ("limit 0", "0"),
    ("limit 1001", "1001"),
    ("limit -1", "-1"),
    ("limit with a sign", "%2B5"),
    ("limit with a zero ahead", "0115"),
    ("limit with a space", "%205"),
    ("limit with a fraction", "1.5"),
    ("limit with an exponent", "1e2"),
    ("limit beyond 64 bits", "99999999999999999999"),
    ("limit in words", "ten"),
    ("limit in quotes", "%2210%22"),
    ("limit that would end the JSON", "1%2C%22Select%22%3A%22COUNT%22"),
    ("limit in a template", "%24stageVariables.pageSize"),
    ("limit in full-width digits", "%EF%BC%91"),
    ("limit NaN", "NaN"),
    ("limit with a line feed", "5%0A"),
];

/// All cases: first the pages, then what must be refused.
#[must_use]
pub fn cases() -> Vec<Case<Expect>> {
    let known = BREEDS.iter().map(|breed| page(breed, &encode(breed), (breed, None)));
    let limits = [("limit 1", 1), ("limit 2", 2), ("limit 10", 10), ("limit 999", 999), ("limit 1000", 1000)];
    let sized = limits
        .into_iter()
        .map(|(name, limit)| page(name, &format!("Bronze?limit={limit}"), ("Bronze", Some(limit))));
    let hostile = HOSTILE.iter().map(|(name, breed)| page(name, &encode(breed), (breed, None)));
    let raw = RAW.iter().map(|(name, path, breed)| page(name, path, (breed, None)));
    let other = [
        page("limit and unknown parameters", "Slate?a=1&limit=3&b=%22", ("Slate", Some(3))),
        page("limit of an unknown breed", "Dodo?limit=1000", ("Dodo", Some(PageSize::MOST))),
    ];
    known.chain(sized).chain(hostile).chain(raw).chain(other).chain(long()).chain(refused()).collect()
}

fn long() -> Vec<Case<Expect>> {
    [
        ("2,048 bytes", "b".repeat(MAX_BREED_BYTES)),
        ("2,049 bytes", "b".repeat(MAX_BREED_BYTES + 1)),
        ("2,048 bytes, two a character", "é".repeat(MAX_BREED_BYTES / 2)),
        ("2,050 bytes, two a character", "é".repeat(MAX_BREED_BYTES / 2 + 1)),
    ]
    .into_iter()
    .map(|(name, breed)| page(name, &encode(&breed), (&breed, None)))
    .collect()
}

fn refused() -> Vec<Case<Expect>> {
    let bad_limit =
        Expect::Refused { statuses: &[400], message: Some("limit must be an integer from 1 to 1000") };
    let not_found = Expect::Refused { statuses: &[404], message: Some("Not found") };
    let not_allowed = Expect::Refused { statuses: &[404, 405], message: None };
    let limits = BAD_LIMITS
        .iter()
        .map(|(name, limit)| case(name, "GET", format!("/turkeys/Bronze?limit={limit}"), bad_limit.clone()));
    let paths = [
        ("no breed", "/turkeys"),
        ("an empty breed", "/turkeys/"),
        ("a slash after the breed", "/turkeys/Bronze/"),
        ("a path below the breed", "/turkeys/Bronze/Tom"),
        ("another path", "/chickens/Bronze"),
    ];
    let paths = paths.into_iter().map(|(name, path)| case(name, "GET", path.to_owned(), not_found.clone()));
    let methods = [("POST", "POST"), ("PUT", "PUT"), ("DELETE", "DELETE")];
    let methods = methods
        .into_iter()
        .map(|(name, method)| case(name, method, "/turkeys/Bronze".to_owned(), not_allowed.clone()));
    limits.chain(paths).chain(methods).collect()
}

fn page(name: &'static str, path: &str, (breed, limit): (&str, Option<u16>)) -> Case<Expect> {
    case(name, "GET", format!("/turkeys/{path}"), Expect::Page { breed: breed.to_owned(), limit })
}

fn case(name: &'static str, method: &'static str, path: String, expect: Expect) -> Case<Expect> {
    Case { name, method, path: path.into(), content_type: None, body: Vec::new(), expect }
}

fn encode(breed: &str) -> String {
    utf8_percent_encode(breed, NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::query::{Breed, limit_in};

    #[test]
    fn the_cases_agree_with_how_requests_are_read() {
        for case in cases() {
            let (path, query) = case.path.split_once('?').unwrap_or((&case.path, ""));
            let limit = limit_in(query).map(|limit| limit.parse::<PageSize>());
            match case.expect {
                Expect::Page { breed, limit: wanted } => {
                    assert_eq!(Breed::in_path(path).as_str(), breed, "{}", case.name);
                    assert_eq!(limit.map(|limit| limit.unwrap().get()), wanted, "{}", case.name);
                }
                Expect::Refused { statuses: &[400], .. } => {
                    assert!(limit.is_some_and(|limit| limit.is_err()), "{}", case.name);
                }
                Expect::Refused { .. } => {}
            }
        }
    }

    #[test]
    fn names_and_requests_are_unique_and_many() {
        let all = cases();
        let names: HashSet<_> = all.iter().map(|case| case.name).collect();
        let requests: HashSet<_> = all.iter().map(|case| (case.method, case.path.as_ref())).collect();
        assert_eq!((names.len(), requests.len()), (all.len(), all.len()));
        assert!(all.len() >= 80, "{}", all.len());
    }
}
