//! A host on EC2: booted from the project's own user data, moved to another instance under load, taken down.

use std::collections::BTreeSet;
use std::path::Path;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use local_cloud::services::s3::ObjectAttributes;
use local_cloud::wire::WireRequest;

use crate::support::{
    Load, Parameters, TestCloud, container_script, eventually, http_client, post, template,
};

const VARIANT: &str = "variants/publish-ec2";

/// The foundation, and a program in its bucket.
async fn prepared(test: &TestCloud, program: &str) -> Parameters {
    let mut parameters = test.foundation().await;
    put(test, &mut parameters, "container/program-1", program).await;
    parameters
}

async fn put(test: &TestCloud, parameters: &mut Parameters, key: &str, program: &str) {
    let (bucket, bytes) = (&parameters["ArtifactsBucket"], Bytes::from(program.to_owned()));
    test.services().s3.put_object(bucket, key, bytes, ObjectAttributes::default()).await.unwrap();
    parameters.insert("ProgramKey".to_owned(), key.to_owned());
}

/// What EC2 says.
async fn query(test: &TestCloud, action: &str) -> String {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/x-www-form-urlencoded"));
    let form = format!("Action={action}&Version=2016-11-15");
    let request = WireRequest::new(Method::POST, Uri::from_static("/"), headers, Bytes::from(form));
    String::from_utf8(test.cloud.router().call(request).await.body.to_vec()).unwrap()
}

fn pids(test: &TestCloud) -> BTreeSet<u32> {
    test.cloud.router().inventory().processes.iter().map(|process| process.pid).collect()
}

