//! `deploy token`

use std::time::{Duration, SystemTime};

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use workload::crud::token::Mint;
use workload::crud::{Caller, Scope};

use super::check::foundation_outputs;
use super::status::deployed;
use crate::cli::TokenArgs;
use crate::context::Context;
use crate::failure::{Failure, chain};
use crate::target::Target;
use crate::work::{Surroundings, tokens};

/// The longest life of a token that is only for trying things out.
const LONGEST: Duration = Duration::from_hours(24);

#[derive(Serialize)]
struct Minted<'a> {
    token: &'a str,
    subject: &'a str,
    scope: String,
    expires: Option<String>,
}

/// Makes a token and prints it, alone, on standard output. It is written nowhere else.
pub async fn run(context: &Context, args: &TokenArgs) -> Result<(), Failure> {
    let life = life(&args.ttl)?;
    let scopes = scopes(&args.scope)?;
    let caller = Caller::new(&args.subject, &scopes).map_err(|error| Failure::of(&error))?;
    let nothing = || {
        Failure::new(format!(
            "nothing that gives tokens is deployed under the prefix {}",
            context.settings.prefix
        ))
        .hint("`deploy up crud` deploys it")
    };
    let target = Target::existing(&context.settings, &context.state, &context.printer).await?;
    let target = target.ok_or_else(nothing)?;
    let outputs = foundation_outputs(&deployed(context, &target).await?);
    let surroundings = Surroundings { target: &target, outputs: &outputs };
    let (authority, secret) = tokens::identity(&surroundings).await?;
    let now = SystemTime::now();
    let token = Mint::new(authority, &secret)
        .token(&caller, now, life)
        .map_err(|error| Failure::unexpected(chain(&error)))?;
    context.printer.data(&token);
    context.printer.json(&Minted {
        token: &token,
        subject: caller.subject(),
        scope: caller.scopes(),
        expires: OffsetDateTime::from(now + life).format(&Rfc3339).ok(),
    });
    Ok(())
}

/// All scopes unless some are named.
fn scopes(wanted: &[String]) -> Result<String, Failure> {
    let scopes = match wanted {
        [] => Ok(Scope::ALL.to_vec()),
        names => names.iter().map(|name| name.parse()).collect::<Result<Vec<Scope>, _>>(),
    };
    let scopes = scopes.map_err(|error| Failure::of(&error))?;
    Ok(scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>().join(" "))
}

/// `90s`, `15m`, `1h` or `1d`.
fn life(text: &str) -> Result<Duration, Failure> {
    let wrong = || {
        Failure::new(format!("--ttl \"{text}\" is not a time from 1s to 24h")).hint("write 90s, 15m or 1h")
    };
    let unit = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 60 * 60,
        Some('d') => 24 * 60 * 60,
        _ => return Err(wrong()),
    };
    let count: u64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    let life = count.checked_mul(unit).map(Duration::from_secs);
    life.filter(|life| !life.is_zero() && *life <= LONGEST).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit_and_bounds() {
        assert_eq!(life("90s").unwrap(), Duration::from_secs(90));
        assert_eq!(life("1d").unwrap(), LONGEST);
        for wrong in [
            "",
            "1",
            "h",
            "0s",
            "25h",
            "-1h",
            "1.5h",
            "1 h",
            "1w",
            "99999999999999999999s",
            "18446744073709551615d",
            "1é",
        ] {
            assert!(life(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn unknown_scopes_are_refused_with_the_known_ones() {
        assert_eq!(scopes(&[]).unwrap(), "items:read items:write turkeys:read");
        assert_eq!(scopes(&["items:read".to_owned()]).unwrap(), "items:read");
        let error = scopes(&["admin".to_owned()]).unwrap_err().message;
        assert!(error.contains("the scopes are items:read, items:write and turkeys:read"), "{error}");
    }
}
