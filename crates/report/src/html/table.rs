//! Tables that scroll by themselves on a narrow screen.

use maud::{Markup, html};

/// A table whose first row is its heading and whose first column names the rows.
pub(super) fn table(caption: &str, rows: &[Vec<Markup>]) -> Markup {
    html! {
        @if let Some((heading, rows)) = rows.split_first() {
            p class="caption" aria-hidden="true" { (caption) }
            div class="scroll" tabindex="0" role="region" aria-label=(caption) {
                table aria-label=(caption) {
                    thead { tr { @for cell in heading { th scope="col" { (cell) } } } }
                    tbody {
                        @for row in rows {
                            @if let Some((name, cells)) = row.split_first() {
                                tr {
                                    th scope="row" { (name) }
                                    @for cell in cells { td { (cell) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A chart with its legend, and the table behind it one click away.
pub(super) fn figure(chart: &Markup, legend: &Markup, caption: &str, rows: &[Vec<Markup>]) -> Markup {
    html! {
        figure {
            (chart)
            (legend)
            figcaption { (caption) }
            details {
                summary { "The figures as a table" }
                (table(caption, rows))
            }
        }
    }
}

/// Text as a cell.
pub(super) fn cell(text: impl AsRef<str>) -> Markup {
    html! { (text.as_ref()) }
}

/// Text that may be long, such as an address, and is divided anywhere rather than make its table wide.
pub(super) fn long(text: impl AsRef<str>) -> Markup {
    html! { span class="long" { (text.as_ref()) } }
}
