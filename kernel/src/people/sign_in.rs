//! Coming in: what the doors call. Each attempt is counted before it is judged, and says the same whatever was wrong.

use std::sync::Arc;

use super::{Person, brake, link, password, store, token, totp};
use crate::access::{self, Rights};
use crate::cx::Who;
use crate::id::{OrgId, PersonId, Ref, SessionId};
use crate::store::Tx;
use crate::{Cx, Fault, Ground, events, session};

/// Where an attempt comes from: what the browser says it is, and its network address.
#[derive(Clone, Debug, Default)]
pub struct From {
    pub device: String,
    pub address: String,
}

/// Somebody is in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub person: Person,
    pub session: SessionId,
    /// For the cookie; it is kept nowhere else.
    pub cookie: String,
}

/// What a password attempt came to.
#[derive(Clone, Debug)]
pub enum Attempt {
    In(SignedIn),
    /// The password is right; ask for the code and call again with both.
    CodeNeeded,
}

/// Signs in with the code of a one-time link.
///
/// # Errors
/// `SignIn` for a code that does not let in, `TooMany` while a pause lasts.
pub async fn by_link(ground: &Ground, org: OrgId, code: &str, from: From) -> Result<SignedIn, Fault> {
    let cx = ground.call(org, Who::Nobody, Rights::default());
    let (code, press, came) = (code.to_owned(), cx.clone(), from.clone());
    // A code names nobody, so only the address can be held back.
    let account = format!("link from {}", from.address);
    let pressed = account.clone();
    ground.db.write(move |tx| brake::press(tx, &press, &pressed, &came.address)).await?;
    let redeem = move |tx: &mut Tx<'_>| {
        let person = link::redeem(tx, &cx, &code)?;
        come_in(tx, &cx, person, "link", &account, &from)
    };
    ground.db.write(redeem).await
}

/// Signs in with address and password, and the code of the second factor when the person has one.
///
/// # Errors
/// `SignIn` when anything does not fit, `TooMany` while a pause lasts.
pub async fn by_password(
    ground: &Ground,
    org: OrgId,
    email: &str,
    password: String,
    code: Option<String>,
    from: From,
) -> Result<Attempt, Fault> {
    let cx = ground.call(org, Who::Nobody, Rights::default());
    let email = email.trim().to_lowercase();
    let (press, account, came) = (cx.clone(), email.clone(), from.clone());
    let begin = move |tx: &mut Tx<'_>| {
        brake::press(tx, &press, &account, &came.address)?;
        let found = store::by_email(tx, press.org, &account)?.filter(|person| person.is_active);
        let hash = found.as_ref().map(|person| store::password_hash(tx, press.org, person.id)).transpose()?;
        Ok((found, hash.flatten()))
    };
    let (found, hash) = ground.db.write(begin).await?;
    let is_right = password::matches(password, hash.clone()).await?;
    let (Some(person), true) = (found, is_right) else { return Err(Fault::SignIn) };
    if person.has_totp && code.is_none() {
        let (cx, email) = (cx.clone(), email.clone());
        // The first half was right: asking for the second is no failure. But codes guessed before still count.
        ground.db.write(move |tx| brake::give_back(tx, &cx, &email, &from.address)).await?;
        return Ok(Attempt::CodeNeeded);
    }
    let finish = move |tx: &mut Tx<'_>| {
        // The password may have been changed while it was being checked.
        if store::password_hash(tx, cx.org, person.id)? != hash {
            return Err(Fault::SignIn);
        }
        if person.has_totp && !totp::verify(tx, &cx, person.id, code.as_deref().unwrap_or_default())? {
            return Err(Fault::SignIn);
        }
        come_in(tx, &cx, person.id, "password", &email, &from)
    };
    ground.db.write(finish).await.map(Attempt::In)
}

/// Sets one's own password; the old one is asked for when there is one. Other sessions end, this one stays.
///
/// # Errors
/// `Invalid` on `old` or `password`, `TooMany` while a pause lasts.
pub async fn change_password(
    ground: &Ground,
    cx: &Cx,
    own_session: SessionId,
    old: String,
    new: String,
) -> Result<(), Fault> {
    let Who::Person { id, .. } = cx.who else { return Err(Fault::SignIn) };
    let press = cx.clone();
    let begin = move |tx: &mut Tx<'_>| {
        let person = super::get(tx, press.org, id)?;
        brake::press(tx, &press, &person.email, &format!("password of {id}"))?;
        Ok((store::password_hash(tx, press.org, id)?, person))
    };
    let (hash, person) = ground.db.write(begin).await?;
    if hash.is_some() && !password::matches(old, hash.clone()).await? {
        return Err(Fault::invalid("old", "wrong", "this is not your password"));
    }
    let hashed = password::hash(new, &[&person.name, &person.email]).await?;
    let cx = cx.clone();
    let finish = move |tx: &mut Tx<'_>| {
        if store::password_hash(tx, cx.org, id)? != hash {
            return Err(Fault::Stale);
        }
        brake::release(tx, &cx, &person.email, &format!("password of {id}"))?;
        password::write(tx, &cx, id, &hashed)?;
        session::end_others(tx, &cx, id, own_session).map(drop)
    };
    ground.db.write(finish).await
}

