//! Room patches: what waits on every host, since when, and how it gets there.
//!
//! Words: an *update* is a newer version the host's own package system would install; a *plan* is an exact set of
//! them for one host, simulated by the host, approved by a person, applied as approved, and verified by looking again.

mod deadlines;
mod desk;
mod restart;
mod support;
mod waiting;

#[cfg(test)]
mod tests;

pub use deadlines::{Deadlines, Effect, change_deadlines, dry_run};
pub use desk::{KIND, Which, approve, hear_run, hearers, prepare, start_in_window};

use mainstay_kernel::store::Tx;
use mainstay_kernel::{Cx, Fault, jobs};
use mainstay_record::finding::{self, Look, Severity, Sighting};
use mainstay_record::{AssetId, fact, policy};
use mainstay_wire::{Section, Seen, Unseen};
use serde::de::DeserializeOwned;

/// The word of this room, everywhere.
pub const NAME: &str = "patches";

/// The kinds of jobs of this room.
pub const JOBS: &[jobs::Kind] = &[jobs::Kind {
    name: "patches.start",
    work: jobs::Work::Transact(desk::start_in_window),
    most_failures: 10,
}];

/// Lets the rules of this room look at a section that came in.
pub fn assess(tx: &mut Tx<'_>, cx: &Cx, asset: AssetId, section: &Section) -> Result<(), Fault> {
    match section {
        Section::Updates => rule(tx, cx, asset, section, waiting::RULE, waiting::sightings, waiting::hides),
        Section::Restarts => rule(tx, cx, asset, section, restart::RULE, restart::sightings, restart::hides),
        Section::System => rule(tx, cx, asset, section, support::RULE, support::sightings, |_, _| true),
        _ => Ok(()),
    }
}

/// Runs one rule over one section. A gap that may hide what was known closes nothing.
fn rule<T: DeserializeOwned>(
    tx: &mut Tx<'_>,
    cx: &Cx,
    asset: AssetId,
    section: &Section,
    name: &'static str,
    judge: fn(&T, i64) -> Vec<Sighting>,
    hides: fn(&T, &Unseen) -> bool,
) -> Result<(), Fault> {
    let Some((Seen { value, unseen, .. }, at_ms)) = fact::typed::<T>(tx, cx, asset, section)? else {
        return Ok(());
    };
    let deadlines = policy::current::<Deadlines>(tx, cx)?.body;
    let due = |severity: Severity, since_ms: i64| Some(deadlines.due_ms(severity, since_ms));
    let look = Look { rule: name, asset, scope: section.word(), at_ms, due: &due };
    let gap =
        unseen.iter().map(|gap| format!("{}: {}", gap.what, gap.because)).collect::<Vec<_>>().join("; ");
    match value {
        Some(value) if !unseen.iter().any(|gap| hides(&value, gap)) => {
            finding::observe(tx, cx, look, &judge(&value, at_ms)).map(drop)
        }
        Some(value) => finding::observe_partly(tx, cx, look, &judge(&value, at_ms), &gap).map(drop),
        None => finding::unseen(tx, cx, look, &gap).map(drop),
    }
}

/// Days between two moments, in words: `41 days`, `1 day`, `less than a day`.
fn days(from_ms: i64, to_ms: i64) -> String {
    match (to_ms - from_ms).max(0) / 86_400_000 {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}
