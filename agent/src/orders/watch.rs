//! The watch over a job, which is a process of its own: begins it, and notices when it vanished.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{job, outcome};
use crate::wire::OutcomeState;

/// Watches over a job until it has left an outcome.
#[derive(Default)]
pub struct Watch {
    /// Looks in a row at which nothing worked on the order.
    quiet: u32,
    has_called_again: bool,
}

impl Watch {
    /// A job that works no more and left no outcome is called again, after a moment for it to begin; when that one
    /// vanishes too, the order is lost.
    pub fn look(&mut self, path: &Path, program: &[OsString]) -> io::Result<()> {
        if job::is_running(path) {
            self.quiet = 0;
            return Ok(());
        }
        self.quiet += 1;
        let was_called_again = self.has_called_again || path.join("taken_up").exists();
        let is_begun = path.join(if was_called_again { "taken_up" } else { "started" }).exists();
        if self.quiet <= if is_begun { 5 } else { 150 } || path.join("outcome.json").exists() {
            return Ok(());
        }
        if is_begun && !was_called_again {
            (self.quiet, self.has_called_again) = (0, true);
            return spawn(program, path);
        }
        if is_begun || was_called_again {
            let because = "the process that carried it out vanished before it ended";
            return job::give_up(path, &outcome(OutcomeState::Lost, because));
        }
        let because = "its process did not begin within 30 s; nothing was done";
        job::refuse(path, &outcome(OutcomeState::Failed, because))
    }
}

/// Begins the job in a scope of its own where systemd runs, so that a restart of the agent's unit leaves it.
pub fn spawn(program: &[OsString], path: &Path) -> io::Result<()> {
    let is_scoped = Path::new("/run/systemd/system").exists() && rustix::process::geteuid().is_root();
    let mut words = program.iter();
    let first = words.next().ok_or_else(|| io::Error::other("no program is named that runs jobs"))?;
    let mut command = if is_scoped {
        let mut command = Command::new("systemd-run");
        command.args(["--scope", "--quiet", "--collect", "--"]).arg(first);
        command
    } else {
        Command::new(first)
    };
    command.args(words).arg(path).current_dir("/");
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    // Somebody has to take the exit code, else the process stays as a zombie.
    std::thread::spawn(move || child.wait());
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use rustix::fs::{FlockOperation, flock};

    use super::{job, outcome};
    use crate::wire::OutcomeState;

    #[test]
    fn nothing_is_said_in_place_of_a_job_that_works_nor_that_it_did_not_begin_when_it_did() {
        let folder = tempfile::tempdir().unwrap();
        let (path, ended) = (folder.path(), outcome(OutcomeState::Expired, "it came after its time"));
        let is_told = || path.join("outcome.json").exists();
        let of_a_job = File::create(path.join("lock")).unwrap();
        flock(&of_a_job, FlockOperation::LockExclusive).unwrap();
        job::refuse(path, &ended).unwrap();
        job::give_up(path, &ended).unwrap();
        assert!(!is_told(), "a job has the lock, and may be about to begin");
        drop(of_a_job);
        fs::write(path.join("started"), "1\n").unwrap();
        job::refuse(path, &ended).unwrap();
        assert!(!is_told(), "it was begun");
        job::give_up(path, &ended).unwrap();
        assert!(is_told());
    }
}
