//! nginx behind balancers and gateways: the pages arrive byte for byte.

use bytes::Bytes;
use cloudformation::engine::StackDescription;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};

use crate::support::{Parameters, TestCloud, eventually, http_client, template};

const PAGES: [(&str, &str, usize); 4] = [
    ("/", "text/html", 558),
    ("/child/random.txt", "text/plain", 1024),
    ("/child/grandchild/random.txt", "text/plain", 2048),
    ("/random_text_files.zip", "application/zip", 21_362),
];

async fn ask(method: &str, url: &str, headers: &[(&str, &str)]) -> http::Response<Bytes> {
    let request =
        headers.iter().fold(Request::builder().method(method).uri(url), |request, (name, value)| {
            request.header(*name, *value)
        });
    let answer = http_client().request(request.body(Full::new(Bytes::new())).unwrap()).await.unwrap();
    let (parts, body) = answer.into_parts();
    http::Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
}

async fn origin(test: &TestCloud) -> Parameters {
    let mut parameters = test.created("network", &template("foundation/network"), &Parameters::new()).await;
    parameters.extend(test.created("origin", &template("foundation/origin"), &parameters).await);
    parameters
}

fn told(test: &TestCloud, stack: &str) -> Vec<String> {
    let events = test.engine.events(stack).unwrap();
    events.iter().filter_map(|event| event.reason.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_origin_is_reached_from_both_sides_and_says_what_plays_it() {
    let test = TestCloud::start().await;
    let parameters = origin(&test).await;
    for base in ["OriginUrl", "OriginPrivateUrl"] {
        for (path, content_type, length) in PAGES {
            let page = ask("GET", &format!("{}{path}", parameters[base]), &[]).await;
            assert_eq!(page.status(), StatusCode::OK, "{path}");
            assert_eq!(
                (page.headers()["content-type"].to_str().unwrap(), page.body().len()),
                (content_type, length)
            );
        }
    }
    let told = told(&test, "origin");
    assert!(told.iter().any(|reason| reason.starts_with("nginx is played by ")), "{told:?}");
    assert_eq!(test.delete("origin").await, "DELETE_COMPLETE", "{}", test.reasons("origin"));
    let inventory = test.cloud.router().inventory();
    assert!(inventory.processes.is_empty() && inventory.ports.is_empty(), "{inventory:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_passes_bytes_conditions_and_ranges_on() {
    let test = TestCloud::start().await;
    let mut parameters = origin(&test).await;
    let gateway = template("variants/proxy-http");
    let url = test.created("http", &gateway, &parameters).await["Url"].clone();
    let direct = parameters["OriginUrl"].clone();
    for (path, _, _) in PAGES {
        let (through, straight) = (
            ask("GET", &format!("{url}{path}"), &[]).await,
            ask("GET", &format!("{direct}{path}"), &[]).await,
        );
        assert_eq!((through.status(), through.body()), (straight.status(), straight.body()), "{path}");
        for name in ["content-type", "etag", "last-modified", "accept-ranges"] {
            assert_eq!(through.headers().get(name), straight.headers().get(name), "{path} {name}");
        }
    }
    let zip = format!("{url}/random_text_files.zip");
    let tag = ask("HEAD", &zip, &[]).await.headers()["etag"].to_str().unwrap().to_owned();
    assert_eq!(ask("GET", &zip, &[("if-none-match", &tag)]).await.status(), StatusCode::NOT_MODIFIED);
    let part = ask("GET", &zip, &[("range", "bytes=0-3")]).await;
    assert_eq!(
        (part.status(), part.body().as_ref()),
        (StatusCode::PARTIAL_CONTENT, b"PK\x03\x04".as_slice())
    );
    let missing = ask("GET", &format!("{url}/missing?a=1"), &[]).await;
    assert_eq!(
        (missing.status(), missing.body().as_ref()),
        (StatusCode::NOT_FOUND, br#"{"message":"Not found"}"#.as_slice())
    );

    // Without binary media types the gateway takes bytes for text, which they are not.
    let broken = gateway.replace("      BinaryMediaTypes: [\"*/*\"]\n", "");
    assert_ne!(broken, gateway);
    parameters.extend(test.created("broken", &broken, &parameters).await);
    let corrupt = ask("GET", &format!("{}/random_text_files.zip", parameters["Url"]), &[]).await;
    assert_ne!(corrupt.body(), ask("GET", &zip, &[]).await.body());
    test.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_of_nginx_share_nothing_and_leave_nothing() {
    let test = TestCloud::start().await;
    let mut parameters = test.created("network", &template("foundation/network"), &Parameters::new()).await;
    let elb = template("variants/proxy-elb");
    let url = test.created("elb", &elb, &parameters).await["Url"].clone();
    let pids =
        || test.cloud.router().inventory().processes.iter().map(|process| process.pid).collect::<Vec<_>>();
    let before = pids();
    assert_eq!(before.len(), 2);
    parameters.extend(
        [("Cpu", "512"), ("Memory", "1024"), ("Count", "3")]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    test.updated("elb", &elb, &parameters).await;
    assert_eq!(ask("GET", &url, &[]).await.body().len(), 558);
    let after = pids();
    assert!(after.len() == 3 && after.iter().all(|pid| !before.contains(pid)), "{before:?} {after:?}");
    assert_eq!(test.delete("elb").await, "DELETE_COMPLETE", "{}", test.reasons("elb"));
    let alive =
        || before.iter().chain(&after).any(|pid| std::path::Path::new(&format!("/proc/{pid}")).exists());
    eventually("no process is left", || !alive()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_needs_its_own_files_is_refused() {
    let test = TestCloud::start().await;
    let parameters = test.created("network", &template("foundation/network"), &Parameters::new()).await;
    let elb = template("variants/proxy-elb");
    for (from, to, reason) in [
        ("> html/child/random.txt", "> /usr/share/nginx/html/x", "its command names /usr/share/nginx/html/x"),
        ("nginx/nginx:1", "nginx/unit:1", "this cloud pulls from its own registry only"),
    ] {
        let wrong = elb.replace(from, to);
        assert_ne!(wrong, elb);
        let stack: StackDescription = test.create("wrong", &wrong, &parameters).await;
        assert_eq!(stack.status.as_str(), "ROLLBACK_COMPLETE");
        let reasons = test.reasons("wrong");
        assert!(reasons.contains("CannotPullContainerError") && reasons.contains(reason), "{reasons}");
        test.delete("wrong").await;
    }
}
