//! Orders that change packages, carried out with apt and dpkg: the exact set that was approved, or nothing.

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant};

use super::job::{Ended, Run};
use super::simulate::{self, failed, words};
use super::{keep, outcome, space};
use crate::wire::{Applied, Apply, Lost, Outcome, OutcomeState, Pinned, RollBack, Simulation};

/// Whoever holds one of these changes packages.
const LOCKS: [&str; 2] = ["/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock"];
/// How long what is left of a vanished or killed apt may go on.
pub const LEFT_OVER: Duration = Duration::from_hours(1);
/// How a package's own configuration files are treated: those an administrator changed stay.
const KEEP_CONFIGURATION: [&str; 2] = ["--force-confdef", "--force-confold"];

/// Downloads the set and what it needs.
pub fn fetch(run: &mut Run, set: &[Pinned]) -> io::Result<Outcome> {
    let mut arguments = words(&["-y", "-q", "--download-only"]);
    arguments.extend(simulate::change(set, &[]));
    let ended = run.stream("apt-get", &arguments)?;
    Ok(match ended.code {
        Some(0) if !ended.was_stopped => {
            Outcome { code: Some(0), ..outcome(OutcomeState::Succeeded, "downloaded, nothing was installed") }
        }
        _ => failed(&ended, "the download failed"),
    })
}

/// Installs exactly what was approved.
pub fn apply(run: &mut Run, apply: &Apply) -> io::Result<Outcome> {
    if !settle(run, Duration::from_secs(u64::from(apply.lock_wait_s))) {
        return Ok(busy());
    }
    repair(run)?;
    let change = simulate::change(&apply.set, &apply.remove);
    let now = match approved(run, &change, &apply.approved_hash)? {
        Ok(now) => now,
        Err(refused) => return Ok(refused),
    };
    carry_out(run, &change, &now, &apply.set, apply.lock_wait_s)
}

/// What going back to the saved packages would do.
pub fn simulate_roll_back(run: &mut Run, saved: &str, remove: &[String]) -> io::Result<Outcome> {
    match way_back(run, saved, remove)? {
        Ok(back) => simulate::told(run, &back.change),
        Err(refused) => Ok(refused),
    }
}

/// Installs the saved files over what stands there, and removes what had come new.
pub fn roll_back(run: &mut Run, back: &RollBack) -> io::Result<Outcome> {
    if !settle(run, Duration::from_secs(u64::from(back.lock_wait_s))) {
        return Ok(busy());
    }
    repair(run)?;
    let Back { change, set } = match way_back(run, &back.saved, &back.remove)? {
        Ok(found) => found,
        Err(refused) => return Ok(refused),
    };
    let now = match approved(run, &change, &back.approved_hash)? {
        Ok(now) => now,
        Err(refused) => return Ok(refused),
    };
    carry_out(run, &change, &now, &set, back.lock_wait_s)
}

/// A way back: the arguments that name it, and what stands after it.
struct Back {
    change: Vec<String>,
    set: Vec<Pinned>,
}

fn way_back(run: &mut Run, saved: &str, remove: &[String]) -> io::Result<Result<Back, Outcome>> {
    let files = keep::saved(run, saved)?;
    if files.is_empty() {
        return Ok(Err(outcome(OutcomeState::Refused, "no packages are saved under that name on this host")));
    }
    let installed = installed(run)?;
    let mut change = words(&["-o", "APT::Sandbox::User=root", "--allow-downgrades", "install"]);
    change.extend(files.iter().map(|(_, path)| path.display().to_string()));
    let stands = |name: &&String| installed.keys().any(|(known, _)| known == *name);
    change.extend(remove.iter().filter(stands).map(|name| format!("{name}-")));
    Ok(Ok(Back { change, set: files.into_iter().map(|(pinned, _)| pinned).collect() }))
}

