//! Deletes what was deployed and proves that nothing is left.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;
use local_cloud::Inventory;
use serde::Serialize;
use stacks::sweep::{Findings, Leftover, Scope, sweep};
use stacks::{DeleteOptions, DeleteSpec, DeletionHooks, DeployedStack, Outcome, StackReport, inspect};
use tokio_util::sync::CancellationToken;

use crate::commands::status::{elsewhere, is_ours, region, stem};
use crate::context::Context;
use crate::domain;
use crate::emptying::Emptying;
use crate::failure::Failure;
use crate::local_http;
use crate::plan::{HOME_TAG, KIND_TAG, PREFIX_TAG, STACK_TAG};
use crate::printer::{StackRow, count, seconds};
use crate::target::Target;

/// The most that a template without a present counterpart is assumed to hold.
const UNKNOWN_REST_APIS: u32 = 1;
/// How long deleted resources may still be listed.
const SETTLING: Duration = Duration::from_secs(5);

/// What was deleted, and what is still there.
#[derive(Debug, Serialize)]
pub struct Takedown {
    pub stacks: Vec<StackReport>,
    pub left: Vec<Leftover>,
    /// Listed by tag only; may be gone.
    pub unconfirmed: Vec<Leftover>,
    pub blind: Vec<String>,
    pub elapsed_ms: u64,
}

impl Takedown {
    /// Whether every stack is gone.
    pub fn is_complete(&self) -> bool {
        self.stacks.iter().all(|report| report.outcome.is_success()) && self.left.is_empty()
    }

    /// `20 stacks deleted in 4m 51s`
    pub fn summary(&self) -> String {
        let deleted = self.stacks.iter().filter(|report| report.outcome == Outcome::Deleted).count();
        format!("{} deleted in {}", count(deleted, "stack"), seconds(self.elapsed_ms))
    }

    /// The command's result.
    pub fn conclude(&self, context: &Context) -> Result<(), Failure> {
        for report in &self.stacks {
            match &report.outcome {
                Outcome::Failed(failure) => {
                    let cause = failure.cause.as_ref();
                    let cause = cause
                        .map(|cause| format!("{}  {}  {}", cause.logical_id, cause.status, cause.reason));
                    let status = failure.status.as_deref().unwrap_or("refused");
                    context.printer.stack_failed(&[
                        format!("{}  {status} after {}", report.stack, seconds(report.elapsed_ms)),
                        cause.unwrap_or_else(|| failure.message.clone()),
                    ]);
                }
                Outcome::Skipped { cause } => {
                    context.printer.stack_failed(&[format!("{}  not deleted", report.stack), cause.clone()]);
                }
                _ => {}
            }
        }
        if self.stacks.iter().any(|report| report.outcome == Outcome::Interrupted) {
            return Err(Failure::interrupted("interrupted; what was begun goes on by itself")
                .hint("`deploy down` goes on where this stopped"));
        }
        if self.is_complete() {
            return Ok(());
        }
        let names: Vec<String> = self.left.iter().map(|one| format!("{} {}", one.kind, one.name)).collect();
        let message = if names.is_empty() {
            "not every stack could be deleted".to_owned()
        } else {
            format!("left: {}", names.join(", "))
        };
        Err(Failure::new(message)
            .hint("`deploy down` tries again; what it names again has to be deleted by hand"))
    }
}

/// The stacks to delete: the chosen variants, and the foundation where no other variant remains.
pub fn doomed(deployed: &[DeployedStack], chosen: Option<&BTreeSet<&str>>) -> Vec<DeployedStack> {
    let is_foundation =
        |stack: &DeployedStack| stack.tags.get(KIND_TAG).is_some_and(|kind| kind == "foundation");
    let is_chosen = |stack: &DeployedStack| {
        chosen.is_none_or(|ids| stack.tags.get(STACK_TAG).is_some_and(|stem| ids.contains(stem.as_str())))
    };
    let (foundation, variants): (Vec<_>, Vec<_>) = deployed.iter().cloned().partition(is_foundation);
    let remaining = variants.iter().filter(|stack| !is_chosen(stack)).count();
    let mut doomed: Vec<DeployedStack> = variants.into_iter().filter(is_chosen).collect();
    if remaining == 0 {
        doomed.extend(foundation);
    }
    doomed
}

