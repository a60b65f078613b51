//! The parts of an asset's page.

use mainstay_face::look;
use mainstay_face::ui::{Icon, Row, State, Words, copy_line, empty, link, pad, rows, tag};
use mainstay_record::{asset, finding, plan};
use mainstay_wire::{Section, Unseen};
use maud::{Markup, html};

use super::One;

/// A section is fine when everything in it could be seen and no finding stands in it.
pub fn fact_state(one: &One, section: &Section) -> State {
    let worst = one.findings.iter().filter(|f| f.state == finding::State::Open && f.scope == section.word());
    match worst.map(|f| f.severity).max() {
        Some(severity) => look::severity_state(severity),
        None if one.unseen.iter().any(|(hidden, _)| hidden == section) => State::Unknown,
        None => State::Ok,
    }
}

pub fn neighbours(all: &[asset::Neighbour]) -> Markup {
    rows(&all.iter().map(|n| Row::new(html! { (if n.depends_on_us { "carries " } else { "is on " }) (link(&n.name, &format!("/assets/{}", n.id))) " " span.dim { (n.kind) } })).collect::<Vec<_>>())
}

pub fn plans(all: &[plan::Plan]) -> Markup {
    rows(
        &all.iter()
            .take(5)
            .map(|p| {
                Row::new(html! { (link(&p.title, &format!("/maintenance/plans/{}", p.id))) })
                    .after(html! { span.sm.dim { (p.state.word()) } })
            })
            .collect::<Vec<_>>(),
    )
}

pub fn unseen(gaps: &[(Section, Unseen)]) -> Markup {
    if gaps.is_empty() {
        return pad(html! { p.mid { "Everything its agent looks for could be seen." } });
    }
    rows(
        &gaps
            .iter()
            .map(|(_, gap)| {
                Row::new(html! {
                    b { (gap.what) } " " span.dim { (gap.because) }
                    @if let Some(command) = &gap.allow_with { (copy_line(command)) }
                })
                .state(State::Unknown)
            })
            .collect::<Vec<_>>(),
    )
}

pub fn finding_rows(one: &One, words: &Words, most: usize) -> Markup {
    if one.findings.is_empty() {
        let (title, said) = match (one.facts.is_empty(), one.unseen.is_empty()) {
            (true, _) => ("Not looked at yet", "Rules look as soon as its agent reports."),
            (_, true) => ("No findings", "Every rule looked and found nothing."),
            (_, false) => (
                "No findings",
                "What could be seen shows none. What could not be seen stands under Not visible.",
            ),
        };
        return empty(Icon::Home, title, said, html! {});
    }
    rows(
        &one.findings
            .iter()
            .take(most)
            .map(|f| {
                let body =
                    html! { (link(&f.title, &format!("/findings/{}", f.id))) " " span.dim { (f.reason) } };
                Row::new(body)
                    .state(look::finding_state(f))
                    .after(tag(look::finding_state(f), look::finding_words(f, words)))
            })
            .collect::<Vec<_>>(),
    )
}

/// A section's name for people.
pub fn title(section: &Section) -> String {
    match section {
        Section::Sockets => "Listening ports".to_owned(),
        Section::Keys => "Authorized keys".to_owned(),
        Section::Sshd => "ssh server".to_owned(),
        Section::Privileged => "Privileged files".to_owned(),
        Section::Units => "Failed units".to_owned(),
        other => {
            let word = other.word();
            word.get(..1).unwrap_or_default().to_uppercase() + word.get(1..).unwrap_or_default()
        }
    }
}
