//! Sessions: who is signed in on which device. The cookie's secret is kept as a hash; a session ends after a week
//! without use, and after 30 days in any case.

use crate::id::{OrgId, PersonId, Ref, SessionId};
use crate::people::{self, sign_in::From};
use crate::store::Tx;
use crate::{Clock, Cx, Fault, args, bearer, events, sql};

/// The longest a session may lie unused.
pub const IDLE_MS: i64 = 7 * 86_400_000;
/// The longest a session may last.
pub const LONGEST_MS: i64 = 30 * 86_400_000;
const TOUCH_MS: i64 = 60_000;
const MOST_LETTERS: usize = 200;

/// A session as the device list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub device: String,
    pub address: String,
    pub created_ms: i64,
    /// Exact to a minute.
    pub seen_ms: i64,
    pub until_ms: i64,
}

/// What a cookie leads to.
#[derive(Clone, Debug)]
pub struct Found {
    pub org: OrgId,
    pub id: SessionId,
    pub person: PersonId,
    pub name: String,
    /// Its last use is to be written down anew.
    pub is_to_touch: bool,
}

/// Opens a session; answers its cookie's text, which is kept nowhere else.
pub fn open(tx: &mut Tx<'_>, cx: &Cx, person: PersonId, from: &From) -> Result<(SessionId, String), Fault> {
    let (id, now_ms) = (SessionId(cx.ids.next()), cx.now_ms());
    let (cookie, hash) = bearer::make(cx.org);
    tx.run(
        sql!(
            "INSERT INTO session (org_id, hash, id, person_id, device, address, created_ms, seen_ms, until_ms)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8)"
        ),
        args![cx.org, hash, id, person, cut(&from.device), cut(&from.address), now_ms, now_ms + LONGEST_MS],
    )?;
    Ok((id, cookie))
}

/// What this cookie leads to: a session that lasts, of a person who is active.
pub fn find(tx: &mut Tx<'_>, clock: &Clock, cookie: &str) -> Result<Option<Found>, Fault> {
    let Some((org, hash)) = bearer::read(cookie) else { return Ok(None) };
    let now_ms = clock.now_ms();
    tx.maybe(
        sql!(
            "SELECT s.id, s.person_id, p.name, s.seen_ms FROM session s
              JOIN person p ON p.org_id = s.org_id AND p.id = s.person_id
              WHERE s.org_id = $1 AND s.hash = $2 AND s.until_ms > $3 AND s.seen_ms > $4 AND p.state = 'active'"
        ),
        args![org, hash, now_ms, now_ms - IDLE_MS],
        |row| {
            let is_to_touch = row.get::<i64>(3)? + TOUCH_MS <= now_ms;
            Ok(Found { org, id: row.get(0)?, person: row.get(1)?, name: row.get(2)?, is_to_touch })
        },
    )
}

/// Writes down that a session was used.
pub(crate) fn touch(tx: &mut Tx<'_>, cx: &Cx, person: PersonId, id: SessionId) -> Result<(), Fault> {
    tx.run(
        sql!("UPDATE session SET seen_ms = $1 WHERE org_id = $2 AND person_id = $3 AND id = $4"),
        args![cx.now_ms(), cx.org, person, id],
    )
    .map(drop)
}

/// The sessions of a person that last, newest first: one's own, or with the right to manage people.
pub fn list(tx: &mut Tx<'_>, cx: &Cx, person: PersonId) -> Result<Vec<Session>, Fault> {
    may(tx, cx, person)?;
    tx.rows(
        sql!(
            "SELECT id, device, address, created_ms, seen_ms, until_ms FROM session
              WHERE org_id = $1 AND person_id = $2 AND until_ms > $3 AND seen_ms > $4 ORDER BY id DESC"
        ),
        args![cx.org, person, cx.now_ms(), cx.now_ms() - IDLE_MS],
        |row| {
            Ok(Session {
                id: row.get(0)?,
                device: row.get(1)?,
                address: row.get(2)?,
                created_ms: row.get(3)?,
                seen_ms: row.get(4)?,
                until_ms: row.get(5)?,
            })
        },
    )
}

/// Ends one session of a person; nothing happens when it has ended.
pub fn end(tx: &mut Tx<'_>, cx: &Cx, person: PersonId, id: SessionId) -> Result<(), Fault> {
    may(tx, cx, person)?;
    let touched = tx.run(
        sql!("DELETE FROM session WHERE org_id = $1 AND person_id = $2 AND id = $3"),
        args![cx.org, person, id],
    )?;
    if touched > 0 {
        ended(tx, cx, person, touched)?;
    }
    Ok(())
}

/// Ends all sessions of a person but one; answers how many.
pub fn end_others(tx: &mut Tx<'_>, cx: &Cx, person: PersonId, keep: SessionId) -> Result<u64, Fault> {
    may(tx, cx, person)?;
    let touched = tx.run(
        sql!("DELETE FROM session WHERE org_id = $1 AND person_id = $2 AND id <> $3"),
        args![cx.org, person, keep],
    )?;
    if touched > 0 {
        ended(tx, cx, person, touched)?;
    }
    Ok(touched)
}

/// Ends all sessions of a person; the caller writes the event.
pub(crate) fn end_all(tx: &mut Tx<'_>, org: OrgId, person: PersonId) -> Result<u64, Fault> {
    tx.run(sql!("DELETE FROM session WHERE org_id = $1 AND person_id = $2"), args![org, person])
}

fn may(tx: &mut Tx<'_>, cx: &Cx, person: PersonId) -> Result<(), Fault> {
    if people::is_self(cx, person) { Ok(()) } else { people::manage(tx, cx, person) }
}

fn ended(tx: &mut Tx<'_>, cx: &Cx, person: PersonId, count: u64) -> Result<(), Fault> {
    let body = serde_json::json!({ "count": count });
    events::record(tx, cx, "session.ended", Ref::new("person", person.0), &[], &body).map(drop)
}

fn cut(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MOST_LETTERS).collect()
}
