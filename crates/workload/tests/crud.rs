//! The work behind `/items` on a real table.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod table;

use local_cloud::FaultKind;
use serde_json::{Value, json};
use table::{TABLE, Table};
use workload::crud::{Answer, Api, Caller, CrudError, Draft, IfMatch, Items, PageRequest, Request};

fn draft(name: &str) -> Draft {
    Draft { name: name.to_owned(), description: None, quantity: 1 }
}

#[tokio::test]
async fn changes_are_for_the_version_that_they_name() {
    let table = Table::start().await;
    let items = Items::new(&table.config, TABLE.to_owned());
    let made =
        items.create("alice", Draft { description: Some("d".to_owned()), ..draft("a") }).await.unwrap();
    assert_eq!(items.read("alice", made.id).await.as_ref(), Ok(&made));
    let first = IfMatch::Versions(vec![1]);
    let changed = items.update("alice", made.id, draft("b"), &first).await.unwrap();
    assert_eq!((changed.version, &changed.draft), (2, &draft("b")), "the description is gone");
    assert_eq!(items.read("alice", made.id).await, Ok(changed.clone()));

    let late = items.update("alice", made.id, draft("c"), &first).await;
    assert_eq!(late, Err(CrudError::Conflict));
    assert_eq!(items.delete("alice", made.id, &first).await, Err(CrudError::Conflict));
    let never = IfMatch::Versions(Vec::new());
    assert_eq!(items.delete("alice", made.id, &never).await, Err(CrudError::Conflict));
    assert_eq!(items.read("alice", made.id).await, Ok(changed), "nothing of it happened");

    let either = IfMatch::Versions(vec![1, 2]);
    assert_eq!(items.update("alice", made.id, draft("c"), &either).await.unwrap().version, 3);
    assert_eq!(items.delete("alice", made.id, &IfMatch::Any).await, Ok(()));
    for versions in [&either, &IfMatch::Any, &never] {
        let gone = items.update("alice", made.id, draft("d"), versions).await;
        assert_eq!(gone, Err(CrudError::NotFound), "{versions:?}");
        assert_eq!(items.delete("alice", made.id, versions).await, Err(CrudError::NotFound));
    }
}

/// Of many that change the same version at once, one does.
#[tokio::test]
async fn of_those_who_race_one_wins() {
    let table = Table::start().await;
    let items = Items::new(&table.config, TABLE.to_owned());
    let made = items.create("alice", draft("a")).await.unwrap();
    let versions = IfMatch::Versions(vec![1]);
    let mut racing = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (items, versions) = (items.clone(), versions.clone());
        racing.spawn(async move { items.update("alice", made.id, draft("b"), &versions).await });
    }
    let outcomes = racing.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Err(CrudError::Conflict)).count(), 7);
}

#[tokio::test]
async fn pages_hold_each_item_once_and_the_last_one_says_so() {
    let table = Table::start().await;
    let items = Items::new(&table.config, TABLE.to_owned());
    let mut made = Vec::new();
    for index in 0..7 {
        made.push(items.create("alice", draft(&index.to_string())).await.unwrap());
    }
    items.create("bob", draft("other")).await.unwrap();
    for limit in [1, 2, 3, 6, 7, 8, 100] {
        let mut all = Vec::new();
        let mut page = PageRequest { limit, after: None };
        let pages = loop {
            let found = items.list("alice", page).await.unwrap();
            assert!(!found.items.is_empty(), "no page is empty");
            all.extend(found.items);
            match found.next {
                Some(next) => page.after = Some(next.0),
                None => break all.len().div_ceil(usize::from(limit)),
            }
        };
        assert_eq!(all, made, "by {limit}");
        assert_eq!(pages, 7_usize.div_ceil(usize::from(limit)));
    }
    let end = items.list("alice", PageRequest { limit: 1, after: Some(made[6].id) }).await.unwrap();
    assert!(end.items.is_empty() && end.next.is_none());
}

