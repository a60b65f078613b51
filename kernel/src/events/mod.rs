//! Everything that happened, once, in order: timelines, the audit page, live updates and hearers are views of it.

mod hears;
mod seal;
mod store;
mod tail;

use serde::Serialize;

pub(crate) use hears::deliver;
pub use hears::{Hearer, Hears};
pub use seal::{Broken, ROWS_PER_SEAL, Verdict, seal, verify};
pub use tail::{Settling, Tail};

use crate::id::{EventId, OrgId, Ref};
use crate::store::{Signal, Tx};
use crate::{Cx, Fault, jobs};

/// Something that happened. It is never changed and never removed.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub id: EventId,
    pub at_ms: i64,
    /// Who did it, as [`crate::cx::Who::word`] says it.
    pub actor: String,
    /// What happened, past tense: `finding.opened`, `patches.plan.approved`.
    pub verb: String,
    pub subject: Ref,
    pub body: serde_json::Value,
}

/// Writes an event in the caller's transaction, and hands it to everybody who listens to its verb.
///
/// `about` names the other things it concerns; their timelines show it too.
pub fn record(
    tx: &mut Tx<'_>,
    cx: &Cx,
    verb: &'static str,
    subject: Ref,
    about: &[Ref],
    body: &impl Serialize,
) -> Result<EventId, Fault> {
    let event = Event {
        id: EventId(cx.ids.next()),
        at_ms: cx.now_ms(),
        actor: cx.who.word(),
        verb: verb.to_owned(),
        subject,
        body: serde_json::to_value(body).map_err(Fault::broken)?,
    };
    store::insert(tx, cx.org, &event)?;
    store::insert_about(tx, cx.org, event.id, &event.subject)?;
    for other in about.iter().filter(|other| **other != event.subject) {
        store::insert_about(tx, cx.org, event.id, other)?;
    }
    for hearer in cx.hears.of(verb) {
        let payload = serde_json::json!({ "hearer": hearer.name, "event": event.id });
        jobs::add(tx, cx, &jobs::New { kind: hears::KIND, payload, run_at_ms: cx.now_ms(), once_key: None })?;
    }
    tx.signal(Signal::Events);
    Ok(event.id)
}

/// The timeline of one thing: newest first, before `before` (use `EventId(i64::MAX)` for the first page).
pub fn timeline(
    tx: &mut Tx<'_>,
    org: OrgId,
    of: &Ref,
    before: EventId,
    limit: u32,
) -> Result<Vec<Event>, Fault> {
    store::about(tx, org, of, before, limit)
}

/// Everything that happened, newest first, before `before`.
pub fn all(tx: &mut Tx<'_>, org: OrgId, before: EventId, limit: u32) -> Result<Vec<Event>, Fault> {
    store::before(tx, org, before, limit)
}

/// The newest event of an organisation; `EventId(0)` before the first.
pub fn newest(tx: &mut Tx<'_>, org: OrgId) -> Result<EventId, Fault> {
    store::newest(tx, org)
}

/// One event.
pub fn get(tx: &mut Tx<'_>, org: OrgId, id: EventId) -> Result<Event, Fault> {
    store::get(tx, org, id)?.ok_or(Fault::NotFound { what: "event" })
}
