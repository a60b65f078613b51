//! The statements of notices and receipts.

use std::collections::BTreeMap;

use serde::Serialize;

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
            "INSERT INTO notice (org_id, id, once_key, cause, title, body, link, urgency, created_ms)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (org_id, once_key) DO NOTHING"
        ),
        args![
            org,
            id,
            &new.once_key,
            new.cause,
            &new.title,
            &new.body,
            &new.link,
            new.urgency.word(),
            now_ms
        ],
    )?;
    Ok(touched == 1)
}

/// What was told, without its messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notice {
    pub id: NoticeId,
    pub cause: String,
    pub title: String,
    pub body: String,
    pub link: String,
    pub urgency: String,
    pub created_ms: i64,
}

macro_rules! notices {
    ($rest:literal) => {
        sql!(concat!(
            "SELECT id, cause, title, body, link, urgency, created_ms FROM notice WHERE org_id = $1 ",
            $rest
        ))
    };
}

pub(super) fn notices(
    tx: &mut Tx<'_>,
    org: OrgId,
    before: NoticeId,
    limit: u32,
) -> Result<Vec<Notice>, Fault> {
    tx.rows(notices!("AND id < $2 ORDER BY id DESC LIMIT $3"), args![org, before, limit], read_notice)
}

pub(super) fn notice(tx: &mut Tx<'_>, org: OrgId, id: NoticeId) -> Result<Option<Notice>, Fault> {
    tx.maybe(notices!("AND id = $2"), args![org, id], read_notice)
}

fn read_notice(row: &Row<'_>) -> Result<Notice, Fault> {
    Ok(Notice {
        id: row.get(0)?,
        cause: row.get(1)?,
        title: row.get(2)?,
        body: row.get(3)?,
        link: row.get(4)?,
        urgency: row.get(5)?,
        created_ms: row.get(6)?,
    })
}

pub(super) fn insert_receipt(
    tx: &mut Tx<'_>,
    org: OrgId,
    notice: NoticeId,
    channel: &str,
    recipient: &str,
    (person, place): (Option<PersonId>, Option<ChannelId>),
    now_ms: i64,
) -> Result<bool, Fault> {
    let touched = tx.run(
        sql!(
            "INSERT INTO notice_receipt (org_id, notice_id, channel, recipient, person_id, channel_id, state, changed_ms)
              VALUES ($1, $2, $3, $4, $5, $6, 'waiting', $7) ON CONFLICT (org_id, notice_id, channel, recipient) DO NOTHING"
        ),
        args![org, notice, channel, recipient, person, place, now_ms],
    )?;
    Ok(touched == 1)
}

/// Whole receipts; the name is that of the person, else of the channel, else the address itself.
macro_rules! all_receipts {
    ($rest:literal) => {
        sql!(concat!(
            "SELECT r.notice_id, n.title, r.channel, r.recipient, r.state, r.attempts, r.changed_ms, r.answer, r.next_ms,
                COALESCE((SELECT p.name FROM person p WHERE p.org_id = $1 AND p.id = r.person_id),
                  (SELECT c.name FROM channel c WHERE c.org_id = $1 AND c.id = r.channel_id), r.recipient)
              FROM notice_receipt r JOIN notice n ON n.org_id = r.org_id AND n.id = r.notice_id WHERE r.org_id = $1 ",
            $rest
        ))
    };
}

pub(super) fn receipts(tx: &mut Tx<'_>, org: OrgId, notice: NoticeId) -> Result<Vec<Receipt>, Fault> {
    tx.rows(
        all_receipts!("AND r.notice_id = $2 ORDER BY r.channel, r.recipient"),
        args![org, notice],
        receipt,
    )
}

pub(super) fn standing(
    tx: &mut Tx<'_>,
    org: OrgId,
    since: NoticeId,
) -> Result<BTreeMap<NoticeId, (i64, i64)>, Fault> {
    let rows = tx.rows(
        sql!(
            "SELECT notice_id, MAX(changed_ms),
                CAST(SUM(CASE WHEN state IN ('waiting', 'sending') THEN 1 ELSE 0 END) AS BIGINT)
              FROM notice_receipt WHERE org_id = $1 AND notice_id > $2 GROUP BY notice_id"
        ),
        args![org, since],
        |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))),
    )?;
    Ok(rows.into_iter().collect())
}

pub(super) fn log(
    tx: &mut Tx<'_>,
    org: OrgId,
    channel: &str,
    recipient: &str,
    limit: u32,
) -> Result<Vec<Receipt>, Fault> {
    tx.rows(
        all_receipts!("AND r.channel = $2 AND r.recipient = $3 ORDER BY r.notice_id DESC LIMIT $4"),
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
        next_ms: row.get(8)?,
        name: row.get(9)?,
    })
}

/// What a message says, with where it stands.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) title: String,
    pub(super) body: String,
    pub(super) cause: String,
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
            "SELECT n.title, n.body, n.link, n.urgency, n.created_ms, r.state, r.attempts, r.may_have_arrived, n.cause
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
                cause: row.get(8)?,
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
            "UPDATE notice_receipt SET state = 'sending', attempts = attempts + 1, changed_ms = $1, next_ms = NULL,
              may_have_arrived = CASE WHEN state IN ('sending', 'unsure') THEN 1 ELSE may_have_arrived END
              WHERE org_id = $2 AND notice_id = $3 AND channel = $4 AND recipient = $5 AND attempts = $6"
        ),
        args![now_ms, org, notice, channel, recipient, attempts],
    )?;
    Ok(touched == 1)
}

/// How an attempt ended.
pub(super) struct End<'a> {
    pub(super) state: State,
    pub(super) answer: &'a str,
    pub(super) next_ms: Option<i64>,
}

pub(super) fn end(
    tx: &mut Tx<'_>,
    org: OrgId,
    notice: NoticeId,
    channel: &str,
    recipient: &str,
    end: &End<'_>,
    now_ms: i64,
) -> Result<(), Fault> {
    tx.run(
        sql!(
            "UPDATE notice_receipt SET state = $1, answer = $2, changed_ms = $3, next_ms = $4
              WHERE org_id = $5 AND notice_id = $6 AND channel = $7 AND recipient = $8"
        ),
        args![end.state.word(), end.answer, now_ms, end.next_ms, org, notice, channel, recipient],
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
