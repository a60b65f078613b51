//! The one-time sign-in link: a code like `K7QM-2XFD` that lets one person in once, within fifteen minutes.

use super::{manage, store};
use crate::cx::Who;
use crate::id::{self, PersonId, Ref};
use crate::store::Tx;
use crate::{Cx, Fault, events};

/// How long a link holds.
pub const VALID_MS: i64 = 15 * 60_000;
const PURPOSE: &str = "sign-in link";

/// Makes a link's code for somebody. Only its keyed hash is kept; the code is in the answer and nowhere else.
///
/// # Errors
/// `Denied` for somebody who may do more than the caller, `Conflict` (`disabled`).
pub fn issue(tx: &mut Tx<'_>, cx: &Cx, person: PersonId) -> Result<String, Fault> {
    if !matches!(cx.who, Who::House(_)) {
        manage(tx, cx, person)?;
    }
    let found = super::get(tx, cx.org, person)?;
    if !found.is_active {
        return Err(Fault::conflict("disabled", format!("{} is disabled; enable them first", found.name)));
    }
    let letters = id::letters(&id::random::<5>()).to_uppercase();
    let until_ms = cx.now_ms() + VALID_MS;
    store::insert_link(tx, cx.org, &cx.keys.mac(PURPOSE, letters.as_bytes()), person, until_ms)?;
    let body = serde_json::json!({ "until_ms": until_ms });
    events::record(tx, cx, "person.link_issued", Ref::new("person", person.0), &[], &body)?;
    Ok(format!("{}-{}", &letters[..4], &letters[4..]))
}

/// Takes a code in, in whatever letters and with or without its dash; it is used up by that.
///
/// # Errors
/// `SignIn` when there is no such code, or it was used, has run out, or its person is disabled: all look the same.
pub fn redeem(tx: &mut Tx<'_>, cx: &Cx, code: &str) -> Result<PersonId, Fault> {
    let letters = read(code).ok_or(Fault::SignIn)?;
    let hash = cx.keys.mac(PURPOSE, letters.as_bytes());
    let person = store::use_link(tx, cx.org, &hash, cx.now_ms())?.ok_or(Fault::SignIn)?;
    if !super::get(tx, cx.org, person)?.is_active {
        return Err(Fault::SignIn);
    }
    Ok(person)
}

/// What people make of a code when they type it from another screen.
pub(super) fn read(code: &str) -> Option<String> {
    let letters: String = code
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        })
        .collect();
    (letters.len() == 8 && letters.bytes().all(|b| b.is_ascii_alphanumeric())).then_some(letters)
}
