//! Slows down who guesses: failures are counted by account and by network address, and each counts before the
//! attempt is judged, so that many at once gain nothing.

use crate::store::Tx;
use crate::{Cx, Fault, args, sql};

/// So many attempts on one account are free of any pause: people mistype.
const FREE_BY_ACCOUNT: i64 = 5;
/// Many people may sit behind one address.
const FREE_BY_ADDRESS: i64 = 20;
const LONGEST_PAUSE_MS: i64 = 15 * 60_000;
/// After this time without an attempt all is forgotten.
const FORGOTTEN_MS: i64 = 24 * 3_600_000;

/// Counts an attempt from `address` on `account`.
///
/// # Errors
/// `TooMany` while a pause lasts; such an attempt does not count.
pub(super) fn press(tx: &mut Tx<'_>, cx: &Cx, account: &str, address: &str) -> Result<(), Fault> {
    let subjects =
        [(format!("account:{account}"), FREE_BY_ACCOUNT), (format!("address:{address}"), FREE_BY_ADDRESS)];
    let now_ms = cx.now_ms();
    for (subject, _) in &subjects {
        let until_ms = until(tx, cx, subject)?.map_or(0, |(_, until_ms)| until_ms);
        // A pause longer than the longest was written before the clock was set back.
        if (now_ms + 1..=now_ms + LONGEST_PAUSE_MS).contains(&until_ms) {
            let retry_after_s = u32::try_from((until_ms - now_ms).div_euclid(1000) + 1).unwrap_or(900);
            return Err(Fault::TooMany { retry_after_s });
        }
    }
    for (subject, free) in &subjects {
        let failures = match until(tx, cx, subject)? {
            Some((failures, until_ms)) if until_ms + FORGOTTEN_MS > now_ms => failures + 1,
            _ => 1,
        };
        write(tx, cx, subject, failures, now_ms + pause_ms(failures - free))?;
    }
    Ok(())
}

/// The attempt was right as far as it went: it does not count, and what was counted before stays.
pub(super) fn give_back(tx: &mut Tx<'_>, cx: &Cx, account: &str, address: &str) -> Result<(), Fault> {
    for subject in [format!("account:{account}"), format!("address:{address}")] {
        tx.run(
            sql!(
                "UPDATE sign_in_failure SET failures = failures - 1, until_ms = $1
                  WHERE org_id = $2 AND subject = $3 AND failures > 0"
            ),
            args![cx.now_ms(), cx.org, subject],
        )?;
    }
    Ok(())
}

/// It was the right one: the account starts anew, and the address gets its attempt back.
pub(super) fn release(tx: &mut Tx<'_>, cx: &Cx, account: &str, address: &str) -> Result<(), Fault> {
    tx.run(
        sql!("DELETE FROM sign_in_failure WHERE org_id = $1 AND subject = $2"),
        args![cx.org, format!("account:{account}")],
    )?;
    tx.run(
        sql!("UPDATE sign_in_failure SET failures = failures - 1, until_ms = $1 WHERE org_id = $2 AND subject = $3 AND failures > 0"),
        args![cx.now_ms(), cx.org, format!("address:{address}")],
    )
    .map(drop)
}

/// 1 s, 2 s, 4 s … 15 min.
fn pause_ms(over: i64) -> i64 {
    match u32::try_from(over) {
        Ok(over @ 1..) => {
            1000_i64.checked_shl(over - 1).map_or(LONGEST_PAUSE_MS, |ms| ms.clamp(1, LONGEST_PAUSE_MS))
        }
        _ => 0,
    }
}

fn until(tx: &mut Tx<'_>, cx: &Cx, subject: &str) -> Result<Option<(i64, i64)>, Fault> {
    tx.maybe(
        sql!("SELECT failures, until_ms FROM sign_in_failure WHERE org_id = $1 AND subject = $2 {lock}"),
        args![cx.org, subject],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

fn write(tx: &mut Tx<'_>, cx: &Cx, subject: &str, failures: i64, until_ms: i64) -> Result<(), Fault> {
    tx.run(
        sql!(
            "INSERT INTO sign_in_failure (org_id, subject, failures, until_ms) VALUES ($1, $2, $3, $4)
              ON CONFLICT (org_id, subject) DO UPDATE SET failures = excluded.failures, until_ms = excluded.until_ms"
        ),
        args![cx.org, subject, failures, until_ms],
    )
    .map(drop)
}

#[cfg(test)]
mod tests {
    use super::pause_ms;

    #[test]
    fn pauses_grow_to_a_quarter_of_an_hour_and_no_further() {
        let pauses: Vec<i64> = [-3, 0, 1, 2, 3, 10, 11, 60, 70, 5000].map(pause_ms).to_vec();
        assert_eq!(pauses, [0, 0, 1000, 2000, 4000, 512_000, 900_000, 900_000, 900_000, 900_000]);
    }
}
