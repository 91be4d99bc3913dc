//! Looks for what a deletion left behind.

use serde::{Deserialize, Serialize};

/// Something that should be gone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Leftover {
    /// `stack`, `log group`, or a resource type as in its ARN (`sqs`, `ecs:service`).
    pub kind: String,
    /// A name or an ARN by which it is found.
    pub name: String,
}
