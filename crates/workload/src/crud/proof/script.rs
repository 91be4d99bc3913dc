//! The steps.

use super::{Bearer, Expect, Step, Who};
use crate::crud::{CrudError, Draft, Scope};

const ALL: Bearer = Bearer::Valid(Who::Owner, Scope::ALL);
const READ: Bearer = Bearer::Valid(Who::Owner, &[Scope::Read]);
const WRITE: Bearer = Bearer::Valid(Who::Owner, &[Scope::Write]);
const STRANGER: Bearer = Bearer::Valid(Who::Stranger, Scope::ALL);
const SMALL: &str = r#"{"name":"x"}"#;

/// A name of each kind that has been seen to break something between a client and a table.
const HOSTILE: &[(&str, &str)] = &[
    ("quotes and backslashes", "\"'`\\ \\\" ''\\u0041"),
    ("emoji and right to left", "🦃👩‍👩‍👧‍👦 שלום \u{202e}abc"),
    ("control characters", "\0\u{1}\n\r\t\u{1b}[31m\u{7f}\u{2028}"),
    ("templates", "$input.body #set($x=1) ${x} {{7*7}} %s <%= x %>"),
    ("expressions", "#name :name attribute_exists(id) '; DROP TABLE items; --"),
    ("edges of Unicode", "\u{feff}\u{d7ff}\u{e000}\u{fffd}\u{10ffff}e\u{301}"),
    ("spaces", "  a\u{a0}\u{3000} "),
];

/// All steps, in order. At their end the owner and the stranger have the items that [`Step`]s have left, to be deleted.
#[must_use]
pub fn script() -> Vec<Step> {
    [identity(), bodies(), one_item(), preconditions(), others(), pages()].concat()
}

fn draft(name: &str, description: Option<&str>, quantity: u64) -> Draft {
    Draft { name: name.to_owned(), description: description.map(str::to_owned), quantity }
}

impl Step {
    fn new(name: &'static str, method: &'static str, path: &'static str, expect: Expect) -> Step {
        let (headers, body) = (Vec::new(), Vec::new());
        Step { name, method, path: path.into(), bearer: ALL, headers, body, expect }
    }

    fn refused(name: &'static str, method: &'static str, path: &'static str, error: CrudError) -> Step {
        Step::new(name, method, path, Expect::Refused(error))
    }

    fn bearer(self, bearer: Bearer) -> Step {
        Step { bearer, ..self }
    }

    fn header(mut self, name: &'static str, value: &'static str) -> Step {
        self.headers.push((name, value));
        self
    }

    fn json(self, body: impl Into<String>) -> Step {
        Step { body: body.into().into_bytes(), ..self }.header("content-type", "application/json")
    }
}

/// 401 and 403.
fn identity() -> Vec<Step> {
    let unauthorized =
        |name, bearer| Step::refused(name, "GET", "/items", CrudError::Unauthorized).bearer(bearer);
    let forbidden =
        |name, method, path, bearer| Step::refused(name, method, path, CrudError::Forbidden).bearer(bearer);
    vec![
        unauthorized("no token", Bearer::None),
        unauthorized("another scheme", Bearer::Raw("Basic b3duZXI6c2VjcmV0")),
        unauthorized("a scheme without a token", Bearer::Raw("Bearer")),
        unauthorized("a word for a token", Bearer::Raw("Bearer letmein")),
        unauthorized("two words for a token", Bearer::Raw("Bearer let me.in.please")),
        unauthorized("an expired token", Bearer::Expired),
        unauthorized("a token for tomorrow", Bearer::Early),
        unauthorized("a token signed by somebody else", Bearer::ForeignSecret),
        unauthorized("a token of another issuer", Bearer::ForeignIssuer),
        unauthorized("a token for another audience", Bearer::ForeignAudience),
        unauthorized("a token without a signature, alg none", Bearer::Unsigned("none")),
        unauthorized("a token without a signature, alg NoNe", Bearer::Unsigned("NoNe")),
        unauthorized("a token without a signature, alg HS256", Bearer::Unsigned("HS256")),
        unauthorized("a token that says RS256", Bearer::Relabelled("RS256")),
        unauthorized("a token that says HS512", Bearer::Relabelled("HS512")),
        unauthorized("a token with more scopes than were signed", Bearer::Promoted),
        unauthorized("a token with a character more", Bearer::Longer),
        Step::refused("a write without a token", "POST", "/items", CrudError::Unauthorized)
            .bearer(Bearer::None)
            .json(SMALL),
        forbidden("reading a list without the scope", "GET", "/items", WRITE),
        forbidden("reading an item without the scope", "GET", "/items/none", WRITE),
        forbidden("creating without the scope", "POST", "/items", READ).json(SMALL),
        forbidden("changing without the scope", "PUT", "/items/none", READ).json(SMALL),
        forbidden("deleting without the scope", "DELETE", "/items/none", READ),
        forbidden("reading without any scope", "GET", "/items", Bearer::Valid(Who::Owner, &[])),
        Step::refused("a name in a header for a token", "GET", "/items", CrudError::Unauthorized)
            .bearer(Bearer::None)
            .header("x-caller-subject", "owner")
            .header("x-caller-scopes", "items:read items:write"),
        Step::refused("scopes in a header beside a token", "POST", "/items", CrudError::Forbidden)
            .bearer(READ)
            .header("x-caller-scopes", "items:read items:write")
            .json(SMALL),
        Step::new("an empty list", "GET", "/items", Expect::LastPage(Vec::new())),
        Step::refused("another path", "GET", "/other", CrudError::NotFound),
        Step::refused("a path below an item", "GET", "/items/a/b", CrudError::NotFound),
        Step::refused("another method on the list", "PATCH", "/items", CrudError::MethodNotAllowed),
    ]
}

