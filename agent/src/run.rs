//! The agent's loop: look when it is time, spool, send in order, take orders, report their output.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::collect::{self, Looked};
use crate::identity::{self, Identity};
use crate::link::{AddressFault, CallFault, Link};
use crate::orders::Orders;
use crate::spool::Spool;
use crate::wire::{self, PROTOCOL, Received, Report, Section};
use crate::{Host, clock, disk};

const REPORT_PATIENCE: Duration = Duration::from_mins(1);
const ORDER_WAIT_S: u64 = 25;
/// One report: this many items, and about this many bytes.
const MOST_ITEMS: usize = 64;
const MOST_REPORT_BYTES: usize = 4 << 20;
/// A key that is refused is tried again this seldom.
const DENIED_PAUSE: Duration = Duration::from_mins(5);

/// How one section is looked at; `None` for one this agent does not know.
pub type Look = Arc<dyn Fn(&Section) -> Option<Looked> + Send + Sync>;

/// What an agent needs to know.
#[derive(Clone)]
pub struct Config {
    /// `https://HOST[:PORT]`; needed for the first start, and when the server's address has changed.
    pub server: Option<String>,
    /// Single-use token; needed for the first start only.
    pub token: Option<String>,
    /// SHA-256 of the server's certificate, where no authority vouches for it.
    pub fingerprint: Option<String>,
    /// Where key, spool and runs are kept; made with mode 0700.
    pub folder: PathBuf,
    /// Most bytes of looks kept while the server is away.
    pub spool_limit_bytes: u64,
    /// Program and first arguments that call [`crate::job`] with the folder given as last argument:
    /// `["/usr/bin/mainstay", "agent-job"]`.
    pub job_program: Vec<OsString>,
    /// Whether orders that change packages are carried out.
    pub may_change: bool,
    /// The sections looked at.
    pub sections: Vec<Section>,
    pub look: Look,
    /// How often.
    pub interval: fn(&Section) -> Duration,
    /// First pause after a failed call; doubles up to five minutes.
    pub first_pause: Duration,
}

impl Config {
    /// The usual agent of this machine, keeping its state in `folder`. A relative one is taken from where this process
    /// stands now: the jobs stand elsewhere.
    pub fn new(folder: impl Into<PathBuf>, job_program: Vec<OsString>) -> Self {
        let folder = folder.into();
        let folder = std::path::absolute(&folder).unwrap_or(folder);
        Self {
            server: None,
            token: None,
            fingerprint: None,
            folder,
            spool_limit_bytes: 8 << 20,
            job_program,
            may_change: true,
            sections: collect::ORDER.to_vec(),
            look: collect::remembering(),
            interval: collect::interval,
            first_pause: Duration::from_secs(1),
        }
    }
}

