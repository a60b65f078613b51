//! What apt would do: asked of apt itself, read as steps, and named by a hash.

use std::fs;
use std::io;

use md5::Md5;
use sha2::{Digest, Sha256};

use super::job::{Ended, Run};
use super::{keep, outcome, space, way_back};
use crate::collect::text::hex;
use crate::wire::{Action, Outcome, OutcomeState, Pinned, Simulation, Step, Wish};

pub(super) fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// `name:architecture=version`, as apt wants it; `all` is no architecture to apt.
pub(super) fn exact(pinned: &Pinned) -> String {
    match pinned.architecture.as_str() {
        "all" => format!("{}={}", pinned.name, pinned.version),
        architecture => format!("{}:{architecture}={}", pinned.name, pinned.version),
    }
}

/// What apt would do, without changing anything.
pub fn simulate(run: &mut Run, wish: &Wish) -> io::Result<Outcome> {
    let set: &[Pinned] = match wish {
        Wish::Everything => &[],
        Wish::Exactly { set } => set,
    };
    told(run, &change(set, &[]))
}

/// The whole answer to a question what a change would do.
pub(super) fn told(run: &mut Run, change: &[String]) -> io::Result<Outcome> {
    let mut simulation = match simulation(run, change)? {
        Ok(simulation) => simulation,
        Err(failed) => return Ok(failed),
    };
    let old: Vec<Pinned> = simulation.steps.iter().filter_map(old_of).collect();
    let offered = keep::offered(run, &old)?;
    simulation.download_bytes = download_bytes(run, change)?;
    simulation.changed_configuration = changed_configuration(run, &simulation.steps)?;
    simulation.old_still_offered = u32::try_from(offered.len()).unwrap_or(u32::MAX);
    simulation.way_back = Some(way_back::before(run, &old, &offered)?);
    simulation.short_of = space::short(run, &simulation.steps, simulation.download_bytes)?;
    let summary = format!("{} steps, nothing was changed", simulation.steps.len());
    Ok(Outcome {
        result: serde_json::to_value(&simulation).ok(),
        code: Some(0),
        ..outcome(OutcomeState::Succeeded, &summary)
    })
}

/// Arguments that name the same change in a simulation and in earnest.
pub(super) fn change(set: &[Pinned], remove: &[String]) -> Vec<String> {
    if set.is_empty() && remove.is_empty() {
        return words(&["dist-upgrade"]);
    }
    let mut arguments = words(&["--allow-downgrades", "install"]);
    arguments.extend(set.iter().map(exact));
    arguments.extend(remove.iter().map(|name| format!("{name}-")));
    arguments
}

/// A simulation without what only a person asks; the outcome where apt cannot do it.
pub(super) fn simulation(run: &mut Run, change: &[String]) -> io::Result<Result<Simulation, Outcome>> {
    // With -y, as in earnest: what apt does not do unasked (holds, essential packages) it refuses here already.
    let mut arguments = words(&["-s", "-y", "-q", "-o", "Debug::NoLocking=1"]);
    arguments.extend_from_slice(change);
    let told = match run.ask("apt-get", &arguments) {
        Ok(told) => told,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => {
            return Ok(Err(outcome(OutcomeState::Refused, "this host has no apt-get")));
        }
        Err(fault) => return Err(fault),
    };
    if told.code != Some(0) {
        run.stream("apt-get", &arguments)?; // once more, so that its words are in the output
        return Ok(Err(failed(&told, "apt cannot do that; nothing was changed")));
    }
    let native = run.ask("dpkg", &words(&["--print-architecture"]))?.text.trim().to_owned();
    let mut steps = steps(&told.text, &native);
    for step in steps.iter_mut().filter(|step| step.action == Action::Remove) {
        step.architecture = true_architecture(run, step)?;
    }
    steps.sort();
    Ok(Ok(Simulation {
        hash: hash(&steps),
        steps,
        download_bytes: None,
        changed_configuration: Vec::new(),
        old_still_offered: 0,
        way_back: None,
        short_of: Vec::new(),
    }))
}

/// apt names the architecture of a removal only where it is a foreign one; `all` looks like the machine's own.
fn true_architecture(run: &mut Run, step: &Step) -> io::Result<String> {
    let name = format!("{}:{}", step.name, step.architecture);
    for asked in [name.as_str(), step.name.as_str()] {
        let told = run.ask("dpkg-query", &words(&["-W", "-f", "${Architecture}\n", asked]))?;
        if let Some(line) = told.text.lines().next().filter(|_| told.code == Some(0)) {
            return Ok(line.to_owned());
        }
    }
    Ok(step.architecture.clone())
}

pub(super) fn failed(ended: &Ended, what: &str) -> Outcome {
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
pub(super) fn download_bytes(run: &mut Run, change: &[String]) -> io::Result<Option<u64>> {
    let mut arguments = words(&["--print-uris", "-qq", "-y", "-o", "Debug::NoLocking=1"]);
    arguments.extend_from_slice(change);
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
    let told = run.ask("dpkg-query", &arguments)?;
    let mut changed: Vec<String> = told
        .text
        .lines()
        .filter_map(|line| line.trim().rsplit_once(' '))
        .filter(|(path, sum)| {
            let content = fs::read(path);
            sum.len() == 32 && content.is_ok_and(|bytes| hex(&Md5::digest(bytes)) != *sum)
        })
        .map(|(path, _)| path.to_owned())
        .collect();
    changed.sort();
    Ok(changed)
}

/// What a step replaces or removes.
fn old_of(step: &Step) -> Option<Pinned> {
    let version = step.old.clone()?;
    Some(Pinned { name: step.name.clone(), version, architecture: step.architecture.clone() })
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
