//! Policies: predefined criteria, versioned. A decision keeps the version that made it; old versions stay readable.

use mainstay_kernel::access::Scope;
use mainstay_kernel::store::Tx;
use mainstay_kernel::{Cx, Fault, Ref, args, events, sql};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::rights;

/// The version of a policy that holds now; version 0 is the default of the build.
#[derive(Clone, Debug, PartialEq)]
pub struct Current<P> {
    pub version: i64,
    pub body: P,
}

/// A set of criteria that a room decides by.
pub trait Policy: Serialize + DeserializeOwned + Default + Clone {
    /// `room.what`.
    const NAME: &'static str;
}

/// What holds now.
pub fn current<P: Policy>(tx: &mut Tx<'_>, cx: &Cx) -> Result<Current<P>, Fault> {
    current_of(tx, cx, P::NAME, P::default)
}

/// What holds now under a name, for a type that stands for several policies.
pub fn current_of<P: DeserializeOwned>(
    tx: &mut Tx<'_>,
    cx: &Cx,
    name: &str,
    usual: impl FnOnce() -> P,
) -> Result<Current<P>, Fault> {
    let found = tx.maybe(
        sql!(
            "SELECT version, body FROM policy WHERE org_id = $1 AND name = $2 ORDER BY version DESC LIMIT 1"
        ),
        args![cx.org, name],
        |row| Ok((row.get::<i64>(0)?, row.get::<String>(1)?)),
    )?;
    match found {
        None => Ok(Current { version: 0, body: usual() }),
        Some((version, body)) => {
            Ok(Current { version, body: serde_json::from_str(&body).map_err(Fault::broken)? })
        }
    }
}

/// The version somebody read before they changed it, from a form.
///
/// # Errors
/// `Invalid` on `version` when it is no number.
pub fn read_version(text: &str) -> Result<i64, Fault> {
    let wrong = |_| Fault::invalid("version", "malformed", "give the version you read");
    text.trim().parse().map_err(wrong)
}

/// Makes a new version, if nobody else made one since `seen`.
///
/// # Errors
/// `Denied` without the right, `Stale` when `seen` is not the version that holds.
pub fn change<P: Policy>(tx: &mut Tx<'_>, cx: &Cx, seen: i64, body: &P) -> Result<i64, Fault> {
    let before = current::<P>(tx, cx)?;
    change_of(tx, cx, P::NAME, seen, &before, body)
}

/// As [`change`], under a name.
pub fn change_of<P: Serialize>(
    tx: &mut Tx<'_>,
    cx: &Cx,
    name: &str,
    seen: i64,
    before: &Current<P>,
    body: &P,
) -> Result<i64, Fault> {
    cx.may(&rights::EDIT_POLICIES, Scope::Org)?;
    if before.version != seen {
        return Err(Fault::Stale);
    }
    let version = seen + 1;
    let made = tx.run(
        sql!("INSERT INTO policy (org_id, name, version, body, made_by, created_ms) VALUES ($1, $2, $3, $4, $5, $6)
              ON CONFLICT (org_id, name, version) DO NOTHING"),
        args![cx.org, name, version, serde_json::to_string(body).map_err(Fault::broken)?, cx.who.word(), cx.now_ms()],
    )?;
    if made == 0 {
        return Err(Fault::Stale);
    }
    let said =
        serde_json::json!({ "policy": name, "version": version, "before": before.body, "after": body });
    events::record(tx, cx, "policy.changed", Ref::new("policy", version), &[], &said)?;
    Ok(version)
}
