//! What a request passes.

use maud::{Markup, html};

use super::Subject;

pub(super) fn section(subject: &Subject<'_>) -> Markup {
    let paths: Vec<_> = subject
        .results
        .iter()
        .filter_map(|measured| {
            let setup = &subject.report.results.entry(&measured.variant)?.setup;
            (!setup.hops.is_empty()).then_some((subject.short(measured), &setup.title, &setup.hops))
        })
        .collect();
    html! {
        @if !paths.is_empty() {
            h3 { "The path of a request" }
            @for (name, title, hops) in &paths {
                p { strong { (name) } @if !title.is_empty() { " – " (title) } }
                ol class="path" aria-label={ "Path of a request to " (name) } {
                    li { "client" }
                    @for hop in hops.iter() { li { (hop) } }
                }
            }
        }
    }
}
