//! Lines over two axes, with bands around them.

use std::fmt::Display;

use maud::{Markup, PreEscaped, html};
use plotters::chart::ChartBuilder;
use plotters::coord::ranged1d::Ranged;
use plotters::drawing::IntoDrawingArea;
use plotters::element::{PathElement, Polygon};
use plotters::style::{IntoFont, ShapeStyle};

use super::canvas::{Canvas, Role};
use super::marker::marker;
use super::{Axis, ChartError, SIZE};

/// The size of labels, in the chart's units.
const TEXT: u32 = 13;

/// A chart of lines.
#[derive(Clone, Debug)]
pub(crate) struct Chart {
    /// Unique on its page; letters, digits and hyphens.
    pub id: String,
    pub title: String,
    /// What it shows, for those who do not see it.
    pub summary: String,
    pub x: Axis,
    pub y: Axis,
    pub x_title: String,
    pub y_title: String,
    pub lines: Vec<Line>,
    /// Where a reader may stop, with what is read there.
    pub stops: Vec<Stop>,
}

/// One series.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub style: usize,
    /// Somebody else's figures and others that stand apart: drawn dotted and with hollow markers.
    pub published: bool,
    /// Whether each point has a marker.
    pub markers: bool,
    /// Pieces of the line, so that what was not measured is a gap.
    pub pieces: Vec<Vec<(f64, f64)>>,
    /// `(x, low, high)`.
    pub band: Vec<(f64, f64, f64)>,
}

/// A value of the horizontal axis at which the chart's values are read.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    pub x: f64,
    pub title: String,
    /// One line a series.
    pub values: Vec<String>,
}

/// The style of a marker, whether it is of published figures, and its place.
type Mark = (usize, bool, (i32, i32));
/// The markers of a chart, and the horizontal places of its stops.
type Painted<'c> = (Vec<Mark>, Vec<(i32, &'c Stop)>);

impl Chart {
    /// The chart as an element of a page.
    pub(crate) fn draw(&self) -> Result<Markup, ChartError> {
        let mut elements = String::new();
        let (markers, stops) = self.paint(&mut elements)?;
        let (width, height) = SIZE;
        let (name, description) = (format!("{}-title", self.id), format!("{}-text", self.id));
        Ok(html! {
            div class="chart" {
                svg role="img" viewBox={ "0 0 " (width) " " (height) } aria-labelledby={ (name) " " (description) } {
                    title id=(name) { (self.title) }
                    desc id=(description) { (self.summary) }
                    (PreEscaped(elements))
                    @for (style, published, at) in &markers { (marker(*style, *published, *at)) }
                }
                @if !stops.is_empty() { (self.reader(&stops)) }
            }
        })
    }

    /// An invisible layer over the chart whose columns show their values when pointed at or reached by keyboard.
    fn reader(&self, stops: &[(i32, &Stop)]) -> Markup {
        let (width, height) = SIZE;
        let (right, bottom) =
            (i32::try_from(width).unwrap_or(i32::MAX), i32::try_from(height).unwrap_or(i32::MAX));
        let edge =
            |index: usize| match (index.checked_sub(1).and_then(|left| stops.get(left)), stops.get(index)) {
                (Some((left, _)), Some((right, _))) => i32::midpoint(*left, *right),
                (None, Some((first, _))) => first - 30,
                (Some((last, _)), None) => (last + 30).min(right),
                (None, None) => 0,
            };
        html! {
            svg class="reader" role="list" aria-label={ "Values of " (self.title) } viewBox={ "0 0 " (width) " " (height) } {
                @for (index, (x, stop)) in stops.iter().enumerate() {
                    @let tall = 22 + 18 * i32::try_from(stop.values.len()).unwrap_or_default();
                    @let widest = stop.values.iter().map(|value| value.chars().count()).max().unwrap_or_default().max(stop.title.chars().count());
                    @let wide = 20 + 8 * i32::try_from(widest).unwrap_or_default();
                    @let left = if *x + 8 + wide > right { (x - 8 - wide).max(0) } else { x + 8 };
                    g class="stop" role="listitem" tabindex="0" aria-label={ (stop.title) ": " (stop.values.join("; ")) } {
                        rect class="hit" x=(edge(index)) y="0" width=(edge(index + 1) - edge(index)) height=(bottom) {}
                        g class="tip" aria-hidden="true" {
                            line class="cursor" x1=(x) y1="8" x2=(x) y2=(bottom - 64) {}
                            g class="card" transform={ "translate(" (left) " 10)" } {
                                rect class="box" width=(wide) height=(tall) rx="4" {}
                                text class="tip-title" x="10" y="16" { (stop.title) }
                                @for (row, value) in (0_i32..).zip(&stop.values) {
                                    text x="10" y=(34 + 18 * row) { (value) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// Gives the places of the markers and of the stops.
    fn paint(&self, elements: &mut String) -> Result<Painted<'_>, ChartError> {
        let wrong = |error: &dyn Display| ChartError { title: self.title.clone(), reason: error.to_string() };
        let area = Canvas::on(elements).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .margin(8)
            .margin_right(24)
            .x_label_area_size(56)
            .y_label_area_size(66)
            .build_cartesian_2d(self.x.clone(), self.y.clone())
            .map_err(|error| wrong(&error))?;
        let text = ("sans-serif", TEXT).into_font().color(&Role::Text.color());
        chart
            .configure_mesh()
            .bold_line_style(Role::Grid.color())
            .light_line_style(plotters::style::TRANSPARENT)
            .axis_style(Role::Axis.color())
            .label_style(text.clone())
            .axis_desc_style(text)
            .x_label_formatter(&|place| self.x.label(*place))
            .y_label_formatter(&|place| self.y.label(*place))
            .x_desc(&self.x_title)
            .y_desc(&self.y_title)
            .draw()
            .map_err(|error| wrong(&error))?;
        for line in self.lines.iter().filter(|line| line.band.len() > 1) {
            let upper = line.band.iter().map(|(x, _, high)| (*x, *high));
            let lower = line.band.iter().rev().map(|(x, low, _)| (*x, *low));
            let corners: Vec<(f64, f64)> = upper.chain(lower).collect();
            let style = ShapeStyle::from(Role::Band(line.style).color()).filled();
            chart.draw_series([Polygon::new(corners, style)]).map_err(|error| wrong(&error))?;
        }
        for line in &self.lines {
            let role = if line.published { Role::Published(line.style) } else { Role::Line(line.style) };
            let pieces = line.pieces.iter().filter(|piece| piece.len() > 1);
            let paths = pieces.map(|piece| PathElement::new(piece.clone(), role.color()));
            chart.draw_series(paths).map_err(|error| wrong(&error))?;
        }
        let marked = self.lines.iter().filter(|line| line.markers);
        let marks = marked
            .flat_map(|line| line.pieces.iter().flatten().map(|point| (line.style, line.published, *point)))
            .map(|(style, published, point)| (style, published, chart.backend_coord(&point)))
            .collect();
        let bottom = self.y.range().start;
        let stops = self.stops.iter().map(|stop| (chart.backend_coord(&(stop.x, bottom)).0, stop)).collect();
        Ok((marks, stops))
    }
}
