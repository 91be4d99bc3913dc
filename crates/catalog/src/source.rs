//! Where templates come from: the program itself, and a directory of the user's.

use std::fs;
use std::path::Path;

use include_dir::{Dir, include_dir};

use crate::{CatalogError, Problem};

static BUILT_IN: Dir = include_dir!("$CARGO_MANIFEST_DIR/../../templates");

/// File name extensions of templates.
const EXTENSIONS: [&str; 4] = ["yaml", "yml", "json", "template"];

/// The text of a template.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) stem: String,
    /// The path as the user knows it.
    pub(crate) file: String,
    pub(crate) body: String,
}

/// The texts of a set of templates, each list in order of file names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    pub(crate) foundation: Vec<Source>,
    pub(crate) variants: Vec<Source>,
}

impl Sources {
    /// The templates that the program carries.
    pub(crate) fn built_in() -> Result<Self, CatalogError> {
        Ok(Self { foundation: embedded("foundation")?, variants: embedded("variants")? })
    }

    /// A user's templates: variants lie in the directory itself or in `variants`, foundation stacks in `foundation`.
    pub(crate) fn directory(path: &Path) -> Result<Self, CatalogError> {
        let mut variants = files(path)?;
        variants.extend(optional(&path.join("variants"))?);
        let sources = Self { foundation: optional(&path.join("foundation"))?, variants };
        if sources.foundation.is_empty() && sources.variants.is_empty() {
            return Err(CatalogError::NoTemplates { path: path.to_owned() });
        }
        Ok(sources)
    }
}

fn embedded(folder: &str) -> Result<Vec<Source>, CatalogError> {
    let mut sources = Vec::new();
    for file in BUILT_IN.get_dir(folder).map(Dir::files).into_iter().flatten() {
        let shown = format!("templates/{}", file.path().display());
        if let Some(stem) = stem(file.path()) {
            sources.push(source(stem, shown, file.contents())?);
        }
    }
    sources.sort_by(|one, other| one.file.cmp(&other.file));
    Ok(sources)
}

fn optional(path: &Path) -> Result<Vec<Source>, CatalogError> {
    if path.is_dir() { files(path) } else { Ok(Vec::new()) }
}

fn files(path: &Path) -> Result<Vec<Source>, CatalogError> {
    let failed = |path: &Path, source| CatalogError::Read { path: path.to_owned(), source };
    let mut sources = Vec::new();
    for entry in fs::read_dir(path).map_err(|error| failed(path, error))? {
        let file = entry.map_err(|error| failed(path, error))?.path();
        if let Some(stem) = stem(&file).filter(|_| file.is_file()) {
            let bytes = fs::read(&file).map_err(|error| failed(&file, error))?;
            sources.push(source(stem, file.display().to_string(), &bytes)?);
        }
    }
    sources.sort_by(|one, other| one.file.cmp(&other.file));
    Ok(sources)
}

/// The stem of a template's file name; `None` for files that are none, such as a README.
fn stem(path: &Path) -> Option<String> {
    let extension = path.extension()?.to_str()?;
    EXTENSIONS.contains(&extension).then(|| path.file_stem()?.to_str().map(str::to_owned)).flatten()
}

fn source(stem: String, file: String, bytes: &[u8]) -> Result<Source, CatalogError> {
    match str::from_utf8(bytes) {
        Ok(body) => Ok(Source { stem, file, body: body.to_owned() }),
        Err(_) => Err(CatalogError::Template { file, problem: Problem::Encoding }),
    }
}
