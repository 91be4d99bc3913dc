//! `/{path}` as a Lambda function behind API Gateway's proxy integration: nginx in the VPC answers.

use std::process::ExitCode;

use lambda::proxy::{ProxyRequest, ProxyResponse};
use workload::proxy::{ForwardRequest, Origin, ProxyError};

fn main() -> ExitCode {
    lambda::start(async {
        let origin = Origin::from_env()?;
        Ok(move |request| proxy(origin.clone(), request))
    })
}

async fn proxy(origin: Origin, request: ProxyRequest) -> ProxyResponse {
    let Some(body) = request.body() else {
        return ProxyError::Malformed.refusal().into();
    };
    let forwarded = origin.forward(ForwardRequest {
        method: request.method().to_owned(),
        path: request.path().to_owned(),
        query: request.query_pairs(),
        headers: request.headers(),
        body: body.into(),
        client: request.client().map(str::to_owned),
    });
    match forwarded.await.map(ProxyResponse::from) {
        Ok(response) if response.fits() => response,
        Ok(_) => ProxyError::TooLarge.refusal().into(),
        Err(error) => error.refusal().into(),
    }
}
