use serde_json::Value;

use crate::definition::{Definition, Kind, Scope, parse_machine};
use crate::problem::below;
use crate::{Clock, Execution, Observer, Outcome, Problem, Tasks, run};

/// The longest definition, in bytes, that Step Functions takes.
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html>
const MAX_DEFINITION_BYTES: usize = 1_048_576;

/// A state machine that was read and checked.
#[derive(Debug)]
pub struct Machine {
    definition: Definition,
}

/// What an execution needs of the world around it.
#[derive(Clone, Copy)]
pub struct Host<'a> {
    /// What Task states call.
    pub tasks: &'a dyn Tasks,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Who is told what happens; [`NoObserver`](crate::NoObserver) where nobody is.
    pub observer: &'a dyn Observer,
}

/// A resource that a machine calls, so that a service can refuse at creation what it does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskUse {
    /// The JSON pointer of the field that names the resource.
    pub location: String,
    /// The resource, as it stands in the definition.
    pub resource: String,
}

impl Machine {
    /// Reads a definition.
    ///
    /// # Errors
    /// Everything that is wrong with it, at least one problem, each with its place.
    pub fn parse(definition: &str) -> Result<Self, Vec<Problem>> {
        let whole = |message: String| vec![Problem { location: String::new(), message }];
        if definition.len() > MAX_DEFINITION_BYTES {
            let length = definition.len();
            return Err(whole(format!(
                "the definition has {length} bytes, allowed are {MAX_DEFINITION_BYTES}"
            )));
        }
        let value: Value = serde_json::from_str(definition)
            .map_err(|error| whole(format!("the definition is not JSON: {error}")))?;
        parse_machine(&value).map(|definition| Self { definition })
    }

    /// The resources that Task states and item readers call.
    #[must_use]
    pub fn task_uses(&self) -> Vec<TaskUse> {
        let mut uses = Vec::new();
        collect(&self.definition.scope, "", &mut uses);
        uses
    }

    /// Runs the machine to its end. Dropping the future stops the execution and whatever it calls at the time.
    ///
    /// Nothing is spawned: branches and iterations take turns in this one future.
    pub async fn run(&self, input: Value, execution: &Execution, host: Host<'_>) -> Outcome {
        run::run(&self.definition, input, execution, host).await
    }
}

fn collect(scope: &Scope, location: &str, uses: &mut Vec<TaskUse>) {
    for (name, state) in &scope.states {
        let location = below(&below(location, "States"), name);
        match &state.kind {
            Kind::Task(task) => {
                uses.push(TaskUse {
                    location: below(&location, "Resource"),
                    resource: task.resource.clone(),
                });
            }
            Kind::Parallel { branches } => {
                for (at, branch) in branches.iter().enumerate() {
                    collect(branch, &format!("{location}/Branches/{at}"), uses);
                }
            }
            Kind::Map(map) => {
                uses.extend(map.reader.as_ref().map(|reader| TaskUse {
                    location: format!("{location}/ItemReader/Resource"),
                    resource: reader.resource.clone(),
                }));
                collect(&map.processor, &format!("{location}/ItemProcessor"), uses);
            }
            _ => {}
        }
    }
}
