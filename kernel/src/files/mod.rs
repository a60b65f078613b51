//! Files: bytes on disk under the hash of their content, and rows that say who holds on to them.
//!
//! Bytes come in first ([`Files::take_in`]), streamed, hashed and safe on disk; then a use case attaches them to
//! something in its own transaction. What nothing holds goes after a day, first the row, then the bytes. Servers that
//! share a database share this folder too.

mod disk;
mod store;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

pub use disk::Files;

use crate::id::{OrgId, Ref};
use crate::store::Tx;
use crate::{Cx, Fault};

/// What nothing holds stays for so long.
const GRACE_MS: i64 = 24 * 3_600_000;

/// The SHA-256 of a content; its only spelling is 64 small hex digits, so that it can be a path.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let unknown = Fault::NotFound { what: "file" };
        if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            return Err(unknown);
        }
        let mut bytes = [0; 32];
        for (place, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[place * 2..place * 2 + 2], 16).map_err(|_| unknown.clone())?;
        }
        Ok(Self(bytes))
    }
}

/// Bytes that are on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    pub digest: Digest,
    pub size_bytes: i64,
}

/// A file as something holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub digest: Digest,
    pub size_bytes: i64,
    pub name: String,
}

/// Lets a thing hold on to bytes that were taken in; a second time changes the name only.
///
/// # Errors
/// `Invalid` on `name`: empty, longer than 255 letters, or with a slash or a control sign.
pub fn attach(tx: &mut Tx<'_>, cx: &Cx, kept: Kept, of: &Ref, name: &str) -> Result<(), Fault> {
    let name = name.trim();
    let is_good = (1..=255).contains(&name.chars().count())
        && !name.chars().any(|c| c.is_control() || c == '/' || c == '\\')
        && name != "."
        && name != "..";
    if !is_good {
        return Err(Fault::invalid("name", "malformed", "give the file a plain name"));
    }
    store::insert(tx, cx.org, kept, cx.now_ms())?;
    store::insert_use(tx, cx.org, kept.digest, of, name)
}

/// The thing lets go; nothing happens when it did not hold on.
pub fn detach(tx: &mut Tx<'_>, cx: &Cx, digest: Digest, of: &Ref) -> Result<(), Fault> {
    if store::delete_use(tx, cx.org, digest, of)? > 0 {
        store::let_go(tx, cx.org, digest, cx.now_ms())?;
    }
    Ok(())
}

/// What a thing holds, by name.
pub fn of(tx: &mut Tx<'_>, org: OrgId, of: &Ref) -> Result<Vec<File>, Fault> {
    store::of(tx, org, of)
}

/// One file that a thing holds: what a download asks before the bytes are opened.
pub fn held(tx: &mut Tx<'_>, org: OrgId, holder: &Ref, digest: Digest) -> Result<File, Fault> {
    let found = store::of(tx, org, holder)?.into_iter().find(|file| file.digest == digest);
    found.ok_or(Fault::NotFound { what: "file" })
}

/// How many bytes an organisation holds.
pub fn total_bytes(tx: &mut Tx<'_>, org: OrgId) -> Result<i64, Fault> {
    store::total_bytes(tx, org)
}

/// Removes the rows that nothing has held for a day; answers how many. Then [`Files::sweep`] removes the bytes.
pub fn sweep(tx: &mut Tx<'_>, cx: &Cx) -> Result<u64, Fault> {
    store::sweep(tx, cx.org, cx.now_ms() - GRACE_MS)
}
