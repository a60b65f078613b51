//! The organisations of one installation: the first is made by the first start, more of them (the customers of a service
//! provider) by a command. Nobody of one sees anything of another.

use mainstay_kernel::access::{self, Grantee};
use mainstay_kernel::id::{OrgId, PersonId};
use mainstay_kernel::people::{self, Kind, New};
use mainstay_kernel::store::Tx;
use mainstay_kernel::tenancy::{self, Org};
use mainstay_kernel::{Cx, Fault, Ground};

/// The address of the first person, until they give their own.
const OWNER: &str = "owner@localhost.localdomain";

/// What every start brings up to date: the first organisation, the roles of all. Answers the first, with its owner.
///
/// # Errors
/// `Away` when the database is.
pub fn settle(tx: &mut Tx<'_>, ground: &Ground) -> Result<(OrgId, PersonId), Fault> {
    let first = match tenancy::list(tx)?.first() {
        Some(org) => org.id,
        None => tenancy::create(tx, &ground.ids, &ground.clock, "home", "Mainstay")?,
    };
    for org in tenancy::list(tx)?.into_iter().filter(|org| org.id != first) {
        access::built_in(tx, &ground.cx(org.id, "up"), &ground.rights)?;
    }
    Ok((first, somebody(tx, ground, first)?))
}

/// Makes an organisation with its roles and an owner, and the code of a link that signs the owner in.
///
/// # Errors
/// `Invalid` on `slug` or `name`, `Conflict` (`exists`) when there is one of this short name.
pub fn add(tx: &mut Tx<'_>, ground: &Ground, slug: &str, name: &str) -> Result<String, Fault> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 100 {
        return Err(Fault::invalid("name", "length", "give a name of 1 to 100 letters"));
    }
    if tenancy::by_slug(tx, slug)?.is_some() {
        return Err(Fault::conflict("exists", format!("there is an organisation {slug} already")));
    }
    let org = tenancy::create(tx, &ground.ids, &ground.clock, slug, name)?;
    let owner = somebody(tx, ground, org)?;
    people::link::issue(tx, &ground.cx(org, "up"), owner)
}

/// Roles, and somebody to run it.
fn somebody(tx: &mut Tx<'_>, ground: &Ground, org: OrgId) -> Result<PersonId, Fault> {
    let cx: Cx = ground.cx(org, "up");
    let role = access::built_in(tx, &cx, &ground.rights)?;
    if let Some(person) = people::by_email(tx, org, OWNER)? {
        return Ok(person.id);
    }
    let new = New { name: "Owner".to_owned(), email: OWNER.to_owned(), kind: Kind::Staff };
    let id = people::add(tx, &cx, &new)?;
    access::grant(tx, &cx, role, Grantee::Person(id), None)?;
    Ok(id)
}

/// What leads to an organisation's own door: nothing for the first.
///
/// # Errors
/// `NotFound` for an organisation that is not there.
pub fn door_of(tx: &mut Tx<'_>, org: OrgId) -> Result<String, Fault> {
    let all = tenancy::list(tx)?;
    let own = all.iter().find(|one| one.id == org).ok_or(Fault::NotFound { what: "organisation" })?;
    Ok(if all[0].id == org { String::new() } else { format!("?org={}", own.slug) })
}

/// The organisation somebody names at the door; the first when they name none.
///
/// # Errors
/// `SignIn` when there is no such one.
pub fn named(all: &[Org], slug: &str) -> Result<OrgId, Fault> {
    let slug = slug.trim().to_lowercase();
    let found = if slug.is_empty() { all.first() } else { all.iter().find(|org| org.slug == slug) };
    found.map(|org| org.id).ok_or(Fault::SignIn)
}
