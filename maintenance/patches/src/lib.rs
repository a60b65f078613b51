//! Room patches: what waits on every host, since when, and how it gets there.
//!
//! Words: an *update* is a newer version the host's own package system would install; a *plan* is an exact set of
//! them for one host, simulated by the host, approved by a person, applied as approved, and verified by looking again.

mod api;
mod back;
mod changelogs;
mod desk;
mod pages;
mod restart;
mod support;
mod view;
mod waiting;
mod whole;

#[cfg(test)]
mod tests;

pub use back::{BACK, prepare_back, way_back};
pub use changelogs::{Changelogs, Closes, closes};
pub use desk::{KIND, Which, approve, hear_run, hearers, prepare, start_in_window};

use mainstay_face::Room;
use mainstay_kernel::store::{Migration, Schema, Tx};
use mainstay_kernel::{Cx, Fault, jobs};
use mainstay_record::deadlines::{self, Deadlines};
use mainstay_record::finding::{self, Gap, Look, Severity, Sighting};
use mainstay_record::{AssetId, fact};
use mainstay_wire::packages::Updates;
use mainstay_wire::{Section, Seen, Unseen};
use serde::de::DeserializeOwned;

/// The word of this room, everywhere.
pub const NAME: &str = "patches";

/// The tables of this room.
pub const SCHEMA: Schema = Schema {
    part: NAME,
    steps: &[Migration { name: "0001_patches", text: include_str!("migrations/0001_patches.sql") }],
};

/// How long each class of finding of this room may stay open. What PCI DSS asks for at most (a month for what is
/// critical or high) is undercut; the rest is common practice.
pub const DEADLINES: deadlines::Of = deadlines::Of {
    room: NAME,
    policy: "patches.deadlines",
    usual: || Deadlines { critical_days: 3, high_days: 14, medium_days: 30, low_days: 90 },
};

const JOBS: &[jobs::Kind] = &[jobs::Kind {
    name: "patches.start",
    work: jobs::Work::Transact(desk::start_in_window),
    most_failures: 10,
}];

/// This room, for the list of the house.
pub const fn room() -> Room {
    Room {
        name: NAME,
        schema: Some(SCHEMA),
        assess,
        jobs: JOBS,
        hears: desk::hearers,
        pages: pages::routes,
        api: api::routes,
        document: api::document,
        deadlines: (DEADLINES, "Patch deadlines"),
        policies: pages::policies,
    }
}

/// Lets the rules of this room look at a section that came in.
pub fn assess(tx: &mut Tx<'_>, cx: &Cx, asset: AssetId, section: &Section) -> Result<(), Fault> {
    let anything = |_: &Unseen, _: &str| true;
    match section {
        Section::Updates => {
            let named = changelogs::known(tx, cx, asset)?;
            let judge = |updates: &Updates, now_ms| waiting::sightings(updates, now_ms, &named);
            rule(tx, cx, asset, section, waiting::RULE, judge, |gap, _| waiting::concerns(gap))?;
            changelogs::order(tx, cx, asset)
        }
        Section::Packages => rule(tx, cx, asset, section, whole::RULE, whole::sightings, anything),
        Section::Restarts => rule(tx, cx, asset, section, restart::RULE, restart::sightings, restart::hides),
        Section::System => rule(tx, cx, asset, section, support::RULE, support::sightings, anything),
        _ => Ok(()),
    }
}

/// Runs one rule over one section. What a gap may hide is not closed by it.
fn rule<T: DeserializeOwned>(
    tx: &mut Tx<'_>,
    cx: &Cx,
    asset: AssetId,
    section: &Section,
    name: &'static str,
    judge: impl Fn(&T, i64) -> Vec<Sighting>,
    hides: fn(&Unseen, &str) -> bool,
) -> Result<(), Fault> {
    let Some((Seen { value, unseen, .. }, at_ms)) = fact::typed::<T>(tx, cx, asset, section)? else {
        return Ok(());
    };
    let deadlines = deadlines::current(tx, cx, DEADLINES)?.body;
    let due = |severity: Severity, since_ms: i64| deadlines.due_ms(severity, since_ms);
    let look = Look { rule: name, asset, scope: section.word(), at_ms, due: &due };
    let because =
        unseen.iter().map(|gap| format!("{}: {}", gap.what, gap.because)).collect::<Vec<_>>().join("; ");
    let Some(value) = value else { return finding::unseen(tx, cx, look, &because).map(drop) };
    let seen = judge(&value, at_ms);
    if unseen.is_empty() {
        return finding::observe(tx, cx, look, &seen).map(drop);
    }
    let gap = Gap { because: &because, hides: &|subject| unseen.iter().any(|gap| hides(gap, subject)) };
    finding::observe_partly(tx, cx, look, &seen, gap).map(drop)
}

/// Days between two moments, in words: `41 days`, `1 day`, `less than a day`.
fn days(from_ms: i64, to_ms: i64) -> String {
    match (to_ms - from_ms).max(0) / 86_400_000 {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}
