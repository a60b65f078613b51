//! The hash chain over the events of one organisation, and the check that names the first altered row.
//!
//! Writers do not hash: on PostgreSQL every writer of an organisation would wait for the commit before it. A sealer
//! hashes rows that have settled ([`super::Settling`]), in the order of their ids.

use sha2::{Digest, Sha256};

use super::Event;
use super::store::{self, Seal};
use crate::id::EventId;
use crate::store::Tx;
use crate::{Cx, Fault};

/// So many rows at most go under one seal.
pub const ROWS_PER_SEAL: u32 = 1000;
const MARK_BYTES: usize = 24;

/// What the check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All sealed rows are as they were; so many of them, and so many not yet sealed.
    Whole {
        sealed: u64,
        open: u64,
    },
    Broken(Broken),
}

/// The first row that is not as it was sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    pub event: EventId,
    pub what: &'static str,
}

/// Seals what has settled, up to and with `upto`, [`ROWS_PER_SEAL`] rows at most; answers how many. Called again and
/// again; does nothing when there is nothing to do.
pub fn seal(tx: &mut Tx<'_>, cx: &Cx, upto: EventId) -> Result<usize, Fault> {
    let last = store::last_seal(tx, cx.org)?;
    let (from, mut hash) = last.map_or((EventId(0), vec![0; 32]), |seal| (seal.upto, seal.hash));
    if upto <= from {
        return Ok(0);
    }
    let settled = |tx: &mut Tx<'_>| -> Result<Vec<Event>, Fault> {
        let rows = store::after(tx, cx.org, from, ROWS_PER_SEAL)?;
        Ok(rows.into_iter().filter(|event| event.id <= upto).collect())
    };
    if settled(tx)?.is_empty() {
        return Ok(0);
    }
    store::take_pen(tx, cx.org)?;
    if store::last_seal(tx, cx.org)?.map_or(EventId(0), |seal| seal.upto) != from {
        return Ok(0); // another process sealed in the meantime
    }
    let rows = settled(tx)?;
    let Some(newest) = rows.last() else { return Ok(0) };
    let mut marks = Vec::with_capacity(rows.len() * MARK_BYTES);
    for row in &rows {
        hash = chained(&hash, row);
        marks.extend_from_slice(&row.id.0.to_be_bytes());
        marks.extend_from_slice(&hash[..16]);
    }
    let seal = Seal { upto: newest.id, count: i64::try_from(rows.len()).unwrap_or(0), hash, marks };
    store::insert_seal(tx, cx.org, &seal, cx.now_ms())?;
    Ok(rows.len())
}

/// Computes the chain again from the rows and compares it with the seals.
pub fn verify(tx: &mut Tx<'_>, cx: &Cx) -> Result<Verdict, Fault> {
    let (mut at, mut hash, mut sealed) = (EventId(0), vec![0; 32], 0_u64);
    loop {
        let seals = store::seals_after(tx, cx.org, at)?;
        if seals.is_empty() {
            break;
        }
        for seal in seals {
            let rows = store::after(tx, cx.org, at, u32::try_from(seal.count + 1).unwrap_or(u32::MAX))?;
            if let Some(broken) = compare(&seal, &rows, &mut hash) {
                return Ok(Verdict::Broken(broken));
            }
            sealed += seal.count.unsigned_abs();
            at = seal.upto;
        }
    }
    let open = store::after(tx, cx.org, at, 100_000)?.len() as u64;
    Ok(Verdict::Whole { sealed, open })
}

fn compare(seal: &Seal, rows: &[Event], hash: &mut Vec<u8>) -> Option<Broken> {
    let mut rows = rows.iter().take_while(|row| row.id <= seal.upto);
    for mark in seal.marks.chunks_exact(MARK_BYTES) {
        let event = EventId(i64::from_be_bytes(mark[..8].try_into().ok()?));
        let Some(row) = rows.next() else { return Some(Broken { event, what: "was removed" }) };
        if row.id != event {
            let what = if row.id < event { "was inserted later" } else { "was removed" };
            return Some(Broken { event: row.id.min(event), what });
        }
        *hash = chained(hash, row);
        if hash[..16] != mark[8..] {
            return Some(Broken { event, what: "was altered" });
        }
    }
    if let Some(row) = rows.next() {
        return Some(Broken { event: row.id, what: "was inserted later" });
    }
    (*hash != seal.hash).then_some(Broken { event: seal.upto, what: "has a seal that was altered" })
}

/// SHA-256 over the hash before and every field with its length.
fn chained(before: &[u8], event: &Event) -> Vec<u8> {
    let mut hasher = Sha256::new();
    hasher.update(before);
    hasher.update(event.id.0.to_be_bytes());
    hasher.update(event.at_ms.to_be_bytes());
    hasher.update(event.subject.id.to_be_bytes());
    for text in [&event.actor, &event.verb, &*event.subject.kind, &event.body.to_string()] {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.finalize().to_vec()
}
