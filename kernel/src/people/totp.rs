//! The second factor: codes of six digits that change every 30 s (RFC 6238 over RFC 4226, HMAC-SHA1), and recovery
//! codes for when the phone is gone.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use super::{Person, is_self, manage, store};
use crate::cx::Who;
use crate::id::{self, PersonId, Ref};
use crate::secrets::{self, Place};
use crate::store::Tx;
use crate::{Cx, Fault, events};

const STEP_MS: i64 = 30_000;
const DIGITS: u32 = 1_000_000;
const RECOVERY_CODES: usize = 10;
const RECOVERY: &str = "recovery code";

/// What an authenticator needs to know; shown once.
#[derive(Clone)]
pub struct Enrolment {
    /// For typing: base 32 of RFC 4648, without padding.
    pub secret: String,
    /// For a QR code: `otpauth://totp/…`.
    pub address: String,
}

/// Begins: makes a secret that does not count until [`confirm`] has seen a code of it. Beginning again replaces it.
///
/// # Errors
/// `Denied` for anybody but the person, `Conflict` (`totp_on`) when it is on already.
pub fn enrol(tx: &mut Tx<'_>, cx: &Cx, person: PersonId) -> Result<Enrolment, Fault> {
    let found = own(tx, cx, person)?;
    if found.has_totp {
        return Err(Fault::conflict("totp_on", "the second factor is on already; turn it off first"));
    }
    let secret = id::random::<20>();
    let sealed = secrets::seal(tx, cx, place(&person.to_string()), &secret)?;
    store::set_totp(tx, cx.org, person, "pending", Some(&sealed))?;
    let secret = base32(&secret);
    let label = percent(&found.email);
    let address = format!("otpauth://totp/Mainstay:{label}?secret={secret}&issuer=Mainstay");
    Ok(Enrolment { secret, address })
}

/// Turns it on with a code of the new secret; answers ten recovery codes, shown once.
///
/// # Errors
/// `Invalid` on `code`, `Conflict` (`totp_not_begun`).
pub fn confirm(tx: &mut Tx<'_>, cx: &Cx, person: PersonId, code: &str) -> Result<Vec<String>, Fault> {
    own(tx, cx, person)?;
    let (state, sealed, _) = store::totp(tx, cx.org, person)?.ok_or(Fault::NotFound { what: "person" })?;
    let (Some(sealed), true) = (sealed, state == "pending") else {
        return Err(Fault::conflict("totp_not_begun", "begin with a new secret first"));
    };
    let secret = secrets::open(tx, cx, place(&person.to_string()), &sealed)?;
    let is_good = match step_of(&secret, code, cx.now_ms()) {
        Some(step) => store::use_step(tx, cx.org, person, step)?,
        None => false,
    };
    if !is_good {
        return Err(Fault::invalid("code", "wrong", "this code does not fit; check the clock of your phone"));
    }
    store::set_totp(tx, cx.org, person, "on", Some(&sealed))?;
    let codes = fresh_recovery(tx, cx, person)?;
    events::record(tx, cx, "person.totp_on", Ref::new("person", person.0), &[], &serde_json::json!({}))?;
    Ok(codes)
}

/// Whether this is a code of now (one step early or late is fine) that was not used before, or an unused recovery
/// code; either is used up by asking.
pub fn verify(tx: &mut Tx<'_>, cx: &Cx, person: PersonId, code: &str) -> Result<bool, Fault> {
    let (state, sealed, last_step) =
        store::totp(tx, cx.org, person)?.ok_or(Fault::NotFound { what: "person" })?;
    let (Some(sealed), true) = (sealed, state == "on") else { return Ok(false) };
    let secret = secrets::open(tx, cx, place(&person.to_string()), &sealed)?;
    if let Some(step) = step_of(&secret, code, cx.now_ms()) {
        return if step > last_step { store::use_step(tx, cx.org, person, step) } else { Ok(false) };
    }
    let Some(letters) = recovery_letters(code) else { return Ok(false) };
    let hash = cx.keys.mac(RECOVERY, letters.as_bytes());
    let is_good = store::use_recovery(tx, cx.org, person, &hash, cx.now_ms())?;
    if is_good {
        let left = store::recovery_left(tx, cx.org, person)?;
        let body = serde_json::json!({ "left": left });
        events::record(tx, cx, "person.recovery_code_used", Ref::new("person", person.0), &[], &body)?;
    }
    Ok(is_good)
}

/// How many recovery codes are left.
pub fn recovery_left(tx: &mut Tx<'_>, cx: &Cx, person: PersonId) -> Result<i64, Fault> {
    store::recovery_left(tx, cx.org, person)
}

