//! A token authorizer of API Gateway: checks the bearer token and hands on who it belongs to.

use std::process::ExitCode;

use lambda::authorizer::{TokenEvent, Unauthorized, Verdict};
use workload::crud::policy;
use workload::crud::token::Verifier;

fn main() -> ExitCode {
    lambda::start_authorizer(async {
        let verifier = Verifier::from_env().await?;
        Ok(move |event: TokenEvent| authorize(&verifier, &event))
    })
}

fn authorize(verifier: &Verifier, event: &TokenEvent) -> Result<Verdict, Unauthorized> {
    let caller = verifier.caller(event.authorization_token.as_deref()).map_err(|error| {
        tracing::info!(%error, "the token is not valid");
        Unauthorized
    })?;
    policy::document(&caller, &event.method_arn).map(Verdict).map_err(|error| {
        tracing::error!(%error, "the event is not one of API Gateway");
        Unauthorized
    })
}
