//! A plan as it is written down: the keys of a file, which are also the flags of the command line.

use std::time::Duration;

use load::{Arrivals, ConnectionUse, Limit, Shape, Spread, Step, Think};
use serde::Deserialize;

use super::cause::CauseContent;
use super::{LoadPlan, Mix, span};
use crate::failure::Failure;

/// How many requests of a rate may be under way at once, where nothing else is said.
const AT_ONCE: u32 = 1000;
/// How many connections or users there may be; each needs an open file and some memory.
const MOST: u32 = 1_000_000;

/// The keys of a plan; all may be missing.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Content {
    pub title: Option<String>,
    /// A closed loop over this many connections; with a rate, how many requests may be under way at once.
    pub connections: Option<u32>,
    /// A closed loop of this many people.
    pub users: Option<u32>,
    /// How long they wait between an answer and their next request.
    pub think: Option<String>,
    /// An open loop of this many requests per second.
    pub rate: Option<f64>,
    /// An open loop whose rate changes.
    #[serde(default)]
    pub steps: Vec<RateStep>,
    pub arrivals: Option<Randomness>,
    /// When a trial ends.
    pub requests: Option<u64>,
    pub duration: Option<String>,
    pub trials: Option<u32>,
    pub warm_up: Option<u32>,
    pub seed: Option<u64>,
    pub timeout: Option<String>,
    pub connection: Option<Connection>,
    /// Each request of a workload by itself.
    pub apart: Option<bool>,
    /// Which of a workload's requests comes next.
    pub choice: Option<String>,
    /// Bytes of a body.
    pub payload: Option<u32>,
    /// Settings of each variant that are measured against each other.
    #[serde(default)]
    pub causes: Vec<CauseContent>,
}

/// A part of an open loop.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RateStep {
    /// Requests per second, or those at the begin.
    pub rate: f64,
    /// Requests per second at the end.
    pub to: Option<f64>,
    pub duration: String,
}

/// How requests are spread under a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Randomness {
    Even,
    Poisson,
}

/// What connections are used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Connection {
    KeepAlive,
    Fresh,
    Http2,
}

impl Content {
    /// Reads a file's text; `place` names it in errors.
    pub fn read(text: &str, place: &str) -> Result<Self, Failure> {
        toml::from_str(text).map_err(|error| Failure::new(format!("{place} cannot be read: {error}")))
    }

    /// Whether it says anything of how requests are sent.
    pub fn has_shape(&self) -> bool {
        let Self { connections, users, think, rate, steps, arrivals, requests, duration, .. } = self;
        connections.is_some()
            || users.is_some()
            || think.is_some()
            || rate.is_some()
            || !steps.is_empty()
            || arrivals.is_some()
            || requests.is_some()
            || duration.is_some()
    }

    /// The plan of this name.
    pub fn plan(self, name: &str) -> Result<LoadPlan, Failure> {
        let wrong = |reason: String| Failure::new(format!("the plan {name} cannot be run: {reason}"));
        let mut load = load::Plan::new(self.shape().map_err(wrong)?);
        self.settle(&mut load).map_err(wrong)?;
        let mix = Mix::read(self.choice.as_deref(), self.payload).map_err(wrong)?;
        let causes = self.causes.iter().map(CauseContent::cause).collect::<Result<_, _>>().map_err(wrong)?;
        Ok(LoadPlan {
            name: name.to_owned(),
            title: self.title,
            load,
            apart: self.apart.unwrap_or(false),
            mix,
            causes,
        })
    }

    /// Writes all but the shape over a plan's.
    pub fn settle(&self, load: &mut load::Plan) -> Result<(), String> {
        if self.trials == Some(0) {
            return Err("trials is 0; 1 is the least, and it takes 2 to say how sure a figure is".to_owned());
        }
        load.trials = self.trials.unwrap_or(load.trials);
        load.warm_up = self.warm_up.unwrap_or(load.warm_up);
        load.seed = self.seed.unwrap_or(load.seed);
        if let Some(timeout) = &self.timeout {
            load.timeout = span::span(timeout).map_err(|error| format!("timeout {error}"))?;
            if load.timeout.is_zero() {
                return Err("timeout is zero".to_owned());
            }
        }
        load.connection = match self.connection {
            None => load.connection,
            Some(Connection::KeepAlive) => ConnectionUse::KeepAlive,
            Some(Connection::Fresh) => ConnectionUse::Fresh,
            Some(Connection::Http2) => ConnectionUse::Http2,
        };
        Ok(())
    }

