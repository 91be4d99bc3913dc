use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use data_plane::balancer::{Listener, TargetGroup};
use data_plane::task::{
    CircuitBreaker, DeploymentConfiguration, DeploymentState, ServiceSpec, TaskService, TaskSpec, TaskState,
};
use http::Request;
use tokio::task::JoinHandle;

use crate::support::{
    client, eventually, forward_to, get, is_alive, listener, listener_spec, send, target_group, task_context,
    task_spec, text, with_variable,
};

fn service_spec(task: TaskSpec, desired_count: u32, group: &Arc<TargetGroup>) -> ServiceSpec {
    ServiceSpec {
        name: "web".to_owned(),
        task,
        desired_count,
        target_groups: vec![Arc::clone(group)],
        deployment: DeploymentConfiguration {
            circuit_breaker: Some(CircuitBreaker { rollback: true }),
            ..DeploymentConfiguration::default()
        },
        health_check_grace_period: Duration::from_secs(5),
        force_new_deployment: false,
    }
}

async fn balanced() -> (Arc<TargetGroup>, Arc<Listener>) {
    let group = target_group();
    let listener = listener(listener_spec(forward_to(&[(&group, 1)]))).await;
    (group, listener)
}

/// Posts without a pause until told to stop; every answer must be 200. Gives the versions that answered.
fn load(address: SocketAddr, over: &Arc<AtomicBool>) -> JoinHandle<Vec<String>> {
    let over = Arc::clone(over);
    tokio::spawn(async move {
        let client = client();
        let mut versions = Vec::new();
        while !over.load(Ordering::Relaxed) {
            let request = Request::post(format!("http://{address}/version"));
            let answer = send(&client, request, "hello").await;
            assert_eq!(answer.status(), 200, "{}", text(&answer));
            versions.push(text(&answer).to_owned());
        }
        versions
    })
}

