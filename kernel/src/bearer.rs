//! The text that somebody shows to be let in: a cookie, a token. It names its organisation, so that looking it up never
//! crosses organisations, and is kept as a hash only.

use sha2::{Digest, Sha256};

use crate::id::{self, OrgId};

const ORG_LETTERS: usize = 13;
const SECRET_LETTERS: usize = 52;

/// A fresh secret: what the bearer gets, and what is kept of it.
pub(crate) fn make(org: OrgId) -> (String, Vec<u8>) {
    let secret = id::letters(&id::random::<32>());
    let hash = kept(&secret);
    (format!("{}.{secret}", org_letters(org)), hash)
}

/// The organisation and what is kept of the secret; nothing when the text is not of this form.
pub(crate) fn read(text: &str) -> Option<(OrgId, Vec<u8>)> {
    let (org, secret) = text.split_once('.')?;
    let is_letters = secret.len() == SECRET_LETTERS && secret.bytes().all(|b| b.is_ascii_alphanumeric());
    is_letters.then_some(())?;
    Some((org_of(org)?, kept(secret)))
}

/// The thirteen letters of an organisation.
pub(crate) fn org_letters(org: OrgId) -> String {
    let spelled = org.to_string();
    spelled.rsplit('_').next().unwrap_or_default().to_owned()
}

/// Reads what [`org_letters`] wrote.
pub(crate) fn org_of(letters: &str) -> Option<OrgId> {
    (letters.len() == ORG_LETTERS).then(|| format!("{}_{letters}", OrgId::PREFIX).parse().ok())?
}

/// 256 random bits need no slow hash.
pub(crate) fn kept(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}