/// Deletes stacks, those that use others first, and looks for leftovers. What stands in other regions is used from here, so it
/// goes last.
pub async fn take_down(
    context: &Context,
    target: &Target,
    doomed: &[DeployedStack],
    cancel: &CancellationToken,
) -> Result<Takedown, Failure> {
    let begin = Instant::now();
    let mut elsewhere = elsewhere(context, target, doomed)?;
    elsewhere.extend(doomed.iter().filter_map(region).map(str::to_owned));
    let mut regions: BTreeMap<Option<&str>, Vec<DeployedStack>> = BTreeMap::new();
    regions.entry(None).or_default();
    for stack in doomed {
        regions.entry(region(stack)).or_default().push(stack.clone());
    }
    let mut stacks: Vec<StackReport> = Vec::new();
    for (region, doomed) in regions {
        let standing = stacks.iter().find(|report| !report.outcome.is_success());
        match standing.map(|report| report.stack.clone()) {
            None => stacks.extend(delete(context, &target.in_region(region), &doomed, cancel).await?),
            Some(user) => stacks.extend(doomed.iter().map(|stack| spared(stack, &user))),
        }
    }
    let mut takedown = Takedown {
        stacks,
        left: Vec::new(),
        unconfirmed: Vec::new(),
        blind: Vec::new(),
        elapsed_ms: u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX),
    };
    if !takedown.stacks.iter().any(|report| report.outcome == Outcome::Interrupted) {
        look(context, target, &elsewhere, &mut takedown).await?;
    }
    Ok(takedown)
}

/// A stack that stays because the other one, which may use it, could not be deleted.
fn spared(stack: &DeployedStack, user: &str) -> StackReport {
    StackReport {
        stack: stack.name.clone(),
        stack_id: Some(stack.id.clone()),
        outcome: Outcome::Skipped { cause: format!("{user} may still use it") },
        elapsed_ms: 0,
        outputs: BTreeMap::new(),
        parameters: BTreeMap::new(),
    }
}

/// Deletes the stacks of one region.
async fn delete(
    context: &Context,
    place: &Target,
    doomed: &[DeployedStack],
    cancel: &CancellationToken,
) -> Result<Vec<StackReport>, Failure> {
    let emptying = Emptying::shared(place);
    let hooks = Arc::clone(&emptying) as Arc<dyn DeletionHooks>;
    let options = DeleteOptions { pacing: place.pacing, hooks, cancel: cancel.clone() };
    let specs: Vec<DeleteSpec> = doomed.iter().map(|stack| delete_spec(context, stack, doomed)).collect();
    let rows: Vec<StackRow> = doomed.iter().map(|stack| row(context, stack)).collect();
    let there = doomed.iter().find_map(region).map(|region| format!(" in {region}")).unwrap_or_default();
    context.printer.begin("down", &format!("{}{there}", count(specs.len(), "stack")), &rows);
    let (delete, mut events) = stacks::delete(place.cloudformation.clone(), specs, options);
    let draw = async {
        while let Some(event) = events.next().await {
            context.printer.event(&event);
        }
    };
    let (reports, ()) = tokio::join!(delete, draw);
    context.printer.end();
    let reports = reports?;
    for stack in doomed {
        let deleted =
            |report: &&StackReport| report.stack == stack.name && report.outcome == Outcome::Deleted;
        if reports.iter().find(deleted).is_some() {
            domain::forget(context, place, &stack.name, &stack.parameters, &BTreeMap::new()).await;
        }
    }
    let interrupted = reports.iter().any(|report| report.outcome == Outcome::Interrupted);
    if !interrupted && let Err(reason) = emptying.clear_leavings().await {
        context.printer.warn(&format!("log groups that services left behind could not be deleted: {reason}"));
    }
    Ok(reports)
}

fn row(context: &Context, stack: &DeployedStack) -> StackRow {
    StackRow {
        stack: stack.name.clone(),
        label: stem(context, &stack.name).to_owned(),
        settings: Vec::new(),
        path: None,
    }
}

/// The stem of the template that a stack was made from.
fn template_of<'s>(context: &Context, stack: &'s DeployedStack) -> &'s str {
    stack.tags.get(STACK_TAG).map_or_else(|| stem(context, &stack.name), String::as_str)
}

