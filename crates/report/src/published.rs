//! Figures that other people published, to stand beside ours.

use indexmap::IndexMap;
use serde::Deserialize;

use crate::Figure;

const BUILT_IN: &str = include_str!("../published.toml");

/// The published figures of one plan.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// The name of the plan that repeats how they were measured.
    pub name: String,
    /// Who measured what, and what is known to be wrong with it.
    pub source: String,
    pub series: Vec<Series>,
}

/// What was published of one architecture.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// The variant that is built in the same way.
    pub variant: String,
    /// What it was called and how it was set.
    pub title: String,
    pub requests: Option<u64>,
    /// Milliseconds by the name of a figure: `p50` … `p99.9`, `max`, `mean` or `min`.
    #[serde(default)]
    pub latency_ms: IndexMap<String, f64>,
    #[serde(default)]
    pub statuses: IndexMap<String, u64>,
    /// Requests by page.
    #[serde(default)]
    pub pages: IndexMap<String, u64>,
}

#[derive(Deserialize)]
struct File {
    plans: Vec<Published>,
}

impl Published {
    /// The figures of a plan by its name; `None` where nobody published any.
    #[must_use]
    pub fn of_plan(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|published| published.name == name)
    }

    /// All that come with the program.
    fn all() -> Vec<Self> {
        // A test reads the file, so that it cannot be wrong here.
        toml::from_str::<File>(BUILT_IN).map(|file| file.plans).unwrap_or_default()
    }
}

impl Series {
    /// A published figure in milliseconds.
    #[must_use]
    pub fn figure(&self, figure: Figure) -> Option<f64> {
        self.latency_ms.iter().find_map(|(name, ms)| (Figure::named(name) == Some(figure)).then_some(*ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_right() {
        let file: File = toml::from_str(BUILT_IN).unwrap();
        let names: Vec<&str> = file.plans.iter().map(|plan| plan.name.as_str()).collect();
        assert_eq!(names, ["bakeoff-warmup", "bakeoff-full", "speed-5", "proxy-30s"]);
        for series in file.plans.iter().flat_map(|plan| &plan.series) {
            assert!(series.latency_ms.keys().all(|name| Figure::named(name).is_some()), "{}", series.title);
            assert!(!series.latency_ms.is_empty() || !series.pages.is_empty(), "{}", series.title);
        }
    }

    #[test]
    fn a_figure_is_found_by_what_it_is() {
        let full = Published::of_plan("bakeoff-full").unwrap();
        assert_eq!(full.series[0].figure(Figure::Quantile(0.98)), Some(250.0));
        assert_eq!(full.series[2].figure(Figure::Mean), None);
        assert_eq!(Published::of_plan("quick"), None);
    }
}
