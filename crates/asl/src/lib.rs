//! Amazon States Language: state machines that are checked when they are made, and run.
//!
//! A [`Machine`] is parsed once; everything that is wrong with a definition is told at once, each [`Problem`] with its
//! place. The crate is pure: what Task states do is a callback ([`Tasks`]), the time is an input ([`Clock`]), and what
//! happens is told to an [`Observer`] in the words of Step Functions' history.
//!
//! The language is that of <https://states-language.net/> as Step Functions runs it, with both query languages:
//! <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html>
//!
//! # Where Step Functions goes its own way
//! - What the specification calls `States.ParameterPathFailure`, `States.ResultPathMatchFailure`,
//!   `States.IntrinsicFailure` and `States.NoChoiceMatched` is reported as `States.Runtime`, which neither Retry nor
//!   Catch handles. <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html>
//! - A Task state without `TimeoutSeconds` has no timeout of its own.
//!   <https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html>
//! - A machine whose query language is JSONata has no JSONPath states.
//! - A failed branch fails its Parallel state with the branch's own error, which `States.BranchFailed` matches as well.
//!
//! # Chosen where the documentation is silent
//! - Failures that a Map state tolerates leave no element in its result.
//! - Data may be nested 127 levels deep, as deep as JSON readers go.
//! - A JSONata expression may run for two seconds and recurse 2,000 levels, and `$pad` makes a million characters at most.
//!   Beyond that, memory is bounded by what can be computed in the time.
//! - A distributed Map state runs its iterations in the execution itself; what its `ItemReader` names is called as a
//!   task that answers with an array. `ResultWriter` is refused.
//!
//! ```
//! let machine = asl::Machine::parse(r#"{"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}"#);
//! assert!(machine.is_ok());
//! let problems = asl::Machine::parse(r#"{"StartAt": "Gone", "States": {"Done": {"Type": "Succeed"}}}"#);
//! assert_eq!(problems.unwrap_err()[0].location, "/StartAt");
//! ```

mod clock;
mod definition;
mod event;
mod execution;
mod failure;
mod intrinsic;
mod jsonata;
mod machine;
mod path;
mod payload;
mod problem;
mod run;
mod task;
mod template;

pub use clock::Clock;
pub use event::{Details, Event, Iteration, NoObserver, Observer};
pub use execution::{Execution, MAX_PAYLOAD_BYTES, Outcome};
pub use failure::Failure;
pub use machine::{Host, Machine, TaskUse};
pub use problem::Problem;
pub use task::{Heartbeat, TaskCall, TaskError, Tasks};