/// A stack goes after those that it feeds. Of a stack that no present template describes everything is assumed.
fn delete_spec(context: &Context, stack: &DeployedStack, doomed: &[DeployedStack]) -> DeleteSpec {
    let catalog = &context.catalog;
    let own = template_of(context, stack);
    let foundation = catalog.foundation().find(|template| template.name() == own);
    let variant = catalog.variants().find(|variant| variant.id == own);
    let feeds = |other: &DeployedStack| {
        let other = template_of(context, other);
        let other_variant = catalog.variants().find(|variant| variant.id == other);
        let other_foundation = catalog.foundation().find(|template| template.name() == other);
        match (other_variant, other_foundation) {
            (Some(variant), _) => {
                // With some settings it may not; a stack that waits needlessly goes all the same.
                let needed = catalog.foundation_for(&[variant], |_, _| true);
                needed.iter().any(|template| template.name() == own)
            }
            (None, Some(template)) => catalog.needs(template).contains(own),
            (None, None) => true,
        }
    };
    let is_foundation =
        foundation.is_some() || stack.tags.get(KIND_TAG).is_some_and(|kind| kind == "foundation");
    let after = if is_foundation {
        doomed
            .iter()
            .filter(|other| other.name != stack.name && feeds(other))
            .map(|other| other.name.clone())
            .collect()
    } else {
        BTreeSet::new()
    };
    let template = foundation.or(variant.map(|variant| &variant.template));
    let rest_apis = template.map_or(UNKNOWN_REST_APIS, catalog::Template::rest_apis);
    DeleteSpec { name: stack.name.clone(), after, rest_apis }
}

/// Looks for what is left, again while something is, since lists lag behind deletions.
async fn look(
    context: &Context,
    target: &Target,
    regions: &BTreeSet<String>,
    takedown: &mut Takedown,
) -> Result<(), Failure> {
    let mut views = vec![view(context, target, target, &takedown.stacks).await?];
    for region in regions {
        views.push(view(context, target, &target.at(region), &takedown.stacks).await?);
    }
    let everything = views.iter().all(|view| view.everything);
    let begin = Instant::now();
    loop {
        let mut all = Findings::default();
        for view in &views {
            for scope in &view.scopes {
                let found = sweep(&view.place.cloudformation, &view.place.signed, scope).await;
                all.leftovers.extend(found.leftovers);
                all.unconfirmed.extend(found.unconfirmed);
                all.blind.extend(found.blind);
            }
        }
        if target.local_endpoint.is_some() {
            let inventory = inventory(target).await?;
            let scopes = views.iter().flat_map(|view| view.scopes.iter().cloned()).collect::<Vec<_>>();
            all.leftovers.extend(of_inventory(&inventory, everything, &scopes));
            // The inventory sees what any look at a service could.
            all.blind.clear();
        }
        all.leftovers.sort();
        all.leftovers.dedup();
        if all.leftovers.is_empty() || begin.elapsed() > SETTLING {
            takedown.left = all.leftovers;
            takedown.unconfirmed = all.unconfirmed;
            takedown.blind = all.blind;
            if everything && takedown.is_complete() {
                context.forget(target)?;
            }
            return Ok(());
        }
        tokio::time::sleep(target.pacing.interval).await;
    }
}

/// What is looked for in one region.
struct View {
    place: Target,
    scopes: Vec<Scope>,
    /// Whether nothing of the deployment is to be left there.
    everything: bool,
}

/// Where other stacks stand under the prefix, only what belonged to the deleted ones counts. In other regions than the
/// variants' own the prefix may be that of a deployment there.
async fn view(
    context: &Context,
    target: &Target,
    place: &Target,
    gone: &[StackReport],
) -> Result<View, Failure> {
    let prefix = context.settings.prefix.stem();
    let (ours, others): (Vec<_>, Vec<_>) = inspect::stacks(&place.cloudformation, &prefix)
        .await?
        .into_iter()
        .partition(|stack| is_ours(context, target, place, stack));
    let except: Vec<String> = others.into_iter().map(|stack| stack.name).collect();
    let everything = ours.iter().all(|stack| gone.iter().any(|report| report.stack == stack.name));
    let tag = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut scopes = Vec::new();
    let mut add = |prefix: String, of: Option<(String, String)>| {
        let mut tags = vec![tag(PREFIX_TAG, context.settings.prefix.as_str())];
        tags.extend(of);
        scopes.push(Scope { prefix, tags, except: except.clone() });
    };
    if place.region != target.region {
        for report in gone.iter().filter(|report| report.stack.ends_with(&place.region)) {
            add(format!("{}-", report.stack), Some(tag(HOME_TAG, &target.region)));
        }
    } else if everything {
        add(prefix, None);
    } else {
        for report in gone {
            let stem = stem(context, &report.stack);
            add(format!("{}-", report.stack), Some(tag(STACK_TAG, stem)));
        }
    }
    Ok(View { place: place.clone(), scopes, everything })
}

