//! Orders about packages, carried out with apt and dpkg. The exact set that was approved, or nothing.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io;
use std::path::Path;

use md5::Md5;
use sha2::{Digest, Sha256};

use super::job::{Ended, Run, debs};
use super::outcome;
use crate::collect::text::hex;
use crate::disk;
use crate::wire::{
    Action, Applied, Apply, Lost, Outcome, OutcomeState, Pinned, Saved, Simulation, Step, Wish,
};

const CACHE: &str = "/var/cache/apt/archives";

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// `name:architecture=version`, as apt wants it; `all` is no architecture to apt.
fn exact(pinned: &Pinned) -> String {
    match pinned.architecture.as_str() {
        "all" => format!("{}={}", pinned.name, pinned.version),
        architecture => format!("{}:{architecture}={}", pinned.name, pinned.version),
    }
}

/// What apt would do, without changing anything.
pub fn simulate(run: &mut Run, wish: &Wish) -> io::Result<Outcome> {
    let (set, remove): (&[Pinned], &[String]) = match wish {
        Wish::Everything => (&[], &[]),
        Wish::Exactly { set } => (set, &[]),
    };
    match simulation(run, set, remove)? {
        Ok(mut simulation) => {
            simulation.download_bytes = download_bytes(run, set)?;
            simulation.changed_configuration = changed_configuration(run, &simulation.steps)?;
            simulation.old_still_offered = old_still_offered(run, &simulation.steps)?;
            let summary = format!("{} steps, nothing was changed", simulation.steps.len());
            Ok(Outcome {
                result: serde_json::to_value(&simulation).ok(),
                code: Some(0),
                ..outcome(OutcomeState::Succeeded, &summary)
            })
        }
        Err(failed) => Ok(failed),
    }
}

/// Arguments that name the same change in a simulation and in earnest.
fn change(set: &[Pinned], remove: &[String]) -> Vec<String> {
    if set.is_empty() {
        return words(&["dist-upgrade"]);
    }
    let mut arguments = words(&["--allow-downgrades", "install"]);
    arguments.extend(set.iter().map(exact));
    arguments.extend(remove.iter().map(|name| format!("{name}-")));
    arguments
}

fn simulation(run: &mut Run, set: &[Pinned], remove: &[String]) -> io::Result<Result<Simulation, Outcome>> {
    let mut arguments = words(&["-s", "-q", "-o", "Debug::NoLocking=1"]);
    arguments.extend(change(set, remove));
    let told = match run.ask("apt-get", &arguments) {
        Ok(told) => told,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => {
            return Ok(Err(outcome(OutcomeState::Refused, "this host has no apt-get")));
        }
        Err(fault) => return Err(fault),
    };
    if told.code != Some(0) {
        run.stream("apt-get", &arguments)?; // once more, so that its words are in the output
        return Ok(Err(failed(&told, "apt cannot do that")));
    }
    let native = run.ask("dpkg", &words(&["--print-architecture"]))?.text.trim().to_owned();
    let steps = steps(&told.text, &native);
    Ok(Ok(Simulation {
        hash: hash(&steps),
        steps,
        download_bytes: None,
        changed_configuration: Vec::new(),
        old_still_offered: 0,
    }))
}

fn failed(ended: &Ended, what: &str) -> Outcome {
    let state = if ended.was_stopped { OutcomeState::Stopped } else { OutcomeState::Failed };
    Outcome { code: ended.code, ..outcome(state, what) }
}

/// The `Inst` and `Remv` lines of a simulation, sorted.
pub fn steps(text: &str, native: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = text.lines().filter_map(|line| step(line, native)).collect();
    steps.sort();
    steps
}

/// `Inst NAME[:ARCH] [OLD] (NEW ORIGIN, ORIGIN [ARCH]) …` or `Remv NAME [OLD]`.
fn step(line: &str, native: &str) -> Option<Step> {
    let (word, rest) = line.split_once(' ')?;
    let is_removal = match word {
        "Inst" => false,
        "Remv" | "Purg" => true,
        _ => return None,
    };
    let (name, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let (name, suffix) = name.split_once(':').map_or((name, None), |(name, suffix)| (name, Some(suffix)));
    let old = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(old, _)| old.to_owned());
    if is_removal {
        return Some(Step {
            action: Action::Remove,
            name: name.to_owned(),
            architecture: suffix.unwrap_or(native).to_owned(),
            old,
            new: None,
            origins: Vec::new(),
        });
    }
    let inside = rest.split_once('(')?.1.split_once(')')?.0;
    let (new, origins) = inside.split_once(' ').unwrap_or((inside, ""));
    let (origins, architecture) = origins.rsplit_once('[').unwrap_or((origins, native));
    let action = match &old {
        None => Action::Install,
        Some(old) if mainstay_versions::dpkg::compare(old, new) == Ok(std::cmp::Ordering::Greater) => {
            Action::Downgrade
        }
        Some(_) => Action::Upgrade,
    };
    Some(Step {
        action,
        name: name.to_owned(),
        architecture: architecture.trim_end_matches(']').to_owned(),
        old,
        new: Some(new.to_owned()),
        origins: origins.split(',').map(str::trim).filter(|o| !o.is_empty()).map(str::to_owned).collect(),
    })
}

