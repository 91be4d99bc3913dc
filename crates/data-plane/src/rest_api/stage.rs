use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use super::cache::{Policy, ResponseCache};
use super::compiled::CompiledResource;
use super::text::Text;
use super::throttle::Bucket;
use super::{Deployment, MethodSetting, StageSpec};

/// How long answers are kept unless a setting says otherwise.
const DEFAULT_TTL: Duration = Duration::from_mins(5);

/// A deployment as one stage serves it.
pub(super) struct Stage {
    pub(super) spec: StageSpec,
    pub(super) deployment: Arc<Deployment>,
    /// `$stageVariables` for templates.
    pub(super) variables: IndexMap<String, String>,
    pub(super) access_log: Option<(String, Text)>,
    pub(super) cache: Option<ResponseCache>,
    /// By resource and method; each method has a bucket of its own.
    buckets: Vec<BTreeMap<String, Bucket>>,
    /// By resource and method: those whose answers are kept.
    cached: Vec<BTreeMap<String, Policy>>,
}

impl Stage {
    pub(super) fn new(spec: StageSpec, deployment: Arc<Deployment>) -> Self {
        let of_resource = |resource: &CompiledResource| {
            let throttles = resource.methods.keys().filter_map(|method| {
                let throttle = |setting: &MethodSetting| setting.throttle;
                let (_, throttle) = most_specific(&spec.method_settings, &resource.path, method, throttle)?;
                Some((method.clone(), Bucket::new(throttle)))
            });
            throttles.collect()
        };
        let cached_of = |resource: &CompiledResource| {
            let methods = resource.methods.keys();
            methods
                .filter_map(|method| Some((method.clone(), cached(&spec, &resource.path, method)?)))
                .collect()
        };
        let cached = deployment.resources.iter().map(cached_of).collect();
        let cache = spec.cache_capacity.map(ResponseCache::new);
        let buckets = deployment.resources.iter().map(of_resource).collect();
        let access_log =
            spec.access_log.as_ref().map(|log| (log.log_group.clone(), Text::parse(&log.format)));
        let variables = spec.variables.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        Self { spec, deployment, variables, access_log, cache, buckets, cached }
    }

    /// Whether the stage's throttle lets a request to a method pass.
    pub(super) fn admits(&self, resource: usize, method: &str) -> bool {
        self.buckets.get(resource).and_then(|methods| methods.get(method)).is_none_or(Bucket::take)
    }

    /// How answers of a method are kept, if they are.
    pub(super) fn cache_policy(&self, resource: usize, method: &str) -> Option<Policy> {
        self.cached.get(resource)?.get(method).copied()
    }
}

/// How a stage keeps a method's answers. Unless a setting names the method, only those of `GET` are kept.
fn cached(spec: &StageSpec, path: &str, method: &str) -> Option<Policy> {
    spec.cache_capacity?;
    let settings = &spec.method_settings;
    let (setting, enabled) = most_specific(settings, path, method, |setting| setting.cache.enabled)?;
    let ttl = most_specific(settings, path, method, |setting| setting.cache.ttl);
    let ttl = ttl.map_or(DEFAULT_TTL, |(_, ttl)| ttl);
    let encrypted = most_specific(settings, path, method, |setting| setting.cache.encrypted);
    let keeps = enabled && !ttl.is_zero() && (method == "GET" || setting.http_method == method);
    keeps.then(|| Policy { ttl, encrypted: encrypted.is_some_and(|(_, encrypted)| encrypted) })
}

/// The setting for a method that says something, and what: its path counts more than its verb, and both more than
/// wildcards.
fn most_specific<'a, T>(
    settings: &'a [MethodSetting],
    path: &str,
    method: &str,
    says: impl Fn(&MethodSetting) -> Option<T>,
) -> Option<(&'a MethodSetting, T)> {
    let rank = |setting: &MethodSetting| {
        let of_path = setting.resource_path == path;
        let of_method = setting.http_method == method;
        let fits = (of_path || matches!(setting.resource_path.as_str(), "/*" | "*"))
            && (of_method || setting.http_method == "*");
        fits.then_some((of_path, of_method))
    };
    let fitting = settings.iter().filter(|setting| rank(setting).is_some() && says(setting).is_some());
    let setting = fitting.max_by_key(|setting| rank(setting))?;
    says(setting).map(|said| (setting, said))
}
