use std::fmt;
use std::sync::Arc;

use data_plane::task::ImageRootfs;

use super::{ContainerDefinition, EcsError, public_image};
use crate::Services;

/// `registry/repository[:tag][@digest]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageReference {
    /// Empty where the reference names none, which means Docker Hub.
    pub registry: String,
    pub repository: String,
    /// A tag, or a digest that begins with `sha256:`.
    pub reference: String,
}

impl ImageReference {
    /// Reads a reference; without tag and digest it is `latest`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (text, None),
        };
        let (registry, path) = match name.split_once('/') {
            Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (first, rest),
            _ => ("", name),
        };
        let (repository, tag) = path.rsplit_once(':').unwrap_or((path, "latest"));
        Self {
            registry: registry.to_owned(),
            repository: repository.to_owned(),
            reference: digest.unwrap_or(tag).to_owned(),
        }
    }
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if self.reference.starts_with("sha256:") { '@' } else { ':' };
        if !self.registry.is_empty() {
            write!(f, "{}/", self.registry)?;
        }
        write!(f, "{}{separator}{}", self.repository, self.reference)
    }
}

fn cannot_pull(image: &str, why: &str) -> EcsError {
    EcsError::CannotStart(format!(
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {image}: {why}"
    ))
}

/// What a container runs: a public image that is played by this machine's programs (see [`public_image`]), or one from the
/// cloud's own registry.
pub(super) async fn of_container(
    services: &Services,
    container: &ContainerDefinition,
) -> Result<Arc<ImageRootfs>, EcsError> {
    let image = container.image.as_str();
    let reference = ImageReference::parse(image);
    match public_image::substitute(&reference, container, &services.context.launcher).await {
        None => pull(services, image).await,
        Some(played) => played
            .and_then(|played| services.ecs.images.substitute(&played).map_err(|error| error.to_string()))
            .map_err(|why| cannot_pull(image, &why)),
    }
}

/// Pulls an image from the cloud's own registry and unpacks it, or finds it unpacked.
pub(in crate::services) async fn pull(
    services: &Services,
    image: &str,
) -> Result<Arc<ImageRootfs>, EcsError> {
    let reference = ImageReference::parse(image);
    let cannot = |why: String| cannot_pull(image, &why);
    let context = &services.context;
    let aws_name = format!("{}.dkr.ecr.{}.amazonaws.com", context.account, context.region);
    if reference.registry != services.ecr.registry() && reference.registry != aws_name {
        return Err(cannot(format!(
            "this cloud pulls from its own registry only; push the image to a repository at {}",
            services.ecr.registry()
        )));
    }
    let image = services.ecr.image(&reference.repository, &reference.reference).await;
    let image = image.map_err(|error| cannot(format!("not found: {error}")))?;
    services.ecs.images.unpack(image).await.map_err(|error| cannot(error.to_string()))
}

/// The log group of a container, which must exist unless the driver may make it.
pub(super) fn log_group(
    services: &Services,
    container: &ContainerDefinition,
) -> Result<Option<String>, EcsError> {
    let Some(name) = container.log_option("awslogs-group") else { return Ok(None) };
    if container.log_option("awslogs-create-group") != Some("true") {
        services.check_log_group(name).map_err(|error| {
            EcsError::CannotStart(format!(
                "ResourceInitializationError: failed to validate logger args: failed to create Cloudwatch log stream: ResourceNotFoundException: {error}: {name}"
            ))
        })?;
    }
    Ok(Some(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_taken_apart() {
        for (text, registry, repository, reference) in [
            ("nginx", "", "nginx", "latest"),
            ("library/nginx:1", "", "library/nginx", "1"),
            ("127.0.0.1:4566/a/b:t", "127.0.0.1:4566", "a/b", "t"),
            (
                "0.dkr.ecr.us-east-1.amazonaws.com/app@sha256:ab",
                "0.dkr.ecr.us-east-1.amazonaws.com",
                "app",
                "sha256:ab",
            ),
            ("localhost/app:v@sha256:ab", "localhost", "app", "sha256:ab"),
        ] {
            let parsed = ImageReference::parse(text);
            assert_eq!(
                (parsed.registry.as_str(), parsed.repository.as_str(), parsed.reference.as_str()),
                (registry, repository, reference)
            );
        }
    }
}
