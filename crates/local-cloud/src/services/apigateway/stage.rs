use std::collections::BTreeMap;

use data_plane::rest_api::{AccessLog, MethodSetting, StageSpec};

/// A stage: a deployment under a name.
#[derive(Clone, Debug, Default)]
pub struct Stage {
    pub name: String,
    /// ID of the deployment it serves.
    pub deployment: String,
    pub description: Option<String>,
    pub variables: BTreeMap<String, String>,
    pub access_log: Option<AccessLog>,
    pub method_settings: Vec<MethodSetting>,
    pub tracing: bool,
    pub tags: BTreeMap<String, String>,
    /// Milliseconds since the epoch.
    pub created_at: i64,
}

impl Stage {
    pub(super) fn spec(&self) -> StageSpec {
        StageSpec {
            name: self.name.clone(),
            variables: self.variables.clone(),
            access_log: self.access_log.clone(),
            method_settings: self.method_settings.clone(),
            tracing: self.tracing,
        }
    }
}