/// The hash of [`Simulation::hash`].
pub fn hash(steps: &[Step]) -> String {
    let word = |action: Action| match action {
        Action::Install => "install",
        Action::Upgrade => "upgrade",
        Action::Downgrade => "downgrade",
        Action::Remove => "remove",
    };
    let mut lines: Vec<String> = steps
        .iter()
        .map(|step| {
            let (old, new) = (step.old.as_deref().unwrap_or("-"), step.new.as_deref().unwrap_or("-"));
            format!("{} {}:{} {old} {new}\n", word(step.action), step.name, step.architecture)
        })
        .collect();
    lines.sort();
    hex(&Sha256::digest(lines.concat()))
}

/// `'URI' FILE SIZE HASH` lines.
fn download_bytes(run: &mut Run, set: &[Pinned]) -> io::Result<Option<u64>> {
    let mut arguments = words(&["--print-uris", "-qq", "-y", "-o", "Debug::NoLocking=1"]);
    arguments.extend(change(set, &[]));
    let told = run.ask("apt-get", &arguments)?;
    let sizes = told.text.lines().filter(|line| line.starts_with('\''));
    let sizes = sizes.filter_map(|line| line.rsplit_once("' ")?.1.split(' ').nth(1)?.parse::<u64>().ok());
    Ok((told.code == Some(0)).then(|| sizes.sum()))
}

/// Configuration files of these packages whose content is no longer what dpkg put there.
fn changed_configuration(run: &mut Run, steps: &[Step]) -> io::Result<Vec<String>> {
    let names = steps.iter().filter(|step| step.old.is_some()).map(|step| step.name.clone());
    let mut arguments = words(&["-W", "-f", "${Conffiles}\n"]);
    arguments.extend(names);
    if arguments.len() == 3 {
        return Ok(Vec::new());
    }
    let root = std::env::var("DPKG_ROOT").unwrap_or_default();
    let told = run.ask("dpkg-query", &arguments)?;
    let mut changed: Vec<String> = told
        .text
        .lines()
        .filter_map(|line| line.trim().rsplit_once(' '))
        .filter(|(path, sum)| {
            let content = fs::read(format!("{root}{path}"));
            sum.len() == 32 && content.is_ok_and(|bytes| hex(&Md5::digest(bytes)) != *sum)
        })
        .map(|(path, _)| path.to_owned())
        .collect();
    changed.sort();
    Ok(changed)
}

/// For how many steps the archive still has the version that is installed.
fn old_still_offered(run: &mut Run, steps: &[Step]) -> io::Result<u32> {
    let old: BTreeMap<&str, &str> =
        steps.iter().filter_map(|step| Some((step.name.as_str(), step.old.as_deref()?))).collect();
    if old.is_empty() {
        return Ok(0);
    }
    let mut arguments = words(&["madison"]);
    arguments.extend(old.keys().map(|name| (*name).to_owned()));
    let told = run.ask("apt-cache", &arguments)?;
    let offered: HashSet<&str> = told
        .text
        .lines()
        .filter_map(|line| {
            let mut cells = line.split('|').map(str::trim);
            let (name, version) = (cells.next()?, cells.next()?);
            (cells.next()?.ends_with("Packages") && old.get(name) == Some(&version)).then_some(name)
        })
        .collect();
    Ok(u32::try_from(offered.len()).unwrap_or(u32::MAX))
}

/// Downloads the set and what it needs.
pub fn fetch(run: &mut Run, set: &[Pinned]) -> io::Result<Outcome> {
    let mut arguments = words(&["-y", "-q", "--download-only"]);
    arguments.extend(change(set, &[]));
    let ended = run.stream("apt-get", &arguments)?;
    Ok(match ended.code {
        Some(0) if !ended.was_stopped => {
            Outcome { code: Some(0), ..outcome(OutcomeState::Succeeded, "downloaded, nothing was installed") }
        }
        _ => failed(&ended, "the download failed"),
    })
}

