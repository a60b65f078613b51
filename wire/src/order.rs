//! Orders: what a server may ask of an agent. Typed, never text for a shell.

use serde::{Deserialize, Serialize};

use crate::Section;

/// One piece of work. An agent runs an `id` at most once, whatever happens to either side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// 1 to 64 of `A-Z a-z 0-9 - _`.
    pub id: String,
    /// Rises when the server hands the order out anew; sent back with all output, so that a late voice of
    /// an older lease is recognised.
    pub fence: u64,
    /// Not started after this moment (agent's clock, milliseconds since 1970): the outcome is `expired`.
    #[serde(default)]
    pub expires_at_ms: Option<u64>,
    /// Ended after this many seconds.
    pub limit_s: u32,
    pub task: Task,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Task {
    /// Look at these sections now and report them. Result: none.
    Look { sections: Vec<Section> },
    /// Ask the package system what it would do. Changes nothing. Result: [`Simulation`].
    SimulatePackages { wish: Wish },
    /// Download what the set needs, install nothing. Result: none.
    FetchPackages { set: Vec<Pinned> },
    /// Save the installed packages as files, as far as they can be had, so that a way back exists.
    /// Result: [`Saved`].
    KeepOld { save_as: String, packages: Vec<Pinned> },
    /// Install exactly this set. Refused when a fresh simulation has another hash than `approved_hash`.
    /// Result: [`Applied`].
    ApplyPackages(Apply),
    /// Say what the newer changelog entries of these waiting packages tell.
    /// Result: [`crate::packages::Changelogs`] as `Seen`.
    ReadChangelogs { packages: Vec<String> },
    /// Ask the package system what a way back would do. Changes nothing. Result: [`Simulation`].
    SimulateRollBack { saved: String, remove: Vec<String> },
    /// Install the files an earlier `KeepOld` saved. Result: [`Applied`].
    RollBack(RollBack),
    /// A task of another version; an agent refuses it.
    #[serde(other)]
    Unknown,
}

/// What a simulation is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "wish", rename_all = "snake_case")]
pub enum Wish {
    /// Everything that waits (`dist-upgrade`).
    Everything,
    /// Exactly these versions, and what they need.
    Exactly { set: Vec<Pinned> },
}

/// One version of one package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Pinned {
    pub name: String,
    pub version: String,
    pub architecture: String,
}

/// The approved change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Apply {
    /// Every package to install, in the version approved.
    pub set: Vec<Pinned>,
    /// Packages the approved simulation removes.
    #[serde(default)]
    pub remove: Vec<String>,
    /// [`Simulation::hash`] of what was approved.
    pub approved_hash: String,
    /// How long to wait for the lock of dpkg, seconds.
    #[serde(default = "usual_lock_wait_s")]
    pub lock_wait_s: u32,
}

fn usual_lock_wait_s() -> u32 {
    300
}

/// The approved way back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollBack {
    /// The name given to `KeepOld`.
    pub saved: String,
    /// Packages that came new with the change and go with it; what is not installed any more is passed over.
    #[serde(default)]
    pub remove: Vec<String>,
    /// [`Simulation::hash`] of what was approved; refused when a fresh simulation has another.
    pub approved_hash: String,
    /// How long to wait for the lock of dpkg, seconds.
    #[serde(default = "usual_lock_wait_s")]
    pub lock_wait_s: u32,
}

/// What the package system would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Simulation {
    /// Sorted by action, name, architecture.
    pub steps: Vec<Step>,
    /// SHA-256 (lower-case hex) of one line per step: `action name:architecture old new` and a line feed,
    /// `-` for an absent version, sorted bytewise. Two simulations that do the same have the same hash.
    pub hash: String,
    /// Bytes still to download, where the package system says it.
    #[serde(default)]
    pub download_bytes: Option<u64>,
    /// Configuration files of the packages concerned that an administrator changed. They stay as they are;
    /// where the new package brings another content, that is put beside it as `FILE.dpkg-dist`.
    #[serde(default)]
    pub changed_configuration: Vec<String>,
    /// For how many steps with an old version that old package can be had again.
    #[serde(default)]
    pub old_still_offered: u32,
    /// What there is to go back to; absent from agents that do not look.
    #[serde(default)]
    pub way_back: Option<WayBack>,
    /// Where it does not fit. Looked at again before anything is changed, and then refused.
    #[serde(default)]
    pub short_of: Vec<Shortage>,
}

