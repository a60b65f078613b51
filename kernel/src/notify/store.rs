//! The statements of notices, receipts and channels.

use super::channel::{Channel, ChannelKind};
use super::{New, Receipt, State};
use crate::id::{ChannelId, NoticeId, OrgId, PersonId};
use crate::store::{Row, Tx};
use crate::{Fault, args, sql};

/// False when this was told before.
pub(super) fn insert(
    tx: &mut Tx<'_>,
    org: OrgId,
    id: NoticeId,
    new: &New,
    now_ms: i64,
) -> Result<bool, Fault> {
    let touched = tx.run(
        sql!(
            "INSERT INTO notice (org_id, id, once_key, title, body, link, urgency, created_ms)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (org_id, once_key) DO NOTHING"
        ),
        args![org, id, &new.once_key, &new.title, &new.body, &new.link, new.urgency.word(), now_ms],
    )?;
    Ok(touched == 1)
}

pub(super) fn insert_receipt(
    tx: &mut Tx<'_>,
    org: OrgId,
    notice: NoticeId,
    channel: &str,
    recipient: &str,
    person: Option<PersonId>,
    now_ms: i64,
) -> Result<bool, Fault> {
    let touched = tx.run(
        sql!(
            "INSERT INTO notice_receipt (org_id, notice_id, channel, recipient, person_id, state, changed_ms)
              VALUES ($1, $2, $3, $4, $5, 'waiting', $6) ON CONFLICT (org_id, notice_id, channel, recipient) DO NOTHING"
        ),
        args![org, notice, channel, recipient, person.map(|person| person.0), now_ms],
    )?;
    Ok(touched == 1)
}

pub(super) fn receipts(tx: &mut Tx<'_>, org: OrgId, notice: NoticeId) -> Result<Vec<Receipt>, Fault> {
    tx.rows(
        sql!(
            "SELECT r.notice_id, n.title, r.channel, r.recipient, r.state, r.attempts, r.changed_ms, r.answer
              FROM notice_receipt r JOIN notice n ON n.org_id = r.org_id AND n.id = r.notice_id
              WHERE r.org_id = $1 AND r.notice_id = $2 ORDER BY r.channel, r.recipient"
        ),
        args![org, notice],
        receipt,
    )
}

pub(super) fn log(
    tx: &mut Tx<'_>,
    org: OrgId,
    channel: &str,
    recipient: &str,
    limit: u32,
) -> Result<Vec<Receipt>, Fault> {
    tx.rows(
        sql!(
            "SELECT r.notice_id, n.title, r.channel, r.recipient, r.state, r.attempts, r.changed_ms, r.answer
              FROM notice_receipt r JOIN notice n ON n.org_id = r.org_id AND n.id = r.notice_id
              WHERE r.org_id = $1 AND r.channel = $2 AND r.recipient = $3 ORDER BY r.notice_id DESC LIMIT $4"
        ),
        args![org, channel, recipient, limit],
        receipt,
    )
}

fn receipt(row: &Row<'_>) -> Result<Receipt, Fault> {
    Ok(Receipt {
        notice: row.get(0)?,
        title: row.get(1)?,
        channel: row.get(2)?,
        recipient: row.get(3)?,
        state: State::read(&row.get::<String>(4)?),
        attempts: row.get(5)?,
        changed_ms: row.get(6)?,
        answer: row.get(7)?,
    })
}

/// What a message says, with where it stands.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) title: String,
    pub(super) body: String,
    pub(super) link: String,
    pub(super) urgency: String,
    pub(super) created_ms: i64,
    pub(super) state: State,
    pub(super) attempts: i64,
    /// An earlier attempt was handed over without an answer, or somebody asked for the message again.
    pub(super) may_have_arrived: bool,
}

pub(super) fn message(
    tx: &mut Tx<'_>,
    org: OrgId,
    notice: NoticeId,
    channel: &str,
    recipient: &str,
) -> Result<Option<Message>, Fault> {
    tx.maybe(
        sql!(
            "SELECT n.title, n.body, n.link, n.urgency, n.created_ms, r.state, r.attempts, r.may_have_arrived
              FROM notice_receipt r JOIN notice n ON n.org_id = r.org_id AND n.id = r.notice_id
              WHERE r.org_id = $1 AND r.notice_id = $2 AND r.channel = $3 AND r.recipient = $4"
        ),
        args![org, notice, channel, recipient],
        |row| {
            Ok(Message {
                title: row.get(0)?,
                body: row.get(1)?,
                link: row.get(2)?,
                urgency: row.get(3)?,
                created_ms: row.get(4)?,
                state: State::read(&row.get::<String>(5)?),
                attempts: row.get(6)?,
                may_have_arrived: row.get(7)?,
            })
        },
    )
}

