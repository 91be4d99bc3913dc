//! The plans that are part of the program.

/// Names and texts, in the order in which they are listed.
const PLANS: [(&str, &str); 10] = [
    ("quick", include_str!("../../plans/quick.toml")),
    ("bakeoff-warmup", include_str!("../../plans/bakeoff-warmup.toml")),
    ("bakeoff-full", include_str!("../../plans/bakeoff-full.toml")),
    ("speed-1", include_str!("../../plans/speed-1.toml")),
    ("speed-2", include_str!("../../plans/speed-2.toml")),
    ("speed-3", include_str!("../../plans/speed-3.toml")),
    ("speed-4", include_str!("../../plans/speed-4.toml")),
    ("speed-5", include_str!("../../plans/speed-5.toml")),
    ("proxy-30s", include_str!("../../plans/proxy-30s.toml")),
    ("latency-causes", include_str!("../../plans/latency-causes.toml")),
];

/// The names of the built-in plans.
pub fn names() -> Vec<&'static str> {
    PLANS.iter().map(|(name, _)| *name).collect()
}

/// The text of a built-in plan.
pub fn text(name: &str) -> Option<&'static str> {
    PLANS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}
