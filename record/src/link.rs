//! Links between things of different rooms: typed words instead of foreign keys.

use mainstay_kernel::store::Tx;
use mainstay_kernel::{Cx, Fault, args, sql};

use crate::Ref;

/// One link as seen from one of its ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What the link says, read from `from` to `to`: `fixes`, `caused by`, `belongs to`.
    pub word: String,
    pub other: Ref,
    /// Whether we are its beginning.
    pub is_outgoing: bool,
}

/// Links two things; saying it again changes nothing.
pub fn add(tx: &mut Tx<'_>, cx: &Cx, from: &Ref, word: &str, to: &Ref) -> Result<(), Fault> {
    tx.run(
        sql!("INSERT INTO link (org_id, from_kind, from_id, to_kind, to_id, word, created_ms) VALUES ($1, $2, $3, $4, $5, $6, $7)
              ON CONFLICT (org_id, from_kind, from_id, to_kind, to_id, word) DO NOTHING"),
        args![cx.org, &*from.kind, from.id, &*to.kind, to.id, word, cx.now_ms()],
    )?;
    Ok(())
}

/// Everything linked with a thing.
pub fn of(tx: &mut Tx<'_>, cx: &Cx, thing: &Ref) -> Result<Vec<Link>, Fault> {
    let mut links = tx.rows(
        sql!("SELECT word, to_kind, to_id FROM link WHERE org_id = $1 AND from_kind = $2 AND from_id = $3 ORDER BY created_ms LIMIT 200"),
        args![cx.org, &*thing.kind, thing.id],
        |row| Ok(Link { word: row.get(0)?, other: Ref { kind: row.get::<String>(1)?.into(), id: row.get(2)? }, is_outgoing: true }),
    )?;
    links.extend(tx.rows(
        sql!("SELECT word, from_kind, from_id FROM link WHERE org_id = $1 AND to_kind = $2 AND to_id = $3 ORDER BY created_ms LIMIT 200"),
        args![cx.org, &*thing.kind, thing.id],
        |row| Ok(Link { word: row.get(0)?, other: Ref { kind: row.get::<String>(1)?.into(), id: row.get(2)? }, is_outgoing: false }),
    )?);
    Ok(links)
}
