//! Numbers without gaps, one series per organisation and name: `#2431`.

use crate::id::OrgId;
use crate::store::Tx;
use crate::{Fault, args, sql};

/// The next number of a series, counted from 1. Call it last in a transaction: on PostgreSQL its row serialises the
/// commits of the organisation.
pub fn next(tx: &mut Tx<'_>, org: OrgId, name: &str) -> Result<i64, Fault> {
    tx.one(
        sql!(
            "INSERT INTO counter (org_id, name, value) VALUES ($1, $2, 1)
              ON CONFLICT (org_id, name) DO UPDATE SET value = counter.value + 1 RETURNING value"
        ),
        args![org, name],
        |row| row.get(0),
    )
}
