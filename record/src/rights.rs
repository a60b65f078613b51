//! What may be done with the shared nouns.

use mainstay_kernel::access::Right;

pub static VIEW: Right = Right::new("record.view", "See assets, findings, work and plans");
pub static EDIT_ASSETS: Right = Right::new("record.asset.edit", "Name, own and retire assets");
pub static ACCEPT_FINDINGS: Right =
    Right::new("record.finding.accept", "Accept the risk of a finding until a date");
pub static EDIT_WORK: Right = Right::new("record.work.edit", "Open, assign and close work");
pub static PREPARE_PLANS: Right = Right::new("record.plan.prepare", "Prepare and simulate plans");
pub static APPROVE_PLANS: Right =
    Right::new("record.plan.approve", "Approve plans, which then change systems");
pub static MANAGE_AGENTS: Right = Right::new("record.agent.manage", "Add hosts and remove their agents");
pub static EDIT_POLICIES: Right = Right::new("record.policy.edit", "Change policies");

/// All of them, for the table of rights.
pub static ALL: &[&Right] = &[
    &VIEW,
    &EDIT_ASSETS,
    &ACCEPT_FINDINGS,
    &EDIT_WORK,
    &PREPARE_PLANS,
    &APPROVE_PLANS,
    &MANAGE_AGENTS,
    &EDIT_POLICIES,
];
