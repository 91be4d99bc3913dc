use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;

use super::compiled::CompiledResource;
use super::text::Text;
use super::throttle::Bucket;
use super::{Deployment, MethodSetting, StageSpec};

/// A deployment as one stage serves it.
pub(super) struct Stage {
    pub(super) spec: StageSpec,
    pub(super) deployment: Arc<Deployment>,
    /// `$stageVariables` for templates.
    pub(super) variables: IndexMap<String, String>,
    pub(super) access_log: Option<(String, Text)>,
    /// By resource and method; each method has a bucket of its own.
    buckets: Vec<BTreeMap<String, Bucket>>,
}

impl Stage {
    pub(super) fn new(spec: StageSpec, deployment: Arc<Deployment>) -> Self {
        let of_resource = |resource: &CompiledResource| {
            let throttles = resource.methods.keys().filter_map(|method| {
                let setting = most_specific(&spec.method_settings, &resource.path, method)?;
                Some((method.clone(), Bucket::new(setting.throttle?)))
            });
            throttles.collect()
        };
        let buckets = deployment.resources.iter().map(of_resource).collect();
        let access_log =
            spec.access_log.as_ref().map(|log| (log.log_group.clone(), Text::parse(&log.format)));
        let variables = spec.variables.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        Self { spec, deployment, variables, access_log, buckets }
    }

    /// Whether the stage's throttle lets a request to a method pass.
    pub(super) fn admits(&self, resource: usize, method: &str) -> bool {
        self.buckets.get(resource).and_then(|methods| methods.get(method)).is_none_or(Bucket::take)
    }
}

/// The setting for a method: its path counts more than its verb, and both more than wildcards.
fn most_specific<'a>(settings: &'a [MethodSetting], path: &str, method: &str) -> Option<&'a MethodSetting> {
    let rank = |setting: &MethodSetting| {
        let of_path = setting.resource_path == path;
        let of_method = setting.http_method == method;
        let fits = (of_path || matches!(setting.resource_path.as_str(), "/*" | "*"))
            && (of_method || setting.http_method == "*");
        fits.then_some((of_path, of_method))
    };
    settings
        .iter()
        .filter(|setting| setting.throttle.is_some() && rank(setting).is_some())
        .max_by_key(|setting| rank(setting))
}