/// Begins an attempt; false when somebody else did since the caller looked.
pub(super) fn begin(
    tx: &mut Tx<'_>,
    org: OrgId,
    notice: NoticeId,
    channel: &str,
    recipient: &str,
    attempts: i64,
    now_ms: i64,
) -> Result<bool, Fault> {
    let touched = tx.run(
        sql!(
            "UPDATE notice_receipt SET state = 'sending', attempts = attempts + 1, changed_ms = $1,
              may_have_arrived = CASE WHEN state IN ('sending', 'unsure') THEN 1 ELSE may_have_arrived END
              WHERE org_id = $2 AND notice_id = $3 AND channel = $4 AND recipient = $5 AND attempts = $6"
        ),
        args![now_ms, org, notice, channel, recipient, attempts],
    )?;
    Ok(touched == 1)
}

#[expect(clippy::too_many_arguments, reason = "the key of a receipt has four parts")]
pub(super) fn end(
    tx: &mut Tx<'_>,
    org: OrgId,
    notice: NoticeId,
    channel: &str,
    recipient: &str,
    state: State,
    answer: &str,
    now_ms: i64,
) -> Result<(), Fault> {
    tx.run(
        sql!(
            "UPDATE notice_receipt SET state = $1, answer = $2, changed_ms = $3
              WHERE org_id = $4 AND notice_id = $5 AND channel = $6 AND recipient = $7"
        ),
        args![state.word(), answer, now_ms, org, notice, channel, recipient],
    )
    .map(drop)
}

pub(super) fn restart(
    tx: &mut Tx<'_>,
    org: OrgId,
    notice: NoticeId,
    channel: &str,
    recipient: &str,
    now_ms: i64,
) -> Result<(), Fault> {
    tx.run(
        sql!(
            "UPDATE notice_receipt SET state = 'waiting', attempts = 0, changed_ms = $1,
              may_have_arrived = CASE WHEN state IN ('sent', 'unsure') THEN 1 ELSE may_have_arrived END
              WHERE org_id = $2 AND notice_id = $3 AND channel = $4 AND recipient = $5"
        ),
        args![now_ms, org, notice, channel, recipient],
    )
    .map(drop)
}

pub(super) fn insert_channel(tx: &mut Tx<'_>, org: OrgId, channel: &Channel) -> Result<(), Fault> {
    tx.run(
        sql!(
            "INSERT INTO channel (org_id, id, kind, name, url, state) VALUES ($1, $2, $3, $4, $5, 'active')"
        ),
        args![org, channel.id, channel.kind.word(), &channel.name, &channel.url],
    )
    .map(drop)
}

pub(super) fn channels(tx: &mut Tx<'_>, org: OrgId) -> Result<Vec<Channel>, Fault> {
    tx.rows(
        sql!("SELECT id, kind, name, url, state FROM channel WHERE org_id = $1 ORDER BY id"),
        args![org],
        channel,
    )
}

pub(super) fn channel_by_id(tx: &mut Tx<'_>, org: OrgId, id: ChannelId) -> Result<Option<Channel>, Fault> {
    tx.maybe(
        sql!("SELECT id, kind, name, url, state FROM channel WHERE org_id = $1 AND id = $2"),
        args![org, id],
        channel,
    )
}

fn channel(row: &Row<'_>) -> Result<Channel, Fault> {
    Ok(Channel {
        id: row.get(0)?,
        kind: if row.get::<String>(1)? == "webhook" { ChannelKind::Webhook } else { ChannelKind::Push },
        name: row.get(2)?,
        url: row.get(3)?,
        is_active: row.get::<String>(4)? == "active",
    })
}

pub(super) fn set_channel_state(
    tx: &mut Tx<'_>,
    org: OrgId,
    id: ChannelId,
    state: &'static str,
) -> Result<u64, Fault> {
    tx.run(
        sql!("UPDATE channel SET state = $1, revision = revision + 1 WHERE org_id = $2 AND id = $3 AND state <> $1"),
        args![state, org, id],
    )
}

pub(super) fn delete_channel(tx: &mut Tx<'_>, org: OrgId, id: ChannelId) -> Result<(), Fault> {
    tx.run(sql!("DELETE FROM channel WHERE org_id = $1 AND id = $2"), args![org, id]).map(drop)
}
