//! What a change did: two runs of the same variants, before and after.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use crate::quantiles::Quantiles;
use crate::results::{Entry, Results};
use crate::table::{milliseconds, percent, signed};
use crate::{Difference, Figures, Gap, Reason, comparability};

/// What changed between two runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Changes {
    /// Whether both runs asked the same in the same way, and each may be compared by itself.
    pub comparable: bool,
    pub reasons: Vec<Reason>,
    /// The variants that both runs measured, in the order of the second.
    pub variants: Vec<Change>,
    /// Variants that only one of the runs measured.
    pub missing: Vec<String>,
}

/// What changed at one variant.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    pub variant: String,
    /// Settings that differ: before and after, `None` where one was not set.
    pub settings: BTreeMap<String, (Option<String>, Option<String>)>,
    pub template_changed: bool,
    pub before_ms: Quantiles,
    pub after_ms: Quantiles,
    /// How much slower it is after than before; `None` where one run got no answer.
    pub gaps: Option<Figures<Option<Gap>>>,
    /// Successes and requests, before and after.
    pub success: [(u64, u64); 2],
}

/// What may be concluded about one variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Faster,
    Slower,
    /// Some percentiles fell and others rose.
    Mixed,
    NotShown,
    /// There are not two trials of each.
    TooFewTrials,
}

impl Changes {
    /// Compares two runs. Their rounds have nothing in common, so the trials are not taken in pairs.
    #[must_use]
    pub fn between(before: &Results, after: &Results) -> Self {
        let mut reasons = comparability::between(before, after);
        let mut variants = Vec::new();
        let mut missing = Vec::new();
        for entry in &after.entries {
            let variant = &entry.sample.variant;
            match before.entry(variant) {
                Some(earlier) => variants.extend(Change::of(earlier, entry)),
                None => missing.push(format!("{variant} was measured only after")),
            }
        }
        for entry in before.entries.iter().filter(|entry| after.entry(&entry.sample.variant).is_none()) {
            missing.push(format!("{} was measured only before", entry.sample.variant));
        }
        if variants.is_empty() {
            reasons.push(Reason::new("both", "no variant was measured in both runs"));
        }
        Self { comparable: reasons.is_empty(), reasons, variants, missing }
    }

    /// What may be concluded, in plain words; a paragraph a variant.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        if !self.comparable {
            text.push_str("Not comparable:\n");
            for reason in &self.reasons {
                let _ = writeln!(text, "  {reason}");
            }
            text.push('\n');
        }
        for change in &self.variants {
            let _ = writeln!(text, "{}\n", change.text());
        }
        for missing in &self.missing {
            let _ = writeln!(text, "{missing}.");
        }
        text.push_str("Milliseconds from the moment a request was meant to start, before and after, with the interval in which the change lies 95 times in 100.\n");
        text
    }
}

impl Change {
    fn of(before: &Entry, after: &Entry) -> Option<Self> {
        let (earlier, later) = (before.sample.total()?, after.sample.total()?);
        let names = before.setup.settings.keys().chain(after.setup.settings.keys());
        let settings = names
            .map(|name| (name, before.setup.settings.get(name), after.setup.settings.get(name)))
            .filter(|(_, earlier, later)| earlier != later)
            .map(|(name, earlier, later)| (name.clone(), (earlier.cloned(), later.cloned())));
        Some(Self {
            variant: after.sample.variant.clone(),
            settings: settings.collect(),
            template_changed: before.setup.template_sha256 != after.setup.template_sha256,
            before_ms: Quantiles::of(&earlier.latency),
            after_ms: Quantiles::of(&later.latency),
            gaps: Difference::unpaired(&after.sample, &before.sample).map(|difference| difference.gaps),
            success: [(earlier.success, earlier.requests), (later.success, later.requests)],
        })
    }

    /// By the median, p90, p99 and the mean.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let Some(gaps) = &self.gaps else { return Verdict::TooFewTrials };
        let judged: Vec<&Gap> = [&gaps.p50, &gaps.p90, &gaps.p99, &gaps.mean].into_iter().flatten().collect();
        if judged.iter().any(|gap| gap.ms_95.is_none()) {
            return Verdict::TooFewTrials;
        }
        let shown = |slower: bool| judged.iter().any(|gap| gap.is_shown() && (gap.ms > 0.0) == slower);
        match (shown(false), shown(true)) {
            (true, true) => Verdict::Mixed,
            (true, false) => Verdict::Faster,
            (false, true) => Verdict::Slower,
            (false, false) => Verdict::NotShown,
        }
    }

    fn text(&self) -> String {
        let settings = self.settings.iter().map(|(name, (before, after))| {
            let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "unset".to_owned());
            format!("{name} {} → {}", value(before), value(after))
        });
        let template = self.template_changed.then(|| "another template".to_owned());
        let changes: Vec<String> = settings.chain(template).collect();
        let changes =
            if changes.is_empty() { "nothing changed that is known".to_owned() } else { changes.join(", ") };
        let verdict = match self.verdict() {
            Verdict::Faster => "faster",
            Verdict::Slower => "slower",
            Verdict::Mixed => "faster in part, slower in part",
            Verdict::NotShown => "no difference shown",
            Verdict::TooFewTrials => "too few trials to tell; two of each are the least",
        };
        let mut text = format!("{} ({changes}): {verdict}", self.variant);
        for ((name, figure, before), (_, _, after)) in
            self.before_ms.entries().into_iter().zip(self.after_ms.entries())
        {
            let gap = self.gaps.as_ref().and_then(|gaps| gaps.get(figure).copied().flatten());
            let Some(gap) = gap else { continue };
            let _ = write!(
                text,
                "\n  {name:<5} {:>7} → {:>7}  {}",
                milliseconds(*before),
                milliseconds(*after),
                words(&gap)
            );
        }
        let [before, after] = self.success.map(|(success, requests)| percent(success, requests));
        if before != after {
            let _ = write!(text, "\n  ok %  {before:>7} → {after:>7}");
        }
        text
    }
}

/// A change in words: what is not shown is not claimed.
fn words(gap: &Gap) -> String {
    let Some(interval) = gap.ms_95 else { return format!("{} ms", signed(gap.ms)) };
    if !gap.is_shown() {
        return "no difference shown".to_owned();
    }
    let part = (gap.ratio - 1.0) * 100.0;
    let direction = if part < 0.0 { "less" } else { "more" };
    format!(
        "{} ms ({} to {}), {:.0} % {direction}",
        signed(gap.ms),
        signed(interval.low),
        signed(interval.high),
        part.abs()
    )
}
