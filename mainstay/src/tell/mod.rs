//! Who is told what: events of the house become notices, each once, to those whose roles let them do something about it.
//!
//! An event is heard in the transaction that ends its job; the notice's key is the event's id. What happens to one
//! asset within some seconds is one notice: a look that opens seventy findings is one message, not seventy.

mod audience;
mod hears;
mod words;

pub use audience::note_address;
pub use hears::hearers;

use mainstay_kernel::access::Right;
use mainstay_kernel::jobs;
use mainstay_record::rights;

/// A sort of thing that people are told of, by their own choice.
#[derive(Debug)]
pub struct Cause {
    /// As it is kept, and as webhooks read it.
    pub word: &'static str,
    /// For the pages where it is chosen.
    pub about: &'static str,
    /// Who hears of it: those who may do something about it, where it happened.
    pub right: &'static Right,
}

pub(crate) static FINDINGS: Cause = Cause {
    word: "findings",
    about: "New critical or high findings on an asset",
    right: &rights::ACCEPT_FINDINGS,
};
pub(crate) static APPROVAL: Cause =
    Cause { word: "approval", about: "A plan waits for approval", right: &rights::APPROVE_PLANS };
pub(crate) static RUN: Cause =
    Cause { word: "run", about: "A plan or a run failed", right: &rights::PREPARE_PLANS };
pub(crate) static RETURNED: Cause =
    Cause { word: "returned", about: "An accepted risk is back", right: &rights::ACCEPT_FINDINGS };
pub(crate) static SILENT: Cause =
    Cause { word: "silent", about: "An agent has stopped speaking", right: &rights::MANAGE_AGENTS };

/// Every cause, in the order in which pages show them.
pub static CAUSES: [&Cause; 5] = [&FINDINGS, &APPROVAL, &RUN, &RETURNED, &SILENT];

/// The cause with this word, in words for people.
pub fn about(word: &str) -> &str {
    CAUSES.iter().find(|cause| cause.word == word).map_or(word, |cause| cause.about)
}

/// What tells together what happened together.
pub const JOBS: &[jobs::Kind] =
    &[jobs::Kind { name: hears::TOGETHER, work: jobs::Work::Transact(hears::together), most_failures: 20 }];
