//! What an organisation has set: typed values with a revision, changed by compare-and-set.

use serde::{Serialize, de::DeserializeOwned};

use crate::access::{Right, Scope};
use crate::id::{OrgId, Ref};
use crate::store::Tx;
use crate::{Cx, Fault, args, events, sql};

/// One setting of a room: a type of its own, whose `Default` holds until somebody sets it.
///
/// Give every field a `#[serde(default)]`, so that values written by older builds can be read.
pub trait Setting: Serialize + DeserializeOwned + Default + PartialEq {
    /// Its lasting name, `room.what`.
    const NAME: &'static str;
    /// Who may change it.
    fn right() -> &'static Right;
    /// Whether the value makes sense; `Invalid` names the field.
    fn check(&self) -> Result<(), Fault> {
        Ok(())
    }
}

/// A value with its revision: 0 while nobody has set it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set<T> {
    pub value: T,
    pub revision: i64,
}

/// The present value.
pub fn get<T: Setting>(tx: &mut Tx<'_>, org: OrgId) -> Result<Set<T>, Fault> {
    let found = tx.maybe(
        sql!("SELECT value, revision FROM setting WHERE org_id = $1 AND name = $2"),
        args![org, T::NAME],
        |row| Ok((row.get::<String>(0)?, row.get(1)?)),
    )?;
    let Some((text, revision)) = found else { return Ok(Set { value: T::default(), revision: 0 }) };
    let value = serde_json::from_str(&text)
        .map_err(|error| Fault::broken(format!("setting {} cannot be read: {error}", T::NAME)))?;
    Ok(Set { value, revision })
}

/// Changes the value; `revision` is the one that the caller saw. Answers the new revision; setting what is set
/// already changes nothing.
///
/// # Errors
/// `Stale` when somebody else changed it since.
pub fn set<T: Setting>(tx: &mut Tx<'_>, cx: &Cx, revision: i64, value: &T) -> Result<i64, Fault> {
    cx.may(T::right(), Scope::Org)?;
    value.check()?;
    let before = get::<T>(tx, cx.org)?;
    if before.revision != revision {
        return Err(Fault::Stale);
    }
    if before.value == *value && revision > 0 {
        return Ok(revision);
    }
    let text = serde_json::to_string(value).map_err(Fault::broken)?;
    let touched = tx.run(
        sql!(
            "INSERT INTO setting (org_id, name, value, revision, changed_ms) VALUES ($1, $2, $3, 1, $4)
              ON CONFLICT (org_id, name) DO UPDATE
              SET value = excluded.value, revision = setting.revision + 1, changed_ms = excluded.changed_ms
              WHERE setting.revision = $5"
        ),
        args![cx.org, T::NAME, text, cx.now_ms(), revision],
    )?;
    if touched == 0 {
        return Err(Fault::Stale);
    }
    let body = serde_json::json!({ "name": T::NAME, "before": before.value, "after": value });
    events::record(tx, cx, "setting.changed", Ref::new("org", cx.org.0), &[], &body)?;
    Ok(revision + 1)
}
