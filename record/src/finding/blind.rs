//! Where nothing found must not be read as nothing there: looks with gaps, hosts that were not looked at yet.

use mainstay_kernel::store::Tx;
use mainstay_kernel::{Cx, Fault, args, id, sql};

use crate::rights;

/// A host has told of itself by then, or its agent is silent, which is said on its own.
const FIRST_LOOK_MS: i64 = 3_600_000;

/// What the caller's findings do not speak of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Blind {
    /// Some rule could not see all of its scope on some asset.
    pub has_gaps: bool,
    /// Some host came in and was not looked at by then.
    pub is_waiting: bool,
}

impl Blind {
    /// Whether nothing found means nothing there.
    pub fn sees_all(self) -> bool {
        !self.has_gaps && !self.is_waiting
    }
}

/// What the rules whose names begin with `rules` cannot speak of (`""`: all of them).
pub fn blind(tx: &mut Tx<'_>, cx: &Cx, rules: &str) -> Result<Blind, Fault> {
    let (all, teams) = cx.scopes(&rights::VIEW).parameters();
    let gap = tx.maybe(
        sql!(
            "SELECT s.asset_id FROM finding_scope s JOIN asset a ON a.org_id = s.org_id AND a.id = s.asset_id
              WHERE s.org_id = $1 AND s.unseen IS NOT NULL AND s.rule LIKE $2 AND a.state = 'active'
                AND ($3 = 1 OR a.team_id IN {list $4}) LIMIT 1"
        ),
        args![cx.org, format!("{rules}%"), all, &teams],
        |row| row.get::<i64>(0),
    )?;
    // The sections that most rules read; an agent tells of all of them in its first minute. Ids grow with time, so that
    // only the newest agents are looked at.
    let since_ms = cx.now_ms() - FIRST_LOOK_MS;
    let waiting = tx.maybe(
        sql!(
            "SELECT g.asset_id FROM agent g JOIN asset a ON a.org_id = g.org_id AND a.id = g.asset_id
              WHERE g.org_id = $1 AND g.id > $2 AND g.revoked_ms IS NULL AND g.enrolled_ms > $3 AND a.state = 'active'
                AND ($4 = 1 OR a.team_id IN {list $5})
                AND (SELECT COUNT(*) FROM fact f WHERE f.org_id = g.org_id AND f.asset_id = g.asset_id
                  AND f.section IN ('system', 'updates', 'sockets', 'accounts')) < 4 LIMIT 1"
        ),
        args![cx.org, id::floor_at(since_ms - FIRST_LOOK_MS), since_ms, all, &teams],
        |row| row.get::<i64>(0),
    )?;
    Ok(Blind { has_gaps: gap.is_some(), is_waiting: waiting.is_some() })
}
