//! Horizontal bars of shares, one a variant.

use maud::{Markup, PreEscaped, html};
use plotters_backend::DrawingBackend;

use super::canvas::{Canvas, Role};
use super::{ChartError, SIZE};

/// One bar.
#[derive(Clone, Debug)]
pub(crate) struct Bar {
    pub name: String,
    /// The style of each part, its name, and its share of the whole, from 0 to 1.
    pub parts: Vec<(usize, String, f64)>,
}

/// The height of a bar with its name, in the chart's units.
const ROW: i32 = 46;
/// The least share that has room for its name.
const NAMED: f64 = 0.08;

/// Draws bars that all have the same length. `id` is unique on the page.
pub(crate) fn stacked(id: &str, title: &str, bars: &[Bar]) -> Result<Markup, ChartError> {
    let mut elements = String::new();
    let mut canvas = Canvas::on(&mut elements);
    let width = i32::try_from(SIZE.0).unwrap_or(i32::MAX);
    let mut labels: Vec<(i32, i32, &str)> = Vec::new();
    for (row, bar) in (0_i32..).zip(bars) {
        let top = row * ROW + 22;
        let mut done = 0.0;
        for (style, name, share) in &bar.parts {
            #[expect(clippy::cast_possible_truncation, reason = "within the chart")]
            let at = |share: f64| (share.clamp(0.0, 1.0) * f64::from(width)).round() as i32;
            let (left, right) = (at(done), at(done + share));
            done += share;
            // A failure among millions is drawn all the same.
            let right = if *share > 0.0 { right.max(left + 2).min(width) } else { right };
            let outcome =
                canvas.draw_rect((left.min(width - 2), top), (right, top + 20), &color(*style), true);
            outcome.map_err(|error| ChartError { title: title.to_owned(), reason: error.to_string() })?;
            if *share >= NAMED {
                labels.push((i32::midpoint(left, right), top + 15, name));
            }
        }
    }
    let height = ROW * i32::try_from(bars.len()).unwrap_or_default() + 4;
    let summary: Vec<String> = bars.iter().map(describe).collect();
    Ok(html! {
        div class="chart" {
            svg role="img" viewBox={ "0 0 " (width) " " (height) } aria-labelledby={ (id) "-title " (id) "-text" } {
                title id={ (id) "-title" } { (title) }
                desc id={ (id) "-text" } { (summary.join(". ")) "." }
                (PreEscaped(elements))
                @for (row, bar) in (0_i32..).zip(bars) {
                    text class="label" x="0" y=(row * ROW + 16) { (bar.name) }
                }
                @for (x, y, name) in &labels {
                    text class="part-label" x=(x) y=(y) text-anchor="middle" { (name) }
                }
            }
        }
    })
}

fn color(style: usize) -> plotters_backend::BackendColor {
    let color = Role::Part(style).color();
    plotters_backend::BackendColor { alpha: 1.0, rgb: (color.0, color.1, color.2) }
}

fn describe(bar: &Bar) -> String {
    let parts: Vec<String> =
        bar.parts.iter().map(|(_, name, share)| format!("{name} {:.2} %", share * 100.0)).collect();
    format!("{}: {}", bar.name, parts.join(", "))
}