/// Everything that the embedded cloud holds.
pub async fn inventory(target: &Target) -> Result<Inventory, Failure> {
    let endpoint = target.local_endpoint.as_deref().unwrap_or_default();
    let value =
        local_http::get(endpoint, "/_local/inventory", Duration::from_secs(10)).await.map_err(|error| {
            Failure::unexpected(format!("the embedded cloud's inventory cannot be read: {error}"))
        })?;
    serde_json::from_value(value).map_err(|error| {
        Failure::unexpected(format!("the embedded cloud's inventory cannot be understood: {error}"))
    })
}

/// What the inventory holds of the scope. A cloud without any stack must be empty altogether.
fn of_inventory(inventory: &Inventory, everything: bool, scopes: &[Scope]) -> Vec<Leftover> {
    let mut found: Vec<Leftover> = Vec::new();
    let bare = everything && inventory.stacks.is_empty();
    let mut add = |kind: &str, name: String| {
        let wanted = |scope: &Scope| name.contains(&scope.prefix) && !scope.excepts(&name);
        if bare || scopes.iter().any(wanted) {
            found.push(Leftover { kind: kind.to_owned(), name });
        }
    };
    for (kind, names) in [
        ("stack", &inventory.stacks),
        ("queue", &inventory.queues),
        ("topic", &inventory.topics),
        ("bucket", &inventory.buckets),
        ("log group", &inventory.log_groups),
        ("function", &inventory.functions),
        ("repository", &inventory.repositories),
        ("role", &inventory.roles),
        ("resource", &inventory.others),
    ] {
        for name in names {
            add(kind, name.clone());
        }
    }
    for process in &inventory.processes {
        add("process", format!("{} ({})", process.pid, process.name));
    }
    for port in &inventory.ports {
        add("port", port.to_string());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(stem: &str, kind: &str) -> DeployedStack {
        DeployedStack {
            name: format!("bakeoff-{stem}"),
            tags: [(STACK_TAG, stem), (KIND_TAG, kind)].map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
            ..DeployedStack::default()
        }
    }

    #[test]
    fn the_foundation_goes_with_the_last_variant() {
        let deployed = [stack("topic", "foundation"), stack("a", "variant"), stack("b", "variant")];
        let names = |chosen: Option<&[&str]>| {
            let chosen = chosen.map(|ids| ids.iter().copied().collect::<BTreeSet<_>>());
            let doomed = doomed(&deployed, chosen.as_ref());
            doomed.into_iter().map(|stack| stack.name).collect::<Vec<_>>()
        };
        assert_eq!(names(Some(&["a"])), ["bakeoff-a"]);
        assert_eq!(names(Some(&["a", "b"])), ["bakeoff-a", "bakeoff-b", "bakeoff-topic"]);
        assert_eq!(names(None), ["bakeoff-a", "bakeoff-b", "bakeoff-topic"]);
    }

    #[test]
    fn an_empty_cloud_must_be_empty_altogether() {
        let inventory =
            Inventory { ports: vec![1234], queues: vec!["bakeoff-q".to_owned()], ..Inventory::default() };
        let scopes = [Scope { prefix: "bakeoff-".to_owned(), tags: Vec::new(), except: Vec::new() }];
        assert_eq!(of_inventory(&inventory, true, &scopes).len(), 2);
        let with_other = Inventory { stacks: vec!["other-x".to_owned()], ..inventory };
        let found = of_inventory(&with_other, true, &scopes);
        assert_eq!(found, [Leftover { kind: "queue".to_owned(), name: "bakeoff-q".to_owned() }]);
    }
}
