//! The statements of people and their ways in.

use super::{Kind, New, Person};
use crate::id::{OrgId, PersonId};
use crate::store::{Row, Tx};
use crate::{Cx, Fault, args, sql};

/// Which page of a list: those whose name comes after `after` (name, id), at most `limit`.
#[derive(Clone, Debug)]
pub struct Page {
    pub after: Option<(String, PersonId)>,
    pub limit: u32,
}

impl Default for Page {
    fn default() -> Self {
        Self { after: None, limit: 50 }
    }
}

pub(super) fn insert(tx: &mut Tx<'_>, org: OrgId, id: PersonId, new: &New, now_ms: i64) -> Result<(), Fault> {
    tx.run(
        sql!("INSERT INTO person (org_id, id, name, email, kind, state, created_ms) VALUES ($1, $2, $3, $4, $5, 'active', $6)"),
        args![org, id, &new.name, &new.email, new.kind.word(), now_ms],
    )
    .map(drop)
}

pub(super) fn update(
    tx: &mut Tx<'_>,
    org: OrgId,
    id: PersonId,
    revision: i64,
    new: &New,
) -> Result<(), Fault> {
    let touched = tx.run(
        sql!(
            "UPDATE person SET name = $1, email = $2, kind = $3, revision = revision + 1
              WHERE org_id = $4 AND id = $5 AND revision = $6"
        ),
        args![&new.name, &new.email, new.kind.word(), org, id, revision],
    )?;
    if touched == 0 { Err(Fault::Stale) } else { Ok(()) }
}

pub(super) fn set_state(tx: &mut Tx<'_>, org: OrgId, id: PersonId, state: &'static str) -> Result<(), Fault> {
    tx.run(
        sql!("UPDATE person SET state = $1, revision = revision + 1 WHERE org_id = $2 AND id = $3"),
        args![state, org, id],
    )
    .map(drop)
}

pub(super) fn get(tx: &mut Tx<'_>, org: OrgId, id: PersonId) -> Result<Option<Person>, Fault> {
    tx.maybe(
        sql!(
            "SELECT id, name, email, kind, state, password_hash IS NOT NULL, totp_state, revision, created_ms
              FROM person WHERE org_id = $1 AND id = $2"
        ),
        args![org, id],
        person,
    )
}

pub(super) fn by_email(tx: &mut Tx<'_>, org: OrgId, email: &str) -> Result<Option<Person>, Fault> {
    tx.maybe(
        sql!(
            "SELECT id, name, email, kind, state, password_hash IS NOT NULL, totp_state, revision, created_ms
              FROM person WHERE org_id = $1 AND email = $2"
        ),
        args![org, email],
        person,
    )
}

pub(super) fn list(
    tx: &mut Tx<'_>,
    org: OrgId,
    kind: Option<Kind>,
    page: &Page,
) -> Result<Vec<Person>, Fault> {
    let (name, id) = page.after.clone().unwrap_or((String::new(), PersonId(0)));
    tx.rows(
        sql!(
            "SELECT id, name, email, kind, state, password_hash IS NOT NULL, totp_state, revision, created_ms
              FROM person WHERE org_id = $1 AND ($2 = '' OR kind = $2) AND (name, id) > ($3, $4) ORDER BY name, id LIMIT $5"
        ),
        args![org, kind.map_or("", Kind::word), name, id, page.limit],
        person,
    )
}

fn person(row: &Row<'_>) -> Result<Person, Fault> {
    Ok(Person {
        id: row.get(0)?,
        name: row.get(1)?,
        email: row.get(2)?,
        kind: if row.get::<String>(3)? == "staff" { Kind::Staff } else { Kind::Requester },
        is_active: row.get::<String>(4)? == "active",
        has_password: row.get(5)?,
        has_totp: row.get::<String>(6)? == "on",
        revision: row.get(7)?,
        created_ms: row.get(8)?,
    })
}

pub(super) fn password_hash(tx: &mut Tx<'_>, org: OrgId, id: PersonId) -> Result<Option<String>, Fault> {
    let found = tx.maybe(
        sql!("SELECT password_hash FROM person WHERE org_id = $1 AND id = $2"),
        args![org, id],
        |row| row.get::<Option<String>>(0),
    )?;
    Ok(found.flatten())
}

/// Sets the hash when it still is what the caller saw.
pub(super) fn set_password(
    tx: &mut Tx<'_>,
    org: OrgId,
    id: PersonId,
    hash: Option<&str>,
) -> Result<(), Fault> {
    tx.run(
        sql!("UPDATE person SET password_hash = $1, revision = revision + 1 WHERE org_id = $2 AND id = $3"),
        args![hash, org, id],
    )
    .map(drop)
}

/// State, sealed secret and last used step of somebody's second factor.
pub(super) type Factor = (String, Option<Vec<u8>>, i64);

pub(super) fn totp(tx: &mut Tx<'_>, org: OrgId, id: PersonId) -> Result<Option<Factor>, Fault> {
    tx.maybe(
        sql!("SELECT totp_state, totp_sealed, totp_last_step FROM person WHERE org_id = $1 AND id = $2"),
        args![org, id],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )
}

