use std::time::{Duration, Instant};

use data_plane::task::{Task, TaskError, TaskSpec};
use serde_json::Value;

use crate::support::{client, eventually, get, is_alive, task_context, task_spec, text, with_variable};

async fn listening(logs: &crate::support::Memory) {
    eventually("the service listens", || logs.messages("web").iter().any(|line| line == "listening")).await;
}

#[tokio::test]
async fn a_task_serves_on_its_own_port_and_stops_gracefully() {
    let (spec, _image) = task_spec().await;
    let (context, logs) = task_context();
    let task = Task::start(&with_variable(spec, "VERSION", "seven"), &context).unwrap();
    listening(&logs).await;
    let client = client();
    assert_eq!(text(&get(&client, task.address(), "/version").await), "seven");
    let seen: Value = serde_json::from_slice(get(&client, task.address(), "/x").await.body()).unwrap();
    assert_eq!(seen["uri"], "/x");
    let slow = get(&client, task.address(), "/slow?300");
    let stop = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        task.stop(Duration::from_secs(5)).await
    };
    let (slow, exit) = tokio::join!(slow, stop);
    assert_eq!((text(&slow), exit.code), ("slow", 0));
    assert_eq!(exit.last_lines, ["listening", "stopped"]);
}

#[tokio::test]
async fn a_task_that_ignores_sigterm_is_killed_after_its_timeout() {
    let (spec, _image) = task_spec().await;
    let (context, logs) = task_context();
    let task = Task::start(&with_variable(spec, "STUBBORN", "1"), &context).unwrap();
    listening(&logs).await;
    let begun = Instant::now();
    let exit = task.stop(Duration::from_millis(300)).await;
    assert_eq!(exit.code, 137);
    assert!((300..2000).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn dropping_a_task_kills_its_whole_group() {
    let (spec, _image) = task_spec().await;
    let (context, logs) = task_context();
    let script = "sleep 600 & echo $!; wait";
    let spec = TaskSpec {
        entry_point: Some(vec!["/app/sh".to_owned()]),
        command: Some(vec!["-c".to_owned(), script.to_owned()]),
        ..spec
    };
    std::fs::copy("/bin/sh", spec.rootfs.path.join("app/sh")).unwrap();
    let task = Task::start(&spec, &context).unwrap();
    eventually("the child is known", || !logs.messages("web").is_empty()).await;
    let child: u32 = logs.messages("web")[0].parse().unwrap();
    assert!(is_alive(child));
    drop(task);
    eventually("the grandchild is gone", || !is_alive(child)).await;
}

#[tokio::test]
async fn programs_are_looked_for_in_the_image_alone() {
    let (spec, _image) = task_spec().await;
    let (context, _logs) = task_context();
    let start = |program: &str| {
        let entry_point = Some(vec![program.to_owned()]);
        let found =
            Task::start(&TaskSpec { entry_point, command: Some(Vec::new()), ..spec.clone() }, &context);
        found.map(|_| ())
    };
    assert!(matches!(start("/bin/sh"), Err(TaskError::ProgramNotFound { .. })));
    assert!(matches!(start("sh"), Err(TaskError::ProgramNotFound { .. })));
    assert!(matches!(start("/app"), Err(TaskError::ProgramNotFound { .. })));
    std::fs::create_dir_all(spec.rootfs.path.join("usr/bin")).unwrap();
    std::os::unix::fs::symlink("/app/server", spec.rootfs.path.join("usr/bin/linked")).unwrap();
    std::os::unix::fs::symlink("/loop", spec.rootfs.path.join("loop")).unwrap();
    start("linked").unwrap();
    start("./server").unwrap();
    start("/../../app/server").unwrap();
    assert!(start("/loop").is_err());
    let none = TaskSpec { entry_point: Some(Vec::new()), ..spec.clone() };
    assert!(matches!(Task::start(&none, &context), Err(TaskError::NoProgram { .. })));
}

#[tokio::test]
async fn the_exit_code_and_the_last_lines_are_told() {
    let (spec, _image) = task_spec().await;
    let (context, _logs) = task_context();
    let task = Task::start(&with_variable(spec, "START", "crash"), &context).unwrap();
    let exit = task.exited().await;
    assert_eq!((exit.code, exit.last_lines), (1, vec!["Error: TOPIC_ARN is not set".to_owned()]));
}
