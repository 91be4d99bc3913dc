//! One row a variant, for spreadsheets.

use super::{ExportError, Exporter};
use crate::{Figures, Interval, Measured, Report};

pub(super) struct Csv;

impl Exporter for Csv {
    fn export(&self, report: &Report<'_>) -> Result<String, ExportError> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        for (index, measured) in report.comparison.results.iter().enumerate() {
            let cells = cells(report, measured);
            if index == 0 {
                writer.write_record(cells.iter().map(|(name, _)| name))?;
            }
            writer.write_record(cells.iter().map(|(_, value)| value))?;
        }
        let bytes = writer.into_inner().map_err(|error| ExportError::Csv(error.into_error().into()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// Columns with their values.
fn cells(report: &Report<'_>, measured: &Measured) -> Vec<(String, String)> {
    let reasons: Vec<String> =
        report.comparison.reasons_of(&measured.workload).map(ToString::to_string).collect();
    let statuses: Vec<String> =
        measured.statuses.iter().map(|(status, count)| format!("{status}={count}")).collect();
    let mut cells: Vec<(String, String)> = [
        ("workload", measured.workload.clone()),
        ("variant", measured.variant.clone()),
        ("comparable", reasons.is_empty().to_string()),
        ("reasons", reasons.join("; ")),
        ("requests", measured.requests.to_string()),
        ("success", measured.success.to_string()),
        ("rate", measured.rate.to_string()),
        ("statuses", statuses.join(" ")),
        ("late_sends", measured.late_sends.to_string()),
        ("dropped_sends", measured.dropped_sends.to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    bounds(&mut cells, "success_share", measured.success_95);
    bounds(&mut cells, "rate", measured.rate_95);
    for ((name, figure, value), (_, _, interval)) in
        measured.latency_ms.entries().into_iter().zip(measured.latency_95.entries())
    {
        cells.push((format!("latency_{name}_ms"), number(*value)));
        bounds(&mut cells, &format!("latency_{name}_ms"), *interval);
        let slower = measured.slower.as_ref().and_then(|slower| slower.gaps.get(figure).copied().flatten());
        cells.push((format!("slower_{name}_ms"), number(slower.map(|gap| gap.ms))));
        bounds(&mut cells, &format!("slower_{name}_ms"), slower.and_then(|gap| gap.ms_95));
        cells.push((format!("slower_{name}_ratio"), number(slower.map(|gap| gap.ratio))));
        bounds(&mut cells, &format!("slower_{name}_ratio"), slower.and_then(|gap| gap.ratio_95));
    }
    let against = measured.slower.as_ref().map(|slower| slower.against.clone());
    cells.push(("slower_than".to_owned(), against.unwrap_or_default()));
    figures(&mut cells, "service", &measured.service_ms);
    let cost = report.costs.get(&measured.variant);
    cells.push(("usd_per_million".to_owned(), number(cost.map(|cost| cost.per_million))));
    cells.push(("usd_idle_per_hour".to_owned(), number(cost.map(|cost| cost.idle_per_hour))));
    cells
}

fn figures(cells: &mut Vec<(String, String)>, what: &str, figures: &Figures<Option<f64>>) {
    for (name, _, value) in figures.entries() {
        cells.push((format!("{what}_{name}_ms"), number(*value)));
    }
}

fn bounds(cells: &mut Vec<(String, String)>, name: &str, interval: Option<Interval>) {
    cells.push((format!("{name}_low"), number(interval.map(|interval| interval.low))));
    cells.push((format!("{name}_high"), number(interval.map(|interval| interval.high))));
}

/// Empty where there is none; six digits after the point at most.
fn number(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| ((value * 1e6).round() / 1e6).to_string())
}
