//! A load in words.

use load::{ConnectionUse, Limit, Shape, Spread, Step};

use super::span;

/// `500 users who think 1 s to 9 s, 15000 requests`.
pub fn shape(plan: &load::Plan) -> String {
    let mut words = match &plan.shape {
        Shape::Closed { connections, limit } => {
            format!("{}, {}", many(*connections, "connection"), self::limit(*limit))
        }
        Shape::Users { users, think, limit } => format!(
            "{} who think {} to {}, {}",
            many(*users, "user"),
            span::words(think.least),
            span::words(think.most),
            self::limit(*limit)
        ),
        Shape::Open { arrivals, connections } => {
            let steps: Vec<String> = arrivals.steps.iter().map(step).collect();
            let spread = if arrivals.spread == Spread::Poisson { " at random" } else { "" };
            format!("{}{spread}, at most {} at once", steps.join(", then "), many(*connections, "request"))
        }
    };
    words.push_str(match plan.connection {
        ConnectionUse::KeepAlive => "",
        ConnectionUse::Fresh => ", a new connection for each",
        ConnectionUse::Http2 => ", over HTTP/2",
    });
    words
}

fn limit(limit: Limit) -> String {
    match limit {
        Limit::Requests(requests) => format!("{requests} {}", plural(requests, "request")),
        Limit::Duration(duration) => span::words(duration),
    }
}

fn step(step: &Step) -> String {
    let time = span::words(step.duration);
    #[expect(clippy::float_cmp, reason = "a constant rate is one number that was written once")]
    if step.from == step.to {
        format!("{} requests per second for {time}", step.from)
    } else {
        format!("{} to {} requests per second over {time}", step.from, step.to)
    }
}

fn many(count: u32, one: &str) -> String {
    format!("{count} {}", plural(count.into(), one))
}

fn plural(count: u64, one: &str) -> String {
    if count == 1 { one.to_owned() } else { format!("{one}s") }
}
