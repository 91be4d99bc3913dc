use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use data_plane::launcher::Limits;

use crate::support::{FIXTURE, eventually, is_alive, launcher};

#[tokio::test]
async fn killing_the_parent_leaves_no_child() {
    let mut parent = Command::new(FIXTURE).arg("cloud").stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(parent.stdout.take().unwrap()).lines();
    let children: Vec<u32> = (0..2).map(|_| lines.next().unwrap().unwrap().parse().unwrap()).collect();
    eventually("both children sleep", || {
        children.iter().all(|pid| {
            std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "sleep")
        })
    })
    .await;
    parent.kill().unwrap();
    parent.wait().unwrap();
    eventually("no child is left", || children.iter().all(|pid| !is_alive(*pid))).await;
}

#[tokio::test]
async fn limits_and_arguments_reach_the_program() {
    let limits = Limits { data_bytes: Some(512 * 1024 * 1024), open_files: Some(77) };
    let mut command = launcher().command(&limits, Path::new("/bin/sh"));
    let output = command.args(["-c", "ulimit -n; ulimit -d; echo $0", "a b"]).output().await.unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "77\n524288\na b\n");
}

#[tokio::test]
async fn a_missing_program_and_a_wrong_option_are_named() {
    let output = launcher().command(&Limits::default(), Path::new("/no/such")).output().await.unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("No such file"), "{output:?}");
    let output = Command::new(FIXTURE).args(["launch", "--colour", "1"]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("--colour"), "{output:?}");
}
