//! Values that must not be read from the database alone: sealed with a key of their organisation, which is wrapped by
//! the root key of this installation.
//!
//! A sealed value reads `v1.`, thirteen letters of its key's id, a dot, 24 bytes of nonce, then `XChaCha20-Poly1305` text
//! and tag. Organisation, table, column and row are authenticated with it, so that it opens in its own place only.

mod keys;
mod store;
#[cfg(test)]
mod tests;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

pub use keys::{Keys, unlock};

use crate::id::{self, OrgId, Ref};
use crate::store::Tx;
use crate::{Cx, Fault, events};

const MARK: &[u8] = b"v1.";
const KEY_ID_BYTES: usize = 13;
const NONCE_BYTES: usize = 24;
const HEAD_BYTES: usize = 3 + KEY_ID_BYTES + 1 + NONCE_BYTES;

/// Where a sealed value lies; it opens nowhere else.
#[derive(Clone, Copy, Debug)]
pub struct Place<'p> {
    pub table: &'p str,
    pub column: &'p str,
    /// The row's key within the organisation, spelled out.
    pub row: &'p str,
}

impl Place<'_> {
    fn words(&self, org: OrgId) -> Vec<u8> {
        format!("{org}|{}|{}|{}", self.table, self.column, self.row).into_bytes()
    }
}

/// Seals a value for its place with the newest key of the organisation; makes the first key when there is none.
pub fn seal(tx: &mut Tx<'_>, cx: &Cx, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>, Fault> {
    let (key_id, key) = match store::newest(tx, cx.org)? {
        Some((key_id, wrapped)) => (key_id, unwrap(cx, key_id, &wrapped)?),
        None => add_key(tx, cx)?,
    };
    Ok(close(&key, key_id, &place.words(cx.org), plain))
}

/// Opens a value in its place.
///
/// # Errors
/// `Conflict` (`sealed_elsewhere`) when it was altered or comes from another row, (`key_gone`) when its key was erased.
pub fn open(tx: &mut Tx<'_>, cx: &Cx, place: Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, Fault> {
    let key_id = key_of(sealed).ok_or_else(|| torn(place))?;
    let wrapped = store::get(tx, cx.org, key_id)?.ok_or_else(|| {
        Fault::conflict("key_gone", "the key of this value was erased; enter the value again")
    })?;
    let key = unwrap(cx, key_id, &wrapped)?;
    decrypt(&key, sealed, &place.words(cx.org)).ok_or_else(|| torn(place))
}

/// Makes a new key for the organisation: what is sealed from now on uses it, [`reseal`] brings old values to it.
pub fn rotate(tx: &mut Tx<'_>, cx: &Cx) -> Result<(), Fault> {
    add_key(tx, cx)?;
    events::record(tx, cx, "secret.key_rotated", Ref::new("org", cx.org.0), &[], &serde_json::json!({}))
        .map(drop)
}

/// The value sealed with the newest key, or nothing when it is already.
pub fn reseal(tx: &mut Tx<'_>, cx: &Cx, place: Place<'_>, sealed: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
    let newest = store::newest(tx, cx.org)?.map(|(key_id, _)| key_id);
    if newest == key_of(sealed) {
        return Ok(None);
    }
    let plain = open(tx, cx, place, sealed)?;
    seal(tx, cx, place, &plain).map(Some)
}

/// Wraps the keys of this organisation with a new root key; the sealed values stay as they are.
pub fn rewrap(tx: &mut Tx<'_>, cx: &Cx, to: &Keys) -> Result<(), Fault> {
    for (key_id, wrapped) in store::all(tx, cx.org)? {
        let key = unwrap(cx, key_id, &wrapped)?;
        store::replace(tx, cx.org, key_id, &close(to.root(), key_id, &wrapping(cx.org), &key))?;
    }
    Ok(())
}

/// Destroys the keys of the organisation: nothing sealed with them can ever be read again, here or in a backup of the
/// database taken without them.
pub fn erase(tx: &mut Tx<'_>, cx: &Cx) -> Result<(), Fault> {
    store::erase(tx, cx.org)?;
    events::record(tx, cx, "secret.keys_erased", Ref::new("org", cx.org.0), &[], &serde_json::json!({}))
        .map(drop)
}

