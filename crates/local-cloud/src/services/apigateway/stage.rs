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
    /// The size of the cache in GB as the template writes it, where the stage has one.
    pub cache_size: Option<String>,
    pub tags: BTreeMap<String, String>,
    /// Milliseconds since the epoch.
    pub created_at: i64,
}

impl Stage {
    /// The cache's size in bytes.
    fn cache_capacity(&self) -> Option<usize> {
        let gigabytes: f64 = self.cache_size.as_ref()?.parse().ok()?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "sizes are 0.5 to 237 GB")]
        Some((gigabytes * 1_073_741_824.0) as usize)
    }

    pub(super) fn spec(&self) -> StageSpec {
        StageSpec {
            name: self.name.clone(),
            variables: self.variables.clone(),
            access_log: self.access_log.clone(),
            method_settings: self.method_settings.clone(),
            tracing: self.tracing,
            cache_capacity: self.cache_capacity(),
        }
    }
}
