//! The dispatcher of one process: claims what is due, runs it, and sleeps until the next is due or a commit wakes it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::{Job, Kind, Next, Work, store};
use crate::store::Signal;
use crate::{Fault, Ground, id};
use crate::{events, notify};

const BATCH: u32 = 32;
const AT_ONCE: usize = 16;
/// Over so many batches do dispatchers spread at most.
const WIDEST: u32 = 32;
/// How long a claim holds; work that reaches outside is extended while it runs.
const LEASE_MS: i64 = 60_000;
/// The clock is the truth, the bell only a hint.
const LONGEST_SLEEP_MS: i64 = 1_000;
/// What goes wrong is tried again after these pauses, then every two hours.
const PAUSES_MS: &[i64] = &[1_000, 5_000, 30_000, 120_000, 600_000, 1_800_000, 7_200_000];

/// The kinds the house brings itself.
const OWN: &[Kind] = &[
    Kind { name: "events.hear", work: Work::Transact(events::deliver), most_failures: 20 },
    Kind { name: notify::KIND, work: Work::Reach(notify::send), most_failures: 20 },
];

/// Runs jobs until told to stop.
pub struct Runner;

impl Runner {
    /// Serves until `stop` turns true; what runs then is finished first.
    pub async fn serve(ground: Arc<Ground>, mut stop: watch::Receiver<bool>) {
        let at_once = Arc::new(Semaphore::new(AT_ONCE));
        let mut spread = 1;
        let mut running = JoinSet::new();
        while !*stop.borrow() {
            let free = u32::try_from(at_once.available_permits()).unwrap_or(0).min(BATCH);
            let claimed = if free == 0 { Ok(Vec::new()) } else { claim(&ground, free, &mut spread).await };
            match claimed {
                Ok(jobs) if jobs.is_empty() => {
                    tokio::select! {
                        () = sleep(&ground) => {}
                        _ = stop.changed() => {}
                        _ = running.join_next(), if !running.is_empty() => {}
                    }
                }
                Ok(jobs) => {
                    for job in jobs {
                        let (ground, at_once) = (ground.clone(), at_once.clone());
                        running.spawn(async move {
                            let permit = at_once.acquire_owned().await;
                            run(&ground, job).await;
                            drop(permit);
                        });
                    }
                }
                Err(fault) => {
                    tracing::warn!(%fault, "jobs cannot be read; trying again");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
        while running.join_next().await.is_some() {}
    }
}

/// Runs everything that is due now, and what becomes due by it; answers how many. For tests and `doctor`.
pub async fn run_due(ground: &Arc<Ground>) -> Result<usize, Fault> {
    let mut count = 0;
    loop {
        let jobs = claim(ground, BATCH, &mut 1).await?;
        if jobs.is_empty() {
            return Ok(count);
        }
        for job in jobs {
            run(ground, job).await;
            count += 1;
        }
    }
}

/// Claims what is due, oldest first. Dispatchers that run into each other spread over more of what is due, and come
/// together again when they do not: `spread` says over how many batches.
async fn claim(ground: &Arc<Ground>, limit: u32, spread: &mut u32) -> Result<Vec<Job>, Fault> {
    let (now_ms, window) = (ground.clock.now_ms(), limit * *spread);
    let mut due = ground.db.read(move |tx| store::due(tx, now_ms, window)).await?;
    let over = due.len().saturating_sub(limit as usize);
    if over > 0 {
        let start = usize::from(u16::from_le_bytes(id::random())) % (over + 1);
        due = due[start..start + limit as usize].to_vec();
    }
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = due.len();
    let claims = move |tx: &mut crate::store::Tx<'_>| {
        let mut jobs = Vec::new();
        for (org, id, seen_ms) in &due {
            jobs.extend(store::claim(tx, *org, *id, *seen_ms, now_ms + LEASE_MS)?);
        }
        Ok(jobs)
    };
    let jobs = ground.db.write(claims).await?;
    *spread = if jobs.len() < wanted { (*spread * 2).min(WIDEST) } else { (*spread - 1).max(1) };
    Ok(jobs)
}

async fn sleep(ground: &Ground) {
    let next = ground.db.read(store::next_due).await.ok().flatten();
    let wait_ms = next.map_or(LONGEST_SLEEP_MS, |at| (at - ground.clock.now_ms()).clamp(1, LONGEST_SLEEP_MS));
    ground.db.wait(Signal::Jobs, Duration::from_millis(wait_ms.unsigned_abs())).await;
}

async fn run(ground: &Arc<Ground>, job: Job) {
    let Some(kind) = OWN.iter().chain(&ground.kinds).find(|kind| kind.name == job.kind).copied() else {
        let fault = Fault::broken(format!("no part of this build does jobs of kind {}", job.kind));
        failed(ground, &job, 1, &fault).await;
        return;
    };
    let outcome = match kind.work {
        Work::Transact(transact) => transact_once(ground, &job, transact).await,
        Work::Reach(reach) => {
            let cx = ground.cx(job.org, "jobs");
            let work = reach(ground.clone(), cx, job.clone());
            match keep_lease(ground, &job, work).await {
                Ok(Some(next)) => end(ground, &job, next).await,
                Ok(None) => {
                    lease_lost(&job);
                    Ok(())
                }
                Err(fault) => Err(fault),
            }
        }
    };
    if let Err(fault) = outcome {
        failed(ground, &job, kind.most_failures, &fault).await;
    }
}

/// No fault of the job: it took so long that it was given to somebody else, who does it.
fn lease_lost(job: &Job) {
    tracing::debug!(job.kind = job.kind, job.id = %job.id, "its lease ran out; whoever has it now does it");
}

/// The work and the end of its job in one transaction. A lost lease undoes both.
async fn transact_once(ground: &Arc<Ground>, job: &Job, transact: super::Transact) -> Result<(), Fault> {
    let (cx, own) = (ground.cx(job.org, "jobs"), job.clone());
    let is_lost = Arc::new(AtomicBool::new(false));
    let lost = Arc::clone(&is_lost);
    let whole = move |tx: &mut crate::store::Tx<'_>| {
        let job = &own;
        lost.store(false, Ordering::Relaxed);
        let next = transact(tx, &cx, job)?;
        let kept = match next {
            Next::Done => store::finish(tx, job)?,
            Next::At(at_ms) => store::again_at(tx, job, at_ms)?,
        };
        lost.store(kept == 0, Ordering::Relaxed);
        if kept == 0 { Err(Fault::Stale) } else { Ok(()) }
    };
    match ground.db.write(whole).await {
        Err(Fault::Stale) if is_lost.load(Ordering::Relaxed) => {
            lease_lost(job);
            Ok(())
        }
        ended => ended,
    }
}

/// Runs work that reaches outside, pushing the lease forward for as long as it takes; nothing when it was lost.
async fn keep_lease(
    ground: &Arc<Ground>,
    job: &Job,
    work: std::pin::Pin<Box<dyn Future<Output = Result<Next, Fault>> + Send>>,
) -> Result<Option<Next>, Fault> {
    let mut task = tokio::spawn(work);
    loop {
        let third = Duration::from_millis((LEASE_MS / 3).unsigned_abs());
        if let Ok(ended) = tokio::time::timeout(third, &mut task).await {
            return ended.map_err(Fault::broken)?.map(Some);
        }
        let (job, until_ms) = (job.clone(), ground.clock.now_ms() + LEASE_MS);
        if ground.db.write(move |tx| store::extend(tx, &job, until_ms)).await? == 0 {
            task.abort();
            return Ok(None);
        }
    }
}

async fn end(ground: &Arc<Ground>, job: &Job, next: Next) -> Result<(), Fault> {
    let job = job.clone();
    let ended = move |tx: &mut crate::store::Tx<'_>| match next {
        Next::Done => store::finish(tx, &job),
        Next::At(at_ms) => store::again_at(tx, &job, at_ms),
    };
    ground.db.write(ended).await.map(drop)
}

async fn failed(ground: &Arc<Ground>, job: &Job, most_failures: i64, fault: &Fault) {
    let is_dead = job.failures + 1 >= most_failures;
    let pause_ms =
        usize::try_from(job.failures).ok().and_then(|n| PAUSES_MS.get(n)).copied().unwrap_or(7_200_000);
    let error = match fault {
        Fault::Broken(source) => format!("{fault}: {source}"),
        other => other.to_string(),
    };
    tracing::warn!(job.kind = job.kind, job.id = %job.id, job.failures = job.failures + 1, is_dead, error, "a job failed");
    let (job, at_ms) = (job.clone(), ground.clock.now_ms() + pause_ms);
    let written = ground.db.write(move |tx| store::fail(tx, &job, at_ms, is_dead, &error)).await;
    if let Err(fault) = written {
        // Its lease runs out and it comes again by itself.
        tracing::warn!(%fault, "a failed job could not be written down");
    }
}
