//! `GET /turkeys/{breed}` as a Lambda function behind API Gateway's proxy integration.

use std::process::ExitCode;

use lambda::proxy::{ProxyRequest, ProxyResponse};
use workload::query::{Table, page};

fn main() -> ExitCode {
    lambda::start(async {
        let table = Table::from_env().await?;
        Ok(move |request| query(table.clone(), request))
    })
}

async fn query(table: Table, request: ProxyRequest) -> ProxyResponse {
    match table.page(request.raw_path(), request.query("limit")).await {
        Ok(turkeys) => ProxyResponse::json(200, page(&turkeys)),
        Err(error) => error.refusal().into(),
    }
}
