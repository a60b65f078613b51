//! Work items, plans and their runs.

use mainstay_kernel::id::{PersonId, TeamId};
use mainstay_record::{AssetId, FindingId, PlanId, RunId, WorkId, plan, run, work};
use mainstay_wire::Outcome;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{Moment, moments};

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
