//! Shapes that tell series apart without colour.

use maud::{Markup, html};

use super::STYLES;

/// The outline of a marker around a point.
fn outline(style: usize, (x, y): (i32, i32)) -> String {
    let polygon = |points: &[(i32, i32)]| {
        let corners: Vec<String> = points.iter().map(|(dx, dy)| format!("{} {}", x + dx, y + dy)).collect();
        format!("M{}Z", corners.join("L"))
    };
    match style % STYLES {
        0 => format!("M{} {y}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0Z", x - 4),
        1 => polygon(&[(-4, -4), (4, -4), (4, 4), (-4, 4)]),
        2 => polygon(&[(0, -5), (5, 4), (-5, 4)]),
        3 => polygon(&[(0, -6), (5, 0), (0, 6), (-5, 0)]),
        4 => polygon(&[(0, 5), (5, -4), (-5, -4)]),
        5 => polygon(&[
            (-5, -2),
            (-2, -2),
            (-2, -5),
            (2, -5),
            (2, -2),
            (5, -2),
            (5, 2),
            (2, 2),
            (2, 5),
            (-2, 5),
            (-2, 2),
            (-5, 2),
        ]),
        6 => polygon(&[(-3, -5), (3, -5), (6, 0), (3, 5), (-3, 5), (-6, 0)]),
        _ => polygon(&[(-6, 0), (6, -4), (6, 4)]),
    }
}

/// A marker; that of somebody else's figures is hollow.
pub(super) fn marker(style: usize, published: bool, at: (i32, i32)) -> Markup {
    let class = if published { "marker published s" } else { "marker s" };
    html! { path class={ (class) (style % STYLES) } d=(outline(style, at)) {} }
}

/// A line with its marker, for a legend.
pub(crate) fn swatch(style: usize, published: bool) -> Markup {
    let class = if published { "line published s" } else { "line s" };
    html! {
        svg class="swatch" viewBox="0 0 36 14" width="36" height="14" aria-hidden="true" {
            line class={ (class) (style % STYLES) } x1="0" y1="7" x2="36" y2="7" {}
            (marker(style, published, (18, 7)))
        }
    }
}

/// A patch of a part of a bar, for a legend.
pub(crate) fn patch(style: usize) -> Markup {
    html! {
        svg class="swatch" viewBox="0 0 14 14" width="14" height="14" aria-hidden="true" {
            rect class={ "chip s" (style % STYLES) } width="14" height="14" {}
        }
    }
}
