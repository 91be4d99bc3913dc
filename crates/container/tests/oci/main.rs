//! The image that this project builds, as Debian's registry gives it back and runc runs it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on panics")]

mod bundle;
mod running;

#[path = "../service/mod.rs"]
mod service;

#[path = "../../../workload/tests/topic/mod.rs"]
mod topic;

#[expect(dead_code, reason = "another test shares this module, and this one uses a part of it")]
#[path = "../../../artifacts/tests/oci/debian.rs"]
mod debian;

#[expect(dead_code, reason = "another test shares this module, and this one uses a part of it")]
#[path = "../../../artifacts/tests/oci/skopeo.rs"]
mod skopeo;

#[path = "../../../artifacts/tests/oci/tool.rs"]
mod tool;
