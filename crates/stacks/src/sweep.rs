//! Looks for what a deletion left behind.

mod probes;

use aws_sdk_cloudformation::Client;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Something that should be gone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Leftover {
    /// `stack`, `log group`, `bucket`, `queue`, or the service of an ARN.
    pub kind: String,
    /// A name or an ARN by which it is found.
    pub name: String,
}

impl Leftover {
    fn new(kind: &str, name: impl Into<String>) -> Self {
        Self { kind: kind.to_owned(), name: name.into() }
    }
}

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// What names begin with, such as `bakeoff-` or `bakeoff-topic-`. Names of stacks count too when they are
    /// this without its last hyphen.
    pub prefix: String,
    /// Tags that all of the stacks had, key and value.
    pub tags: Vec<(String, String)>,
    /// Names of stacks of others that begin with the prefix too. They, and what is named after them, are left out.
    pub except: Vec<String>,
}

impl Scope {
    /// Whether a stack of this name is looked for.
    fn covers_stack(&self, name: &str) -> bool {
        !self.excepts(name) && (name.starts_with(&self.prefix) || Some(name) == self.prefix.strip_suffix('-'))
    }

    /// Whether a name, or the part of it that CloudFormation made of a stack's name, belongs to a stack of others.
    #[must_use]
    pub fn excepts(&self, name: &str) -> bool {
        self.except.iter().any(|stack| {
            name.match_indices(stack.as_str()).any(|(at, _)| {
                let rest = &name[at + stack.len()..];
                rest.is_empty() || rest.starts_with(|next: char| !next.is_ascii_alphanumeric())
            })
        })
    }
}

/// What was found, and where could not be looked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    /// What exists.
    pub leftovers: Vec<Leftover>,
    /// What the tagging API lists and no other call confirmed; it goes on listing resources for a while after their
    /// deletion.
    /// <https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html>
    pub unconfirmed: Vec<Leftover>,
    /// Looks that failed, each with its reason.
    pub blind: Vec<String>,
}

impl Findings {
    fn note(&mut self, what: &str, looked: Result<Vec<Leftover>, String>) {
        match looked {
            Ok(found) => self.leftovers.extend(found),
            Err(reason) => self.blind.push(format!("{what}: {reason}")),
        }
    }
}

/// Looks for stacks, log groups, buckets, queues and launch templates by name, for instances and their addresses by tag, and for
/// everything else by tag too. A look that fails does not
/// stop the others.
pub async fn sweep(client: &Client, signed: &signed_http::Client, scope: &Scope) -> Findings {
    let mut findings = Findings::default();
    let (stacks, groups, buckets, queues, hosts, tagged) = futures::join!(
        stacks(client, scope),
        probes::log_groups(signed, scope),
        probes::buckets(signed, scope),
        probes::queues(signed, scope),
        probes::hosts(signed, scope),
        probes::tagged(signed, scope),
    );
    findings.note("stacks", stacks.map_err(|error| error.to_string()));
    findings.note("log groups", groups);
    findings.note("buckets", buckets);
    findings.note("queues", queues);
    findings.note("instances", hosts);
    match tagged {
        Ok(tagged) => findings.unconfirmed = tagged,
        Err(reason) => findings.blind.push(format!("tagged resources: {reason}")),
    }
    findings.leftovers.retain(|one| !scope.excepts(&one.name));
    findings.unconfirmed.retain(|one| !scope.excepts(&one.name));
    findings.leftovers.sort();
    findings.leftovers.dedup();
    findings.unconfirmed.sort();
    findings.unconfirmed.dedup();
    findings
}

async fn stacks(client: &Client, scope: &Scope) -> Result<Vec<Leftover>, Error> {
    let mut found = Vec::new();
    let mut token = None;
    loop {
        let answer = client
            .list_stacks()
            .set_next_token(token)
            .send()
            .await
            .map_err(|error| Error::from_sdk("ListStacks", &error))?;
        for stack in answer.stack_summaries() {
            let name = stack.stack_name().unwrap_or_default();
            let status = stack.stack_status().map_or("", |status| status.as_str());
            if status != "DELETE_COMPLETE" && scope.covers_stack(name) {
                found.push(Leftover::new("stack", format!("{name} ({status})")));
            }
        }
        match answer.next_token() {
            Some(next) if !next.is_empty() => token = Some(next.to_owned()),
            _ => return Ok(found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_after_a_stack_of_others_is_left_out() {
        let scope =
            Scope { prefix: "team-".to_owned(), tags: Vec::new(), except: vec!["team-a-topic".to_owned()] };
        assert!(scope.covers_stack("team-topic") && !scope.covers_stack("team-a-topic"));
        for name in [
            "team-a-topic",
            "team-a-topic-Queue-1X",
            "arn:aws:sns:us-east-1:0:team-a-topic-T",
            "rest-api team-a-topic",
        ] {
            assert!(scope.excepts(name), "{name}");
        }
        for name in ["team-topic-Queue-1X", "team-a-topics", "team-a"] {
            assert!(!scope.excepts(name), "{name}");
        }
    }
}