/// A file system without room for a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortage {
    /// The folder that needs most of it.
    pub place: String,
    /// Downloads, what is unpacked, and kernels, as far as they go to this file system.
    pub needed_bytes: u64,
    pub free_bytes: u64,
}

/// For so many days an agent keeps the packages that a [`Task::KeepOld`] saved.
pub const SAVED_FOR_DAYS: u32 = 60;

/// What there is to go back to, as far as the host shows it before anything is changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WayBack {
    /// What takes a picture of the file system by itself before apt changes anything.
    #[serde(default)]
    pub snapshot: Option<String>,
    /// What could take one, though nothing does by itself.
    #[serde(default)]
    pub possible: Vec<String>,
    /// How many old packages can be saved as files.
    pub to_save: u32,
    /// Those that cannot, and why.
    #[serde(default)]
    pub lost: Vec<Lost>,
}

/// One step of a simulation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Step {
    pub action: Action,
    pub name: String,
    pub architecture: String,
    #[serde(default)]
    pub old: Option<String>,
    #[serde(default)]
    pub new: Option<String>,
    /// As the package system words it: `Debian-Security:12/oldstable-security`.
    #[serde(default)]
    pub origins: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Install,
    Upgrade,
    Downgrade,
    Remove,
}

/// What `KeepOld` could save.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    pub saved_as: String,
    pub kept: Vec<Pinned>,
    pub lost: Vec<Lost>,
}

/// A package there is no way back to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    pub package: Pinned,
    pub because: String,
}

/// What stood installed afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// In the version asked for, read back from the package database.
    pub done: Vec<Pinned>,
    /// Not in the version asked for.
    pub missing: Vec<Lost>,
    /// What `dpkg --audit` complained of; empty is well.
    #[serde(default)]
    pub audit: String,
}

/// Body of `POST /api/v1/agent/output`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Output {
    pub order_id: String,
    /// Of the order as the agent got it.
    pub fence: u64,
    /// Where `chunk` begins, bytes from the start of all output of this order.
    pub offset: u64,
    /// UTF-8 text; may be empty to ask how far the server is.
    pub chunk: String,
    /// Only with the last chunk.
    #[serde(default)]
    pub done: Option<Outcome>,
}

/// Answer 200 to [`Output`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// How many bytes of output the server has; the agent goes on from there.
    pub next_offset: u64,
    /// The outcome is stored; the agent may forget the run.
    #[serde(default)]
    pub is_done: bool,
    /// The order was taken back: stop where it is safe.
    #[serde(default)]
    pub stop: bool,
}

/// How an order ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    pub state: OutcomeState,
    /// One sentence for a person.
    pub summary: String,
    /// Exit code of the program that did the work.
    #[serde(default)]
    pub code: Option<i32>,
    /// By the agent's clock, milliseconds since 1970.
    pub ended_at_ms: u64,
    /// Named by the task.
    #[serde(default)]
    pub result: Option<serde_json::Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeState {
    Succeeded,
    Failed,
    /// Not begun: malformed, not allowed here, or not what was approved.
    Refused,
    /// Not begun in time.
    Expired,
    /// Ended by its time limit or taken back.
    Stopped,
    /// Begun, and then the process vanished (power, kill): nobody knows how far it came. Look again.
    Lost,
}

/// Answer 200 to `GET /api/v1/agent/orders?wait_s=25`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Orders {
    #[serde(default)]
    pub orders: Vec<Order>,
}
