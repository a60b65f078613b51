//! Counts that pages show, kept by those who write: one small row instead of a count over a million.
//!
//! A count is spread over slots, so that on PostgreSQL writers of one organisation seldom wait for each other.

use mainstay_kernel::id::OrgId;
use mainstay_kernel::store::Tx;
use mainstay_kernel::{Fault, args, sql};

const SLOTS: i64 = 16;

/// Adds to a count; `spread` is any number that differs between writers, an id for example.
pub fn add(tx: &mut Tx<'_>, org: OrgId, name: &str, spread: i64, by: i64) -> Result<(), Fault> {
    if by != 0 {
        tx.run(
            sql!(
                "INSERT INTO tally (org_id, name, slot, value) VALUES ($1, $2, $3, $4)
                  ON CONFLICT (org_id, name, slot) DO UPDATE SET value = tally.value + $4"
            ),
            args![org, name, spread.rem_euclid(SLOTS), by],
        )?;
    }
    Ok(())
}

/// The count now.
pub fn read(tx: &mut Tx<'_>, org: OrgId, name: &str) -> Result<i64, Fault> {
    tx.one(
        sql!("SELECT CAST(COALESCE(SUM(value), 0) AS BIGINT) FROM tally WHERE org_id = $1 AND name = $2"),
        args![org, name],
        |row| row.get(0),
    )
}
