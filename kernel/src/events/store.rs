//! The statements of events.

use super::Event;
use crate::id::{EventId, OrgId, Ref};
use crate::store::{Row, Tx};
use crate::{Fault, args, sql};

pub(super) fn insert(tx: &mut Tx<'_>, org: OrgId, event: &Event) -> Result<(), Fault> {
    tx.run(
        sql!(
            "INSERT INTO event (org_id, id, at_ms, actor, verb, subject_kind, subject_id, body)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
        ),
        args![
            org,
            event.id,
            event.at_ms,
            &event.actor,
            &event.verb,
            &*event.subject.kind,
            event.subject.id,
            event.body.to_string()
        ],
    )?;
    Ok(())
}

pub(super) fn insert_about(tx: &mut Tx<'_>, org: OrgId, event: EventId, about: &Ref) -> Result<(), Fault> {
    tx.run(
        sql!(
            "INSERT INTO event_about (org_id, kind, object_id, event_id) VALUES ($1, $2, $3, $4)
              ON CONFLICT (org_id, kind, object_id, event_id) DO NOTHING"
        ),
        args![org, &*about.kind, about.id, event],
    )?;
    Ok(())
}

pub(super) fn about(
    tx: &mut Tx<'_>,
    org: OrgId,
    of: &Ref,
    before: EventId,
    limit: u32,
) -> Result<Vec<Event>, Fault> {
    tx.rows(
        sql!(
            "SELECT e.id, e.at_ms, e.actor, e.verb, e.subject_kind, e.subject_id, e.body
              FROM event_about a JOIN event e ON e.org_id = a.org_id AND e.id = a.event_id
              WHERE a.org_id = $1 AND a.kind = $2 AND a.object_id = $3 AND a.event_id < $4
              ORDER BY a.event_id DESC LIMIT $5"
        ),
        args![org, &*of.kind, of.id, before, limit],
        event,
    )
}

pub(super) fn before(tx: &mut Tx<'_>, org: OrgId, before: EventId, limit: u32) -> Result<Vec<Event>, Fault> {
    tx.rows(
        sql!(
            "SELECT id, at_ms, actor, verb, subject_kind, subject_id, body FROM event
              WHERE org_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3"
        ),
        args![org, before, limit],
        event,
    )
}

pub(super) fn after(tx: &mut Tx<'_>, org: OrgId, after: EventId, limit: u32) -> Result<Vec<Event>, Fault> {
    tx.rows(
        sql!(
            "SELECT id, at_ms, actor, verb, subject_kind, subject_id, body FROM event
              WHERE org_id = $1 AND id > $2 ORDER BY id LIMIT $3"
        ),
        args![org, after, limit],
        event,
    )
}

/// The newest there is; `EventId(0)` before the first.
pub(super) fn newest(tx: &mut Tx<'_>, org: OrgId) -> Result<EventId, Fault> {
    let found = tx.maybe(
        sql!("SELECT id FROM event WHERE org_id = $1 ORDER BY id DESC LIMIT 1"),
        args![org],
        |row| row.get(0),
    )?;
    Ok(found.unwrap_or(EventId(0)))
}

pub(super) fn ids_between(
    tx: &mut Tx<'_>,
    org: OrgId,
    after: EventId,
    upto: EventId,
) -> Result<Vec<EventId>, Fault> {
    tx.rows(
        sql!("SELECT id FROM event WHERE org_id = $1 AND id > $2 AND id <= $3"),
        args![org, after, upto],
        |row| row.get(0),
    )
}

pub(super) fn these(tx: &mut Tx<'_>, org: OrgId, ids: &[i64]) -> Result<Vec<Event>, Fault> {
    let list = serde_json::to_string(ids).map_err(Fault::broken)?;
    tx.rows(
        sql!(
            "SELECT id, at_ms, actor, verb, subject_kind, subject_id, body FROM event
              WHERE org_id = $1 AND id IN {list $2} ORDER BY id"
        ),
        args![org, list],
        event,
    )
}

pub(super) fn get(tx: &mut Tx<'_>, org: OrgId, id: EventId) -> Result<Option<Event>, Fault> {
    tx.maybe(
        sql!("SELECT id, at_ms, actor, verb, subject_kind, subject_id, body FROM event WHERE org_id = $1 AND id = $2"),
        args![org, id],
        event,
    )
}

fn event(row: &Row<'_>) -> Result<Event, Fault> {
    Ok(Event {
        id: row.get(0)?,
        at_ms: row.get(1)?,
        actor: row.get(2)?,
        verb: row.get(3)?,
        subject: Ref { kind: row.get::<String>(4)?.into(), id: row.get(5)? },
        body: serde_json::from_str(&row.get::<String>(6)?).map_err(Fault::broken)?,
    })
}

/// One seal: what it covers and the chain's hash at its end.
pub(super) struct Seal {
    pub(super) upto: EventId,
    pub(super) count: i64,
    pub(super) hash: Vec<u8>,
    /// For each row its id (8 bytes) and the running hash behind it (16 bytes), so that the altered row has a name.
    pub(super) marks: Vec<u8>,
}

pub(super) fn last_seal(tx: &mut Tx<'_>, org: OrgId) -> Result<Option<Seal>, Fault> {
    tx.maybe(
        sql!("SELECT upto_id, count, hash, marks FROM event_seal WHERE org_id = $1 ORDER BY upto_id DESC LIMIT 1"),
        args![org],
        seal,
    )
}

pub(super) fn seals_after(tx: &mut Tx<'_>, org: OrgId, after: EventId) -> Result<Vec<Seal>, Fault> {
    tx.rows(
        sql!("SELECT upto_id, count, hash, marks FROM event_seal WHERE org_id = $1 AND upto_id > $2 ORDER BY upto_id LIMIT 50"),
        args![org, after],
        seal,
    )
}

fn seal(row: &Row<'_>) -> Result<Seal, Fault> {
    Ok(Seal { upto: row.get(0)?, count: row.get(1)?, hash: row.get(2)?, marks: row.get(3)? })
}

pub(super) fn insert_seal(tx: &mut Tx<'_>, org: OrgId, seal: &Seal, now_ms: i64) -> Result<(), Fault> {
    tx.run(
        sql!("INSERT INTO event_seal (org_id, upto_id, count, hash, marks, sealed_ms) VALUES ($1, $2, $3, $4, $5, $6)"),
        args![org, seal.upto, seal.count, &seal.hash, &seal.marks, now_ms],
    )?;
    Ok(())
}

/// Only one process seals at a time: the row of this counter is the pen.
pub(super) fn take_pen(tx: &mut Tx<'_>, org: OrgId) -> Result<(), Fault> {
    tx.run(
        sql!("INSERT INTO counter (org_id, name, value) VALUES ($1, 'event_seal', 0) ON CONFLICT (org_id, name) DO UPDATE SET value = counter.value + 1"),
        args![org],
    )?;
    Ok(())
}
