//! The people of an organisation: staff, who work here, and requesters, who are helped. And their ways in: one-time
//! link, password with TOTP, API token.

mod brake;
pub mod link;
pub mod password;
pub mod sign_in;
mod store;
#[cfg(test)]
mod tests;
pub mod token;
pub mod totp;

use serde::Serialize;

pub use store::{Page, sweep};

use crate::access::{self, MANAGE_PEOPLE, Scope, VIEW_PEOPLE};
use crate::cx::Who;
use crate::id::{OrgId, PersonId, Ref};
use crate::store::Tx;
use crate::{Cx, Fault, events, session};

/// Somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub id: PersonId,
    pub name: String,
    /// In small letters; one person per address.
    pub email: String,
    pub kind: Kind,
    pub is_active: bool,
    pub has_password: bool,
    pub has_totp: bool,
    pub revision: i64,
    pub created_ms: i64,
}

/// What somebody is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Staff,
    Requester,
}

impl Kind {
    /// As it is written down.
    pub fn word(self) -> &'static str {
        match self {
            Self::Staff => "staff",
            Self::Requester => "requester",
        }
    }
}

/// A person to be, or what a person shall be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct New {
    pub name: String,
    pub email: String,
    pub kind: Kind,
}

/// Adds somebody; they have no way in until a link is issued or a password set.
///
/// # Errors
/// `Invalid` on `name` or `email`, `Conflict` (`exists`) when the address is taken.
pub fn add(tx: &mut Tx<'_>, cx: &Cx, new: &New) -> Result<PersonId, Fault> {
    cx.may(&MANAGE_PEOPLE, Scope::Org)?;
    let new = checked(new)?;
    let id = PersonId(cx.ids.next());
    store::insert(tx, cx.org, id, &new, cx.now_ms())?;
    events::record(
        tx,
        cx,
        "person.added",
        Ref::new("person", id.0),
        &[],
        &serde_json::json!({ "after": new }),
    )?;
    Ok(id)
}

/// Changes name, address or kind. People may change their own name; the rest needs the right.
///
/// # Errors
/// As [`add`], `Stale`, `Denied` for somebody who may do more than the caller, `Conflict` (`has_roles`) when somebody
/// with roles shall become a requester.
pub fn change(tx: &mut Tx<'_>, cx: &Cx, id: PersonId, revision: i64, new: &New) -> Result<(), Fault> {
    let (before, new) = (get(tx, cx.org, id)?, checked(new)?);
    let is_own_name = is_self(cx, id) && before.email == new.email && before.kind == new.kind;
    if !is_own_name {
        manage(tx, cx, id)?;
    }
    if new.kind == Kind::Requester && before.kind == Kind::Staff {
        let is_bare = access::rights_of(tx, cx.org, id)? == access::Rights::default()
            && access::teams_of(tx, cx.org, id)?.is_empty();
        if !is_bare {
            let detail = format!("{} has roles or teams; take them back first", before.name);
            return Err(Fault::conflict("has_roles", detail));
        }
    }
    store::update(tx, cx.org, id, revision, &new)?;
    let was = New { name: before.name, email: before.email, kind: before.kind };
    let body = serde_json::json!({ "before": was, "after": new });
    events::record(tx, cx, "person.changed", Ref::new("person", id.0), &[], &body).map(drop)
}

/// Shuts somebody out: their sessions end and their tokens are revoked in the same moment. Nothing they did goes.
///
/// # Errors
/// `Conflict` (`last_owner`), `Denied` for somebody who may do more than the caller.
pub fn disable(tx: &mut Tx<'_>, cx: &Cx, id: PersonId) -> Result<(), Fault> {
    let before = get(tx, cx.org, id)?;
    manage(tx, cx, id)?;
    if !before.is_active {
        return Ok(());
    }
    access::keep_an_owner(tx, cx, |tx| store::set_state(tx, cx.org, id, "disabled"))?;
    let sessions = session::end_all(tx, cx.org, id)?;
    let tokens = store::revoke_tokens(tx, cx.org, id, cx.now_ms())?;
    store::drop_links(tx, cx.org, id)?;
    let body =
        serde_json::json!({ "name": before.name, "sessions_ended": sessions, "tokens_revoked": tokens });
    events::record(tx, cx, "person.disabled", Ref::new("person", id.0), &[], &body).map(drop)
}

/// Lets somebody in again; their tokens stay revoked.
pub fn enable(tx: &mut Tx<'_>, cx: &Cx, id: PersonId) -> Result<(), Fault> {
    let before = get(tx, cx.org, id)?;
    manage(tx, cx, id)?;
    if before.is_active {
        return Ok(());
    }
    store::set_state(tx, cx.org, id, "active")?;
    let body = serde_json::json!({ "name": before.name });
    events::record(tx, cx, "person.enabled", Ref::new("person", id.0), &[], &body).map(drop)
}

/// One person. For rooms that show a name; a page about people asks [`list`].
pub fn get(tx: &mut Tx<'_>, org: OrgId, id: PersonId) -> Result<Person, Fault> {
    store::get(tx, org, id)?.ok_or(Fault::NotFound { what: "person" })
}

/// The person with this address, in whatever letters.
pub fn by_email(tx: &mut Tx<'_>, org: OrgId, email: &str) -> Result<Option<Person>, Fault> {
    store::by_email(tx, org, &email.trim().to_lowercase())
}

/// People by name, a page at a time; `kind` keeps to one.
pub fn list(tx: &mut Tx<'_>, cx: &Cx, kind: Option<Kind>, page: &Page) -> Result<Vec<Person>, Fault> {
    cx.may(&VIEW_PEOPLE, Scope::Org)?;
    store::list(tx, cx.org, kind, page)
}

/// The caller is this very person, at the screen and not a program of theirs.
pub(crate) fn is_self(cx: &Cx, id: PersonId) -> bool {
    matches!(&cx.who, Who::Person { id: own, .. } if *own == id)
}

/// The caller may manage people, and this one may do nothing that the caller may not.
pub(crate) fn manage(tx: &mut Tx<'_>, cx: &Cx, id: PersonId) -> Result<(), Fault> {
    cx.may(&MANAGE_PEOPLE, Scope::Org)?;
    access::within(tx, cx, id)
}

fn checked(new: &New) -> Result<New, Fault> {
    let (name, email) = (new.name.trim(), new.email.trim().to_lowercase());
    if name.is_empty() || name.chars().count() > 120 || name.chars().any(char::is_control) {
        return Err(Fault::invalid("name", "malformed", "give a name of 1 to 120 letters"));
    }
    let is_good = email.len() <= 254
        && !email.chars().any(|c| c.is_whitespace() || c.is_control() || "<>(),;:\"\\[]".contains(c))
        && email.split_once('@').is_some_and(|(local, domain)| {
            (1..=64).contains(&local.len())
                && !domain.is_empty()
                && !domain.contains('@')
                && !domain.starts_with(['.', '-'])
                && !domain.ends_with(['.', '-'])
                && !domain.contains("..")
        });
    if !is_good {
        return Err(Fault::invalid("email", "malformed", "this is not an e-mail address"));
    }
    Ok(New { name: name.to_owned(), email, kind: new.kind })
}
