//! Resources that count as created only when they say so.

use std::time::Duration;

use crate::support::{TestCloud, input};
use cloudformation::StackStatus;
use cloudformation::signals::{Signal, Signals};

const HOST: &str = "
Resources:
  Host:
    Type: AWS::EC2::Instance
    CreationPolicy: {ResourceSignal: {Timeout: PT1M}}
    Properties: {ImageId: ami-1}
  After: {Type: Test::Thing::Item, Properties: {Input: !Ref Host}}
";

fn signal(success: bool) -> Signal {
    Signal { unique_id: "host-1".to_owned(), success, detail: None }
}

/// Signals as soon as somebody waits.
async fn say(signals: &Signals, success: bool) {
    while signals.send("s", "Host", signal(success)).is_err() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn cloud() -> (TestCloud, Signals) {
    let signals = Signals::default();
    (TestCloud::with(|options| options.signals = signals.clone()), signals)
}

#[tokio::test]
async fn what_follows_waits_for_the_signal() {
    let (cloud, signals) = cloud();
    let (created, ()) = tokio::join!(cloud.create(HOST), say(&signals, true));
    assert_eq!(created.status, StackStatus::CreateComplete);
    let events = cloud.events("s");
    let at =
        |text: &str| events.iter().position(|event| event == text).unwrap_or_else(|| panic!("{events:?}"));
    let received = at("Host CREATE_IN_PROGRESS Received SUCCESS signal with UniqueId host-1");
    let complete = at("Host CREATE_COMPLETE");
    assert!(received < complete && complete < at("After CREATE_IN_PROGRESS"));
    let late = cloud.engine.signal_resource("s", "Host", signal(true)).unwrap_err().to_string();
    assert_eq!(late, "Resource Host is in CREATE_COMPLETE state and cannot be signaled");
    let unknown = cloud.engine.signal_resource("s", "Other", signal(true)).unwrap_err().to_string();
    assert_eq!(unknown, "Resource Other does not exist for stack s");
}

#[tokio::test]
async fn a_failure_is_rolled_back() {
    let (cloud, signals) = cloud();
    let (created, ()) = tokio::join!(cloud.create(HOST), say(&signals, false));
    assert_eq!(created.status, StackStatus::RollbackComplete);
    assert_eq!(cloud.calls(), ["create Host", "delete Host"]);
    assert!(cloud.existing().is_empty());
}

/// The old one goes only after the new one has said that it is ready; one that fails leaves the old one alone.
#[tokio::test]
async fn a_replacement_waits_too() {
    let (cloud, signals) = cloud();
    tokio::join!(cloud.create(HOST), say(&signals, true));
    let other = input("s", &HOST.replace("ami-1", "ami-2"));
    cloud.engine.update_stack(&other).unwrap();
    say(&signals, false).await;
    assert_eq!(cloud.engine.wait("s").await.unwrap().status, StackStatus::UpdateRollbackComplete);
    assert_eq!(cloud.engine.resource("s", "Host").unwrap().physical_id, "host-1");
    cloud.engine.update_stack(&other).unwrap();
    say(&signals, true).await;
    assert_eq!(cloud.engine.wait("s").await.unwrap().status, StackStatus::UpdateComplete);
    let host = cloud.engine.resource("s", "Host").unwrap().physical_id;
    assert!(host != "host-1" && cloud.existing().contains(&host), "{host}");
    assert_eq!(cloud.calls().pop().unwrap(), "delete Host");
}
