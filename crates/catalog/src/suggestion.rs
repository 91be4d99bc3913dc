//! "Did you mean": the known name that is closest to one that was mistyped.

/// From which likeness on a name is suggested, where 1 is equal.
const ALIKE: f64 = 0.8;

/// The known name most like `name`, if any is like it at all.
pub(crate) fn suggestion<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<String> {
    known
        .map(|one| (strsim::jaro_winkler(name, one), one))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, one)| one.to_owned())
}