/// Saves the packages as files: from the cache, from the archive, or packed anew by dpkg-repack.
pub fn keep_old(run: &mut Run, save_as: &str, packages: &[Pinned]) -> io::Result<Outcome> {
    let folder = run.saved_folder(save_as);
    disk::private_folder(&folder)?;
    let (mut kept, mut lost) = (Vec::new(), Vec::new());
    for package in packages {
        match keep(run, &folder, package)? {
            None => kept.push(package.clone()),
            Some(because) => lost.push(Lost { package: package.clone(), because }),
        }
    }
    let summary = format!("{} of {} packages saved", kept.len(), packages.len());
    let state = if kept.is_empty() { OutcomeState::Failed } else { OutcomeState::Succeeded };
    let saved = Saved { saved_as: save_as.to_owned(), kept, lost };
    Ok(Outcome { result: serde_json::to_value(&saved).ok(), ..outcome(state, &summary) })
}

/// `None` when it is saved, else why not.
fn keep(run: &mut Run, folder: &Path, package: &Pinned) -> io::Result<Option<String>> {
    let version = package.version.replace(':', "%3a");
    let name = format!("{}_{version}_{}.deb", package.name, package.architecture);
    if folder.join(&name).exists() {
        return Ok(None);
    }
    if fs::copy(Path::new(CACHE).join(&name), folder.join(&name)).is_ok() {
        run.say(&format!("{name}: from the cache"))?;
        return Ok(None);
    }
    // apt downloads into the folder it stands in; `env -C` is how to stand there without a shell.
    let place = folder.display().to_string();
    let download =
        words(&["-C", &place, "apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", &exact(package)]);
    if run.stream("env", &download)?.code == Some(0) {
        return Ok(None);
    }
    let repack = words(&["-C", &place, "dpkg-repack", &package.name]);
    match run.stream("env", &repack)?.code {
        Some(0) => Ok(None),
        Some(127) => Ok(Some("the archive no longer has it, and dpkg-repack is not installed".to_owned())),
        _ => Ok(Some("the archive no longer has it, and it could not be packed anew".to_owned())),
    }
}

/// Installs exactly what was approved.
pub fn apply(run: &mut Run, apply: &Apply) -> io::Result<Outcome> {
    repair(run)?;
    let now = match simulation(run, &apply.set, &apply.remove)? {
        Ok(simulation) => simulation,
        Err(failed) => return Ok(failed),
    };
    if !now.hash.eq_ignore_ascii_case(&apply.approved_hash) {
        run.say("apt would now do something else than what was approved:")?;
        for step in &now.steps {
            run.say(&format!("  {:?} {} {:?} {:?}", step.action, step.name, step.old, step.new))?;
        }
        let summary = "apt would now do something else than what was approved; nothing was changed";
        let result = serde_json::to_value(&now).ok();
        return Ok(Outcome { result, ..outcome(OutcomeState::Refused, summary) });
    }
    let mut arguments = words(&["-y", "-q"]);
    arguments.extend(force_options());
    arguments.extend(["-o".to_owned(), format!("DPkg::Lock::Timeout={}", apply.lock_wait_s)]);
    arguments.extend(change(&apply.set, &apply.remove));
    let ended = run.stream("apt-get", &arguments)?;
    concluded(run, &ended, &apply.set)
}

fn force_options() -> Vec<String> {
    words(&["-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold"])
}

/// A run that was cut off before leaves packages half configured; apt refuses to work on top of that.
fn repair(run: &mut Run) -> io::Result<()> {
    let audit = run.ask("dpkg", &words(&["--audit"]))?;
    if !audit.text.trim().is_empty() {
        let options = ["--force-confdef", "--force-confold", "--configure", "-a"];
        run.stream("dpkg", &words(&options))?;
    }
    Ok(())
}

