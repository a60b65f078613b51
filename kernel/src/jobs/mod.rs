//! One table that is outbox, queue and timers.
//!
//! A lease is `run_at_ms` pushed forward: a crashed worker's job is due again by itself. `attempts` is the fence: it
//! only grows, by one with every claim, and completing or failing a job names it. What a transaction adds runs after its commit,
//! at least once; work that is only SQL runs in one transaction with the end of its job, and so exactly once.

mod runner;
mod store;

use std::pin::Pin;
use std::sync::Arc;

pub use runner::{Runner, run_due};

use crate::id::{JobId, OrgId};
use crate::store::{Signal, Tx};
use crate::{Cx, Fault, Ground};

/// A job to be.
#[derive(Clone, Debug)]
pub struct New {
    pub kind: &'static str,
    pub payload: serde_json::Value,
    pub run_at_ms: i64,
    /// With a key there is at most one job of this kind and key. A second `add` replaces what it is about; who works
    /// on the first loses the lease, because the news came while they worked.
    pub once_key: Option<String>,
}

/// A job that has been claimed.
#[derive(Clone, Debug)]
pub struct Job {
    pub org: OrgId,
    pub id: JobId,
    pub kind: String,
    pub payload: serde_json::Value,
    /// Which claim this is, counted from 1: the fence.
    pub attempt: i64,
    /// How often it failed since it last went well.
    pub failures: i64,
}

/// What becomes of a job that ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Done,
    /// Runs again at this time: timers and polling. It may come earlier when the clock was set back meanwhile: look at
    /// the time again.
    At(i64),
}

/// Work that is only SQL.
pub type Transact = fn(&mut Tx<'_>, &Cx, &Job) -> Result<Next, Fault>;
/// Work that reaches outside; it must bear running twice.
pub type Reach = fn(Arc<Ground>, Cx, Job) -> Pin<Box<dyn Future<Output = Result<Next, Fault>> + Send>>;

/// How a kind of job is done.
#[derive(Clone, Copy)]
pub struct Kind {
    pub name: &'static str,
    pub work: Work,
    /// After so many failed attempts a person has to look.
    pub most_failures: i64,
}

/// See [`Kind`].
#[derive(Clone, Copy)]
pub enum Work {
    Transact(Transact),
    Reach(Reach),
}

/// Adds a job in the caller's transaction.
pub fn add(tx: &mut Tx<'_>, cx: &Cx, new: &New) -> Result<JobId, Fault> {
    let id = JobId(cx.ids.next());
    store::insert(tx, cx.org, id, new)?;
    tx.signal(Signal::Jobs);
    Ok(id)
}

/// Jobs that were given up, newest first.
pub fn dead(tx: &mut Tx<'_>, org: OrgId) -> Result<Vec<(JobId, String, String)>, Fault> {
    store::dead(tx, org)
}

/// Makes a job that was given up ready again.
pub fn retry(tx: &mut Tx<'_>, cx: &Cx, id: JobId) -> Result<(), Fault> {
    if store::revive(tx, cx.org, id, cx.now_ms())? == 0 {
        return Err(Fault::NotFound { what: "job" });
    }
    tx.signal(Signal::Jobs);
    Ok(())
}

/// To be called when the clock was set back by `by_ms`: otherwise what was due a moment ago would wait until the clock
/// has come there again. Done twice it changes next to nothing, so that every process may do it.
pub fn set_back(tx: &mut Tx<'_>, cx: &Cx, by_ms: i64) -> Result<(), Fault> {
    if store::set_back(tx, cx.org, cx.now_ms(), by_ms)? > 0 {
        tx.signal(Signal::Jobs);
    }
    Ok(())
}

/// How many jobs of a kind have not ended.
pub fn waiting(tx: &mut Tx<'_>, org: OrgId, kind: &str) -> Result<i64, Fault> {
    store::waiting(tx, org, kind)
}
