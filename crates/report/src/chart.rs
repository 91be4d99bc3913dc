//! Charts as inline SVG: lines over two axes, and stacked bars.
//!
//! Plotters places axes, ticks and curves; [`canvas`] writes them as elements with classes, so that the page's style sheet
//! decides on colours, for light, dark and paper.

mod axis;
mod bars;
mod canvas;
mod lines;
mod marker;

pub(crate) use axis::{Axis, figure};
pub(crate) use bars::{Bar, stacked};
pub(crate) use lines::{Chart, Line, Stop};
pub(crate) use marker::{patch, swatch};

/// The size of a chart in its own units; the page scales it.
const SIZE: (u32, u32) = (640, 400);
/// Series that differ in colour, dash and marker; more begin anew.
const STYLES: usize = 8;

/// Why a chart cannot be drawn.
#[derive(Debug, thiserror::Error)]
#[error("the chart `{title}` cannot be drawn: {reason}")]
pub struct ChartError {
    pub title: String,
    pub reason: String,
}