/// Reads back what stands installed now.
fn concluded(run: &mut Run, ended: &Ended, set: &[Pinned]) -> io::Result<Outcome> {
    let format = "${Package}\t${Architecture}\t${Version}\t${db:Status-Status}\n";
    let told = run.ask("dpkg-query", &words(&["-W", "-f", format]))?;
    let installed: BTreeMap<(&str, &str), (&str, &str)> = told
        .text
        .lines()
        .filter_map(|line| {
            let mut cells = line.split('\t');
            Some(((cells.next()?, cells.next()?), (cells.next()?, cells.next()?)))
        })
        .collect();
    let (mut done, mut missing) = (Vec::new(), Vec::new());
    for pinned in set {
        match installed.get(&(pinned.name.as_str(), pinned.architecture.as_str())) {
            Some((version, "installed")) if *version == pinned.version => done.push(pinned.clone()),
            Some((version, state)) => {
                missing.push(Lost { package: pinned.clone(), because: format!("{version} is {state}") });
            }
            None => missing.push(Lost { package: pinned.clone(), because: "it is not installed".to_owned() }),
        }
    }
    let audit = run.ask("dpkg", &words(&["--audit"]))?.text;
    let is_well = ended.code == Some(0) && missing.is_empty() && audit.trim().is_empty();
    let summary = format!("{} of {} packages stand in the version asked for", done.len(), set.len());
    let ended = if is_well && !ended.was_stopped {
        Outcome { code: Some(0), ..outcome(OutcomeState::Succeeded, &summary) }
    } else {
        failed(ended, &summary)
    };
    let applied = Applied { done, missing, audit };
    Ok(Outcome { result: serde_json::to_value(&applied).ok(), ..ended })
}

/// Installs the saved files over what stands there.
pub fn roll_back(run: &mut Run, saved: &str) -> io::Result<Outcome> {
    let folder = run.saved_folder(saved);
    let files = debs(&folder).unwrap_or_default();
    if files.is_empty() {
        return Ok(outcome(OutcomeState::Refused, "no packages were saved under that name"));
    }
    let mut set = Vec::new();
    for file in &files {
        let path = file.display().to_string();
        let told = run.ask(
            "dpkg-deb",
            &words(&["-W", "--showformat=${Package}\t${Version}\t${Architecture}", &path]),
        )?;
        let mut cells = told.text.trim().split('\t').map(str::to_owned);
        if let (Some(name), Some(version), Some(architecture)) = (cells.next(), cells.next(), cells.next()) {
            set.push(Pinned { name, version, architecture });
        }
    }
    let mut arguments = words(&["--force-downgrade", "--force-confdef", "--force-confold", "-i"]);
    arguments.extend(files.iter().map(|file| file.display().to_string()));
    let ended = run.stream("dpkg", &arguments)?;
    concluded(run, &ended, &set)
}

#[cfg(test)]
mod tests {
    use sha2::Digest;

    use super::{hash, steps};
    use crate::wire::Action;

    const TEXT: &str = "NOTE: simulation\nInst libc6 [2.36-9] (2.36-10 Debian:12.15/oldstable, \
        Debian-Security:12/oldstable-security [amd64]) [libc6:i386 ]\nInst libc6:i386 [2.36-9] (2.36-10 Debian:12 [i386])\n\
        Inst new (1:1.0 Debian:12 [all])\nRemv old [3]\nInst down [2.0] (2.0~rc1 x [amd64])\nConf libc6 (2.36-10 x [amd64])\n";

    #[test]
    fn the_lines_of_a_simulation_become_steps() {
        let read = steps(TEXT, "amd64");
        let told: Vec<String> =
            read.iter().map(|s| format!("{:?} {}:{}", s.action, s.name, s.architecture)).collect();
        assert_eq!(
            told,
            [
                "Install new:all",
                "Upgrade libc6:amd64",
                "Upgrade libc6:i386",
                "Downgrade down:amd64",
                "Remove old:amd64"
            ]
        );
        assert_eq!(read[1].origins, ["Debian:12.15/oldstable", "Debian-Security:12/oldstable-security"]);
        assert_eq!((read[4].action, read[4].old.as_deref()), (Action::Remove, Some("3")));
    }

    #[test]
    fn the_hash_is_of_what_is_done_not_of_where_it_comes_from() {
        let read = steps(TEXT, "amd64");
        let mut other: Vec<_> = read.iter().rev().cloned().collect();
        other[0].origins = vec!["elsewhere".to_owned()];
        assert_eq!(hash(&read), hash(&other));
        other[1].new = Some("2.0~rc2".to_owned());
        assert_ne!(hash(&read), hash(&other));
        // The format both sides agreed on, by hand: one line, SHA-256.
        let one = steps("Inst a [1] (2 x [all])\n", "amd64");
        let by_hand = "upgrade a:all 1 2\n";
        assert_eq!(hash(&one), crate::collect::text::hex(&sha2::Sha256::digest(by_hand)));
    }
}
