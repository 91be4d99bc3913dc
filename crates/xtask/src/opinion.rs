//! What programs that we did not write say of our templates: each first shows that it catches what we spoil for it.

mod cfn_lint;
pub mod fuzz;
mod machines;
mod script;
mod velocity;

use std::time::Instant;

use crate::step::{Failed, heading};

/// A program that is asked, and how: the answer says in one line what was looked at.
struct Opinion {
    tool: &'static str,
    ask: fn() -> Result<String, Failed>,
}

const OPINIONS: &[Opinion] = &[
    Opinion { tool: "cfn-lint", ask: cfn_lint::ask },
    Opinion { tool: "cloudformation-validate", ask: || script::python("cloudformation_templates.py") },
    Opinion { tool: "parliament", ask: || script::python("parliament_policies.py") },
    Opinion { tool: "asl-validator", ask: || machines::ask("asl-validator") },
    Opinion {
        tool: "amazon-states-language-service",
        ask: || machines::ask("amazon-states-language-service"),
    },
    Opinion { tool: "Velocity.js", ask: velocity::ask },
    Opinion { tool: "cargo-fuzz", ask: fuzz::ask },
];

/// What was found out about one tool, as the summary tells it.
pub struct Verdict {
    pub tool: &'static str,
    /// Seconds that it took.
    pub seconds: f64,
    pub outcome: Result<String, Failed>,
}

/// Takes the time of a step that answers with a line for the summary.
pub fn judge(tool: &'static str, ask: impl FnOnce() -> Result<String, Failed>) -> Verdict {
    heading(tool);
    let begun = Instant::now();
    let outcome = ask();
    Verdict { tool, seconds: begun.elapsed().as_secs_f64(), outcome }
}

/// Asks every program, also after one that objects.
pub fn ask_all() -> Vec<Verdict> {
    OPINIONS.iter().map(|opinion| judge(opinion.tool, opinion.ask)).collect()
}