    fn shape(&self) -> Result<Shape, String> {
        for (key, count) in [("connections", self.connections), ("users", self.users)] {
            if count.is_some_and(|count| count == 0 || count > MOST) {
                return Err(format!("{key} is {}; it can be 1 to {MOST}", count.unwrap_or_default()));
            }
        }
        let open = self.rate.is_some() || !self.steps.is_empty();
        if self.arrivals.is_some() && !open {
            return Err("arrivals goes with a rate".to_owned());
        }
        match (self.users, open) {
            (Some(_), true) => Err("users go with requests or duration, not with a rate".to_owned()),
            (None, true) => self.open(),
            (Some(users), false) => self.people(users),
            (None, false) => {
                if self.think.is_some() {
                    return Err("think goes with users".to_owned());
                }
                let connections =
                    self.connections.ok_or("it has none of connections, users, rate and steps")?;
                Ok(Shape::Closed { connections, limit: self.limit()? })
            }
        }
    }

    fn people(&self, users: u32) -> Result<Shape, String> {
        if self.connections.is_some() {
            return Err("each of the users has a connection; leave connections out".to_owned());
        }
        let think = self.think.as_deref().ok_or("users need a time to think, such as think = \"1s..9s\"")?;
        let (least, most) = span::range(think).map_err(|error| format!("think {error}"))?;
        Ok(Shape::Users { users, think: Think { least, most }, limit: self.limit()? })
    }

    fn open(&self) -> Result<Shape, String> {
        if self.think.is_some() {
            return Err("think goes with users, not with a rate".to_owned());
        }
        if self.requests.is_some() {
            return Err("a rate goes with a duration; leave requests out".to_owned());
        }
        let steps = match (self.rate, self.steps.as_slice()) {
            (Some(_), [_, ..]) => return Err("take rate or steps, not both".to_owned()),
            (Some(rate), []) => vec![Step { from: rate, to: rate, duration: self.time()? }],
            (None, _) if self.duration.is_some() => {
                return Err("each of the steps has a duration of its own; leave the other out".to_owned());
            }
            (None, steps) => steps.iter().map(RateStep::step).collect::<Result<_, _>>()?,
        };
        if let Some(step) = steps.iter().find(|step| !is_rate(step.from) || !is_rate(step.to)) {
            return Err(format!("a rate of {} to {} is not from 0 to 1000000", step.from, step.to));
        }
        if !steps.iter().any(|step| step.from + step.to > 0.0) {
            return Err("its rate is never above zero".to_owned());
        }
        let spread = match self.arrivals {
            None | Some(Randomness::Even) => Spread::Even,
            Some(Randomness::Poisson) => Spread::Poisson,
        };
        let connections = self.connections.unwrap_or(AT_ONCE);
        Ok(Shape::Open { arrivals: Arrivals { steps, spread }, connections })
    }

    fn limit(&self) -> Result<Limit, String> {
        match (self.requests, &self.duration) {
            (Some(0), _) => Err("requests is 0; 1 is the least".to_owned()),
            (Some(requests), None) => Ok(Limit::Requests(requests)),
            (None, Some(_)) => Ok(Limit::Duration(self.time()?)),
            (Some(_), Some(_)) => Err("take requests or duration, not both".to_owned()),
            (None, None) => Err("it has neither requests nor duration, so it would not end".to_owned()),
        }
    }

    fn time(&self) -> Result<Duration, String> {
        let text = self.duration.as_deref().ok_or("it has no duration, so it would not end")?;
        positive(text)
    }
}

impl RateStep {
    fn step(&self) -> Result<Step, String> {
        Ok(Step { from: self.rate, to: self.to.unwrap_or(self.rate), duration: positive(&self.duration)? })
    }
}