/// Why an agent cannot run.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error(
        "this machine is not enrolled; start once with --server and --token (mainstay add-host prints both)"
    )]
    NotEnrolled,
    #[error(
        "the server refuses the token: it was used before or has expired; make a new one with mainstay add-host"
    )]
    TokenRefused,
    #[error("enrolment failed: {0}")]
    Enrolment(String),
    #[error("{0} is damaged; remove it and enrol again")]
    State(String),
    #[error("another agent already uses {0}")]
    InUse(String),
    #[error(transparent)]
    Address(#[from] AddressFault),
    #[error("the agent's folder: {0}")]
    Disk(#[from] std::io::Error),
}

/// What the tasks of one agent share.
pub struct Agent {
    pub config: Config,
    pub link: Link,
    pub identity: Identity,
    spool: Mutex<Spool>,
    /// Sections to look at before their time.
    wanted: Mutex<Vec<Section>>,
    look_now: Notify,
    send_now: Notify,
    /// Read and written with the spool locked: a look that ends after the agent must not write into a spool
    /// that another agent may have opened.
    is_over: AtomicBool,
}

/// Runs until `shutdown` is done. Orders under way go on in their own processes and are taken up again at
/// the next start.
pub async fn run(config: Config, shutdown: impl Future<Output = ()>) -> Result<(), Fault> {
    tokio::pin!(shutdown);
    disk::private_folder(&config.folder)?;
    let _alone = alone(&config)?;
    let identity = tokio::select! {
        identity = identity::obtain(&config) => identity?,
        () = &mut shutdown => return Ok(()),
    };
    let link = Link::new(&identity.server, identity.fingerprint.as_deref())?;
    let spool = Spool::open(&config.folder.join("spool"), config.spool_limit_bytes)?;
    let agent = Arc::new(Agent {
        link,
        identity,
        spool: Mutex::new(spool),
        wanted: Mutex::new(Vec::new()),
        look_now: Notify::new(),
        send_now: Notify::new(),
        is_over: AtomicBool::new(false),
        config,
    });
    let orders = Orders::open(Arc::clone(&agent))?;
    let mut tasks = JoinSet::new();
    tasks.spawn(look(Arc::clone(&agent)));
    tasks.spawn(send(Arc::clone(&agent), Arc::clone(&orders)));
    tasks.spawn(ask(Arc::clone(&agent), Arc::clone(&orders)));
    let ended = tokio::select! {
        () = shutdown => None,
        ended = tasks.join_next() => ended,
    };
    tasks.shutdown().await;
    orders.end().await;
    let spool = agent.spool();
    agent.is_over.store(true, Ordering::Relaxed);
    drop(spool);
    match ended {
        Some(Err(broken)) if broken.is_panic() => std::panic::resume_unwind(broken.into_panic()),
        _ => Ok(()),
    }
}

/// Two agents on one folder would number their looks twice.
fn alone(config: &Config) -> Result<std::fs::File, Fault> {
    let file = std::fs::File::create(config.folder.join("lock"))?;
    rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive)
        .map_err(|_| Fault::InUse(config.folder.display().to_string()))?;
    Ok(file)
}

impl Agent {
    fn spool(&self) -> MutexGuard<'_, Spool> {
        self.spool.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Looks at these sections before their time.
    pub fn want(&self, sections: &[Section]) {
        self.wanted.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend_from_slice(sections);
        self.look_now.notify_one();
    }

    /// Looks at one section and puts it into the spool.
    pub async fn look_at(self: &Arc<Self>, section: Section) {
        let agent = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || {
            let Some(looked) = (agent.config.look)(&section) else { return };
            let mut spool = agent.spool();
            if agent.is_over.load(Ordering::Relaxed) {
                return;
            }
            if let Err(fault) = spool.append(looked) {
                tracing::error!("the look at {section} cannot be kept: {fault}");
            }
            drop(spool);
            agent.send_now.notify_one();
        });
        if let Err(broken) = done.await {
            tracing::error!("a collector broke: {broken}");
        }
    }
}

