//! Evidence: an immutable fact with its hash, source and time. Written once, never changed.

use mainstay_kernel::store::{Row, Tx};
use mainstay_kernel::{Cx, Fault, args, events, sql};
use sha2::{Digest, Sha256};

use crate::{EvidenceId, Ref};

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    pub id: EvidenceId,
    pub kind: String,
    pub title: String,
    /// Who or what vouches for it: `agent:…`, `run:…`.
    pub source: String,
    /// Lower-case hex over `body`.
    pub sha256: String,
    pub body: String,
    pub at_ms: i64,
}

/// Writes a piece of evidence about something.
pub fn add(
    tx: &mut Tx<'_>,
    cx: &Cx,
    kind: &str,
    title: &str,
    about: &Ref,
    body: &str,
) -> Result<EvidenceId, Fault> {
    let id = EvidenceId(cx.ids.next());
    let sha256 =
        Sha256::digest(body.as_bytes()).iter().fold(String::new(), |out, byte| format!("{out}{byte:02x}"));
    tx.run(
        sql!("INSERT INTO evidence (org_id, id, kind, title, source, sha256, body, about_kind, about_id, at_ms)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"),
        args![cx.org, id, kind, title, cx.who.word(), &sha256, body, &*about.kind, about.id, cx.now_ms()],
    )?;
    let said = serde_json::json!({ "title": title, "sha256": sha256 });
    events::record(tx, cx, "evidence.added", id.into(), std::slice::from_ref(about), &said)?;
    Ok(id)
}

/// The evidence about something, newest first.
pub fn about(tx: &mut Tx<'_>, cx: &Cx, thing: &Ref) -> Result<Vec<Evidence>, Fault> {
    tx.rows(
        sql!(
            "SELECT id, kind, title, source, sha256, body, at_ms FROM evidence
              WHERE org_id = $1 AND about_kind = $2 AND about_id = $3 ORDER BY id DESC LIMIT 50"
        ),
        args![cx.org, &*thing.kind, thing.id],
        read,
    )
}

fn read(row: &Row<'_>) -> Result<Evidence, Fault> {
    Ok(Evidence {
        id: row.get(0)?,
        kind: row.get(1)?,
        title: row.get(2)?,
        source: row.get(3)?,
        sha256: row.get(4)?,
        body: row.get(5)?,
        at_ms: row.get(6)?,
    })
}
