//! Orders: each runs at most once, in a process of its own that outlives the agent, with a journal on disk.
//!
//! `orders/ID/` holds `order.json`, then `started` (made by the job before it does anything), `output`,
//! `outcome.json`, and `reported` when the server has it all. An order is never begun again once `started` stands in
//! its folder. A job that vanished without an outcome is taken up once (`taken_up`), when the program it had started
//! has ended too: what it left is repaired and read back, and reported as lost.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::link::CallFault;
use crate::run::{Agent, Pause};
use crate::wire::{Heard, Order, Outcome, OutcomeState, Output, Task};
use crate::{clock, disk};

mod change;
pub mod job;
mod keep;
mod memory;
mod names;
mod repack;
mod simulate;
mod space;
mod watch;
mod way_back;

const PATIENCE: Duration = Duration::from_secs(30);
const MOST_CHUNK_BYTES: usize = 64 << 10;
const WATCH_PAUSE: Duration = Duration::from_millis(200);
/// Runs kept as a memory of what was done; far more than a server ever asks again.
const MOST_KEPT: usize = 2000;

/// The runs of this agent.
pub struct Orders {
    agent: Arc<Agent>,
    folder: PathBuf,
    /// Order id → newest fence, of those being reported now.
    active: Mutex<HashMap<String, u64>>,
    is_over: tokio::sync::watch::Sender<bool>,
}

impl Orders {
    /// Opens the journal and takes up what was under way.
    pub fn open(agent: Arc<Agent>) -> io::Result<Arc<Self>> {
        let folder = agent.config.folder.join("orders");
        disk::private_folder(&folder)?;
        disk::sync_folder(&folder)?;
        let (active, is_over) = (Mutex::default(), tokio::sync::watch::Sender::new(false));
        let orders = Arc::new(Self { agent, folder, active, is_over });
        let mut kept = Vec::new();
        for path in memory::all(&orders.folder)? {
            let Some(order) = read_json::<Order>(&path.join("order.json")) else {
                // Without its folder the order would be begun again when it is handed out again.
                tracing::error!("the order in {} cannot be read and is left as it is", path.display());
                continue;
            };
            if path.join("reported").exists() {
                let at = path.metadata().and_then(|meta| meta.modified()).ok();
                kept.push((at, path));
            } else {
                orders.follow(order);
            }
        }
        kept.sort();
        for (_, path) in kept.iter().take(kept.len().saturating_sub(MOST_KEPT)) {
            if let Err(fault) = memory::forget(path) {
                tracing::warn!("{} cannot be forgotten: {fault}", path.display());
            }
        }
        Ok(orders)
    }

    /// Reports nothing more from now on: another agent may open the folder. The jobs go on.
    pub async fn end(&self) {
        self.is_over.send_replace(true);
        self.is_over.closed().await;
    }

    /// Takes orders in, and answers whether any of them was new. One that is known is not begun again; its
    /// outcome is reported again.
    pub fn accept(self: &Arc<Self>, orders: Vec<Order>) -> bool {
        let mut is_news = false;
        for order in orders {
            if !names::is_order_id(&order.id) {
                tracing::error!("an order without a proper id is ignored");
                continue;
            }
            let path = self.folder.join(&order.id);
            if self.is_followed(&order) {
                continue;
            }
            is_news |= !path.exists();
            let _ = fs::remove_file(path.join("reported"));
            match memory::remember(&path, &order) {
                Ok(()) => self.follow(order),
                Err(fault) => tracing::error!("order {} cannot be written down: {fault}", order.id),
            }
        }
        is_news
    }

    /// Whether the order is being reported; then its newer fence is taken over.
    fn is_followed(&self, order: &Order) -> bool {
        let mut active = self.active.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let known = active.get_mut(&order.id).map(|fence| *fence = (*fence).max(order.fence));
        known.is_some()
    }

    fn follow(self: &Arc<Self>, order: Order) {
        let mut active = self.active.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(fence) = active.get_mut(&order.id) {
            *fence = (*fence).max(order.fence);
            return;
        }
        active.insert(order.id.clone(), order.fence);
        drop(active);
        let (orders, mut is_over) = (Arc::clone(self), self.is_over.subscribe());
        tokio::spawn(async move {
            let path = orders.folder.join(&order.id);
            let ended = tokio::select! {
                ended = orders.carry_out(&path, &order) => ended,
                _ = is_over.wait_for(|is_over| *is_over) => Ok(()),
            };
            if let Err(fault) = ended {
                tracing::error!("order {}: {fault}", order.id);
            }
            orders.active.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(&order.id);
            drop(orders);
            drop(is_over); // last: whoever waits for the end finds nothing of it left
        });
    }

    async fn carry_out(&self, path: &Path, order: &Order) -> io::Result<()> {
        if !path.join("outcome.json").exists() {
            match refusal(order, self.agent.config.may_change) {
                Some(outcome) => job::refuse(path, &outcome)?,
                None => self.begin(path, order).await?,
            }
        }
        self.report(path, order).await
    }

