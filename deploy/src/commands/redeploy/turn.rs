//! Changes the settings of a variant that stands.

use catalog::Variant;
use stacks::{Blackboard, DeployedStack, StackReport};

use super::traffic::{Served, Traffic};
use crate::commands::check::foundation_outputs;
use crate::commands::status::deployed;
use crate::context::Context;
use crate::deployment::deploy;
use crate::domain;
use crate::failure::Failure;
use crate::plan::{Given, Plan};
use crate::seeding;
use crate::target::Target;
use crate::work::{AUTH, Outputs, Subject, Surroundings};

/// A change that is to be made.
pub struct Turn<'a> {
    pub context: &'a Context,
    pub target: &'a Target,
    /// All that stands.
    pub stacks: &'a [DeployedStack],
    /// The variant's own.
    pub stack: &'a DeployedStack,
    pub variant: &'a Variant,
    pub given: &'a Given,
}

/// What came of it.
pub struct Turned {
    pub report: StackReport,
    /// What became of requests that were sent meanwhile.
    pub served: Option<Served>,
    /// What the foundation stacks then put out.
    pub outputs: Outputs,
    /// The variant as it then serves.
    pub subject: Subject,
}

impl Turn<'_> {
    /// Carries out a plan, under light traffic if that is wanted.
    pub async fn make(&self, plan: Plan<'_>, under_traffic: bool) -> Result<Turned, Failure> {
        let Self { context, target, variant, stack, .. } = *self;
        let (first, plan) = plan.in_turn();
        let outputs = prepare(context, target, &first, variant, foundation_outputs(self.stacks)).await?;
        let board = board(variant, stack, &outputs, self.given, &plan);
        let traffic = if under_traffic { self.traffic(&outputs).await? } else { None };
        let deployment = deploy(context, target, &plan, board).await;
        let served = match traffic {
            Some(traffic) => {
                let reported = deployment.as_ref().ok().and_then(|deployment| deployment.stacks.first());
                let url = reported.and_then(|report| report.outputs.get("Url"));
                let moved = url.is_some_and(|url| stack.outputs.get("Url") != Some(url));
                Some(traffic.stop(moved).await?)
            }
            None => None,
        };
        let deployment = deployment?;
        deployment.conclude(context, &plan)?;
        let Some(report) = deployment.stacks.iter().find(|report| report.stack == stack.name) else {
            return Err(Failure::unexpected("the stack was not reported"));
        };
        domain::forget(context, target, &stack.name, &stack.parameters, &report.parameters).await;
        if let Some(words) = deployment.idle_settings(context, &plan).pop() {
            return Err(Failure::new(words).hint("set it together with what it belongs to, or after that"));
        }
        let outputs = foundation_outputs(&deployed(context, target).await?);
        let Some(subject) = Subject::new(variant, &report.outputs, &report.parameters) else {
            return Err(Failure::unexpected(format!("the stack {} has no output Url", report.stack)));
        };
        Ok(Turned { report: report.clone(), served, outputs, subject })
    }

    /// Begins to send requests that are let in both before and after the change.
    async fn traffic(&self, outputs: &Outputs) -> Result<Option<Traffic>, Failure> {
        let Self { context, variant, stack, .. } = *self;
        let surroundings = Surroundings { target: self.target, outputs };
        let mode = self.given.get(&variant.id).and_then(|values| values.get(variant.flag(AUTH)?));
        let Some(subject) = Subject::new(variant, &stack.outputs, &stack.parameters) else { return Ok(None) };
        let Some(subject) = subject.between(mode.map(String::as_str), &surroundings).await? else {
            context
                .printer
                .warn("no request is let in both before and after this change, so none is sent meanwhile");
            return Ok(None);
        };
        Traffic::start(&subject, &variant.workload, &surroundings).await
    }
}

/// Deploys the foundation stacks that the new settings are the first to need, and fills their tables; gives the outputs of all.
async fn prepare(
    context: &Context,
    target: &Target,
    plan: &Plan<'_>,
    variant: &Variant,
    mut outputs: Outputs,
) -> Result<Outputs, Failure> {
    if plan.specs.is_empty() {
        return Ok(outputs);
    }
    let board = Blackboard::default();
    for (name, value) in &outputs.home {
        board.put(name, value);
    }
    let deployment = deploy(context, target, plan, board).await?;
    deployment.conclude(context, plan)?;
    let like = seeding::pattern(target, &outputs).await?;
    outputs.home.extend(deployment.foundation_outputs(plan).home);
    seeding::fill_empty(context, target, &[variant], &outputs.home, like).await?;
    Ok(outputs)
}

/// What the stack's inputs are: the foundation as it stands, and the artifacts as deployed, unless the new settings want
/// others.
fn board(
    variant: &Variant,
    stack: &DeployedStack,
    outputs: &Outputs,
    given: &Given,
    plan: &Plan<'_>,
) -> Blackboard {
    let board = Blackboard::default();
    for (name, value) in &outputs.home {
        board.put(name, value);
    }
    let arch = given.get(&variant.id).is_some_and(|values| {
        values
            .keys()
            .any(|flag| variant.tunables.get(flag).is_some_and(|parameter| parameter == "Architecture"))
    });
    let rebuilt = arch && plan.wanted.iter().any(|wanted| wanted.flavor != artifacts::Flavor::Local);
    if !rebuilt {
        for (parameter, input) in plan.specs.iter().flat_map(|spec| &spec.inputs) {
            let shipped =
                variant.artifacts.contains_key(parameter) && variant.wants(parameter, &stack.parameters);
            if let (true, Some(value)) = (shipped, stack.parameters.get(parameter)) {
                board.put(input, value);
            }
        }
    }
    board
}
