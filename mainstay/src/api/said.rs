//! How the nouns of the house look in JSON: ids as typed strings, moments in RFC 3339.

use jiff::Timestamp;
use mainstay_kernel::events::Event;
use mainstay_kernel::id::{self, PersonId, TeamId};
use mainstay_kernel::{Fault, people};
use mainstay_record::{AssetId, FindingId, PlanId, RunId, WorkId, asset, fact, finding, plan, run, work};
use mainstay_wire::{Outcome, Unseen};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;
use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

/// A moment: milliseconds since 1970 inside, `2026-11-23T09:00:00Z` outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(pub i64);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let at = Timestamp::from_millisecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH);
        serializer.collect_str(&at)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let at: Timestamp =
            text.parse().map_err(|_| de::Error::custom("give a moment as 2026-11-23T09:00:00Z"))?;
        Ok(Self(at.as_millisecond()))
    }
}

impl PartialSchema for Moment {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .into()
    }
}

impl ToSchema for Moment {}

fn moments(ms: Option<i64>) -> Option<Moment> {
    ms.map(Moment)
}

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

/// Somebody must do this by then.
#[derive(Serialize, ToSchema)]
pub struct Work {
    #[schema(value_type = String)]
    pub id: WorkId,
    /// What people call it: `#2431`.
    pub number: i64,
    pub kind: String,
    pub title: String,
    pub body: String,
    /// `open`, `waiting`, `done` or `cancelled`.
    #[schema(value_type = String)]
    pub state: work::State,
    /// 1 urgent, 2 normal, 3 low.
    pub priority: i64,
    #[schema(value_type = Option<String>)]
    pub assignee: Option<PersonId>,
    pub assignee_name: Option<String>,
    #[schema(value_type = Option<String>)]
    pub team: Option<TeamId>,
    #[schema(value_type = Option<String>)]
    pub asset: Option<AssetId>,
    #[schema(value_type = Option<String>)]
    pub finding: Option<FindingId>,
    pub due_at: Option<Moment>,
    pub created_at: Moment,
    pub changed_at: Moment,
    pub closed_at: Option<Moment>,
    pub revision: i64,
}

impl From<work::Item> for Work {
    fn from(w: work::Item) -> Self {
        Self {
            id: w.id,
            number: w.number,
            kind: w.kind,
            title: w.title,
            body: w.body,
            state: w.state,
            priority: w.priority,
            assignee: w.assignee,
            assignee_name: w.assignee_name,
            team: w.team,
            asset: w.asset,
            finding: w.finding,
            due_at: moments(w.due_ms),
            created_at: Moment(w.created_ms),
            changed_at: Moment(w.changed_ms),
            closed_at: moments(w.closed_ms),
            revision: w.revision,
        }
    }
}

/// Not before, not after.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Window {
    pub from: Moment,
    pub until: Moment,
}

/// What is prepared and waits for a person.
#[derive(Serialize, ToSchema)]
pub struct Plan {
    #[schema(value_type = String)]
    pub id: PlanId,
    pub number: i64,
    pub kind: String,
    pub title: String,
    #[schema(value_type = String)]
    pub asset: AssetId,
    /// `draft`, `simulating`, `ready`, `approved`, `running`, `done`, `failed` or `cancelled`.
    #[schema(value_type = String)]
    pub state: plan::State,
    #[schema(value_type = Object)]
    pub spec: Value,
    /// What would happen, as the host itself said.
    #[schema(value_type = Option<Object>)]
    pub simulation: Option<Value>,
    /// What an approval is an approval of.
    pub simulation_hash: Option<String>,
    /// The way back.
    pub rollback: String,
    pub window: Option<Window>,
    pub made_by: String,
    pub approved_by: Option<String>,
    pub approved_at: Option<Moment>,
    pub created_at: Moment,
    pub revision: i64,
}

impl From<plan::Plan> for Plan {
    fn from(p: plan::Plan) -> Self {
        Self {
            id: p.id,
            number: p.number,
            kind: p.kind,
            title: p.title,
            asset: p.asset,
            state: p.state,
            spec: p.spec,
            simulation: p.simulation,
            simulation_hash: p.simulation_hash,
            rollback: p.rollback,
            window: p.window_ms.map(|(from, until)| Window { from: Moment(from), until: Moment(until) }),
            made_by: p.made_by,
            approved_by: p.approved_by,
            approved_at: moments(p.approved_ms),
            created_at: Moment(p.created_ms),
            revision: p.revision,
        }
    }
}

