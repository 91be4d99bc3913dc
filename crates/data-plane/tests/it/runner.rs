use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use data_plane::balancer::{HealthCheck, HealthCheckProtocol};
use data_plane::runner::{Runner, RunnerSpec, Scaling};
use data_plane::task::TaskSpec;
use futures::future::join_all;
use http::Request;

use crate::support::{client, eventually, get, is_alive, send, task_context, task_spec, text, with_variable};

fn spec(task: TaskSpec, min_size: u32, max_size: u32, max_concurrency: u32) -> RunnerSpec {
    RunnerSpec {
        name: "web".to_owned(),
        task,
        health_check: HealthCheck {
            path: "/healthz".to_owned(),
            interval: Duration::from_secs(1),
            timeout: Duration::from_millis(500),
            ..HealthCheck::default()
        },
        scaling: Scaling { min_size, max_size, max_concurrency },
    }
}

async fn started(spec: RunnerSpec) -> Runner {
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (context, _logs) = task_context();
    let runner = Runner::start(spec, socket, context).unwrap();
    runner.steady().await.unwrap();
    runner
}

/// The statuses of slow requests sent at the same time, and how often each came.
async fn slow(runner: &Runner, count: usize) -> BTreeMap<u16, usize> {
    let client = client();
    let answers = (0..count).map(|_| get(&client, runner.address(), "/slow?400"));
    let mut statuses = BTreeMap::new();
    for answer in join_all(answers).await {
        *statuses.entry(answer.status().as_u16()).or_default() += 1;
    }
    statuses
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_all_instances_can_serve_is_refused() {
    let (task, _image) = task_spec().await;
    let runner = started(spec(task, 1, 1, 3)).await;
    assert_eq!(slow(&runner, 8).await, BTreeMap::from([(200, 3), (429, 5)]));
    assert_eq!(runner.status().requests, 0);
    assert_eq!(slow(&runner, 3).await, BTreeMap::from([(200, 3)]));
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_are_started_on_demand_and_requests_wait_for_them() {
    let (task, _image) = task_spec().await;
    let runner = started(spec(with_variable(task, "START", "100"), 1, 3, 2)).await;
    assert_eq!(runner.status().instances.running, 1);
    let client = client();
    let pids = join_all((0..6).map(|_| async {
        let pid = get(&client, runner.address(), "/slow?300").await;
        assert_eq!(pid.status(), 200);
    }));
    pids.await;
    assert_eq!(runner.status().instances.desired, 3);
    runner.steady().await.unwrap();
    assert_eq!(runner.status().instances.running, 3);
    assert_eq!(slow(&runner, 7).await, BTreeMap::from([(200, 6), (429, 1)]));
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_fails_no_request() {
    let (task, _image) = task_spec().await;
    let version = |number: &str| spec(with_variable(task.clone(), "VERSION", number), 2, 4, 20);
    let runner = Arc::new(started(version("1")).await);
    let over = Arc::new(AtomicBool::new(false));
    let load = |over: Arc<AtomicBool>| {
        let address = runner.address();
        tokio::spawn(async move {
            let client = client();
            let mut last = String::new();
            while !over.load(Ordering::Relaxed) {
                let request = Request::post(format!("http://{address}/version"));
                let answer = send(&client, request, "hello").await;
                assert_eq!(answer.status(), 200, "{}", text(&answer));
                text(&answer).clone_into(&mut last);
            }
            last
        })
    };
    let clients: Vec<_> = (0..6).map(|_| load(Arc::clone(&over))).collect();
    for number in ["2", "3"] {
        tokio::time::sleep(Duration::from_millis(100)).await;
        runner.deploy(version(number)).await.unwrap();
    }
    let broken = RunnerSpec { task: with_variable(task.clone(), "START", "crash"), ..version("4") };
    let failure = runner.deploy(broken).await.unwrap_err();
    assert!(failure.reason.contains("exited with code 1"), "{failure}");
    // Other bounds alone keep the instances.
    let before = runner.status().instances.tasks;
    runner
        .deploy(RunnerSpec {
            scaling: Scaling { min_size: 2, max_size: 9, max_concurrency: 30 },
            ..version("3")
        })
        .await
        .unwrap();
    assert_eq!(runner.status().instances.tasks, before);
    over.store(true, Ordering::Relaxed);
    for client in clients {
        assert_eq!(client.await.unwrap(), "3");
    }
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_service_runs_nothing_and_keeps_its_address() {
    let (task, _image) = task_spec().await;
    let mut tcp = spec(task, 1, 2, 5);
    tcp.health_check.protocol = HealthCheckProtocol::Tcp;
    let runner = started(tcp).await;
    let pid = runner.status().instances.tasks[0].process_id;
    runner.pause().await.unwrap();
    assert!(!is_alive(pid) && runner.status().paused);
    let client = client();
    assert_eq!(get(&client, runner.address(), "/version").await.status(), 404);
    runner.resume().await.unwrap();
    assert_eq!(get(&client, runner.address(), "/version").await.status(), 200);
    let pid = runner.status().instances.tasks[0].process_id;
    runner.stop().await;
    eventually("nothing is left", || !is_alive(pid)).await;
}
