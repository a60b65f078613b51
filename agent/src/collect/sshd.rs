//! What sshd really does: asked with `sshd -T` where that may be, else read from its files.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::Host;
use crate::wire::sshd::{Sshd, SshdSource};
use crate::wire::{Seen, Unseen};

mod read;

pub use read::glob;

const CONFIG: &str = "/etc/ssh/sshd_config";
const PROGRAMS: &[&str] = &["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/sbin/sshd", "/usr/bin/sshd"];

/// The effective settings. Without sshd the answer is complete and says so.
pub fn collect(host: &Host) -> Seen<Sshd> {
    let program = PROGRAMS.iter().find(|path| host.exists(path));
    if program.is_none() && !host.exists(CONFIG) {
        return Seen::whole(Sshd::default());
    }
    let mut unseen = Vec::new();
    let read = read::config(host, CONFIG, &mut unseen);
    let mut sshd = Sshd {
        is_installed: program.is_some(),
        source: SshdSource::Read,
        settings: read.settings,
        matches: read.matches,
        problems: read.problems,
    };
    match program.map(|program| ask(host, program)) {
        Some(Ok(settings)) => {
            sshd.settings = settings;
            sshd.source = SshdSource::Asked;
            unseen.clear();
        }
        Some(Err(because)) if host.is_live() => {
            // sshd speaks only where its folder for separated privileges is; its unit makes it at each start.
            let is_folder_missing = because.contains("privilege separation directory");
            let allow = if is_folder_missing { "sudo mkdir -m 0755 /run/sshd" } else { "sudo sshd -T" };
            let gap =
                Unseen::new("settings as sshd itself tells them (read from its files instead)", because);
            unseen.push(gap.allow_with(allow));
        }
        _ => {}
    }
    Seen::partly(sshd, unseen)
}

/// `sshd -T` needs the host keys, which only root can read, and its run folder, which systemd makes.
fn ask(host: &Host, program: &str) -> Result<BTreeMap<String, Vec<String>>, String> {
    if !host.is_live() {
        return Err("a recorded host runs nothing".to_owned());
    }
    if !host.is_root() {
        return Err("only root may read the keys of the host".to_owned());
    }
    let spoken = host.run(program, &["-T"], Duration::from_secs(5)).map_err(|fault| fault.to_string())?;
    if spoken.code != Some(0) {
        return Err(spoken.stderr.lines().next().unwrap_or("sshd -T failed").trim().to_owned());
    }
    let mut settings: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, value) in spoken.stdout.lines().filter_map(|line| line.split_once(' ')) {
        settings.entry(key.to_owned()).or_default().push(value.to_owned());
    }
    Ok(settings)
}

#[cfg(test)]
mod tests;
