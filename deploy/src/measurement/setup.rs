//! What a measured variant is.

use catalog::Catalog;

use crate::commands::status::settings_of;
use crate::failure::Failure;
use crate::work::Subject;

/// The parameter of a variant that says whether each request leaves a line in a log, and its value where it does.
const ACCESS_LOG: &str = "AccessLog";
const LOGGED: &str = "on";

/// A deployed variant as a report describes it.
pub fn setup(catalog: &Catalog, subject: &Subject) -> Result<report::Setup, Failure> {
    let variant = catalog.variant(&subject.variant)?;
    Ok(report::Setup {
        title: variant.title.clone(),
        hops: variant.hops.clone(),
        template_sha256: Some(variant.template.sha256().to_owned()),
        settings: settings_of(variant, &subject.parameters),
        url: subject.url.clone(),
        // Variants without the parameter log in a way of their own, which cannot be told from here.
        access_log: subject.parameters.get(ACCESS_LOG).map(|value| value == LOGGED),
        bill: None,
    })
}
