//! The process that carries out one order: begun once, outliving the agent, its output and outcome on disk.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, Resource, Rlimit, Signal};

use super::{apt, outcome, read_json};
use crate::wire::{Order, Outcome, OutcomeState, Task};
use crate::{Host, disk, packages};

/// Output beyond this is not kept; the end of the outcome says so.
const MOST_OUTPUT_BYTES: u64 = 16 << 20;
/// What a program asked to stop gets to come to a safe place before it is ended.
const GRACE: Duration = Duration::from_mins(10);
/// Handed on to the package system, so that another root can be worked on.
const KEPT_VARIABLES: &[&str] =
    &["APT_CONFIG", "DPKG_ROOT", "DPKG_ADMINDIR", "http_proxy", "https_proxy", "no_proxy"];
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Carries out the order in `folder`, unless that was begun before. What `mainstay agent-job FOLDER` calls.
pub fn job(folder: &Path) -> ExitCode {
    match carry_out(folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            let _ = conclude(folder, &outcome(OutcomeState::Failed, &fault.to_string()));
            ExitCode::FAILURE
        }
    }
}

fn carry_out(folder: &Path) -> io::Result<()> {
    let lock = File::create(folder.join("lock"))?;
    if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() || folder.join("outcome.json").exists()
    {
        return Ok(());
    }
    // From here on this order counts as begun, whatever happens.
    let started = OpenOptions::new().write(true).create_new(true).mode(0o600).open(folder.join("started"));
    match started {
        Ok(mut file) => {
            writeln!(file, "{}", std::process::id())?;
            file.sync_all()?;
            disk::sync_folder(&folder.join("started"))?;
        }
        Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        Err(fault) => return Err(fault),
    }
    let _ = rustix::process::setsid(); // fails only when it already leads a session
    let _ = rustix::process::setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    let order: Order =
        read_json(&folder.join("order.json")).ok_or_else(|| io::Error::other("the order cannot be read"))?;
    let mut run = Run::new(folder, Duration::from_secs(u64::from(order.limit_s)))?;
    let ended = perform(&order.task, &mut run)?;
    run.output.sync_all()?;
    conclude(folder, &ended)
}

fn perform(task: &Task, run: &mut Run) -> io::Result<Outcome> {
    match task {
        Task::SimulatePackages { wish } => apt::simulate(run, wish),
        Task::FetchPackages { set } => apt::fetch(run, set),
        Task::KeepOld { save_as, packages } => apt::keep_old(run, save_as, packages),
        Task::ApplyPackages(apply) => apt::apply(run, apply),
        Task::RollBack { saved } => apt::roll_back(run, saved),
        Task::ReadChangelogs { packages } => {
            let seen = packages::changelogs(&Host::live(), packages);
            let state = if seen.value.is_some() { OutcomeState::Succeeded } else { OutcomeState::Failed };
            let summary = seen.unseen.first().map_or("changelogs read".to_owned(), |gap| gap.because.clone());
            Ok(Outcome { result: serde_json::to_value(&seen).ok(), ..outcome(state, &summary) })
        }
        Task::Look { .. } | Task::Unknown => Ok(outcome(OutcomeState::Refused, "no order for a process")),
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

/// Whether a job works on this folder now.
pub fn is_running(folder: &Path) -> bool {
    File::open(folder.join("lock"))
        .is_ok_and(|file| flock(&file, FlockOperation::NonBlockingLockShared).is_err())
}

/// How a program ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// `None`: by a signal.
    pub code: Option<i32>,
    /// Its time was over, or the order was taken back.
    pub was_stopped: bool,
    /// Standard output, where it was asked for.
    pub text: String,
}

/// One order being carried out.
pub struct Run {
    pub folder: PathBuf,
    output: File,
    written: u64,
    until: Instant,
}

impl Run {
    fn new(folder: &Path, limit: Duration) -> io::Result<Self> {
        let output = OpenOptions::new().append(true).create(true).mode(0o600).open(folder.join("output"))?;
        Ok(Self { folder: folder.to_owned(), output, written: 0, until: Instant::now() + limit })
    }

    /// Where saved packages lie: beside all runs of the agent.
    pub fn saved_folder(&self, name: &str) -> PathBuf {
        let agent = self.folder.parent().and_then(Path::parent).unwrap_or(&self.folder);
        agent.join("saved").join(name)
    }

    /// One line of our own in the output.
    pub fn say(&mut self, text: &str) -> io::Result<()> {
        self.keep(format!("{text}\n").as_bytes())
    }

    fn keep(&mut self, line: &[u8]) -> io::Result<()> {
        let text = String::from_utf8_lossy(line);
        let before = self.written;
        self.written += text.len() as u64;
        if self.written <= MOST_OUTPUT_BYTES {
            return self.output.write_all(text.as_bytes());
        }
        if before <= MOST_OUTPUT_BYTES {
            return self.output.write_all(b"(more output is not kept)\n");
        }
        Ok(())
    }

    /// Runs a program; all it says goes into the output as it comes.
    pub fn stream(&mut self, program: &str, arguments: &[String]) -> io::Result<Ended> {
        self.say(&format!("$ {program} {}", arguments.join(" ")))?;
        let (reader, writer) = io::pipe()?;
        let mut command = prepared(program, arguments);
        command.stderr(writer.try_clone()?).stdout(writer);
        let child = command.spawn()?;
        drop(command); // holds the writing ends
        let (line_in, lines) = std::sync::mpsc::channel::<Vec<u8>>();
        std::thread::spawn(move || {
            let mut reader = BufReader::new(reader);
            loop {
                let mut line = Vec::new();
                let read = reader.by_ref().take(64 << 10).read_until(b'\n', &mut line);
                if !read.is_ok_and(|length| length > 0) || line_in.send(line).is_err() {
                    return;
                }
            }
        });
        let mut ended = self.wait(child, |run| {
            while let Ok(line) = lines.try_recv() {
                run.keep(&line)?;
            }
            Ok(())
        })?;
        // A daemon started by a maintainer script may hold the pipe for ever: what comes late is let go.
        while let Ok(line) = lines.recv_timeout(Duration::from_millis(300)) {
            self.keep(&line)?;
        }
        ended.text.clear();
        Ok(ended)
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
        let mut ended = self.wait(child, |_| Ok(()))?;
        ended.text = String::from_utf8_lossy(&reader.join().unwrap_or_default()).into_owned();
        Ok(ended)
    }

    /// Waits; asks the program to stop when time is over or the order was taken back. apt then stops between
    /// two packages, so only it gets the signal, not the dpkg it has started.
    fn wait(
        &mut self,
        mut child: Child,
        mut meanwhile: impl FnMut(&mut Self) -> io::Result<()>,
    ) -> io::Result<Ended> {
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let mut asked_at: Option<Instant> = None;
        loop {
            meanwhile(self)?;
            if let Some(status) = child.try_wait()? {
                return Ok(Ended {
                    code: status.code(),
                    was_stopped: asked_at.is_some(),
                    text: String::new(),
                });
            }
            let is_over = Instant::now() >= self.until || self.folder.join("stop").exists();
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

/// Files of a folder that end in `.deb`, sorted.
pub fn debs(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder)?.flatten().map(|entry| entry.path()).collect();
    found.retain(|path| path.extension().is_some_and(|extension| extension == "deb"));
    found.sort();
    Ok(found)
}
