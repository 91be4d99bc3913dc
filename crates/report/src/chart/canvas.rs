//! What the plotter draws on: SVG elements without colours.

use std::convert::Infallible;
use std::fmt::Write;

use plotters::style::RGBColor;
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
    FontTransform,
};

use super::{SIZE, STYLES};

/// What an element is. The plotter knows colours only, so each role is a colour that stands for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Grid,
    Axis,
    Text,
    /// A curve, and the style that it has.
    Line(usize),
    /// A dashed curve of somebody else's figures.
    Published(usize),
    /// The area in which a curve lies with some confidence.
    Band(usize),
    /// A part of a bar, and its style.
    Part(usize),
}

type Outcome = Result<(), DrawingErrorKind<Infallible>>;

/// SVG elements, in the order in which they were drawn.
pub(super) struct Canvas<'e> {
    elements: &'e mut String,
}

impl Role {
    pub(super) fn color(self) -> RGBColor {
        let style = |index: usize| u8::try_from(index % STYLES).unwrap_or_default();
        match self {
            Self::Grid => RGBColor(1, 0, 0),
            Self::Axis => RGBColor(2, 0, 0),
            Self::Text => RGBColor(3, 0, 0),
            Self::Line(index) => RGBColor(4, style(index), 0),
            Self::Published(index) => RGBColor(5, style(index), 0),
            Self::Band(index) => RGBColor(6, style(index), 0),
            Self::Part(index) => RGBColor(7, style(index), 0),
        }
    }

    fn class(color: BackendColor) -> String {
        let (role, style, _) = color.rgb;
        match role {
            1 => "grid".to_owned(),
            2 => "axis".to_owned(),
            3 => "label".to_owned(),
            4 => format!("line s{style}"),
            5 => format!("line published s{style}"),
            6 => format!("band s{style}"),
            _ => format!("part s{style}"),
        }
    }
}

impl<'e> Canvas<'e> {
    pub(super) fn on(elements: &'e mut String) -> Self {
        Self { elements }
    }

    fn push(&mut self, element: std::fmt::Arguments<'_>) {
        let _ = writeln!(self.elements, "{element}");
    }
}

/// `x,y x,y …`
fn points(path: impl IntoIterator<Item = BackendCoord>) -> String {
    let points: Vec<String> = path.into_iter().map(|(x, y)| format!("{x},{y}")).collect();
    points.join(" ")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

impl DrawingBackend for Canvas<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        SIZE
    }

    fn ensure_prepared(&mut self) -> Outcome {
        Ok(())
    }

    fn present(&mut self) -> Outcome {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, color: BackendColor) -> Outcome {
        let class = Role::class(color);
        self.push(format_args!(r#"<rect class="{class}" x="{x}" y="{y}" width="1" height="1"/>"#));
        Ok(())
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        (x1, y1): BackendCoord,
        (x2, y2): BackendCoord,
        style: &S,
    ) -> Outcome {
        if style.color().alpha == 0.0 {
            return Ok(());
        }
        let class = Role::class(style.color());
        self.push(format_args!(r#"<line class="{class}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>"#));
        Ok(())
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        (left, top): BackendCoord,
        (right, bottom): BackendCoord,
        style: &S,
        _: bool,
    ) -> Outcome {
        let (width, height) = ((right - left).max(0), (bottom - top).max(0));
        let class = Role::class(style.color());
        self.push(format_args!(
            r#"<rect class="{class}" x="{left}" y="{top}" width="{width}" height="{height}"/>"#
        ));
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Outcome {
        if style.color().alpha == 0.0 {
            return Ok(());
        }
        let (class, points) = (Role::class(style.color()), points(path));
        self.push(format_args!(r#"<polyline class="{class}" points="{points}"/>"#));
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        vertices: I,
        style: &S,
    ) -> Outcome {
        let (class, points) = (Role::class(style.color()), points(vertices));
        self.push(format_args!(r#"<polygon class="{class}" points="{points}"/>"#));
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, (x, y): BackendCoord) -> Outcome {
        let anchor = match style.anchor().h_pos {
            HPos::Left => "start",
            HPos::Center => "middle",
            HPos::Right => "end",
        };
        // Text stands on its baseline; these move it to where the anchor wants it, in parts of its own height.
        let shift = match style.anchor().v_pos {
            VPos::Top => "0.8em",
            VPos::Center => "0.35em",
            VPos::Bottom => "-0.2em",
        };
        let turn = match style.transform() {
            FontTransform::None => String::new(),
            FontTransform::Rotate90 => format!(r#" transform="rotate(90 {x} {y})""#),
            FontTransform::Rotate180 => format!(r#" transform="rotate(180 {x} {y})""#),
            FontTransform::Rotate270 => format!(r#" transform="rotate(270 {x} {y})""#),
        };
        let text = escaped(text);
        self.push(format_args!(
            r#"<text class="label" x="{x}" y="{y}" dy="{shift}" text-anchor="{anchor}"{turn}>{text}</text>"#
        ));
        Ok(())
    }

    /// The reader's font is not known; this is the width of common ones, a little generous.
    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        text: &str,
        style: &S,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        let letters = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a font's size is small")]
        let size = style.size() as u32;
        Ok((letters.saturating_mul(size) * 6 / 10, size))
    }
}
