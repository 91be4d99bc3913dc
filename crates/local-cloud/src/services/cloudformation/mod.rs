//! CloudFormation: the engine over the cloud's resource types, and its wire handler.

mod change_set;
mod describe;
mod dynamic;
mod input;
mod page;
mod template;
mod wire;

use std::sync::Arc;

use ::cloudformation::engine::{Engine, EngineOptions};
use ::cloudformation::schema::SchemaError;

pub use wire::CloudFormationService;

use super::Services;
use crate::resources;

/// The engine of a region: its resource types work on the region's services, and outputs show where hosts really listen.
///
/// # Errors
/// The schema of a resource type is malformed.
pub(crate) fn engine(services: &Arc<Services>) -> Result<Engine, SchemaError> {
    Ok(Engine::new(resources::registry(services)?, engine_options(services)))
}

/// What the engine of a region is given: where hosts really listen, and what parameters and secrets hold.
#[must_use]
pub fn engine_options(services: &Arc<Services>) -> EngineOptions {
    let hosts = Arc::clone(&services.hosts);
    let (secrets, parameters) = (Arc::clone(&services.secrets), Arc::clone(&services.ssm));
    EngineOptions {
        account: services.context.account.clone(),
        region: services.context.region.clone(),
        present_output: Arc::new(move |text| hosts.present(text)),
        resolve_dynamic: Arc::new(move |reference| dynamic::resolve(&secrets, &parameters, reference)),
        signals: services.signals.clone(),
        ..EngineOptions::default()
    }
}