/// Keeps a named secret of the organisation: a mail password, a key of a neighbouring system.
pub fn put(tx: &mut Tx<'_>, cx: &Cx, name: &str, plain: &str) -> Result<(), Fault> {
    let sealed = seal(tx, cx, named(name), plain.as_bytes())?;
    store::put_named(tx, cx.org, name, &sealed, cx.now_ms())?;
    let body = serde_json::json!({ "name": name });
    events::record(tx, cx, "secret.changed", Ref::new("org", cx.org.0), &[], &body).map(drop)
}

/// A named secret, when there is one.
pub fn get(tx: &mut Tx<'_>, cx: &Cx, name: &str) -> Result<Option<String>, Fault> {
    let Some(sealed) = store::named(tx, cx.org, name)? else { return Ok(None) };
    let plain = open(tx, cx, named(name), &sealed)?;
    String::from_utf8(plain).map(Some).map_err(Fault::broken)
}

/// Removes a named secret; nothing happens when there is none.
pub fn forget(tx: &mut Tx<'_>, cx: &Cx, name: &str) -> Result<(), Fault> {
    if store::forget_named(tx, cx.org, name)? > 0 {
        let body = serde_json::json!({ "name": name });
        events::record(tx, cx, "secret.removed", Ref::new("org", cx.org.0), &[], &body)?;
    }
    Ok(())
}

/// Brings all named secrets to the newest key; answers how many were sealed anew.
pub fn reseal_named(tx: &mut Tx<'_>, cx: &Cx) -> Result<usize, Fault> {
    let mut count = 0;
    for (name, sealed) in store::all_named(tx, cx.org)? {
        if let Some(fresh) = reseal(tx, cx, named(&name), &sealed)? {
            store::put_named(tx, cx.org, &name, &fresh, cx.now_ms())?;
            count += 1;
        }
    }
    Ok(count)
}

fn named(name: &str) -> Place<'_> {
    Place { table: "secret", column: "sealed", row: name }
}

fn add_key(tx: &mut Tx<'_>, cx: &Cx) -> Result<(i64, [u8; 32]), Fault> {
    let (key_id, key) = (cx.ids.next(), id::random::<32>());
    let wrapped = close(cx.keys.root(), key_id, &wrapping(cx.org), &key);
    store::add(tx, cx.org, key_id, &wrapped, cx.now_ms())?;
    Ok((key_id, key))
}

fn wrapping(org: OrgId) -> Vec<u8> {
    Place { table: "data_key", column: "wrapped", row: "key" }.words(org)
}

fn unwrap(cx: &Cx, key_id: i64, wrapped: &[u8]) -> Result<[u8; 32], Fault> {
    let is_its_own = key_of(wrapped) == Some(key_id);
    decrypt(cx.keys.root(), wrapped, &wrapping(cx.org))
        .filter(|_| is_its_own)
        .and_then(|key| key.try_into().ok())
        .ok_or_else(|| {
            Fault::conflict(
                "key_wrong",
                "the key file in use is not the one that this data was sealed with; put the right one back and start again",
            )
        })
}

fn torn(place: Place<'_>) -> Fault {
    Fault::conflict(
        "sealed_elsewhere",
        format!("the sealed value in {}.{} was altered or moved; enter it again", place.table, place.column),
    )
}

fn key_of(sealed: &[u8]) -> Option<i64> {
    let letters = sealed.strip_prefix(MARK)?.get(..KEY_ID_BYTES)?;
    id::read("k", "key", &format!("k_{}", std::str::from_utf8(letters).ok()?)).ok()
}

fn close(key: &[u8; 32], key_id: i64, place: &[u8], plain: &[u8]) -> Vec<u8> {
    let nonce = id::random::<NONCE_BYTES>();
    let cipher = XChaCha20Poly1305::new(key.into());
    let text = cipher
        .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: place })
        .expect("a value of this size can be sealed");
    let mut out = Vec::with_capacity(HEAD_BYTES + text.len());
    out.extend_from_slice(MARK);
    out.extend_from_slice(&id::spell("k", key_id).as_bytes()[2..]);
    out.push(b'.');
    out.extend_from_slice(&nonce);
    out.extend_from_slice(&text);
    out
}

fn decrypt(key: &[u8; 32], sealed: &[u8], place: &[u8]) -> Option<Vec<u8>> {
    let nonce: [u8; NONCE_BYTES] = sealed.get(HEAD_BYTES - NONCE_BYTES..HEAD_BYTES)?.try_into().ok()?;
    let cipher = XChaCha20Poly1305::new(key.into());
    cipher.decrypt(&XNonce::from(nonce), Payload { msg: &sealed[HEAD_BYTES..], aad: place }).ok()
}
