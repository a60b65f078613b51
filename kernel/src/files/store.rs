//! The statements of files.

use super::{Digest, File, Kept};
use crate::id::{OrgId, Ref};
use crate::store::Tx;
use crate::{Fault, args, sql, sql_across};

pub(super) fn insert(tx: &mut Tx<'_>, org: OrgId, kept: Kept, now_ms: i64) -> Result<(), Fault> {
    tx.run(
        sql!(
            "INSERT INTO file (org_id, sha256, size_bytes, created_ms) VALUES ($1, $2, $3, $4)
              ON CONFLICT (org_id, sha256) DO UPDATE SET created_ms = excluded.created_ms"
        ),
        args![org, kept.digest.to_string(), kept.size_bytes, now_ms],
    )
    .map(drop)
}

pub(super) fn insert_use(
    tx: &mut Tx<'_>,
    org: OrgId,
    digest: Digest,
    of: &Ref,
    name: &str,
) -> Result<(), Fault> {
    tx.run(
        sql!(
            "INSERT INTO file_use (org_id, sha256, kind, object_id, name) VALUES ($1, $2, $3, $4, $5)
              ON CONFLICT (org_id, sha256, kind, object_id) DO UPDATE SET name = excluded.name"
        ),
        args![org, digest.to_string(), &*of.kind, of.id, name],
    )
    .map(drop)
}

pub(super) fn delete_use(tx: &mut Tx<'_>, org: OrgId, digest: Digest, of: &Ref) -> Result<u64, Fault> {
    tx.run(
        sql!("DELETE FROM file_use WHERE org_id = $1 AND sha256 = $2 AND kind = $3 AND object_id = $4"),
        args![org, digest.to_string(), &*of.kind, of.id],
    )
}

/// The day of grace begins anew.
pub(super) fn let_go(tx: &mut Tx<'_>, org: OrgId, digest: Digest, now_ms: i64) -> Result<(), Fault> {
    tx.run(
        sql!("UPDATE file SET created_ms = $1 WHERE org_id = $2 AND sha256 = $3"),
        args![now_ms, org, digest.to_string()],
    )
    .map(drop)
}

pub(super) fn of(tx: &mut Tx<'_>, org: OrgId, of: &Ref) -> Result<Vec<File>, Fault> {
    tx.rows(
        sql!(
            "SELECT u.sha256, f.size_bytes, u.name FROM file_use u
              JOIN file f ON f.org_id = u.org_id AND f.sha256 = u.sha256
              WHERE u.org_id = $1 AND u.kind = $2 AND u.object_id = $3 ORDER BY u.name, u.sha256"
        ),
        args![org, &*of.kind, of.id],
        |row| Ok(File { digest: row.get::<String>(0)?.parse()?, size_bytes: row.get(1)?, name: row.get(2)? }),
    )
}

pub(super) fn total_bytes(tx: &mut Tx<'_>, org: OrgId) -> Result<i64, Fault> {
    tx.one(
        sql!("SELECT CAST(COALESCE(SUM(size_bytes), 0) AS BIGINT) FROM file WHERE org_id = $1"),
        args![org],
        |row| row.get(0),
    )
}

pub(super) fn sweep(tx: &mut Tx<'_>, org: OrgId, before_ms: i64) -> Result<u64, Fault> {
    tx.run(
        sql!(
            "DELETE FROM file WHERE org_id = $1 AND created_ms < $2 AND NOT EXISTS
              (SELECT 1 FROM file_use u WHERE u.org_id = $1 AND u.sha256 = file.sha256)"
        ),
        args![org, before_ms],
    )
}

/// Which of these some organisation still has a row for.
pub(super) fn known(tx: &mut Tx<'_>, digests: &str) -> Result<Vec<String>, Fault> {
    tx.rows(
        sql_across!("SELECT DISTINCT sha256 FROM file WHERE sha256 IN {texts $1}"),
        args![digests],
        |row| row.get(0),
    )
}