/// Turns one's own second factor off, with a code of it.
///
/// # Errors
/// `Invalid` on `code`, `TooMany` while a pause lasts.
pub async fn turn_off_totp(ground: &Ground, cx: &Cx, code: String) -> Result<(), Fault> {
    with_code(ground, cx, code, totp::off).await
}

/// New recovery codes for oneself in place of all old ones, with a code of the second factor; shown once.
///
/// # Errors
/// As [`turn_off_totp`].
pub async fn renew_recovery(ground: &Ground, cx: &Cx, code: String) -> Result<Vec<String>, Fault> {
    with_code(ground, cx, code, totp::renew_recovery).await
}

/// Who stole a session must not get round the second factor by guessing its codes.
async fn with_code<T: Send + 'static>(
    ground: &Ground,
    cx: &Cx,
    code: String,
    work: fn(&mut Tx<'_>, &Cx, PersonId) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let Who::Person { id, .. } = cx.who else { return Err(Fault::SignIn) };
    let (account, address) = (format!("second factor of {id}"), format!("code of {id}"));
    let (press, pressed) = (cx.clone(), (account.clone(), address.clone()));
    ground.db.write(move |tx| brake::press(tx, &press, &pressed.0, &pressed.1)).await?;
    let cx = cx.clone();
    let finish = move |tx: &mut Tx<'_>| {
        if !totp::verify(tx, &cx, id, &code)? {
            return Err(Fault::invalid("code", "wrong", "this code does not fit"));
        }
        brake::release(tx, &cx, &account, &address)?;
        work(tx, &cx, id)
    };
    ground.db.write(finish).await
}

/// Who shows this cookie, with everything they may do; `Nobody`'s fault when the session is over.
///
/// # Errors
/// `SignIn`.
pub async fn by_cookie(ground: &Arc<Ground>, cookie: &str) -> Result<(Cx, SessionId), Fault> {
    let (clock, text) = (ground.clock.clone(), cookie.to_owned());
    let read = move |tx: &mut Tx<'_>| {
        let found = session::find(tx, &clock, &text)?.ok_or(Fault::SignIn)?;
        let rights = access::rights_of(tx, found.org, found.person)?;
        Ok((found, rights))
    };
    let (found, rights) = ground.db.read(read).await?;
    if found.is_to_touch {
        let (cx, id, person) = (ground.cx(found.org, "sessions"), found.id, found.person);
        ground.db.write(move |tx| session::touch(tx, &cx, person, id)).await?;
    }
    let who = Who::Person { id: found.person, name: found.name };
    Ok((ground.call(found.org, who, rights), found.id))
}

/// Whether this cookie still lets in; unlike [`by_cookie`] that does not count as a use of the session.
///
/// # Errors
/// `Away` when the database is.
pub async fn still_in(ground: &Ground, cookie: &str) -> Result<bool, Fault> {
    let (clock, text) = (ground.clock.clone(), cookie.to_owned());
    ground.db.read(move |tx| Ok(session::find(tx, &clock, &text)?.is_some())).await
}

/// Which program shows this token, with what it may do: never more than its maker may now.
///
/// # Errors
/// `SignIn`.
pub async fn by_token(ground: &Arc<Ground>, text: &str) -> Result<Cx, Fault> {
    let (clock, text) = (ground.clock.clone(), text.to_owned());
    let read = move |tx: &mut Tx<'_>| {
        let found = token::find(tx, &clock, &text)?.ok_or(Fault::SignIn)?;
        let rights = access::rights_of(tx, found.org, found.person)?.narrowed(&found.rights);
        Ok((found, rights))
    };
    let (found, rights) = ground.db.read(read).await?;
    if found.is_to_touch {
        let (org, id, now_ms) = (found.org, found.id, ground.clock.now_ms());
        ground.db.write(move |tx| token::touch(tx, org, id, now_ms)).await?;
    }
    let who = Who::Token { id: found.id, person: found.person, name: found.name };
    Ok(ground.call(found.org, who, rights))
}

fn come_in(
    tx: &mut Tx<'_>,
    cx: &Cx,
    id: PersonId,
    way: &'static str,
    account: &str,
    from: &From,
) -> Result<SignedIn, Fault> {
    let person = super::get(tx, cx.org, id)?;
    if !person.is_active {
        return Err(Fault::SignIn);
    }
    brake::release(tx, cx, account, &from.address)?;
    let (session, cookie) = session::open(tx, cx, id, from)?;
    let own = Cx { who: Who::Person { id, name: person.name.clone() }, ..cx.clone() };
    let body = serde_json::json!({ "way": way, "device": from.device, "address": from.address });
    events::record(tx, &own, "person.signed_in", Ref::new("person", id.0), &[], &body)?;
    Ok(SignedIn { person, session, cookie })
}