    async fn begin(&self, path: &Path, order: &Order) -> io::Result<()> {
        if let Task::Look { sections } = &order.task {
            // Looking twice does no harm, so it needs no process and no memory.
            for section in sections {
                self.agent.look_at(section.clone()).await;
            }
            return job::conclude(path, &outcome(OutcomeState::Succeeded, "looked"));
        }
        if !path.join("started").exists() && !job::is_running(path) {
            watch::spawn(&self.agent.config.job_program, path)?;
        }
        Ok(())
    }

    /// Sends output as it comes and the outcome at the end, each from where the server is.
    async fn report(&self, path: &Path, order: &Order) -> io::Result<()> {
        let (mut offset, mut pause) = (0, Pause::new(self.agent.config.first_pause));
        let (mut is_asked, mut watch) = (false, watch::Watch::default());
        loop {
            let done = read_json::<Outcome>(&path.join("outcome.json"));
            let (chunk, is_end) = chunk(&path.join("output"), offset)?;
            let done = done.filter(|_| is_end);
            if is_asked && chunk.is_empty() && done.is_none() {
                watch.look(path, &self.agent.config.job_program)?;
                tokio::time::sleep(WATCH_PAUSE).await;
                continue;
            }
            // The first question carries nothing: the server says where it is.
            let chunk = if is_asked { chunk } else { String::new() };
            let fence =
                self.active.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(&order.id).copied();
            let output = Output {
                order_id: order.id.clone(),
                fence: fence.unwrap_or(order.fence),
                offset,
                chunk,
                done: done.filter(|_| is_asked),
            };
            match self.tell(&output).await {
                Ok(heard) => {
                    (offset, is_asked) = (heard.next_offset, true);
                    pause = Pause::new(self.agent.config.first_pause);
                    if heard.stop {
                        disk::replace(&path.join("stop"), b"")?;
                    }
                    if heard.is_done && output.done.is_some() {
                        disk::replace(&path.join("reported"), b"")?;
                        let _ = fs::remove_file(path.join("output"));
                        return Ok(());
                    }
                }
                Err(CallFault::Superseded | CallFault::Refused(_)) => {
                    tracing::warn!("the server no longer wants the output of order {}", order.id);
                    if read_json::<Outcome>(&path.join("outcome.json")).is_some() {
                        disk::replace(&path.join("reported"), b"")?;
                    }
                    return Ok(());
                }
                Err(fault) => pause.after(&fault).await,
            }
        }
    }

    async fn tell(&self, output: &Output) -> Result<Heard, CallFault> {
        let body = serde_json::to_vec(output).expect("output is JSON");
        self.agent.link.post("/api/v1/agent/output", Some(&self.agent.identity.key), body, PATIENCE).await
    }
}

/// Why an order is not begun at all.
fn refusal(order: &Order, may_change: bool) -> Option<Outcome> {
    if order.expires_at_ms.is_some_and(|at| at < clock::now_ms()) {
        return Some(outcome(OutcomeState::Expired, "it came after its time"));
    }
    let is_change = matches!(
        order.task,
        Task::ApplyPackages(_) | Task::FetchPackages { .. } | Task::KeepOld { .. } | Task::RollBack(_)
    );
    if is_change && !may_change {
        return Some(outcome(OutcomeState::Refused, "this agent was started to look only"));
    }
    names::fault(&order.task).map(|because| outcome(OutcomeState::Refused, &because))
}

/// An outcome without result, as of now.
pub fn outcome(state: OutcomeState, summary: &str) -> Outcome {
    Outcome { state, summary: summary.to_owned(), code: None, ended_at_ms: clock::now_ms(), result: None }
}

/// The next piece of output from `offset`, cut between letters, and whether it reaches the end of what is kept. A byte
/// that is no text becomes one `?`, so that offsets stay offsets.
fn chunk(path: &Path, offset: u64) -> io::Result<(String, bool)> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok((String::new(), true)),
        Err(fault) => return Err(fault),
    };
    // The job cuts what is longer at its end, and says so in a line that still fits.
    let end = file.metadata()?.len().min(job::MOST_OUTPUT_BYTES + 64);
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    let most = (MOST_CHUNK_BYTES as u64).min(end.saturating_sub(offset));
    file.take(most).read_to_end(&mut bytes)?;
    let is_last = offset + bytes.len() as u64 >= end;
    let mut text = String::with_capacity(bytes.len());
    for piece in bytes.utf8_chunks() {
        text.push_str(piece.valid());
        let broken = piece.invalid();
        // Half a letter at the end waits for its other half.
        if is_last || text.len() + broken.len() < bytes.len() {
            text.extend(broken.iter().map(|_| '?'));
        }
    }
    let is_end = offset + text.len() as u64 >= end;
    Ok((text, is_end))
}

pub(crate) fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}
