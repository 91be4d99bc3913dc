//! How variants are measured: a load with a name. Plans are small TOML files; those of published comparisons are built in.

mod builtin;
mod cause;
mod content;
mod mix;
mod span;
mod words;

use std::path::{Path, PathBuf};

pub use self::builtin::names;
pub use self::cause::{Cause, words as side_in_words};
pub use self::content::{Connection, Content};
pub use self::mix::Mix;
use crate::failure::Failure;

/// The plan of those who ask for none.
pub const DEFAULT: &str = "quick";

/// A load, and what it is called.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadPlan {
    /// A built-in plan's name, a file's stem, or `flags`. Published figures belong to a name.
    pub name: String,
    /// What it is, for people.
    pub title: Option<String>,
    pub load: load::Plan,
    /// Whether each of a workload's requests is measured by itself, instead of all in turn.
    pub apart: bool,
    pub mix: Mix,
    /// Settings of each variant that are measured against each other, instead of variants.
    pub causes: Vec<Cause>,
}

impl LoadPlan {
    /// A built-in plan by its name, or a file where the text looks like a path.
    pub fn find(text: &str) -> Result<Self, Failure> {
        let path = Path::new(text);
        let is_path = text.contains(std::path::MAIN_SEPARATOR)
            || path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"));
        if is_path { Self::read(path) } else { Self::builtin(text) }
    }

    /// The plan that `deploy run` uses.
    pub fn quick() -> Result<Self, Failure> {
        Self::builtin(DEFAULT)
    }

    /// The built-in plan of this name.
    fn builtin(name: &str) -> Result<Self, Failure> {
        let text = builtin::text(name).ok_or_else(|| {
            Failure::new(format!("no plan \"{name}\"; there are {}", names().join(", ")))
                .hint("write --plan ./my-plan.toml for a file of your own")
        })?;
        Content::read(text, &format!("the built-in plan {name}"))?.plan(name)
    }

    fn read(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::new(format!("the plan {} cannot be read: {error}", path.display()))
                .hint(format!("name a file, or one of {}", names().join(", ")))
        })?;
        let name = path.file_stem().map_or_else(|| "plan".into(), |stem| stem.to_string_lossy());
        // Published figures must not stand beside those of another plan that happens to have the same name.
        let name =
            if builtin::text(&name).is_some() { path.display().to_string() } else { name.into_owned() };
        Content::read(&text, &format!("the plan {}", path.display()))?.plan(&name)
    }

    /// More certificates to trust.
    #[must_use]
    pub fn trusting(mut self, roots: &[PathBuf]) -> Self {
        self.load.roots.extend_from_slice(roots);
        self
    }

    /// The load in words: `500 users who think 1 to 9 s, 15000 requests`.
    pub fn shape(&self) -> String {
        words::shape(&self.load) + &self.mix.words()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use load::{ConnectionUse, Limit, Shape, Think};

    use super::*;

    #[test]
    fn every_built_in_plan_can_be_read_and_says_what_it_is() {
        for name in names() {
            let plan = LoadPlan::find(name).unwrap();
            assert_eq!(plan.name, name);
            assert!(plan.title.is_some(), "{name}");
        }
    }

    #[test]
    fn the_published_plans_are_as_they_were_published() {
        let think = Think { least: Duration::from_secs(1), most: Duration::from_secs(9) };
        for (name, users, requests) in [("bakeoff-warmup", 200, 2000), ("bakeoff-full", 500, 15_000)] {
            let shape = LoadPlan::find(name).unwrap().load.shape;
            assert_eq!(shape, Shape::Users { users, think, limit: Limit::Requests(requests) }, "{name}");
        }
        let speed = [(100, 1), (500, 10), (1000, 100), (5000, 500), (10_000, 1000)];
        for (number, (requests, connections)) in speed.into_iter().enumerate() {
            let shape = LoadPlan::find(&format!("speed-{}", number + 1)).unwrap().load.shape;
            assert_eq!(shape, Shape::Closed { connections, limit: Limit::Requests(requests) });
        }
        let proxy = LoadPlan::find("proxy-30s").unwrap();
        let limit = Limit::Duration(Duration::from_secs(30));
        assert_eq!(proxy.load.shape, Shape::Closed { connections: 50, limit });
        assert!(proxy.apart);
        assert_eq!(proxy.load.connection, ConnectionUse::KeepAlive);
    }

    #[test]
    fn a_plan_that_is_not_there_is_answered_with_those_that_are() {
        let told = LoadPlan::find("speed-6").unwrap_err();
        assert!(told.message.contains("no plan \"speed-6\"") && told.message.contains("speed-5"), "{told:?}");
        let told = LoadPlan::find("./speed-6.toml").unwrap_err();
        assert!(told.message.contains("./speed-6.toml cannot be read"), "{told:?}");
    }

    #[test]
    fn a_file_of_ones_own_is_named_by_its_stem_unless_that_is_taken() {
        let directory = tempfile::tempdir().unwrap();
        for (file, own) in [("mine.toml", true), ("speed-1.toml", false)] {
            let path = directory.path().join(file);
            std::fs::write(&path, "connections = 2\nrequests = 10\n").unwrap();
            let plan = LoadPlan::find(path.to_str().unwrap()).unwrap();
            assert_eq!(plan.name == "mine", own, "{}", plan.name);
            assert_ne!(plan.name, "speed-1");
        }
    }
}
