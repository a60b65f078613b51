//! The statements of keys and named secrets.

use crate::id::OrgId;
use crate::store::Tx;
use crate::{Fault, args, sql, sql_across};

pub(super) fn newest(tx: &mut Tx<'_>, org: OrgId) -> Result<Option<(i64, Vec<u8>)>, Fault> {
    tx.maybe(
        sql!("SELECT id, wrapped FROM data_key WHERE org_id = $1 ORDER BY id DESC LIMIT 1"),
        args![org],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

pub(super) fn get(tx: &mut Tx<'_>, org: OrgId, id: i64) -> Result<Option<Vec<u8>>, Fault> {
    tx.maybe(sql!("SELECT wrapped FROM data_key WHERE org_id = $1 AND id = $2"), args![org, id], |row| {
        row.get(0)
    })
}

pub(super) fn all(tx: &mut Tx<'_>, org: OrgId) -> Result<Vec<(i64, Vec<u8>)>, Fault> {
    tx.rows(sql!("SELECT id, wrapped FROM data_key WHERE org_id = $1 ORDER BY id"), args![org], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
}

pub(super) fn add(tx: &mut Tx<'_>, org: OrgId, id: i64, wrapped: &[u8], now_ms: i64) -> Result<(), Fault> {
    tx.run(
        sql!("INSERT INTO data_key (org_id, id, wrapped, created_ms) VALUES ($1, $2, $3, $4)"),
        args![org, id, wrapped, now_ms],
    )
    .map(drop)
}

pub(super) fn replace(tx: &mut Tx<'_>, org: OrgId, id: i64, wrapped: &[u8]) -> Result<(), Fault> {
    tx.run(sql!("UPDATE data_key SET wrapped = $1 WHERE org_id = $2 AND id = $3"), args![wrapped, org, id])
        .map(drop)
}

pub(super) fn erase(tx: &mut Tx<'_>, org: OrgId) -> Result<(), Fault> {
    tx.run(sql!("DELETE FROM data_key WHERE org_id = $1"), args![org]).map(drop)
}

pub(super) fn named(tx: &mut Tx<'_>, org: OrgId, name: &str) -> Result<Option<Vec<u8>>, Fault> {
    tx.maybe(sql!("SELECT sealed FROM secret WHERE org_id = $1 AND name = $2"), args![org, name], |row| {
        row.get(0)
    })
}

pub(super) fn all_named(tx: &mut Tx<'_>, org: OrgId) -> Result<Vec<(String, Vec<u8>)>, Fault> {
    tx.rows(sql!("SELECT name, sealed FROM secret WHERE org_id = $1 ORDER BY name"), args![org], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
}

pub(super) fn put_named(
    tx: &mut Tx<'_>,
    org: OrgId,
    name: &str,
    sealed: &[u8],
    now_ms: i64,
) -> Result<(), Fault> {
    tx.run(
        sql!(
            "INSERT INTO secret (org_id, name, sealed, changed_ms) VALUES ($1, $2, $3, $4)
              ON CONFLICT (org_id, name) DO UPDATE SET sealed = excluded.sealed, changed_ms = excluded.changed_ms"
        ),
        args![org, name, sealed, now_ms],
    )
    .map(drop)
}

pub(super) fn forget_named(tx: &mut Tx<'_>, org: OrgId, name: &str) -> Result<u64, Fault> {
    tx.run(sql!("DELETE FROM secret WHERE org_id = $1 AND name = $2"), args![org, name])
}

/// What the store knows of the installation's root key.
pub(super) fn fingerprint(tx: &mut Tx<'_>) -> Result<Option<Vec<u8>>, Fault> {
    tx.maybe(sql_across!("SELECT fingerprint FROM root_key WHERE id = 1"), args![], |row| row.get(0))
}

/// Remembers the first fingerprint; answers the one that counts.
pub(super) fn remember(tx: &mut Tx<'_>, own: &[u8]) -> Result<Vec<u8>, Fault> {
    tx.run(
        sql_across!("INSERT INTO root_key (id, fingerprint) VALUES (1, $1) ON CONFLICT (id) DO NOTHING"),
        args![own],
    )?;
    fingerprint(tx)?.ok_or_else(|| Fault::broken("the fingerprint of the root key is gone"))
}
