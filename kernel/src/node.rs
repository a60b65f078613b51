//! Which process this is among those that share one store: a number, held by a lease, that keeps ids apart.

use crate::store::Tx;
use crate::{Clock, Fault, args, sql_across};

/// How long a number is held without a word; a process renews it several times in that time.
pub const LEASE_MS: i64 = 60_000;

/// Takes the lowest number that nobody holds (1 to 1023).
///
/// # Errors
/// `Conflict` (`no_number`) when all are held.
pub fn take(tx: &mut Tx<'_>, clock: &Clock, holder: &str) -> Result<u16, Fault> {
    let now_ms = clock.now_ms();
    for number in 1..1024_u16 {
        let taken = tx.run(
            sql_across!("INSERT INTO node_lease (number, holder, until_ms) VALUES ($1, $2, $3)
                  ON CONFLICT (number) DO UPDATE SET holder = $2, until_ms = $3 WHERE node_lease.until_ms < $4"),
            args![number, holder, now_ms + LEASE_MS, now_ms],
        )?;
        if taken > 0 {
            return Ok(number);
        }
    }
    Err(Fault::conflict("no_number", "1,023 processes hold a number already; stop some of them"))
}

/// Holds the number for longer. `false` when somebody else has it: this process must stop making ids.
pub fn renew(tx: &mut Tx<'_>, clock: &Clock, number: u16, holder: &str) -> Result<bool, Fault> {
    let renewed = tx.run(
        sql_across!("UPDATE node_lease SET until_ms = $1 WHERE number = $2 AND holder = $3"),
        args![clock.now_ms() + LEASE_MS, number, holder],
    )?;
    Ok(renewed > 0)
}

/// Gives the number back.
pub fn give_back(tx: &mut Tx<'_>, number: u16, holder: &str) -> Result<(), Fault> {
    tx.run(sql_across!("DELETE FROM node_lease WHERE number = $1 AND holder = $2"), args![number, holder])
        .map(drop)
}