/// New recovery codes in place of all old ones; the caller has asked for a code.
pub(super) fn renew_recovery(tx: &mut Tx<'_>, cx: &Cx, person: PersonId) -> Result<Vec<String>, Fault> {
    if !own(tx, cx, person)?.has_totp {
        return Err(Fault::conflict("totp_off", "turn the second factor on first"));
    }
    let codes = fresh_recovery(tx, cx, person)?;
    events::record(
        tx,
        cx,
        "person.recovery_renewed",
        Ref::new("person", person.0),
        &[],
        &serde_json::json!({}),
    )?;
    Ok(codes)
}

/// Takes somebody's second factor away when their phone is gone: for those who manage people. One's own is turned off
/// with a code, by [`super::sign_in::turn_off_totp`].
///
/// # Errors
/// `Denied` without the right, for somebody who may do more than the caller, and for oneself.
pub fn remove(tx: &mut Tx<'_>, cx: &Cx, person: PersonId) -> Result<(), Fault> {
    super::get(tx, cx.org, person)?;
    manage(tx, cx, person)?;
    if is_self(cx, person) {
        return Err(Fault::Denied { right: "to be somebody else" });
    }
    off(tx, cx, person)
}

/// Turns it off; the caller has asked for a code or holds the right.
pub(super) fn off(tx: &mut Tx<'_>, cx: &Cx, person: PersonId) -> Result<(), Fault> {
    store::set_totp(tx, cx.org, person, "off", None)?;
    store::replace_recovery(tx, cx.org, person, &[])?;
    events::record(tx, cx, "person.totp_off", Ref::new("person", person.0), &[], &serde_json::json!({}))
        .map(drop)
}

/// Seals the secret with the newest key of the organisation, after a rotation.
pub fn reseal(tx: &mut Tx<'_>, cx: &Cx, person: PersonId) -> Result<(), Fault> {
    let Some((state, Some(sealed), _)) = store::totp(tx, cx.org, person)? else { return Ok(()) };
    let state = if state == "on" { "on" } else { "pending" };
    if let Some(fresh) = secrets::reseal(tx, cx, place(&person.to_string()), &sealed)? {
        store::set_totp(tx, cx.org, person, state, Some(&fresh))?;
    }
    Ok(())
}

/// The code of a step, as an authenticator shows it.
pub fn code_at(secret: &[u8], step: i64) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).expect("a key of any length will do");
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let offset = usize::from(hash[19] & 15);
    let word = u32::from_be_bytes([hash[offset], hash[offset + 1], hash[offset + 2], hash[offset + 3]]);
    format!("{:06}", (word & 0x7fff_ffff) % DIGITS)
}

/// The step around now whose code this is.
fn step_of(secret: &[u8], code: &str, now_ms: i64) -> Option<i64> {
    let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let now = now_ms / STEP_MS;
    // All three are computed and compared in full, whichever fits.
    let fits = [now - 1, now, now + 1].map(|step| (step, is_equal(&code_at(secret, step), &digits)));
    fits.into_iter().filter(|(_, fits)| *fits).map(|(step, _)| step).next_back()
}

fn is_equal(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.bytes().zip(other.bytes()).fold(0, |diff, (a, b)| diff | (a ^ b)) == 0
}

fn own(tx: &mut Tx<'_>, cx: &Cx, person: PersonId) -> Result<Person, Fault> {
    let found = super::get(tx, cx.org, person)?;
    match cx.who {
        Who::Nobody => Err(Fault::SignIn),
        Who::House(_) => Ok(found),
        _ if is_self(cx, person) => Ok(found),
        _ => Err(Fault::Denied { right: "to be this person" }),
    }
}

fn place(row: &str) -> Place<'_> {
    Place { table: "person", column: "totp_sealed", row }
}

fn fresh_recovery(tx: &mut Tx<'_>, cx: &Cx, person: PersonId) -> Result<Vec<String>, Fault> {
    let letters: Vec<String> = (0..RECOVERY_CODES).map(|_| id::letters(&id::random::<10>())).collect();
    let hashes: Vec<[u8; 32]> = letters.iter().map(|code| cx.keys.mac(RECOVERY, code.as_bytes())).collect();
    store::replace_recovery(tx, cx.org, person, &hashes)?;
    Ok(letters
        .iter()
        .map(|code| format!("{}-{}-{}-{}", &code[..4], &code[4..8], &code[8..12], &code[12..]))
        .collect())
}

fn recovery_letters(code: &str) -> Option<String> {
    let letters: String = code
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| match c.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        })
        .collect();
    (letters.len() == 16 && letters.is_ascii()).then_some(letters)
}

fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    // Twenty bytes are 32 letters exactly: nothing to pad.
    let bit = |n: usize| bytes.get(n / 8).is_some_and(|byte| byte >> (7 - n % 8) & 1 == 1);
    (0..(bytes.len() * 8).div_ceil(5))
        .map(|place| {
            let value = (0..5).fold(0, |value, n| value << 1 | usize::from(bit(place * 5 + n)));
            LETTERS[value] as char
        })
        .collect()
}

fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |out, byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            format!("{out}{}", byte as char)
        }
        _ => format!("{out}%{byte:02X}"),
    })
}