fn positive(text: &str) -> Result<Duration, String> {
    let duration = span::span(text).map_err(|error| format!("duration {error}"))?;
    if duration.is_zero() { Err("duration is zero".to_owned()) } else { Ok(duration) }
}

fn is_rate(rate: f64) -> bool {
    (0.0..=1_000_000.0).contains(&rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> Result<LoadPlan, Failure> {
        Content::read(text, "the plan t")?.plan("t")
    }

    #[test]
    fn shapes_are_said_in_words() {
        for (text, words) in [
            ("connections = 1\nrequests = 1", "1 connection, 1 request"),
            (
                "users = 500\nthink = '1s..9s'\nrequests = 15000",
                "500 users who think 1 s to 9 s, 15000 requests",
            ),
            ("connections = 50\nduration = '30s'", "50 connections, 30 s"),
            (
                "rate = 100\nduration = '1m'\nconnection = 'fresh'",
                "100 requests per second for 60 s, at most 1000 requests at once, a new connection for each",
            ),
            (
                "arrivals = 'poisson'\nconnections = 9\nsteps = [{rate = 0, to = 10, duration = '2m'}, {rate = 10, duration = '5s'}]",
                "0 to 10 requests per second over 2 min, then 10 requests per second for 5 s at random, at most 9 requests at once",
            ),
            ("connections = 2\nrequests = 3\nconnection = 'http2'", "2 connections, 3 requests, over HTTP/2"),
        ] {
            assert_eq!(plan(text).unwrap().shape(), words);
        }
    }

    #[test]
    fn what_does_not_go_together_is_refused_with_the_reason() {
        for (text, words) in [
            ("", "none of connections, users, rate and steps"),
            ("connections = 2", "neither requests nor duration"),
            ("connections = 0\nrequests = 1", "connections is 0; it can be 1 to 1000000"),
            ("connections = 2\nrequests = 0", "requests is 0"),
            ("connections = 2\nrequests = 1\nduration = '1s'", "requests or duration, not both"),
            ("connections = 2\nduration = '0s'", "duration is zero"),
            ("connections = 2\nduration = 'long'", "duration \"long\" is not a time"),
            ("connections = 2\nrequests = 1\nthink = '1s'", "think goes with users"),
            ("users = 2\nrequests = 1", "users need a time to think"),
            ("users = 2\nthink = '9s..1s'\nrequests = 1", "the shorter one first"),
            ("users = 2\nthink = '1s'\nconnections = 3\nrequests = 1", "leave connections out"),
            ("users = 2\nrate = 3\nduration = '1s'", "not with a rate"),
            ("rate = 3", "it has no duration"),
            ("rate = 3\nrequests = 1\nduration = '1s'", "leave requests out"),
            ("rate = 0\nduration = '1s'", "never above zero"),
            ("rate = -1\nduration = '1s'", "a rate of -1 to -1 is not from 0"),
            ("rate = nan\nduration = '1s'", "a rate of NaN"),
            ("rate = 1\nduration = '1s'\nsteps = [{rate = 1, duration = '1s'}]", "rate or steps, not both"),
            ("steps = [{rate = 1, duration = '1s'}]\nduration = '1s'", "a duration of its own"),
            ("arrivals = 'poisson'\nconnections = 1\nrequests = 1", "arrivals goes with a rate"),
            ("connections = 1\nrequests = 1\ntrials = 0", "trials is 0"),
            ("connections = 1\nrequests = 1\ntimeout = '0s'", "timeout is zero"),
        ] {
            let told = plan(text).unwrap_err().message;
            assert!(told.starts_with("the plan t cannot be run: ") && told.contains(words), "{text}: {told}");
        }
    }

    #[test]
    fn unknown_keys_are_refused_with_the_line_and_the_known_ones() {
        let told = plan("connections = 1\nrequest = 1\n").unwrap_err().message;
        for word in ["the plan t cannot be read", "line 2", "unknown field `request`", "`requests`"] {
            assert!(told.contains(word), "{word}: {told}");
        }
        assert!(plan("arrivals = 'clumped'").unwrap_err().message.contains("`even` or `poisson`"));
        assert!(plan("steps = [{rate = 1, duration = '1s', from = 2}]").is_err());
    }
}
