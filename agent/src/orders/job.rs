//! The process that carries out one order: begun once, outliving the agent, its output and outcome on disk.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, Resource, Rlimit, Signal};

use super::{change, keep, outcome, read_json, simulate};
use crate::wire::{Order, Outcome, OutcomeState, Task};
use crate::{Host, disk, packages};

/// Output beyond this is not kept; its last line says so.
pub const MOST_OUTPUT_BYTES: u64 = (16 << 20) - 64;
/// A program that says more than this is asked to stop, before it fills the disk.
const RUNAWAY_BYTES: u64 = 1 << 30;
/// What a program asked to stop gets to come to a safe place before it is ended.
const GRACE: Duration = Duration::from_mins(10);
/// Handed on to the package system.
const KEPT_VARIABLES: &[&str] = &["http_proxy", "https_proxy", "no_proxy"];
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Carries out the order in `folder`, unless that was begun before. What `mainstay agent-job FOLDER` calls.
///
/// Called once more for an order whose process vanished, it looks how far that one came: a change is repaired and
/// read back, never begun again; what changes nothing is simply done again.
pub fn job(folder: &Path) -> ExitCode {
    let lock = match hold(folder) {
        Ok(Some(lock)) => lock,
        Ok(None) => return ExitCode::SUCCESS,
        Err(_) => return ExitCode::FAILURE, // whoever watches tells that it did not begin
    };
    let done = carry_out(folder).or_else(|fault| {
        conclude(folder, &outcome(OutcomeState::Failed, &fault.to_string()))?;
        Err(fault)
    });
    drop(lock);
    if done.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The lock of whoever works on the order, or of whoever says that nobody will; `None` while another has it.
///
/// A look at it ([`is_running`]) has it too, shared and for a moment, on a slow machine for longer. That is waited for:
/// a job that took it for another job would go away, and nobody would begin the order.
fn hold(folder: &Path) -> io::Result<Option<File>> {
    let lock = File::create(folder.join("lock"))?;
    loop {
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok() {
            return Ok(Some(lock));
        }
        if flock(&lock, FlockOperation::NonBlockingLockShared).is_err() {
            return Ok(None);
        }
        flock(&lock, FlockOperation::Unlock)?;
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn carry_out(folder: &Path) -> io::Result<()> {
    if folder.join("outcome.json").exists() {
        return Ok(());
    }
    let is_first = mark(folder, "started")?;
    if !is_first && !mark(folder, "taken_up")? {
        return Ok(()); // twice is enough: whoever watches calls it lost
    }
    let _ = rustix::process::setsid(); // fails only when it already leads a session
    let _ = rustix::process::setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    let order: Order =
        read_json(&folder.join("order.json")).ok_or_else(|| io::Error::other("the order cannot be read"))?;
    let mut run = Run::new(folder, Duration::from_secs(u64::from(order.limit_s)))?;
    if !is_first {
        run.say("The process that carried this out vanished; it is taken up from here.")?;
        change::settle(&run, change::LEFT_OVER);
    }
    let ended = perform(&order.task, &mut run, is_first)?;
    run.close()?;
    conclude(folder, &ended)
}

/// From the first mark on an order counts as begun, whatever happens. Answers whether it was made now.
fn mark(folder: &Path, name: &str) -> io::Result<bool> {
    let path = folder.join(name);
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
        Ok(mut file) => {
            writeln!(file, "{}", std::process::id())?;
            file.sync_all()?;
            disk::sync_folder(&path)?;
            disk::sync_folder(folder)?; // a power cut must not take the whole folder with the mark in it
            Ok(true)
        }
        Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(fault) => Err(fault),
    }
}

fn perform(task: &Task, run: &mut Run, is_first: bool) -> io::Result<Outcome> {
    match task {
        Task::SimulatePackages { wish } => simulate::simulate(run, wish),
        Task::FetchPackages { set } => change::fetch(run, set),
        Task::KeepOld { save_as, packages } => keep::keep_old(run, save_as, packages),
        Task::ApplyPackages(apply) if is_first => change::apply(run, apply),
        Task::ApplyPackages(apply) => change::take_up(run, &apply.set),
        Task::SimulateRollBack { saved, remove } => change::simulate_roll_back(run, saved, remove),
        Task::RollBack(back) if is_first => change::roll_back(run, back),
        Task::RollBack(back) => {
            let set = keep::saved(run, &back.saved)?;
            change::take_up(run, &set.into_iter().map(|(pinned, _)| pinned).collect::<Vec<_>>())
        }
        Task::ReadChangelogs { packages } => {
            let seen = packages::changelogs(&Host::live(), packages);
            let state = if seen.value.is_some() { OutcomeState::Succeeded } else { OutcomeState::Failed };
            let summary = seen.unseen.first().map_or("changelogs read".to_owned(), |gap| gap.because.clone());
            Ok(Outcome { result: serde_json::to_value(&seen).ok(), ..outcome(state, &summary) })
        }
        Task::Look { .. } | Task::Unknown => Ok(outcome(OutcomeState::Refused, "no order for a process")),
    }
}

/// Puts down that the order is not begun, unless it was or is just being begun. No job begins it afterwards.
pub fn refuse(folder: &Path, ended: &Outcome) -> io::Result<()> {
    match hold(folder)? {
        Some(_lock) if !folder.join("started").exists() => conclude(folder, ended),
        _ => Ok(()),
    }
}

/// Puts down what became of an order whose job is gone, unless a job works on it after all.
pub fn give_up(folder: &Path, ended: &Outcome) -> io::Result<()> {
    match hold(folder)? {
        Some(_lock) => conclude(folder, ended),
        None => Ok(()),
    }
}

/// Puts the outcome down for good; the first one stays.
pub fn conclude(folder: &Path, ended: &Outcome) -> io::Result<()> {
    let path = folder.join("outcome.json");
    if path.exists() {
        return Ok(());
    }
    disk::replace(&path, &serde_json::to_vec(ended)?)
}

/// Whether a job works on this folder now, or a program it left behind still does.
pub fn is_running(folder: &Path) -> bool {
    let is_held = File::open(folder.join("lock"))
        .is_ok_and(|file| flock(&file, FlockOperation::NonBlockingLockShared).is_err());
    is_held || fs::read_to_string(folder.join("program")).is_ok_and(|text| lives(&text))
}

/// Whether the process of a line `PID STARTED` is still the one that was meant.
fn lives(line: &str) -> bool {
    line.split_once(' ')
        .and_then(|(pid, since)| Some((pid.parse().ok()?, since)))
        .is_some_and(|(pid, since)| started(pid).is_some_and(|now| now == since))
}

/// When a process was started, in ticks since the machine was: with its number it names one process for good.
/// `None` for one that is gone, or has ended and waits to be taken note of.
fn started(pid: u32) -> Option<String> {
    let text = Host::live().proc_text(format!("{pid}/stat")).ok()?;
    let mut cells = text.rsplit_once(')')?.1.split_whitespace();
    (cells.next()? != "Z").then_some(())?;
    cells.nth(18).map(str::to_owned)
}

/// How a program ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// `None`: by a signal.
    pub code: Option<i32>,
    pub signal: Option<i32>,
    /// Its time was over, or the order was taken back.
    pub was_stopped: bool,
    /// Standard output, where it was asked for.
    pub text: String,
}

/// One order being carried out.
pub struct Run {
    pub folder: PathBuf,
    output: File,
    until: Instant,
}

impl Run {
    fn new(folder: &Path, limit: Duration) -> io::Result<Self> {
        let output = OpenOptions::new().append(true).create(true).mode(0o600).open(folder.join("output"))?;
        Ok(Self { folder: folder.to_owned(), output, until: Instant::now() + limit })
    }

    /// Where saved packages lie: beside all runs of the agent.
    pub fn saved_folder(&self, name: &str) -> PathBuf {
        let agent = self.folder.parent().and_then(Path::parent).unwrap_or(&self.folder);
        agent.join("saved").join(name)
    }

    /// Whether its time is over or the order was taken back.
    pub fn is_over(&self) -> bool {
        Instant::now() >= self.until || self.folder.join("stop").exists()
    }

    /// One line of our own in the output.
    pub fn say(&mut self, text: &str) -> io::Result<()> {
        self.output.write_all(format!("{text}\n").as_bytes())
    }

    /// Cuts output that is too long, and makes it durable.
    fn close(&mut self) -> io::Result<()> {
        if self.output.metadata()?.len() > MOST_OUTPUT_BYTES {
            self.output.set_len(MOST_OUTPUT_BYTES)?;
            self.say("\n(more output is not kept)")?;
        }
        self.output.sync_all()
    }

    /// Runs a program; all it says goes into the output as it comes. It writes there itself, so it neither stops nor
    /// breaks when this process is killed.
    pub fn stream(&mut self, program: &str, arguments: &[String]) -> io::Result<Ended> {
        self.say(&format!("$ {program} {}", arguments.join(" ")))?;
        let mut command = prepared(program, arguments);
        command.stdout(self.output.try_clone()?).stderr(self.output.try_clone()?);
        let child = command.spawn()?;
        let name = format!("{} {}", child.id(), started(child.id()).unwrap_or_default());
        disk::replace(&self.folder.join("program"), name.as_bytes())?;
        self.wait(child)
    }

    /// Runs a program and hands back what it says on standard output.
    pub fn ask(&mut self, program: &str, arguments: &[String]) -> io::Result<Ended> {
        let mut command = prepared(program, arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let stdout = child.stdout.take().expect("it was piped in the line before");
        let reader = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = stdout.take(64 << 20).read_to_end(&mut bytes);
            bytes
        });
        let mut ended = self.wait(child)?;
        ended.text = String::from_utf8_lossy(&reader.join().unwrap_or_default()).into_owned();
        Ok(ended)
    }

    /// Waits; asks the program to stop when time is over or the order was taken back. apt then stops between
    /// two packages, so only it gets the signal, not the dpkg it has started.
    fn wait(&mut self, mut child: Child) -> io::Result<Ended> {
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let mut asked_at: Option<Instant> = None;
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(Ended {
                    code: status.code(),
                    signal: status.signal(),
                    was_stopped: asked_at.is_some(),
                    text: String::new(),
                });
            }
            let is_over = self.is_over() || self.output.metadata()?.len() > RUNAWAY_BYTES;
            match asked_at {
                None if is_over => {
                    asked_at = Some(Instant::now());
                    let _ = pid.map(|pid| rustix::process::kill_process(pid, Signal::INT));
                }
                Some(at) if at.elapsed() > GRACE => {
                    let _ = pid.map(|pid| rustix::process::kill_process_group(pid, Signal::KILL));
                }
                _ => {}
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A program in a group of its own, with a plain environment and nobody to ask.
fn prepared(program: &str, arguments: &[String]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().stdin(Stdio::null()).current_dir("/").process_group(0);
    command.env("PATH", PATH).env("LC_ALL", "C.UTF-8").env("HOME", "/root");
    command.env("DEBIAN_FRONTEND", "noninteractive").env("NEEDRESTART_MODE", "l");
    command.env("APT_LISTCHANGES_FRONTEND", "none").env("UCF_FORCE_CONFFOLD", "1");
    for name in KEPT_VARIABLES {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}
