//! `POST /publish` as a Lambda function behind API Gateway's proxy integration.

use std::process::ExitCode;

use lambda::proxy::{ProxyRequest, ProxyResponse};
use workload::publish::{PublishError, Publisher};

fn main() -> ExitCode {
    lambda::start(async {
        let publisher = Publisher::from_env().await?;
        Ok(move |request| publish(publisher.clone(), request))
    })
}

async fn publish(publisher: Publisher, request: ProxyRequest) -> ProxyResponse {
    let Some(body) = request.body() else {
        return PublishError::NotText.refusal().into();
    };
    match publisher.publish(request.header("content-type"), &body).await {
        Ok(message) => ProxyResponse::json(200, message.body()),
        Err(error) => error.refusal().into(),
    }
}
