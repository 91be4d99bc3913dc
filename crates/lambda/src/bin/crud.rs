//! `/items` as a Lambda function behind API Gateway's proxy integration and its authorizer.

use std::process::ExitCode;

use lambda::proxy::{ProxyRequest, ProxyResponse};
use workload::crud::policy::context::{SCOPES, SUBJECT};
use workload::crud::{Api, Caller, Request};

fn main() -> ExitCode {
    lambda::start(async {
        let api = Api::from_env().await?;
        Ok(move |request| answer(api.clone(), request))
    })
}

async fn answer(api: Api, request: ProxyRequest) -> ProxyResponse {
    // A request that no authorizer let pass, such as one that the function is invoked with directly, is nobody's.
    let caller = Caller::vouched(request.authorized(SUBJECT), request.authorized(SCOPES));
    let body = request.body().unwrap_or_default();
    let work = Request {
        method: request.method(),
        path: request.path(),
        limit: request.query("limit"),
        next: request.query("next"),
        if_match: request.header("if-match"),
        content_type: request.header("content-type"),
        body: &body,
    };
    let answer = api.answer(caller.as_ref().map_err(|error| *error), work).await;
    let response = ProxyResponse::json(answer.status, answer.body);
    answer.headers.iter().fold(response, |response, (name, value)| response.with_header(name, value))
}