pub(super) fn set_totp(
    tx: &mut Tx<'_>,
    org: OrgId,
    id: PersonId,
    state: &'static str,
    sealed: Option<&[u8]>,
) -> Result<(), Fault> {
    tx.run(
        sql!("UPDATE person SET totp_state = $1, totp_sealed = $2, revision = revision + 1 WHERE org_id = $3 AND id = $4"),
        args![state, sealed, org, id],
    )
    .map(drop)
}

/// Moves the last used step forward; false when it was used already.
pub(super) fn use_step(tx: &mut Tx<'_>, org: OrgId, id: PersonId, step: i64) -> Result<bool, Fault> {
    let touched = tx.run(
        sql!("UPDATE person SET totp_last_step = $1 WHERE org_id = $2 AND id = $3 AND totp_last_step < $1"),
        args![step, org, id],
    )?;
    Ok(touched == 1)
}

pub(super) fn replace_recovery(
    tx: &mut Tx<'_>,
    org: OrgId,
    id: PersonId,
    hashes: &[[u8; 32]],
) -> Result<(), Fault> {
    tx.run(sql!("DELETE FROM recovery_code WHERE org_id = $1 AND person_id = $2"), args![org, id])?;
    for hash in hashes {
        tx.run(
            sql!("INSERT INTO recovery_code (org_id, person_id, hash) VALUES ($1, $2, $3)"),
            args![org, id, &hash[..]],
        )?;
    }
    Ok(())
}

pub(super) fn use_recovery(
    tx: &mut Tx<'_>,
    org: OrgId,
    id: PersonId,
    hash: &[u8],
    now_ms: i64,
) -> Result<bool, Fault> {
    let touched = tx.run(
        sql!("UPDATE recovery_code SET used_ms = $1 WHERE org_id = $2 AND person_id = $3 AND hash = $4 AND used_ms IS NULL"),
        args![now_ms, org, id, hash],
    )?;
    Ok(touched == 1)
}

pub(super) fn recovery_left(tx: &mut Tx<'_>, org: OrgId, id: PersonId) -> Result<i64, Fault> {
    tx.one(
        sql!("SELECT COUNT(*) FROM recovery_code WHERE org_id = $1 AND person_id = $2 AND used_ms IS NULL"),
        args![org, id],
        |row| row.get(0),
    )
}

pub(super) fn insert_link(
    tx: &mut Tx<'_>,
    org: OrgId,
    hash: &[u8],
    id: PersonId,
    until_ms: i64,
) -> Result<(), Fault> {
    tx.run(
        sql!("INSERT INTO sign_in_link (org_id, hash, person_id, until_ms) VALUES ($1, $2, $3, $4)"),
        args![org, hash, id, until_ms],
    )
    .map(drop)
}

/// Compare and set: of all who show the same link at once, one gets in.
pub(super) fn use_link(
    tx: &mut Tx<'_>,
    org: OrgId,
    hash: &[u8],
    now_ms: i64,
) -> Result<Option<PersonId>, Fault> {
    tx.maybe(
        sql!(
            "UPDATE sign_in_link SET used_ms = $1
              WHERE org_id = $2 AND hash = $3 AND used_ms IS NULL AND until_ms > $1 RETURNING person_id"
        ),
        args![now_ms, org, hash],
        |row| row.get(0),
    )
}

pub(super) fn drop_links(tx: &mut Tx<'_>, org: OrgId, id: PersonId) -> Result<(), Fault> {
    tx.run(
        sql!("DELETE FROM sign_in_link WHERE org_id = $1 AND person_id = $2 AND used_ms IS NULL"),
        args![org, id],
    )
    .map(drop)
}

pub(super) fn revoke_tokens(tx: &mut Tx<'_>, org: OrgId, id: PersonId, now_ms: i64) -> Result<u64, Fault> {
    tx.run(
        sql!(
            "UPDATE api_token SET revoked_ms = $1 WHERE org_id = $2 AND person_id = $3 AND revoked_ms IS NULL"
        ),
        args![now_ms, org, id],
    )
}

/// Removes what has run out: sessions, links, pauses of sign-in. Answers how many rows went; run it hourly.
pub fn sweep(tx: &mut Tx<'_>, cx: &Cx) -> Result<u64, Fault> {
    let (org, now_ms) = (cx.org, cx.now_ms());
    let day_ago = now_ms - 86_400_000;
    let sessions = tx.run(
        sql!("DELETE FROM session WHERE org_id = $1 AND (until_ms <= $2 OR seen_ms <= $3)"),
        args![org, now_ms, now_ms - crate::session::IDLE_MS],
    )?;
    let links =
        tx.run(sql!("DELETE FROM sign_in_link WHERE org_id = $1 AND until_ms <= $2"), args![org, day_ago])?;
    let pauses = tx
        .run(sql!("DELETE FROM sign_in_failure WHERE org_id = $1 AND until_ms <= $2"), args![org, day_ago])?;
    Ok(sessions + links + pauses)
}