/// A fresh simulation, when it does what was approved.
fn approved(run: &mut Run, change: &[String], hash: &str) -> io::Result<Result<Simulation, Outcome>> {
    let now = match simulate::simulation(run, change)? {
        Ok(now) => now,
        Err(failed) => return Ok(Err(failed)),
    };
    if now.hash.eq_ignore_ascii_case(hash) {
        return Ok(Ok(now));
    }
    run.say("apt would now do something else than what was approved:")?;
    for step in &now.steps {
        run.say(&format!("  {:?} {} {:?} {:?}", step.action, step.name, step.old, step.new))?;
    }
    let summary = "apt would now do something else than what was approved; nothing was changed";
    let result = serde_json::to_value(&now).ok();
    Ok(Err(Outcome { result, ..outcome(OutcomeState::Refused, summary) }))
}

fn carry_out(
    run: &mut Run,
    change: &[String],
    now: &Simulation,
    set: &[Pinned],
    lock_wait_s: u32,
) -> io::Result<Outcome> {
    let download_bytes = simulate::download_bytes(run, change)?;
    let short = space::short(run, &now.steps, download_bytes)?;
    if !short.is_empty() {
        let summary = format!("there is too little room, nothing was changed: {}", space::in_words(&short));
        return Ok(outcome(OutcomeState::Refused, &summary));
    }
    let (before, automatic) = (installed(run)?, automatic(run, now)?);
    // dpkg writes straight into the output: a terminal of apt's would break it when apt is killed.
    let mut arguments = words(&["-y", "-q", "-o", "Dpkg::Use-Pty=0"]);
    for option in KEEP_CONFIGURATION {
        arguments.extend(["-o".to_owned(), format!("Dpkg::Options::={option}")]);
    }
    arguments.extend(["-o".to_owned(), format!("DPkg::Lock::Timeout={lock_wait_s}")]);
    arguments.extend_from_slice(change);
    let ended = run.stream("apt-get", &arguments)?;
    settle(run, LEFT_OVER);
    if ended.code != Some(0) && installed(run)? == before {
        return Ok(failed(&ended, "apt did not do it, its output says why; nothing was changed"));
    }
    repair(run)?;
    // Named on the command line, every package would count as wanted for itself from now on.
    if !automatic.is_empty() {
        let mut mark = words(&["auto"]);
        mark.extend(automatic);
        run.ask("apt-mark", &mark)?;
    }
    concluded(run, &ended, set)
}

/// What of a change came by itself before, or comes by itself now.
fn automatic(run: &mut Run, now: &Simulation) -> io::Result<Vec<String>> {
    let told = run.ask("apt-mark", &words(&["showauto"]))?;
    let known: Vec<&str> = told.text.lines().map(str::trim).collect();
    let full = |name: &str, architecture: &str| match architecture {
        "all" => name.to_owned(),
        architecture => format!("{name}:{architecture}"),
    };
    let installs = now.steps.iter().filter(|step| step.new.is_some());
    let named = installs.filter_map(|step| {
        let name = full(&step.name, &step.architecture);
        let is_known = known.contains(&step.name.as_str()) || known.contains(&name.as_str());
        (step.old.is_none() || is_known).then_some(name)
    });
    Ok(named.collect())
}

