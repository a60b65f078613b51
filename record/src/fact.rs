//! What is known of an asset, section by section: the last content, when it changed and when it was looked at.

use std::borrow::Cow;

use mainstay_kernel::store::{Row, Tx};
use mainstay_kernel::{Cx, Fault, args, jobs, sql};
use mainstay_wire::{Section, Seen, Unseen};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::AssetId;

/// One section of facts.
#[derive(Clone, Debug)]
pub struct Fact {
    pub section: Section,
    /// A [`Seen`] as JSON.
    pub content: String,
    pub hash: String,
    pub changed_ms: i64,
    pub looked_ms: i64,
}

impl Fact {
    /// The content as its type; `Broken` when another version wrote it.
    pub fn read<T: DeserializeOwned>(&self) -> Result<Seen<T>, Fault> {
        serde_json::from_str(&self.content).map_err(Fault::broken)
    }
}

/// The kind of job that lets every rule look at one section of one asset.
pub const ASSESS: &str = "record.assess";

/// Lets the rules look at a section, once for however many reports came in the meantime.
pub fn assess_soon(tx: &mut Tx<'_>, cx: &Cx, asset: AssetId, section: &Section) -> Result<(), Fault> {
    let payload = serde_json::json!({ "asset": asset, "section": section });
    let once_key = Some(format!("{asset}:{section}"));
    jobs::add(tx, cx, &jobs::New { kind: ASSESS, payload, run_at_ms: cx.now_ms(), once_key }).map(drop)
}

/// What an assessment job is about.
pub fn assessed(job: &jobs::Job) -> Result<(AssetId, Section), Fault> {
    let asset = job.payload["asset"].as_str().unwrap_or_default().parse()?;
    Ok((asset, Section::from(job.payload["section"].as_str().unwrap_or_default())))
}

/// Stores what a look brought back, if it is newer than what is known. What is not of the section's type was not seen:
/// that is then what is known, with the reason, so that no rule and no page stumbles over it.
pub fn store(
    tx: &mut Tx<'_>,
    cx: &Cx,
    asset: AssetId,
    section: &Section,
    hash: &str,
    content: &str,
    at_ms: i64,
) -> Result<bool, Fault> {
    let content = match section.check(content) {
        Ok(()) => without_nul(content),
        Err(error) => Cow::Owned(not_understood(section, &error)?),
    };
    let stored = tx.run(
        sql!("INSERT INTO fact (org_id, asset_id, section, hash, content, changed_ms, looked_ms) VALUES ($1, $2, $3, $4, $5, $6, $6)
              ON CONFLICT (org_id, asset_id, section) DO UPDATE SET hash = $4, content = $5, changed_ms = $6, looked_ms = $6
              WHERE fact.looked_ms <= $6"),
        args![cx.org, asset, section.word(), hash, &*content, at_ms],
    )?;
    Ok(stored > 0)
}

/// Text in the store holds no NUL. A host's names hold none either, so where one comes nevertheless it shows as what
/// cannot be shown.
fn without_nul(content: &str) -> Cow<'_, str> {
    fn replaced(value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(text.replace('\0', "\u{fffd}")),
            Value::Array(list) => list.into_iter().map(replaced).collect(),
            Value::Object(map) => {
                map.into_iter().map(|(key, value)| (key.replace('\0', "\u{fffd}"), replaced(value))).collect()
            }
            other => other,
        }
    }
    if !content.contains("\\u0000") {
        return Cow::Borrowed(content);
    }
    serde_json::from_str(content)
        .map_or(Cow::Borrowed(content), |value| Cow::Owned(replaced(value).to_string()))
}

fn not_understood(section: &Section, error: &serde_json::Error) -> Result<String, Fault> {
    let because = format!(
        "its agent sent what this server does not understand ({error}); update the older one of the two"
    );
    let gap = Unseen::new(format!("anything of the section {section}"), because);
    serde_json::to_string(&Seen::<()>::not(gap)).map_err(Fault::broken)
}

/// Notes that a look brought back what is known already. `false` when it is not: the whole section is needed.
pub fn looked(
    tx: &mut Tx<'_>,
    cx: &Cx,
    asset: AssetId,
    section: &Section,
    hash: &str,
    at_ms: i64,
) -> Result<bool, Fault> {
    let same = tx.run(
        sql!(
            "UPDATE fact SET looked_ms = CASE WHEN looked_ms < $1 THEN $1 ELSE looked_ms END
              WHERE org_id = $2 AND asset_id = $3 AND section = $4 AND hash = $5"
        ),
        args![at_ms, cx.org, asset, section.word(), hash],
    )?;
    Ok(same > 0)
}

/// One section of an asset.
pub fn get(tx: &mut Tx<'_>, cx: &Cx, asset: AssetId, section: &Section) -> Result<Option<Fact>, Fault> {
    tx.maybe(
        sql!("SELECT section, content, hash, changed_ms, looked_ms FROM fact WHERE org_id = $1 AND asset_id = $2 AND section = $3"),
        args![cx.org, asset, section.word()],
        read,
    )
}

/// One section as its type, with the time of the last look; `None` when nothing came yet.
pub fn typed<T: DeserializeOwned>(
    tx: &mut Tx<'_>,
    cx: &Cx,
    asset: AssetId,
    section: &Section,
) -> Result<Option<(Seen<T>, i64)>, Fault> {
    match get(tx, cx, asset, section)? {
        None => Ok(None),
        Some(fact) => Ok(Some((fact.read()?, fact.looked_ms))),
    }
}

/// Every section of an asset.
pub fn all(tx: &mut Tx<'_>, cx: &Cx, asset: AssetId) -> Result<Vec<Fact>, Fault> {
    tx.rows(
        sql!("SELECT section, content, hash, changed_ms, looked_ms FROM fact WHERE org_id = $1 AND asset_id = $2 ORDER BY section"),
        args![cx.org, asset],
        read,
    )
}

/// What could not be seen on an asset, with the section it belongs to.
pub fn unseen(tx: &mut Tx<'_>, cx: &Cx, asset: AssetId) -> Result<Vec<(Section, Unseen)>, Fault> {
    let mut gaps = Vec::new();
    for fact in all(tx, cx, asset)? {
        let seen: Seen<Value> = fact.read()?;
        gaps.extend(seen.unseen.into_iter().map(|gap| (fact.section.clone(), gap)));
    }
    Ok(gaps)
}

fn read(row: &Row<'_>) -> Result<Fact, Fault> {
    Ok(Fact {
        section: Section::from(row.get::<String>(0)?.as_str()),
        content: row.get(1)?,
        hash: row.get(2)?,
        changed_ms: row.get(3)?,
        looked_ms: row.get(4)?,
    })
}
