//! Assets, their facts and findings.

use mainstay_kernel::Fault;
use mainstay_kernel::id::{PersonId, TeamId};
use mainstay_record::{AssetId, FindingId, PlanId, asset, fact, finding};
use mainstay_wire::Unseen;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{Moment, moments};

/// A host, a database, a certificate, a service.
#[derive(Serialize, ToSchema)]
pub struct Asset {
    #[schema(value_type = String, example = "ast_01k9z3q5m8v7c")]
    pub id: AssetId,
    pub kind: String,
    pub name: String,
    pub environment: String,
    /// `low`, `normal` or `high`.
    pub criticality: String,
    #[schema(value_type = Option<String>)]
    pub team: Option<TeamId>,
    #[schema(value_type = Option<String>)]
    pub owner: Option<PersonId>,
    pub is_retired: bool,
    pub summary: String,
    pub seen_at: Option<Moment>,
    pub revision: i64,
}

impl From<asset::Asset> for Asset {
    fn from(a: asset::Asset) -> Self {
        Self {
            id: a.id,
            kind: a.kind,
            name: a.name,
            environment: a.environment,
            criticality: a.criticality,
            team: a.team,
            owner: a.owner,
            is_retired: a.is_retired,
            summary: a.summary,
            seen_at: moments(a.seen_ms),
            revision: a.revision,
        }
    }
}

/// What could not be seen, and what would allow it.
#[derive(Serialize, ToSchema)]
pub struct Gap {
    pub what: String,
    pub because: String,
    pub allow_with: Option<String>,
}

impl From<Unseen> for Gap {
    fn from(gap: Unseen) -> Self {
        Self { what: gap.what, because: gap.because, allow_with: gap.allow_with }
    }
}

/// One section of what is known of an asset.
#[derive(Serialize, ToSchema)]
pub struct Fact {
    pub section: String,
    pub changed_at: Moment,
    pub looked_at: Moment,
    /// SHA-256 of the content as the agent sent it.
    pub hash: String,
    pub unseen: Vec<Gap>,
    /// What was seen; only when one section is asked for. Its shape is that of the section.
    #[schema(value_type = Option<Object>)]
    pub value: Option<Value>,
}

impl Fact {
    /// A section with or without what was seen.
    pub fn of(fact: &fact::Fact, is_whole: bool) -> Result<Self, Fault> {
        let seen = fact.read::<Value>()?;
        Ok(Self {
            section: fact.section.word().to_owned(),
            changed_at: Moment(fact.changed_ms),
            looked_at: Moment(fact.looked_ms),
            hash: fact.hash.clone(),
            unseen: seen.unseen.into_iter().map(Gap::from).collect(),
            value: seen.value.filter(|_| is_whole),
        })
    }
}

/// An asset deviates, seen by a rule.
#[derive(Serialize, ToSchema)]
pub struct Finding {
    #[schema(value_type = String)]
    pub id: FindingId,
    pub rule: String,
    #[schema(value_type = String)]
    pub asset: AssetId,
    pub asset_name: String,
    pub subject: String,
    /// `info`, `low`, `medium`, `high` or `critical`.
    pub severity: String,
    pub title: String,
    pub reason: String,
    #[schema(value_type = Object)]
    pub detail: Value,
    /// `open`, `planned`, `accepted` or `gone`.
    #[schema(value_type = String)]
    pub state: finding::State,
    /// Why its rule could not look lately.
    pub stale: Option<String>,
    pub first_seen_at: Moment,
    pub opened_at: Moment,
    pub last_seen_at: Moment,
    pub gone_at: Option<Moment>,
    pub times_opened: i64,
    pub due_at: Option<Moment>,
    pub accepted_until: Option<Moment>,
    pub accepted_reason: Option<String>,
    #[schema(value_type = Option<String>)]
    pub plan: Option<PlanId>,
    pub revision: i64,
}

impl From<finding::Finding> for Finding {
    fn from(f: finding::Finding) -> Self {
        Self {
            id: f.id,
            rule: f.rule,
            asset: f.asset,
            asset_name: f.asset_name,
            subject: f.subject,
            severity: f.severity.word().to_owned(),
            title: f.title,
            reason: f.reason,
            detail: f.detail,
            state: f.state,
            stale: f.stale,
            first_seen_at: Moment(f.first_seen_ms),
            opened_at: Moment(f.opened_ms),
            last_seen_at: Moment(f.last_seen_ms),
            gone_at: moments(f.gone_ms),
            times_opened: f.times_opened,
            due_at: moments(f.due_ms),
            accepted_until: moments(f.accepted_until_ms),
            accepted_reason: f.accepted_reason,
            plan: f.plan,
            revision: f.revision,
        }
    }
}
