//! Roles: named sets of permission words.

use super::{MANAGE_ACCESS, Right, Scope, VIEW_PEOPLE, grants, store};
use crate::id::{OrgId, Ref, RoleId};
use crate::store::Tx;
use crate::{Cx, Fault, events};

/// A named set of words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    pub id: RoleId,
    pub name: String,
    /// One of the three that come with the house; it cannot be changed or removed.
    pub built_in: Option<BuiltIn>,
    /// Empty for the owner, who has every word.
    pub words: Vec<String>,
    pub revision: i64,
}

/// The roles that come with every organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuiltIn {
    /// Everything, also what later builds bring.
    Owner,
    /// Everything but what is kept for owners.
    Operator,
    /// Looking, at all of it: managers and auditors.
    Viewer,
}

impl BuiltIn {
    /// All three, highest first.
    pub const ALL: [Self; 3] = [Self::Owner, Self::Operator, Self::Viewer];

    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Operator => "operator",
            Self::Viewer => "viewer",
        }
    }

    pub(super) fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|built_in| built_in.word() == word)
    }

    /// The words it has, of all there are.
    pub fn words(self, all: &[&'static Right]) -> Vec<String> {
        let has = |right: &&&'static Right| match self {
            Self::Owner => false, // not by words: everything
            Self::Operator => !right.is_for_owners,
            Self::Viewer => right.is_view() && !right.is_for_owners,
        };
        all.iter().filter(has).map(|right| right.word.to_owned()).collect()
    }
}

/// Makes the built-in roles of an organisation, or brings their words up to those of this build. Call it for a new
/// organisation and at every start; answers the owner's role.
pub fn built_in(tx: &mut Tx<'_>, cx: &Cx, all: &[&'static Right]) -> Result<RoleId, Fault> {
    let known = store::roles(tx, cx.org)?;
    let mut owner = None;
    for built_in in BuiltIn::ALL {
        let words = built_in.words(all);
        let id = if let Some(role) = known.iter().find(|role| role.built_in == Some(built_in)) {
            if role.words != words {
                store::update_role(tx, cx.org, role.id, role.revision, &role.name, &words)?;
                told(tx, cx, "role.changed", role.id, Some(role), &role.name, &words)?;
            }
            role.id
        } else {
            let name = built_in.word().to_owned();
            let role = Role { id: RoleId(cx.ids.next()), name, built_in: Some(built_in), words, revision: 1 };
            store::insert_role(tx, cx.org, &role)?;
            told(tx, cx, "role.made", role.id, None, &role.name, &role.words)?;
            role.id
        };
        if built_in == BuiltIn::Owner {
            owner = Some(id);
        }
    }
    Ok(owner.expect("the owner's role is one of the three"))
}

/// All roles, oldest first.
pub fn roles(tx: &mut Tx<'_>, cx: &Cx) -> Result<Vec<Role>, Fault> {
    cx.may(&VIEW_PEOPLE, Scope::Org)?;
    store::roles(tx, cx.org)
}

/// One role.
pub fn role(tx: &mut Tx<'_>, org: OrgId, id: RoleId) -> Result<Role, Fault> {
    store::role(tx, org, id)?.ok_or(Fault::NotFound { what: "role" })
}

/// Makes a role. `all` are the words of the house.
///
/// # Errors
/// `Invalid` for an empty name or an unknown word, `Denied` for a word that the caller does not hold, `Conflict`
/// (`exists`) for a name that is taken.
pub fn make_role(
    tx: &mut Tx<'_>,
    cx: &Cx,
    all: &[&'static Right],
    name: &str,
    words: &[String],
) -> Result<RoleId, Fault> {
    cx.may(&MANAGE_ACCESS, Scope::Org)?;
    let words = checked(cx, all, name, words)?;
    let role =
        Role { id: RoleId(cx.ids.next()), name: name.trim().to_owned(), built_in: None, words, revision: 1 };
    store::insert_role(tx, cx.org, &role)?;
    told(tx, cx, "role.made", role.id, None, &role.name, &role.words)?;
    Ok(role.id)
}

/// Changes a role; whoever has it feels that with their next call.
///
/// # Errors
/// As [`make_role`], and `Stale`, and `Conflict` (`built_in`) for a role of the house.
pub fn change_role(
    tx: &mut Tx<'_>,
    cx: &Cx,
    all: &[&'static Right],
    id: RoleId,
    revision: i64,
    name: &str,
    words: &[String],
) -> Result<(), Fault> {
    cx.may(&MANAGE_ACCESS, Scope::Org)?;
    let before = own(tx, cx, id)?;
    let words = checked(cx, all, name, words)?;
    store::update_role(tx, cx.org, id, revision, name.trim(), &words)?;
    told(tx, cx, "role.changed", id, Some(&before), name.trim(), &words)
}

/// Removes a role that nobody has.
///
/// # Errors
/// `Conflict`: `in_use` while it is granted, `built_in` for a role of the house.
pub fn remove_role(tx: &mut Tx<'_>, cx: &Cx, id: RoleId) -> Result<(), Fault> {
    cx.may(&MANAGE_ACCESS, Scope::Org)?;
    let before = own(tx, cx, id)?;
    let count = store::grants(tx, cx.org)?.iter().filter(|grant| grant.role == id).count();
    if count > 0 {
        let detail = format!("{} is granted {count} times; take it back first", before.name);
        return Err(Fault::conflict("in_use", detail));
    }
    store::delete_role(tx, cx.org, id)?;
    told(tx, cx, "role.removed", id, Some(&before), "", &[])
}

fn own(tx: &mut Tx<'_>, cx: &Cx, id: RoleId) -> Result<Role, Fault> {
    let found = role(tx, cx.org, id)?;
    match found.built_in {
        None => Ok(found),
        Some(_) => Err(Fault::conflict(
            "built_in",
            format!("{} comes with the house and stays as it is; make a role of your own", found.name),
        )),
    }
}

fn checked(cx: &Cx, all: &[&'static Right], name: &str, words: &[String]) -> Result<Vec<String>, Fault> {
    if name.trim().is_empty() || name.chars().count() > 60 {
        return Err(Fault::invalid("name", "required", "give the role a name of 1 to 60 letters"));
    }
    let mut words = words.to_vec();
    words.sort_unstable();
    words.dedup();
    for word in &words {
        let Some(right) = all.iter().find(|right| right.word == word) else {
            return Err(Fault::invalid("rights", "unknown", format!("there is no right {word}")));
        };
        grants::hold(cx, right.word, Scope::Org)?;
    }
    Ok(words)
}

fn told(
    tx: &mut Tx<'_>,
    cx: &Cx,
    verb: &'static str,
    id: RoleId,
    before: Option<&Role>,
    name: &str,
    words: &[String],
) -> Result<(), Fault> {
    let before = before.map(|role| serde_json::json!({ "name": role.name, "rights": role.words }));
    let after = (verb != "role.removed").then(|| serde_json::json!({ "name": name, "rights": words }));
    let body = serde_json::json!({ "before": before, "after": after });
    events::record(tx, cx, verb, Ref::new("role", id.0), &[], &body).map(drop)
}
