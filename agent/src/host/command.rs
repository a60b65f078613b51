//! Running a program of the host: no shell, a clean environment, a time limit, bounded output.

use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::Host;

/// More output than this is cut, and said so by a fault.
const MOST_OUTPUT_BYTES: u64 = 16 << 20;
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What a program said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoken {
    /// Exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Why a program gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum CommandFault {
    /// A fixture runs nothing.
    #[error("no program runs for a recorded host")]
    Recorded,
    #[error("{0} is not installed")]
    Absent(String),
    #[error("{program} gave no answer within {limit_ms} ms")]
    Late { program: String, limit_ms: u128 },
    #[error("{0} said more than 16 MiB")]
    TooMuch(String),
    #[error("{program}: {source}")]
    Broken { program: String, source: std::io::Error },
}

impl Host {
    /// Runs `program` (looked for in the usual folders) with exactly these arguments, in English, with no
    /// input. Its whole process group is ended after `limit`.
    pub fn run(&self, program: &str, arguments: &[&str], limit: Duration) -> Result<Spoken, CommandFault> {
        if !self.is_live() {
            return Err(CommandFault::Recorded);
        }
        let mut command = Command::new(program);
        command.args(arguments).env_clear().env("PATH", PATH).env("LC_ALL", "C").env("HOME", "/");
        command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.process_group(0).spawn().map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => CommandFault::Absent(program.to_owned()),
            _ => CommandFault::Broken { program: program.to_owned(), source },
        })?;
        hear(program, child, limit)
    }
}

fn hear(program: &str, mut child: Child, limit: Duration) -> Result<Spoken, CommandFault> {
    let started = Instant::now();
    let (stdout, stderr) = (drain(child.stdout.take()), drain(child.stderr.take()));
    let mut pause = Duration::from_millis(1);
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if started.elapsed() < limit => thread::sleep(pause),
            Ok(None) => {
                end(&mut child);
                return Err(CommandFault::Late { program: program.to_owned(), limit_ms: limit.as_millis() });
            }
            Err(source) => return Err(CommandFault::Broken { program: program.to_owned(), source }),
        }
        pause = (pause * 2).min(Duration::from_millis(20));
    };
    let (stdout, stderr) = (stdout.join().unwrap_or_default(), stderr.join().unwrap_or_default());
    if stdout.len() as u64 > MOST_OUTPUT_BYTES {
        return Err(CommandFault::TooMuch(program.to_owned()));
    }
    let code = status.code().or_else(|| status.signal().map(|_| -1)).filter(|code| *code >= 0);
    Ok(Spoken { code, stdout: super::lossy(stdout), stderr: super::lossy(stderr) })
}

/// Ends the whole group, so that no grandchild keeps the pipes open.
fn end(child: &mut Child) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.wait();
}

fn drain<R: Read + Send + 'static>(from: Option<R>) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut from) = from {
            let _ = from.by_ref().take(MOST_OUTPUT_BYTES + 1).read_to_end(&mut bytes);
            let _ = std::io::copy(&mut from, &mut std::io::sink());
        }
        bytes
    })
}
