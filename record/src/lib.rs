//! The nouns every room shares: assets and what is known of them, findings, work, plans and runs, evidence, links,
//! policies. Whatever happens to one of them is an event; any of them can show its timeline.

pub mod agent;
pub mod asset;
pub mod deadlines;
pub mod evidence;
pub mod fact;
pub mod finding;
pub mod link;
pub mod plan;
pub mod policy;
pub mod rights;
pub mod run;
pub mod search;
pub mod silence;
pub mod tally;
pub mod touch;
pub mod work;

#[cfg(test)]
mod tests;

use mainstay_kernel::id_type;
use mainstay_kernel::store::{Migration, Schema};

pub use mainstay_kernel::Ref;

id_type!(AssetId, "ast", "asset");
id_type!(AgentId, "agt", "agent");
id_type!(FindingId, "fnd", "finding");
id_type!(WorkId, "wrk", "work item");
id_type!(PlanId, "pln", "plan");
id_type!(RunId, "run", "run");
id_type!(EvidenceId, "evd", "evidence");

/// The tables of the shared nouns.
pub const SCHEMA: Schema = Schema {
    part: "record",
    steps: &[
        Migration { name: "0001_record", text: include_str!("migrations/0001_record.sql") },
        Migration { name: "0002_silence", text: include_str!("migrations/0002_silence.sql") },
        Migration { name: "0003_lists", text: include_str!("migrations/0003_lists.sql") },
    ],
};

macro_rules! refs {
    ($($id:ident = $kind:literal),* $(,)?) => { $(impl From<$id> for Ref {
        fn from(id: $id) -> Self { Ref::new($kind, id.0) }
    })* };
}
refs!(
    AssetId = "asset",
    AgentId = "agent",
    FindingId = "finding",
    WorkId = "work",
    PlanId = "plan",
    RunId = "run",
    EvidenceId = "evidence"
);
