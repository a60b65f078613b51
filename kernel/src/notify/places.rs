//! The statements of channels.

use super::channel::{Channel, ChannelKind};
use crate::id::{ChannelId, OrgId, PersonId};
use crate::store::{Row, Tx};
use crate::{Fault, args, sql};

pub(super) fn insert(tx: &mut Tx<'_>, org: OrgId, channel: &Channel) -> Result<(), Fault> {
    let (kind, causes) = (channel.kind.word(), channel.causes.join(" "));
    tx.run(
        sql!(
            "INSERT INTO channel (org_id, id, kind, name, url, events, state, person_id)
              VALUES ($1, $2, $3, $4, $5, $6, 'active', $7)"
        ),
        args![org, channel.id, kind, &channel.name, &channel.url, causes, channel.person],
    )
    .map(drop)
}

/// Changes what people set, and lets it be tried again.
pub(super) fn update(tx: &mut Tx<'_>, org: OrgId, channel: &Channel) -> Result<(), Fault> {
    tx.run(
        sql!(
            "UPDATE channel SET name = $1, url = $2, events = $3, state = 'active', why = '', revision = revision + 1
              WHERE org_id = $4 AND id = $5"
        ),
        args![&channel.name, &channel.url, channel.causes.join(" "), org, channel.id],
    )
    .map(drop)
}

macro_rules! all_channels {
    ($rest:literal) => {
        sql!(concat!(
            "SELECT id, kind, name, url, state, events, person_id, why FROM channel WHERE org_id = $1 ",
            $rest
        ))
    };
}

pub(super) fn all(tx: &mut Tx<'_>, org: OrgId) -> Result<Vec<Channel>, Fault> {
    tx.rows(all_channels!("AND person_id IS NULL ORDER BY id"), args![org], read)
}

pub(super) fn by_id(tx: &mut Tx<'_>, org: OrgId, id: ChannelId) -> Result<Option<Channel>, Fault> {
    tx.maybe(all_channels!("AND id = $2"), args![org, id], read)
}

pub(super) fn of_person(tx: &mut Tx<'_>, org: OrgId, person: PersonId) -> Result<Option<Channel>, Fault> {
    tx.maybe(all_channels!("AND person_id = $2 ORDER BY id LIMIT 1"), args![org, person], read)
}

fn read(row: &Row<'_>) -> Result<Channel, Fault> {
    Ok(Channel {
        id: row.get(0)?,
        kind: if row.get::<String>(1)? == "webhook" { ChannelKind::Webhook } else { ChannelKind::Push },
        name: row.get(2)?,
        url: row.get(3)?,
        is_active: row.get::<String>(4)? == "active",
        causes: row.get::<String>(5)?.split_whitespace().map(str::to_owned).collect(),
        person: row.get(6)?,
        why: row.get(7)?,
    })
}

pub(super) fn set_state(
    tx: &mut Tx<'_>,
    org: OrgId,
    id: ChannelId,
    state: &'static str,
    why: &str,
) -> Result<u64, Fault> {
    tx.run(
        sql!("UPDATE channel SET state = $1, why = $2, revision = revision + 1 WHERE org_id = $3 AND id = $4 AND state <> $1"),
        args![state, why, org, id],
    )
}

pub(super) fn delete(tx: &mut Tx<'_>, org: OrgId, id: ChannelId) -> Result<(), Fault> {
    tx.run(sql!("DELETE FROM channel WHERE org_id = $1 AND id = $2"), args![org, id]).map(drop)
}
