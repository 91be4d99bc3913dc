//! One template of the catalog.

use cloudformation::template::{MAX_INLINE_BYTES, Output, Parameter};
use indexmap::IndexMap;
use sha2::{Digest, Sha256};

use crate::source::Source;
use crate::{CatalogError, Problem};

/// The type whose deletion AWS spaces out.
const REST_API: &str = "AWS::ApiGateway::RestApi";

/// A template, read and checked for its shape.
#[derive(Clone, Debug)]
pub struct Template {
    name: String,
    file: String,
    sha256: String,
    document: cloudformation::Template,
}

impl Template {
    pub(crate) fn read(source: &Source) -> Result<Self, CatalogError> {
        let read = |problem| CatalogError::Template { file: source.file.clone(), problem };
        if source.body.len() > MAX_INLINE_BYTES {
            return Err(read(Problem::TooLong { bytes: source.body.len() }));
        }
        if !is_stack_suffix(&source.stem) {
            return Err(read(Problem::Name { stem: source.stem.clone() }));
        }
        let document =
            cloudformation::Template::parse(&source.body).map_err(|error| read(Problem::Format(error)))?;
        Ok(Self {
            name: source.stem.clone(),
            file: source.file.clone(),
            sha256: hex::encode(Sha256::digest(source.body.as_bytes())),
            document,
        })
    }

    /// The file's stem, which is also the suffix of the stack's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the template comes from, as the user knows it: `templates/variants/<id>.yaml` for a built-in one.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The template's text.
    #[must_use]
    pub fn body(&self) -> &str {
        self.document.text()
    }

    /// SHA-256 of the text, in hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The first line of what `deploy list` says about it.
    #[must_use]
    pub fn description(&self) -> &str {
        self.document.description()
    }

    /// The parameters in the order of the template.
    #[must_use]
    pub fn parameters(&self) -> &IndexMap<String, Parameter> {
        self.document.parameters()
    }

    /// The outputs in the order of the template.
    #[must_use]
    pub fn outputs(&self) -> &IndexMap<String, Output> {
        self.document.outputs()
    }

    /// The capabilities to acknowledge, such as `CAPABILITY_IAM`.
    #[must_use]
    pub fn capabilities(&self) -> Vec<String> {
        self.document.capabilities().0.iter().map(ToString::to_string).collect()
    }

    /// How many REST APIs it declares; AWS deletes one per 30 seconds.
    #[must_use]
    pub fn rest_apis(&self) -> u32 {
        let count =
            self.document.resources().values().filter(|resource| resource.type_name == REST_API).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// The whole template.
    #[must_use]
    pub fn document(&self) -> &cloudformation::Template {
        &self.document
    }

    pub(crate) fn problem(&self, problem: Problem) -> CatalogError {
        CatalogError::Template { file: self.file.clone(), problem }
    }
}

/// Whether a stem can stand behind `<prefix>-` in a stack's name, in a URL and on a command line.
fn is_stack_suffix(stem: &str) -> bool {
    stem.len() <= 63
        && stem.starts_with(|first: char| first.is_ascii_lowercase())
        && stem.chars().all(|one| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '-')
}
