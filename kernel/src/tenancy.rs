//! Organisations: the wall between tenants. Everything else carries the id of one.

use crate::access::{MANAGE_SETTINGS, Scope};
use crate::id::{Ids, OrgId, Ref};
use crate::store::Tx;
use crate::{Clock, Cx, Fault, args, events, sql_across};

/// One organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Org {
    pub id: OrgId,
    /// Short name in addresses: lower-case letters, digits, dashes.
    pub slug: String,
    pub name: String,
}

/// Makes an organisation.
///
/// # Errors
/// `Invalid` for a slug outside 1 to 40 of `a-z0-9-`, `Conflict` when it is taken.
pub fn create(tx: &mut Tx<'_>, ids: &Ids, clock: &Clock, slug: &str, name: &str) -> Result<OrgId, Fault> {
    let is_good = (1..=40).contains(&slug.len())
        && slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !is_good {
        return Err(Fault::invalid("slug", "malformed", "use 1 to 40 lower-case letters, digits and dashes"));
    }
    let id = OrgId(ids.next());
    tx.run(
        sql_across!("INSERT INTO org (id, slug, name, created_ms) VALUES ($1, $2, $3, $4)"),
        args![id, slug, name, clock.now_ms()],
    )?;
    Ok(id)
}

/// Gives the caller's organisation another name; the short name stays, links hold it.
///
/// # Errors
/// `Denied` without the right, `Invalid` for an empty or a long name.
pub fn rename(tx: &mut Tx<'_>, cx: &Cx, name: &str) -> Result<(), Fault> {
    cx.may(&MANAGE_SETTINGS, Scope::Org)?;
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 120 || name.chars().any(char::is_control) {
        return Err(Fault::invalid("name", "required", "give the organisation a name of 1 to 120 letters"));
    }
    let before = get(tx, cx.org)?;
    if before.name == name {
        return Ok(());
    }
    tx.run(sql_across!("UPDATE org SET name = $1 WHERE id = $2"), args![name, cx.org])?;
    let body = serde_json::json!({ "before": before.name, "after": name });
    events::record(tx, cx, "organisation.renamed", Ref::new("organisation", cx.org.0), &[], &body).map(drop)
}

/// All organisations, oldest first.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<Org>, Fault> {
    tx.rows(sql_across!("SELECT id, slug, name FROM org ORDER BY id"), args![], |row| {
        Ok(Org { id: row.get(0)?, slug: row.get(1)?, name: row.get(2)? })
    })
}

/// One organisation.
pub fn get(tx: &mut Tx<'_>, id: OrgId) -> Result<Org, Fault> {
    let found = tx.maybe(sql_across!("SELECT id, slug, name FROM org WHERE id = $1"), args![id], |row| {
        Ok(Org { id: row.get(0)?, slug: row.get(1)?, name: row.get(2)? })
    })?;
    found.ok_or(Fault::NotFound { what: "organisation" })
}

/// The organisation of this short name.
pub fn by_slug(tx: &mut Tx<'_>, slug: &str) -> Result<Option<Org>, Fault> {
    tx.maybe(sql_across!("SELECT id, slug, name FROM org WHERE slug = $1"), args![slug], |row| {
        Ok(Org { id: row.get(0)?, slug: row.get(1)?, name: row.get(2)? })
    })
}
