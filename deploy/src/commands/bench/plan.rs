//! The plan that flags ask for.

use super::args::PlanArgs;
use crate::failure::Failure;
use crate::load_plan::{Connection, Content, DEFAULT, LoadPlan, Mix};

/// A plan that has no file is called this.
const FROM_FLAGS: &str = "flags";

/// A named plan or one made of flags, with the settings that flags may change of either.
pub fn plan(args: &PlanArgs) -> Result<LoadPlan, Failure> {
    let content = content(args);
    let plan = match (&args.plan, content.has_shape()) {
        (Some(plan), true) => {
            return Err(Failure::new(format!(
                "--plan {plan} says how requests are sent, and so do other flags"
            ))
            .hint(
                "leave --plan out, or --connections, --users, --think, --rate, --requests and --duration",
            ));
        }
        (None, true) => content.plan(FROM_FLAGS)?,
        (plan, false) => {
            let mut plan = LoadPlan::find(plan.as_deref().unwrap_or(DEFAULT))?;
            content
                .settle(&mut plan.load)
                .map_err(|reason| Failure::new(format!("the plan {} cannot be run: {reason}", plan.name)))?;
            plan
        }
    };
    let mut plan = plan.trusting(&args.root_certificate);
    let mix = Mix::read(args.choice.as_deref(), args.payload).map_err(Failure::new)?;
    plan.mix.choice = mix.choice.or(plan.mix.choice);
    plan.mix.payload = mix.payload.or(plan.mix.payload);
    plan.load.seed = args.seed.unwrap_or_else(random_seed);
    Ok(plan)
}

fn content(args: &PlanArgs) -> Content {
    let connection = match (args.http2, args.fresh_connections) {
        (true, _) => Some(Connection::Http2),
        (false, true) => Some(Connection::Fresh),
        (false, false) => None,
    };
    Content {
        connections: args.connections,
        users: args.users,
        think: args.think.clone(),
        rate: args.rate,
        requests: args.requests,
        duration: args.duration.clone(),
        trials: args.trials,
        warm_up: args.warm_up,
        timeout: args.timeout.clone(),
        connection,
        ..Content::default()
    }
}

/// A seed that a later run can be given.
pub fn random_seed() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    // The standard library's hashers begin with random keys; three digits are easy to type again.
    std::collections::hash_map::RandomState::new().build_hasher().finish() % 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_make_a_plan_or_change_one() {
        let quick = plan(&PlanArgs { trials: Some(9), seed: Some(3), ..PlanArgs::default() }).unwrap();
        assert_eq!((quick.name.as_str(), quick.load.trials, quick.load.seed), ("quick", 9, 3));
        let args = PlanArgs {
            users: Some(5),
            think: Some("1s..2s".to_owned()),
            duration: Some("9s".to_owned()),
            fresh_connections: true,
            timeout: Some("3s".to_owned()),
            ..PlanArgs::default()
        };
        let flags = plan(&args).unwrap();
        assert_eq!(flags.name, "flags");
        assert_eq!(flags.shape(), "5 users who think 1 s to 2 s, 9 s, a new connection for each");
        assert_eq!(flags.load.timeout.as_secs(), 3);
    }

    #[test]
    fn a_plan_and_another_load_do_not_go_together() {
        let args = PlanArgs { plan: Some("speed-1".to_owned()), requests: Some(5), ..PlanArgs::default() };
        assert!(plan(&args).unwrap_err().message.contains("--plan speed-1 says how requests are sent"));
        let args = PlanArgs { trials: Some(0), ..PlanArgs::default() };
        assert!(plan(&args).unwrap_err().message.contains("trials is 0"));
    }
}