#[tokio::test]
async fn a_table_in_trouble_is_told_without_details() {
    let table = Table::start().await;
    let api = Api::new(Items::new(&table.config, TABLE.to_owned()));
    let caller = Caller::new("alice", "items:read items:write").unwrap();
    let list = Request { method: "GET", path: "/items", ..Request::default() };
    let faults = table.cloud.router().faults();
    for (kind, error) in
        [(FaultKind::Throttle, CrudError::Throttled), (FaultKind::Internal, CrudError::NoAnswer)]
    {
        faults.plan("dynamodb", "Query", kind, None);
        assert_eq!(api.answer(Ok(&caller), list).await, Answer::from(error), "{kind:?}");
    }
    faults.clear();
    assert_eq!(api.answer(Ok(&caller), list).await.status, 200);
    let missing = Api::new(Items::new(&table.config, "none".to_owned()));
    assert_eq!(missing.answer(Ok(&caller), list).await, Answer::from(CrudError::NoAnswer));
}

#[tokio::test]
async fn a_table_that_stays_silent_is_given_up() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let timeouts = aws_config::timeout::TimeoutConfig::builder();
    let config = workload::aws::loader()
        .endpoint_url(format!("http://{}", silent.local_addr().unwrap()))
        .region(aws_config::Region::new("us-east-1"))
        .credentials_provider(aws_credential_types::Credentials::new("test", "test", None, None, "test"))
        .timeout_config(timeouts.operation_timeout(std::time::Duration::from_millis(300)).build())
        .load()
        .await;
    let items = Items::new(&config, TABLE.to_owned());
    let list = items.list("alice", PageRequest { limit: 1, after: None }).await;
    assert_eq!(list, Err(CrudError::TimedOut));
}

#[tokio::test]
async fn what_is_wrong_is_looked_for_in_one_order() {
    let table = Table::start().await;
    let api = Api::new(Items::new(&table.config, TABLE.to_owned()));
    let reader = Caller::new("alice", "items:read").unwrap();
    let both = Caller::new("alice", "items:read items:write").unwrap();
    let bad = Request {
        method: "PUT",
        path: "/items/none",
        if_match: Some("1"),
        content_type: Some("text/plain"),
        body: b"{",
        ..Request::default()
    };
    let found = "/items/00000000-0000-7000-8000-000000000000";
    let there = Request { path: found, ..bad };
    let matching = Request { if_match: Some("\"1\""), ..there };
    let typed = Request { content_type: None, ..matching };
    for (caller, request, error) in [
        (Err(CrudError::Unauthorized), bad, CrudError::Unauthorized),
        (Ok(&reader), bad, CrudError::Forbidden),
        (Ok(&both), bad, CrudError::NotFound),
        (Ok(&both), Request { method: "PATCH", ..bad }, CrudError::NotFound),
        (Ok(&both), Request { method: "PATCH", ..there }, CrudError::MethodNotAllowed),
        (Ok(&both), there, CrudError::IfMatch),
        (Ok(&both), Request { if_match: None, ..there }, CrudError::PreconditionRequired),
        (Ok(&both), matching, CrudError::UnsupportedType),
        (Ok(&both), typed, CrudError::NotJson),
        (Ok(&both), Request { body: b"{\"name\":\"x\"}", ..typed }, CrudError::NotFound),
        (Ok(&both), Request { path: "/other", ..bad }, CrudError::NotFound),
        (Ok(&both), Request { path: "/itemsandmore", ..bad }, CrudError::NotFound),
    ] {
        assert_eq!(api.answer(caller, request).await, Answer::from(error), "{request:?}");
    }
    let created = Request { method: "POST", path: "/items", body: b"{\"name\":\"x\"}", ..Request::default() };
    let answer = api.answer(Ok(&both), created).await;
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    let id = body["id"].as_str().unwrap();
    assert_eq!(body, json!({"id": id, "name": "x", "quantity": 0, "version": 1}));
    let headers = [("etag", "\"1\"".to_owned()), ("location", format!("/items/{id}"))];
    assert_eq!((answer.status, answer.headers), (201, headers.to_vec()));
}