/// How a run ended.
#[derive(Serialize, ToSchema)]
pub struct Ended {
    pub summary: String,
    pub code: Option<i32>,
    pub at: Option<Moment>,
}

/// One order to an agent.
#[derive(Serialize, ToSchema)]
pub struct Run {
    #[schema(value_type = String)]
    pub id: RunId,
    #[schema(value_type = Option<String>)]
    pub plan: Option<PlanId>,
    #[schema(value_type = String)]
    pub asset: AssetId,
    /// `simulate`, `keep`, `apply`, `verify` …
    pub step: String,
    /// `waiting`, `given`, `succeeded`, `failed`, `refused`, `expired`, `stopped` or `lost`.
    pub state: String,
    pub output_bytes: i64,
    pub outcome: Option<Ended>,
    pub created_at: Moment,
    pub ended_at: Option<Moment>,
}

impl From<run::Run> for Run {
    fn from(r: run::Run) -> Self {
        let ended = |o: Outcome| Ended {
            summary: o.summary,
            code: o.code,
            at: i64::try_from(o.ended_at_ms).ok().map(Moment),
        };
        Self {
            id: r.id,
            plan: r.plan,
            asset: r.asset,
            step: r.step,
            state: r.state,
            output_bytes: r.output_bytes,
            outcome: r.outcome.map(ended),
            created_at: Moment(r.created_ms),
            ended_at: moments(r.ended_ms),
        }
    }
}

/// Output of a run from an offset on.
#[derive(Serialize, ToSchema)]
pub struct RunOutput {
    pub text: String,
    /// Ask for this next.
    pub next: i64,
    /// No more will come once `next` is the run's `output_bytes`.
    pub is_over: bool,
}

/// What something happened to.
#[derive(Serialize, ToSchema)]
pub struct Subject {
    pub kind: String,
    pub id: String,
}

/// Something that happened.
#[derive(Serialize, ToSchema)]
pub struct Happened {
    #[schema(value_type = String)]
    pub id: id::EventId,
    pub at: Moment,
    /// `person:per_…`, `token:…`, `agent:…` or `house:…`.
    pub actor: String,
    /// `finding.opened`, `plan.approved` …
    pub verb: String,
    pub subject: Subject,
    #[schema(value_type = Object)]
    pub body: Value,
}

impl From<Event> for Happened {
    fn from(e: Event) -> Self {
        let prefix = match &*e.subject.kind {
            "asset" => "ast",
            "agent" => "agt",
            "finding" => "fnd",
            "work" => "wrk",
            "plan" => "pln",
            "run" => "run",
            "evidence" => "evd",
            "person" => "per",
            "team" => "tem",
            "role" => "rol",
            "session" => "ses",
            "token" => "tok",
            "channel" => "chn",
            "notice" => "ntc",
            _ => "",
        };
        let id = if prefix.is_empty() { e.subject.id.to_string() } else { id::spell(prefix, e.subject.id) };
        Self {
            id: e.id,
            at: Moment(e.at_ms),
            actor: e.actor,
            verb: e.verb,
            subject: Subject { kind: e.subject.kind.into_owned(), id },
            body: e.body,
        }
    }
}

/// Somebody of the organisation.
#[derive(Serialize, ToSchema)]
pub struct Person {
    #[schema(value_type = String)]
    pub id: PersonId,
    pub name: String,
    pub email: String,
    /// `staff` or `requester`.
    #[schema(value_type = String)]
    pub kind: people::Kind,
    pub is_active: bool,
    pub created_at: Moment,
    pub revision: i64,
}

impl From<people::Person> for Person {
    fn from(p: people::Person) -> Self {
        Self {
            id: p.id,
            name: p.name,
            email: p.email,
            kind: p.kind,
            is_active: p.is_active,
            created_at: Moment(p.created_ms),
            revision: p.revision,
        }
    }
}