#[tokio::test]
async fn the_desired_count_runs_and_is_restored_when_a_task_dies() {
    let (spec, _image) = task_spec().await;
    let (group, listener) = balanced().await;
    let (context, _logs) = task_context();
    let service = TaskService::start(service_spec(spec, 2, &group), context);
    service.steady().await.unwrap();
    let status = service.status();
    assert_eq!((status.running, status.pending, status.desired), (2, 0, 2));
    assert!(status.events[0].message.contains("has reached a steady state"));
    let client = client();
    get(&client, listener.address(), "/healthz").await;
    let victim = status.tasks[0].process_id;
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(i32::try_from(victim).unwrap()).unwrap(),
        rustix::process::Signal::KILL,
    )
    .unwrap();
    eventually("another one is running", || {
        let status = service.status();
        status.running == 2 && status.tasks.iter().all(|task| task.process_id != victim)
    })
    .await;
    let events = service.status().events;
    assert!(events.iter().any(|event| event.message.contains("exited with code 137")), "{events:?}");
    let left: Vec<u32> = service.status().tasks.iter().map(|task| task.process_id).collect();
    service.stop().await;
    assert!(left.iter().all(|pid| !is_alive(*pid)));
    assert_eq!(group.targets(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_update_under_load_fails_no_request() {
    let (spec, _image) = task_spec().await;
    let (group, listener) = balanced().await;
    let (context, _logs) = task_context();
    let version = |number: &str, count: u32| {
        let mut task = with_variable(spec.clone(), "VERSION", number);
        task.definition = format!("web:{number}");
        service_spec(task, count, &group)
    };
    let service = TaskService::start(version("1", 2), context);
    service.steady().await.unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..8).map(|_| load(listener.address(), &over)).collect();
    for (number, count) in [("2", 2), ("3", 3), ("4", 1)] {
        tokio::time::sleep(Duration::from_millis(100)).await;
        service.update(version(number, count));
        service.steady().await.unwrap();
        let status = service.status();
        assert_eq!((status.running, status.deployments.len()), (count, 1));
        assert!(status.tasks.iter().all(|task| task.definition == format!("web:{number}")));
    }
    over.store(true, Ordering::Relaxed);
    for client in clients {
        let versions = client.await.unwrap();
        assert!(versions.len() > 20);
        assert_eq!(versions.last().map(String::as_str), Some("4"));
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_request_is_finished_before_its_task_is_stopped() {
    let (spec, _image) = task_spec().await;
    let (group, listener) = balanced().await;
    let (context, _logs) = task_context();
    let service =
        TaskService::start(service_spec(with_variable(spec.clone(), "VERSION", "1"), 1, &group), context);
    service.steady().await.unwrap();
    let address = listener.address();
    let slow = tokio::spawn(async move { get(&client(), address, "/slow?1500").await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    service.update(service_spec(with_variable(spec, "VERSION", "2"), 1, &group));
    eventually("the old task drains", || {
        service.status().tasks.iter().any(|task| task.state == TaskState::Draining)
    })
    .await;
    assert_eq!(text(&get(&client(), address, "/version").await), "2");
    assert_eq!(text(&slow.await.unwrap()), "slow");
    service.steady().await.unwrap();
}

#[tokio::test]
async fn scaling_keeps_the_tasks() {
    let (spec, _image) = task_spec().await;
    let (group, _listener) = balanced().await;
    let (context, _logs) = task_context();
    let service = TaskService::start(service_spec(spec.clone(), 1, &group), context);
    service.steady().await.unwrap();
    let first = service.status().tasks[0].clone();
    service.update(service_spec(spec.clone(), 3, &group));
    service.steady().await.unwrap();
    assert!(service.status().tasks.contains(&first));
    service.update(service_spec(spec.clone(), 1, &group));
    service.steady().await.unwrap();
    assert_eq!(service.status().tasks, [first]);
    service.update(service_spec(spec.clone(), 0, &group));
    service.steady().await.unwrap();
    assert_eq!(service.status().running, 0);
    let forced = ServiceSpec { force_new_deployment: true, ..service_spec(spec, 1, &group) };
    service.update(forced);
    service.steady().await.unwrap();
    assert_eq!(service.status().running, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_circuit_breaker_goes_back_to_what_ran_before() {
    let (spec, _image) = task_spec().await;
    let (group, listener) = balanced().await;
    let (context, _logs) = task_context();
    let good = service_spec(with_variable(spec.clone(), "VERSION", "1"), 2, &group);
    let service = TaskService::start(good.clone(), context);
    service.steady().await.unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..2).map(|_| load(listener.address(), &over)).collect();
    service.update(service_spec(with_variable(spec.clone(), "START", "crash"), 2, &group));
    let failure = service.steady().await.unwrap_err();
    assert!(failure.rolled_back);
    assert_eq!(
        failure.to_string(),
        "tasks failed to start: the essential container exited with code 1\n  Error: TOPIC_ARN is not set"
    );
    let status = service.status();
    assert_eq!((status.running, status.deployments.len()), (2, 1));
    over.store(true, Ordering::Relaxed);
    for client in clients {
        assert!(client.await.unwrap().iter().all(|version| version == "1"));
    }
    service.update(good);
    service.steady().await.unwrap();
    service.stop().await;
}

#[tokio::test]
async fn without_rollback_a_first_deployment_just_fails() {
    let (spec, _image) = task_spec().await;
    let (group, _listener) = balanced().await;
    let (context, _logs) = task_context();
    let mut broken = service_spec(with_variable(spec.clone(), "UNHEALTHY", "1"), 1, &group);
    broken.health_check_grace_period = Duration::ZERO;
    broken.deployment.circuit_breaker = Some(CircuitBreaker { rollback: false });
    let service = TaskService::start(broken, context);
    let failure = service.steady().await.unwrap_err();
    assert!(failure.reason.contains("failed the health checks of target group web"), "{failure}");
    assert!(!failure.rolled_back);
    assert_eq!(service.status().deployments[0].state, DeploymentState::Failed);
    eventually("nothing runs", || service.status().tasks.is_empty()).await;
    service.update(service_spec(spec, 1, &group));
    service.steady().await.unwrap();
    service.stop().await;
}

#[tokio::test]
async fn dropping_a_service_leaves_no_process() {
    let (spec, _image) = task_spec().await;
    let (group, _listener) = balanced().await;
    let (context, _logs) = task_context();
    let service = TaskService::start(service_spec(spec, 2, &group), context);
    service.steady().await.unwrap();
    let pids: Vec<u32> = service.status().tasks.iter().map(|task| task.process_id).collect();
    drop(service);
    eventually("both are gone", || pids.iter().all(|pid| !is_alive(*pid))).await;
}