/// What may be created, and what not.
fn bodies() -> Vec<Step> {
    let refused = |name, body: String, error| Step::refused(name, "POST", "/items", error).json(body);
    let created = |name, draft: Draft| {
        let body = serde_json::json!(&draft).to_string();
        Step::new(name, "POST", "/items", Expect::Created("hostile", draft)).json(body)
    };
    let mut steps: Vec<Step> =
        HOSTILE.iter().map(|&(name, text)| created(name, draft(text, Some(text), 1))).collect();
    let deep = format!(r#"{{"name":"x","description":{}{}}}"#, "[".repeat(5000), "]".repeat(5000));
    let unknown = r#"{"name":"x","id":"mine"}"#;
    steps.extend([
        created("the longest texts", draft(&"é".repeat(200), Some(&"€".repeat(2000)), 9_007_199_254_740_991)),
        created("the smallest item", draft("0", None, 0)),
        refused("no body", String::new(), CrudError::NotJson),
        refused("not JSON", "name=x".to_owned(), CrudError::NotJson),
        refused("half of JSON", r#"{"name":"x""#.to_owned(), CrudError::NotJson),
        refused("half of a character", r#"{"name":"\ud83e"}"#.to_owned(), CrudError::NotJson),
        refused("deep JSON", deep, CrudError::NotJson),
        refused("a list", r#"[{"name":"x"}]"#.to_owned(), CrudError::NotADraft),
        refused("null", "null".to_owned(), CrudError::NotADraft),
        refused("an unknown member", unknown.to_owned(), CrudError::NotADraft),
        refused("a member twice", r#"{"name":"x","name":"y"}"#.to_owned(), CrudError::NotADraft),
        refused("no name", r#"{"quantity":1}"#.to_owned(), CrudError::Name),
        refused("an empty name", r#"{"name":""}"#.to_owned(), CrudError::Name),
        refused("a number for a name", r#"{"name":7}"#.to_owned(), CrudError::Name),
        refused("a name too long", format!(r#"{{"name":"{}"}}"#, "é".repeat(201)), CrudError::Name),
        refused(
            "a description too long",
            format!(r#"{{"name":"x","description":"{}"}}"#, "d".repeat(2001)),
            CrudError::Description,
        ),
        refused("less than nothing", r#"{"name":"x","quantity":-1}"#.to_owned(), CrudError::Quantity),
        refused("half a piece", r#"{"name":"x","quantity":0.5}"#.to_owned(), CrudError::Quantity),
        refused("too many", r#"{"name":"x","quantity":9007199254740992}"#.to_owned(), CrudError::Quantity),
        refused("300 KB", format!(r#"{{"name":"{}"}}"#, "x".repeat(300_000)), CrudError::TooLarge),
        Step { body: SMALL.into(), ..Step::refused("text", "POST", "/items", CrudError::UnsupportedType) }
            .header("content-type", "text/plain"),
    ]);
    steps
}

/// The life of an item.
fn one_item() -> Vec<Step> {
    let (first, second) = (draft("tea", Some("green"), 3), draft("tea", None, 2));
    let third = draft("coffee", Some(""), 0);
    vec![
        Step::new("create", "POST", "/items", Expect::Created("a", first.clone()))
            .json(r#"{"quantity":3,"description":"green","name":"tea"}"#),
        Step::new("read", "GET", "/items/{a}", Expect::Item("a", first, 1)).bearer(READ),
        Step::new("update", "PUT", "/items/{a}", Expect::Item("a", second.clone(), 2))
            .header("if-match", "\"1\"")
            .bearer(WRITE)
            .json(r#"{"name":"tea","quantity":2}"#),
        Step::new("read what was updated", "GET", "/items/{a}", Expect::Item("a", second.clone(), 2)),
        Step::refused("update an old version", "PUT", "/items/{a}", CrudError::Conflict)
            .header("if-match", "\"1\"")
            .json(SMALL),
        Step::new("read what was not updated", "GET", "/items/{a}", Expect::Item("a", second, 2)),
        Step::new("update one of two versions", "PUT", "/items/{a}", Expect::Item("a", third.clone(), 3))
            .header("if-match", "\"1\", \"2\"")
            .json(r#"{"name":"coffee","description":""}"#),
        Step::new("update any version", "PUT", "/items/{a}", Expect::Item("a", third.clone(), 4))
            .header("if-match", "*")
            .json(r#"{"name":"coffee","description":""}"#),
        Step::refused("delete an old version", "DELETE", "/items/{a}", CrudError::Conflict)
            .header("if-match", "\"3\""),
        Step::new("read what was not deleted", "GET", "/items/{a}", Expect::Item("a", third, 4)),
        Step::new("delete", "DELETE", "/items/{a}", Expect::Deleted).header("if-match", "\"4\""),
        Step::refused("read what was deleted", "GET", "/items/{a}", CrudError::NotFound),
        Step::refused("update what was deleted", "PUT", "/items/{a}", CrudError::NotFound)
            .header("if-match", "\"4\"")
            .json(SMALL),
        Step::refused("delete what was deleted", "DELETE", "/items/{a}", CrudError::NotFound),
    ]
}

/// `If-Match` and IDs that are none.
fn preconditions() -> Vec<Step> {
    let put = |name, error, tag| {
        Step::refused(name, "PUT", "/items/{b}", error).header("if-match", tag).json(SMALL)
    };
    vec![
        Step::new("create another", "POST", "/items", Expect::Created("b", draft("x", None, 0))).json(SMALL),
        Step::refused("update without a version", "PUT", "/items/{b}", CrudError::PreconditionRequired)
            .json(SMALL),
        put("a version without quotes", CrudError::IfMatch, "1"),
        put("a weak version", CrudError::Conflict, "W/\"1\""),
        put("a version that cannot be", CrudError::Conflict, "\"abc\""),
        Step::refused("update with a bad body", "PUT", "/items/{b}", CrudError::Name)
            .header("if-match", "\"1\"")
            .json("{}"),
        Step::refused("another method on an item", "PATCH", "/items/{b}", CrudError::MethodNotAllowed)
            .json("{}"),
        Step::refused("an ID that is none", "GET", "/items/none", CrudError::NotFound),
        Step::refused("an ID with a slash", "GET", "/items/a%2Fb", CrudError::NotFound),
        Step::refused("an ID with quotes", "GET", "/items/%22%27%5C%F0%9F%A6%83", CrudError::NotFound),
        Step::refused(
            "an ID that nobody has",
            "GET",
            "/items/00000000-0000-7000-8000-000000000000",
            CrudError::NotFound,
        ),
        Step::new("still the first version", "GET", "/items/{b}", Expect::Item("b", draft("x", None, 0), 1)),
    ]
}

/// Items of others.
fn others() -> Vec<Step> {
    let refused =
        |name, method, bearer| Step::refused(name, method, "/items/{b}", CrudError::NotFound).bearer(bearer);
    vec![
        refused("a stranger reads", "GET", STRANGER),
        refused("a stranger updates", "PUT", STRANGER).header("if-match", "*").json(SMALL),
        refused("a stranger deletes", "DELETE", STRANGER),
        refused("a stranger who calls himself the owner", "GET", STRANGER)
            .header("x-caller-subject", "owner"),
        Step::new("a stranger lists", "GET", "/items", Expect::LastPage(Vec::new())).bearer(STRANGER),
        Step::new("delete without a version", "DELETE", "/items/{b}", Expect::Deleted).bearer(WRITE),
    ]
}

/// Pages, of the stranger's items, since only they are few.
fn pages() -> Vec<Step> {
    let create = |name, kept, body: &str, text| {
        Step::new(name, "POST", "/items", Expect::Created(kept, draft(text, None, 0)))
            .bearer(STRANGER)
            .json(body)
    };
    let list = |name, path, expect| Step::new(name, "GET", path, expect).bearer(STRANGER);
    let bad = |name, path, error| Step::refused(name, "GET", path, error).bearer(STRANGER);
    vec![
        create("the first of three", "p1", r#"{"name":"one"}"#, "one"),
        create("the second of three", "p2", r#"{"name":"two"}"#, "two"),
        create("the third of three", "p3", r#"{"name":"three"}"#, "three"),
        list("all on one page", "/items", Expect::LastPage(vec!["one", "three", "two"])),
        list("a page that just fits", "/items?limit=3", Expect::LastPage(vec!["one", "three", "two"])),
        list("the first page", "/items?limit=2", Expect::Page(2)),
        list("the last page", "/items?limit=2&next={next}", Expect::LastPage(vec!["one", "three", "two"])),
        list("the first of small pages", "/items?limit=1", Expect::Page(1)),
        list("the second of small pages", "/items?next={next}&limit=1", Expect::Page(1)),
        list(
            "the last of small pages",
            "/items?limit=1&next={next}",
            Expect::LastPage(vec!["one", "three", "two"]),
        ),
        bad("a page of none", "/items?limit=0", CrudError::Limit),
        bad("a page too long", "/items?limit=101", CrudError::Limit),
        bad("a page of some", "/items?limit=some", CrudError::Limit),
        bad("an empty limit", "/items?limit=", CrudError::Limit),
        bad("a made-up next", "/items?next=%22%7B%7D", CrudError::Next),
        bad("a next of nothing", "/items?next=AAAA", CrudError::Next),
        list("parameters that nobody knows", "/items?other=1", Expect::LastPage(vec!["one", "three", "two"])),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::crud::MAX_BODY_BYTES;

    #[test]
    fn steps_have_names_of_their_own_and_are_many() {
        let steps = script();
        let names: HashSet<_> = steps.iter().map(|step| step.name).collect();
        assert_eq!(names.len(), steps.len());
        assert!(steps.len() >= 40, "{}", steps.len());
    }

    #[test]
    fn every_refusal_that_a_client_can_cause_is_proved() {
        let caused = |error| script().iter().any(|step| step.expect == Expect::Refused(error));
        for error in CrudError::ALL {
            let of_the_table =
                matches!(error, CrudError::Throttled | CrudError::NoAnswer | CrudError::TimedOut);
            assert_eq!(caused(*error), !of_the_table, "{error:?}");
        }
    }

    #[test]
    fn what_is_expected_of_a_body_is_what_the_work_does() {
        for step in script().iter().filter(|step| step.method == "POST") {
            let content_type = step.headers.iter().find(|(name, _)| *name == "content-type");
            let read = Draft::read(content_type.map(|(_, value)| *value), &step.body);
            match &step.expect {
                Expect::Created(_, draft) => assert_eq!(read.as_ref(), Ok(draft), "{}", step.name),
                Expect::Refused(CrudError::Unauthorized | CrudError::Forbidden) => {}
                Expect::Refused(error) => assert_eq!(read, Err(*error), "{}", step.name),
                other => panic!("{}: {other:?}", step.name),
            }
            assert!(step.body.len() < 400_000 && MAX_BODY_BYTES < 300_000);
        }
    }

    #[test]
    fn items_are_named_before_they_are_used() {
        let mut kept = HashSet::new();
        for step in script() {
            for name in step.path.split('{').skip(1).filter_map(|rest| rest.split_once('}')) {
                assert!(name.0 == "next" || kept.contains(name.0), "{}: {}", step.name, name.0);
            }
            if let Expect::Created(name, _) = step.expect {
                kept.insert(name);
            }
        }
    }
}