fn assert_nothing_runs(test: &TestCloud) {
    let inventory = test.cloud.router().inventory();
    assert!(inventory.processes.is_empty() && inventory.ports.is_empty(), "{inventory:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_instance_takes_over_under_load_without_a_failed_request() {
    let test = TestCloud::start().await;
    let mut parameters = prepared(&test, &container_script()).await;
    let outputs = test.created("host", &template(VARIANT), &parameters).await;
    assert!(outputs["Url"].starts_with("http://127.0.0.1:"), "{outputs:?}");
    let (client, url) = (http_client(), format!("{}/publish", outputs["Url"]));
    assert_eq!(post(&client, &url, "text/plain", "hello").await, (StatusCode::OK, "hello".to_owned()));
    let before = pids(&test);
    assert_eq!(before.len(), 2, "nginx and the program");
    let told = test.engine.events("host").unwrap();
    let told: Vec<String> = told.iter().filter_map(|event| event.reason.clone()).collect();
    assert!(told.iter().any(|reason| reason.starts_with("nginx on the instance is played by ")), "{told:?}");
    assert!(
        told.iter().any(|reason| reason.starts_with("Received SUCCESS signal with UniqueId i-")),
        "{told:?}"
    );

    let described =
        query(&test, "DescribeInstances&Filter.1.Name=instance-type&Filter.1.Value.1=t3.mi*").await;
    for part in [
        "<instanceType>t3.micro</instanceType>",
        "<httpTokens>required</httpTokens>",
        "<ipAddress>198.18.0.1</ipAddress>",
        "<instanceState><code>16</code><name>running</name></instanceState>",
    ] {
        assert!(described.contains(part), "{part} is not in {described}");
    }
    let none = query(&test, "DescribeInstances&Filter.1.Name=instance-type&Filter.1.Value.1=t3.small").await;
    assert!(none.contains("<reservationSet></reservationSet>"), "{none}");
    let wrong = query(&test, "DescribeInstances&Filter.1.Name=colour&Filter.1.Value.1=red").await;
    assert!(wrong.contains("<Code>InvalidParameterValue</Code>"), "{wrong}");
    let addresses = query(&test, "DescribeAddresses").await;
    assert!(addresses.contains("<publicIp>198.18.0.1</publicIp><allocationId>eipalloc-"), "{addresses}");

    let load = Load::start(url.clone());
    parameters.insert("InstanceType".to_owned(), "t3.small".to_owned());
    let after = test.updated("host", &template(VARIANT), &parameters).await;
    let (served, failures) = load.stop().await;
    assert!(served > 0 && failures.is_empty(), "{served} served, {failures:?}");
    assert_eq!(after, outputs, "the address stays");
    let now = pids(&test);
    assert!(now.len() == 2 && now.is_disjoint(&before), "{before:?} {now:?}");
    let (_, memory) = post(&client, &format!("{}/memory", outputs["Url"]), "text/plain", "").await;
    assert_eq!(memory, (2048_u64 * 1024 * 1024).to_string());

    assert_eq!(test.delete("host").await, "DELETE_COMPLETE", "{}", test.reasons("host"));
    assert_nothing_runs(&test);
    let alive = || before.iter().chain(&now).any(|pid| Path::new(&format!("/proc/{pid}")).exists());
    eventually("no process is left", || !alive()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_does_not_serve_leaves_the_old_instance_alone() {
    let test = TestCloud::start().await;
    let mut parameters = prepared(&test, &container_script()).await;
    // One question more, so that the test does not wait for half a minute.
    let quick = template(VARIANT).replace("--retry 30", "--retry 1");
    let outputs = test.created("host", &quick, &parameters).await;
    let before = pids(&test);
    let load = Load::start(format!("{}/publish", outputs["Url"]));
    put(&test, &mut parameters, "container/program-2", "#!/bin/sh\necho 'Error: no' >&2\nexit 1\n").await;
    let stack = test.update("host", &quick, &parameters).await;
    assert_eq!(stack.status.as_str(), "UPDATE_ROLLBACK_COMPLETE", "{}", test.reasons("host"));
    let reasons = test.reasons("host");
    assert!(reasons.contains("Received 1 FAILURE signal(s) out of 1."), "{reasons}");
    assert!(reasons.contains("curl http://127.0.0.1:80/healthz: "), "{reasons}");
    let (served, failures) = load.stop().await;
    assert!(served > 0 && failures.is_empty(), "{served} served, {failures:?}");
    assert_eq!(pids(&test), before);
    let group = test.services().logs.group(&outputs["LogGroupName"]).unwrap();
    let names: Vec<String> = group.streams().iter().map(|stream| stream.name.clone()).collect();
    let text = names.join(" ");
    assert!(text.contains("/program") && text.contains("/cloud-init"), "{text}");
    test.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_host_here_cannot_do_is_refused_with_words() {
    let test = TestCloud::start().await;
    let parameters = prepared(&test, &container_script()).await;
    let whole = template(VARIANT);
    for (from, to, words) in [
        ("packages: [amazon-cloudwatch-agent, nginx]", "packages: [httpd]", "no stand-in for httpd"),
        ("#cloud-config", "#!/bin/sh", "runs no shell scripts on your machine"),
        ("chmod 755 /opt/publish/container", "rm -rf /", "\"rm -rf /\": there is no stand-in"),
        ("client_max_body_size 1m", "root /srv", "`root /srv` is not known here"),
        ("LimitNOFILE=65535", "CPUQuota=5%", "no process here is held to that"),
        ("al2023-ami-kernel-default-x86_64", "al2023-ami-kernel-default-arm64", "is for arm64"),
        ("Action: s3:GetObject", "Action: s3:GetObjectAcl", "may not do s3:GetObject on"),
        ("Service: ec2.amazonaws.com", "Service: lambda.amazonaws.com", "does not trust ec2.amazonaws.com"),
    ] {
        let wrong = whole.replace(from, to);
        assert_ne!(wrong, whole, "{from}");
        let stack = test.create("wrong", &wrong, &parameters).await;
        assert_eq!(stack.status.as_str(), "ROLLBACK_COMPLETE", "{to}");
        let reasons = test.reasons("wrong");
        assert!(reasons.contains(words), "{to}: {reasons}");
        test.delete("wrong").await;
        assert_nothing_runs(&test);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_security_group_closes_the_address() {
    let test = TestCloud::start().await;
    let parameters = prepared(&test, &container_script()).await;
    let whole = template(VARIANT);
    let outputs = test.created("host", &whole, &parameters).await;
    let (client, url) = (http_client(), format!("{}/publish", outputs["Url"]));
    assert_eq!(post(&client, &url, "text/plain", "a").await.0, StatusCode::OK);
    let closed = whole.replace("FromPort: 80, ToPort: 80", "FromPort: 81, ToPort: 81");
    test.updated("host", &closed, &parameters).await;
    let fresh = http_client();
    assert_eq!(post(&fresh, &url, "text/plain", "a").await.0, StatusCode::IM_A_TEAPOT);
    test.cloud.stop().await;
}