/// Waits until nobody changes packages any more: a dpkg that outlived its apt, or another administrator. `false` when
/// somebody still does.
pub fn settle(run: &Run, patience: Duration) -> bool {
    let is_held = |path: &str| {
        let lock = std::fs::OpenOptions::new().write(true).open(path);
        lock.is_ok_and(|lock| {
            let wanted = rustix::fs::FlockOperation::NonBlockingLockExclusive;
            rustix::fs::fcntl_lock(&lock, wanted).is_err()
        })
    };
    let until = Instant::now() + patience;
    while LOCKS.iter().any(|path| is_held(path)) {
        if run.is_over() || Instant::now() >= until {
            return false;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    true
}

fn busy() -> Outcome {
    outcome(OutcomeState::Failed, "somebody else is changing packages on this host; nothing was changed")
}

/// What was cut off leaves packages unpacked or half configured; apt refuses to work on top of that.
fn repair(run: &mut Run) -> io::Result<()> {
    if !audit(run)?.trim().is_empty() {
        let mut arguments = words(&KEEP_CONFIGURATION);
        arguments.extend(words(&["--configure", "-a"]));
        run.stream("dpkg", &arguments)?;
    }
    Ok(())
}

/// What dpkg complains of, without packages that only lack a list of checksums.
fn audit(run: &mut Run) -> io::Result<String> {
    let told = run.ask("dpkg", &words(&["--audit"]))?.text;
    let whole = told.split("\n\n").filter(|part| !part.contains("missing the md5sums"));
    Ok(whole.collect::<Vec<_>>().join("\n\n"))
}

/// A process that carried out a change vanished: what it left is repaired and read back. Nothing is begun again.
pub fn take_up(run: &mut Run, set: &[Pinned]) -> io::Result<Outcome> {
    repair(run)?;
    let nothing = Ended { code: None, signal: None, was_stopped: false, text: String::new() };
    let read = concluded(run, &nothing, set)?;
    let summary = format!("the process that did it vanished; looked at afterwards, {}", read.summary);
    Ok(Outcome { result: read.result, ..outcome(OutcomeState::Lost, &summary) })
}

/// (name, architecture) → (version, state), of everything dpkg knows.
fn installed(run: &mut Run) -> io::Result<BTreeMap<(String, String), (String, String)>> {
    let format = "${Package}\t${Architecture}\t${Version}\t${db:Status-Status}\n";
    let told = run.ask("dpkg-query", &words(&["-W", "-f", format]))?;
    let read = |line: &str| {
        let mut cells = line.split('\t').map(str::to_owned);
        let key = (cells.next()?, cells.next()?);
        let state = (cells.next()?, cells.next()?);
        (!matches!(state.1.as_str(), "not-installed" | "config-files")).then_some((key, state))
    };
    Ok(told.text.lines().filter_map(read).collect())
}

/// Reads back what stands installed now.
fn concluded(run: &mut Run, ended: &Ended, set: &[Pinned]) -> io::Result<Outcome> {
    let installed = installed(run)?;
    let (mut done, mut missing) = (Vec::new(), Vec::new());
    for pinned in set {
        let lost = |because| Lost { package: pinned.clone(), because };
        match installed.get(&(pinned.name.clone(), pinned.architecture.clone())) {
            Some((version, state)) if state == "installed" && *version == pinned.version => {
                done.push(pinned.clone());
            }
            Some((version, state)) => missing.push(lost(format!("{version} is {state}"))),
            None => missing.push(lost("it is not installed".to_owned())),
        }
    }
    let audit = audit(run)?.trim().to_owned();
    let is_well = ended.code == Some(0) && missing.is_empty() && audit.is_empty();
    let mut summary = format!("{} of {} packages stand in the version asked for", done.len(), set.len());
    let named = missing.iter().take(5).map(|lost| format!("{}: {}", lost.package.name, lost.because));
    let mut said: Vec<String> = named.collect();
    if missing.len() > said.len() {
        said.push(format!("and {} more", missing.len() - said.len()));
    }
    if missing.is_empty() && !audit.is_empty() {
        said.push("dpkg --audit names packages that are not whole".to_owned());
    }
    if let Some(signal) = ended.signal {
        said.push(format!("apt-get was ended by signal {signal}"));
    }
    if !said.is_empty() {
        summary = format!("{summary}; {}", said.join("; "));
    }
    let ended = if is_well && !ended.was_stopped {
        Outcome { code: Some(0), ..outcome(OutcomeState::Succeeded, &summary) }
    } else {
        failed(ended, &summary)
    };
    let applied = Applied { done, missing, audit };
    Ok(Outcome { result: serde_json::to_value(&applied).ok(), ..ended })
}
