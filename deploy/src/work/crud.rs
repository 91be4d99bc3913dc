//! `crud`: the same conversation with each variant, about items of its own.

mod conversation;
mod judge;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::StreamExt;
use http::Method;
use serde_json::json;
use signed_http::JsonVersion;
use workload::crud::proof::{Tokens, script};
use workload::crud::{PATH, Scope};

use self::conversation::Conversation;
use super::{Checked, Question, Sample, Subject, Surroundings, tokens};
use crate::failure::{Failure, chain};

/// The output of a foundation stack that names the table.
const TABLE: &str = "ItemsTableName";
/// Who owns the item that measurements read, and which one it is. It goes with the table.
const MEASURED_SUBJECT: &str = "measurement";
const MEASURED_ITEM: &str = "00000000-0000-7000-8000-000000000001";

/// Reads one item that is there, with a token that may.
pub async fn sample(surroundings: &Surroundings<'_>) -> Result<Sample, Failure> {
    let table = surroundings.output(TABLE, "there is nothing to read")?;
    let item = json!({
        "subject": {"S": MEASURED_SUBJECT}, "id": {"S": MEASURED_ITEM}, "name": {"S": "measured"},
        "description": {"S": "An item that measurements read"}, "quantity": {"N": "1"}, "version": {"N": "1"},
    });
    let input = json!({"TableName": table, "Item": item});
    let put =
        surroundings.target.signed.json("dynamodb", "DynamoDB_20120810.PutItem", JsonVersion::V1_0, input);
    put.await.map_err(|error| {
        Failure::new(format!("the item to measure with was not put into {table}: {}", chain(&error)))
    })?;
    let bearer = tokens::bearer(surroundings, MEASURED_SUBJECT, &[Scope::Read]).await?;
    let question =
        Question::new(Method::GET, format!("{PATH}/{MEASURED_ITEM}")).header("authorization", bearer);
    let begin = format!("{{\"id\":\"{MEASURED_ITEM}\",");
    Ok(Sample { question, accepts: Arc::new(move |body| body.starts_with(begin.as_bytes())) })
}

/// What the request of [`sample`] uses: a strongly consistent read of a small item.
pub fn usage() -> report::Usage {
    report::Usage { request_bytes: 600.0, response_bytes: 500.0, read_units: 1.0, ..report::Usage::default() }
}

/// Holds the conversation with every subject at once; each cleans up behind itself.
pub async fn check(subjects: &[Subject], surroundings: &Surroundings<'_>) -> Result<Checked, Failure> {
    let (authority, secret) = tokens::identity(surroundings).await?;
    let steps = script();
    let nonce = nonce();
    let conversations = subjects.iter().enumerate().map(|(index, subject)| {
        let tokens = Tokens::new(authority.clone(), &secret, &format!("{nonce}-{index}"));
        Conversation::new(surroundings.transport(), subject, tokens).hold(&steps)
    });
    // Each conversation waits for its variant most of the time.
    let found: Vec<_> = futures::stream::iter(conversations).buffer_unordered(8).collect().await;
    let differences = found.into_iter().flatten().collect();
    Ok(Checked { inputs: steps.len(), differences })
}

/// Tells the conversations of one check from those of others.
fn nonce() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    format!("{}-{}", now.as_millis(), std::process::id())
}

/// What steps have kept: IDs of items by name.
type Kept = BTreeMap<&'static str, String>;