/// Every section at the start, then each in its own interval.
async fn look(agent: Arc<Agent>) {
    let mut last: HashMap<Section, Instant> = HashMap::new();
    loop {
        let wanted =
            std::mem::take(&mut *agent.wanted.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        for section in agent.config.sections.clone() {
            let is_due =
                last.get(&section).is_none_or(|at| at.elapsed() >= (agent.config.interval)(&section));
            if is_due || wanted.contains(&section) {
                agent.look_at(section.clone()).await;
                last.insert(section, Instant::now());
            }
        }
        let next = agent.config.sections.iter().filter_map(|section| {
            let at = last.get(section)?;
            Some((agent.config.interval)(section).saturating_sub(at.elapsed()))
        });
        let pause = next.min().unwrap_or(Duration::from_mins(1)).max(Duration::from_millis(10));
        let _ = tokio::time::timeout(pause, agent.look_now.notified()).await;
    }
}

/// Sends what is in the spool, oldest first, until it is empty; then waits for more.
async fn send(agent: Arc<Agent>, orders: Arc<Orders>) {
    let (mut most, mut pause) = (MOST_ITEMS, Pause::new(agent.config.first_pause));
    loop {
        if agent.spool().is_empty() {
            agent.send_now.notified().await;
            continue;
        }
        let items = agent.spool().oldest(most, MOST_REPORT_BYTES);
        let items = match items {
            Ok(items) => items,
            Err(fault) => {
                tracing::error!("the spool cannot be read: {fault}");
                pause.wait(None).await;
                continue;
            }
        };
        let (first, count) = (items.first().map_or(0, |item| item.seq), items.len());
        let dropped = agent.spool().dropped();
        match report(&agent, items, dropped).await {
            Ok(received) => {
                (most, pause) = (MOST_ITEMS, Pause::new(agent.config.first_pause));
                agent.spool().told_dropped(dropped);
                take_in(&agent, &received, first);
                orders.accept(received.orders);
            }
            Err(CallFault::Refused(because)) if count == 1 => {
                tracing::error!("look {first} is left out: {because}");
                if let Err(fault) = agent.spool().leave_out(first) {
                    tracing::error!("the spool: {fault}");
                }
            }
            Err(CallFault::TooLarge) if count == 1 => {
                tracing::error!("look {first} is larger than the server takes and is left out");
                if let Err(fault) = agent.spool().leave_out(first) {
                    tracing::error!("the spool: {fault}");
                }
            }
            Err(CallFault::Refused(_) | CallFault::TooLarge) => most = 1,
            Err(fault) => pause.after(&fault).await,
        }
    }
}

async fn report(agent: &Agent, items: Vec<wire::Item>, dropped: u64) -> Result<Received, CallFault> {
    let boot_id = Host::live().proc_text("sys/kernel/random/boot_id").ok();
    let report = Report {
        protocol: PROTOCOL,
        boot_id: boot_id.map(|id| id.trim().to_owned()),
        spool_id: agent.spool().id().to_owned(),
        dropped,
        sent_at_ms: clock::now_ms(),
        items,
    };
    let body = serde_json::to_vec(&report).expect("a report is JSON");
    agent.link.post("/api/v1/agent/report", Some(&agent.identity.key), body, REPORT_PATIENCE).await
}

/// An answer that acknowledges nothing new would be asked again at once and for ever: it counts as away.
fn take_in(agent: &Agent, received: &Received, first: u64) {
    if received.acked < first {
        tracing::warn!("the server took nothing; its answer acknowledges {} only", received.acked);
    }
    let mut spool = agent.spool();
    let mut done = spool.acknowledge(received.acked);
    if !received.whole.is_empty() && done.is_ok() {
        done = spool.forget(&received.whole);
    }
    drop(spool);
    if let Err(fault) = done {
        tracing::error!("the spool: {fault}");
    }
    if !received.whole.is_empty() {
        agent.want(&received.whole);
    }
}

/// Long poll for orders.
async fn ask(agent: Arc<Agent>, orders: Arc<Orders>) {
    let mut pause = Pause::new(agent.config.first_pause);
    let path = format!("/api/v1/agent/orders?wait_s={ORDER_WAIT_S}");
    let patience = Duration::from_secs(ORDER_WAIT_S + 15);
    loop {
        let begun = Instant::now();
        match agent.link.get::<wire::Orders>(&path, Some(&agent.identity.key), patience).await {
            Ok(answer) => {
                let is_news = orders.accept(answer.orders);
                // A server that answers at once with nothing new must not be asked a thousand times a second.
                if !is_news && begun.elapsed() < agent.config.first_pause {
                    tokio::time::sleep(agent.config.first_pause).await;
                }
                pause = Pause::new(agent.config.first_pause);
            }
            Err(fault) => pause.after(&fault).await,
        }
    }
}

/// A pause that doubles, with jitter so that a thousand agents do not come back in one moment.
pub struct Pause {
    next: Duration,
}

impl Pause {
    pub fn new(first: Duration) -> Self {
        Self { next: first }
    }

    /// Waits as this fault asks for, and says so.
    pub async fn after(&mut self, fault: &CallFault) {
        tracing::warn!("the server: {fault}");
        match fault {
            CallFault::Away { retry_after, .. } => self.wait(*retry_after).await,
            _ => tokio::time::sleep(jittered(DENIED_PAUSE)).await,
        }
    }

    pub async fn wait(&mut self, told: Option<Duration>) {
        tokio::time::sleep(jittered(told.unwrap_or(self.next).max(Duration::from_millis(10)))).await;
        self.next = (self.next * 2).min(DENIED_PAUSE);
    }
}

/// Between three quarters and five quarters of `middle`.
fn jittered(middle: Duration) -> Duration {
    let mut byte = [128];
    let _ = rustix::rand::getrandom(&mut byte, rustix::rand::GetRandomFlags::empty());
    middle * 3 / 4 + middle * u32::from(byte[0]) / 512
}
