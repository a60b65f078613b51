//! The real orders in a root of its own: from a simulation to a way back, and what happens when it breaks on the way.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::time::{Duration, Instant};

use mainstay_wire::{
    Action, Applied, Apply, Outcome, OutcomeState, Pinned, RollBack, SAVED_FOR_DAYS, Saved, Simulation, Task,
    Wish,
};
use serde::de::DeserializeOwned;

use super::archive::{Made, Suite};
use super::root::{AGENT, Root};

fn result<T: DeserializeOwned>(outcome: &Outcome) -> T {
    let value = outcome.result.clone().unwrap_or_else(|| panic!("no result: {outcome:?}"));
    serde_json::from_value(value).unwrap()
}

fn simulate(root: &Root) -> Simulation {
    let outcome = root.carry_out(Task::SimulatePackages { wish: Wish::Everything });
    assert_eq!(outcome.state, OutcomeState::Succeeded, "{outcome:?}");
    result(&outcome)
}

fn lines(simulation: &Simulation) -> Vec<String> {
    let word = |version: &Option<String>| version.clone().unwrap_or_else(|| "-".to_owned());
    let steps = simulation.steps.iter();
    steps.map(|s| format!("{:?} {} {} {}", s.action, s.name, word(&s.old), word(&s.new))).collect()
}

/// What the server makes of a simulation that was approved.
fn approved(simulation: &Simulation) -> Apply {
    let steps = &simulation.steps;
    let pinned = |name: &str, version: &str, architecture: &str| Pinned {
        name: name.to_owned(),
        version: version.to_owned(),
        architecture: architecture.to_owned(),
    };
    Apply {
        set: steps.iter().filter_map(|s| Some(pinned(&s.name, s.new.as_deref()?, &s.architecture))).collect(),
        remove: steps.iter().filter(|s| s.new.is_none()).map(|s| s.name.clone()).collect(),
        approved_hash: simulation.hash.clone(),
        lock_wait_s: 5,
    }
}

fn keep(root: &Root, simulation: &Simulation) -> Saved {
    let steps = simulation.steps.iter();
    let old = steps.filter_map(|s| {
        let (name, version, architecture) = (s.name.clone(), s.old.clone()?, s.architecture.clone());
        Some(Pinned { name, version, architecture })
    });
    let outcome = root.carry_out(Task::KeepOld { save_as: "plan".into(), packages: old.collect() });
    assert_eq!(outcome.state, OutcomeState::Succeeded, "{outcome:?}");
    result(&outcome)
}

/// Simulates the way back and takes it.
fn go_back(root: &Root, remove: &[&str]) -> (Simulation, Outcome) {
    let remove: Vec<String> = remove.iter().map(|name| (*name).to_owned()).collect();
    let outcome = root.carry_out(Task::SimulateRollBack { saved: "plan".into(), remove: remove.clone() });
    assert_eq!(outcome.state, OutcomeState::Succeeded, "{outcome:?}");
    let simulation: Simulation = result(&outcome);
    let approved_hash = simulation.hash.clone();
    let back = RollBack { saved: "plan".into(), remove, approved_hash, lock_wait_s: 5 };
    (simulation, root.carry_out(Task::RollBack(back)))
}

fn plain<'a>(version: &'a str, text: &'a [(&'a str, u32, &'a str)]) -> Made<'a> {
    Made { name: "plain", version, files: text, ..Made::default() }
}

const PLAIN: [&[(&str, u32, &str)]; 2] =
    [&[("/usr/share/plain/version", 0o644, "1.0")], &[("/usr/share/plain/version", 0o644, "1.1")]];

/// The usual host: installed 1.0, and 1.1 of everything waits in the security suite.
fn host(name: &str) -> Option<Root> {
    let root = Root::new(name)?;
    let unoffered = |version| Made {
        name: "unoffered",
        version,
        files: &[
            ("/etc/unoffered.conf", 0o640, "as the vendor made it\n"),
            ("/etc/unoffered-untouched.conf", 0o644, "nobody touches this\n"),
            ("/usr/bin/unoffered", 0o4755, "#!/bin/sh\n"),
        ],
        scripts: &[("postinst", "echo \"unoffered $1 $2\" >> /var/log/unoffered.log"), ("prerm", ":")],
        ..Made::default()
    };
    let library = |version| Made { name: "library", version, ..Made::default() };
    let needs = |version, fields| Made { name: "needs", version, fields, ..Made::default() };
    let held = |version| Made { name: "held", version, ..Made::default() };
    for package in [
        plain("1.0", PLAIN[0]),
        unoffered("1.0"),
        library("1.0"),
        needs("1.0", "Depends: library\n"),
        held("1.0"),
    ] {
        root.install(&package);
    }
    root.must("apt-mark", &["auto", "library"]);
    root.must("apt-mark", &["hold", "held"]);
    root.write("/etc/unoffered.conf", "as the administrator wants it\n");
    root.offer(&plain("1.0", PLAIN[0]), Suite::Stable);
    root.offer(&library("1.0"), Suite::Stable);
    root.offer(&Made { name: "newcomer", ..Made::default() }, Suite::Stable);
    for package in [
        plain("1.1", PLAIN[1]),
        unoffered("1.1"),
        library("1.1"),
        needs("1.1", "Depends: library, newcomer\n"),
        held("1.1"),
    ] {
        root.offer(&package, Suite::Security);
    }
    root.publish();
    Some(root)
}

#[test]
fn what_was_approved_is_installed_and_the_way_back_leads_to_what_stood_before() {
    let Some(root) = host("story") else { return };
    let before = root.packages();
    let simulation = simulate(&root);
    assert_eq!(
        lines(&simulation),
        [
            "Install newcomer - 1.0",
            "Upgrade library 1.0 1.1",
            "Upgrade needs 1.0 1.1",
            "Upgrade plain 1.0 1.1",
            "Upgrade unoffered 1.0 1.1",
        ],
        "what is held stays away, what is needed comes"
    );
    assert_eq!(simulation.changed_configuration, ["/etc/unoffered.conf"]);
    assert_eq!(simulation.old_still_offered, 2, "plain and library; needs and unoffered are offered no more");
    let way_back = simulation.way_back.clone().unwrap();
    assert_eq!((way_back.to_save, way_back.lost.len()), (4, 0), "{way_back:?}");
    assert_eq!(root.packages(), before, "a simulation changes nothing");

    let saved = keep(&root, &simulation);
    assert_eq!((saved.kept.len(), saved.lost.len()), (4, 0), "{saved:?}");
    let outcome = root.carry_out(Task::ApplyPackages(approved(&simulation)));
    assert_eq!(outcome.state, OutcomeState::Succeeded, "{outcome:?}");
    let applied: Applied = result(&outcome);
    assert_eq!((applied.done.len(), applied.missing.len(), applied.audit.as_str()), (5, 0, ""));
    assert_eq!(root.text("/usr/share/plain/version"), "1.1");
    assert_eq!(root.package("held"), "1.0 installed");
    assert_eq!(root.text("/etc/unoffered.conf"), "as the administrator wants it\n");
    let by_itself = root.must("apt-mark", &["showauto"]);
    assert!(by_itself.contains("library") && by_itself.contains("newcomer"), "{by_itself}");
    assert!(!by_itself.contains("plain"), "what was wanted for itself stays so: {by_itself}");
    assert!(simulate(&root).steps.is_empty(), "looked at again, nothing waits");

    let (back, outcome) = go_back(&root, &["newcomer", "never-installed"]);
    assert_eq!(
        lines(&back),
        [
            "Downgrade library 1.1 1.0",
            "Downgrade needs 1.1 1.0",
            "Downgrade plain 1.1 1.0",
            "Downgrade unoffered 1.1 1.0",
            "Remove newcomer 1.0 -",
        ]
    );
    assert_eq!(outcome.state, OutcomeState::Succeeded, "{outcome:?}");
    assert_eq!(root.packages(), before, "all stands as it stood");
    assert_eq!(root.text("/usr/share/plain/version"), "1.0");
    assert_eq!(root.text("/etc/unoffered.conf"), "as the administrator wants it\n");
    let mode = fs::metadata(root.at("/usr/bin/unoffered")).unwrap();
    assert_eq!((mode.permissions().mode() & 0o7777, mode.uid()), (0o4755, 0), "packed anew as it was");
    assert_eq!(root.must("dpkg", &["--audit"]), "");
    assert_eq!(lines(&simulate(&root)), lines(&simulation), "and the same waits again");
    assert!(root.must("apt-mark", &["showauto"]).contains("library"));
}

#[test]
fn an_update_after_the_way_back_still_knows_what_the_administrator_changed() {
    let Some(root) = host("conffile") else { return };
    let simulation = simulate(&root);
    keep(&root, &simulation);
    root.carry_out(Task::ApplyPackages(approved(&simulation)));
    go_back(&root, &["newcomer"]);
    let files = [("/etc/unoffered.conf", 0o640, "the vendor's new default\n")];
    root.offer(
        &Made { name: "unoffered", version: "1.2", files: &files, ..Made::default() },
        Suite::Security,
    );
    root.publish();
    let outcome = root.carry_out(Task::ApplyPackages(approved(&simulate(&root))));
    assert_eq!(outcome.state, OutcomeState::Succeeded, "{outcome:?}");
    assert_eq!(root.package("unoffered"), "1.2 installed");
    assert_eq!(root.text("/etc/unoffered.conf"), "as the administrator wants it\n", "never written over");
}

#[test]
fn what_has_to_go_for_an_update_comes_back_with_the_way_back() {
    let Some(root) = Root::new("leaver") else { return };
    let rival = |version, fields| Made { name: "rival", version, fields, ..Made::default() };
    root.install(&Made { name: "leaver", ..Made::default() });
    root.install(&rival("1.0", ""));
    let wanted =
        Made { name: "wanted", version: "1.1", fields: "Depends: rival (>= 1.1)\n", ..Made::default() };
    root.install(&Made { name: "wanted", ..Made::default() });
    root.offer(&wanted, Suite::Security);
    root.offer(&rival("1.1", "Conflicts: leaver\nReplaces: leaver\n"), Suite::Security);
    root.publish();
    let before = root.packages();
    let simulation = simulate(&root);
    assert!(lines(&simulation).contains(&"Remove leaver 1.0 -".to_owned()), "{:?}", lines(&simulation));
    assert_eq!(keep(&root, &simulation).lost, []);
    let outcome = root.carry_out(Task::ApplyPackages(approved(&simulation)));
    assert_eq!(outcome.state, OutcomeState::Succeeded, "{outcome:?}");
    assert!(!root.package("leaver").ends_with(" installed"));
    let (back, outcome) = go_back(&root, &[]);
    assert!(lines(&back).contains(&"Install leaver - 1.0".to_owned()), "{:?}", lines(&back));
    assert_eq!(outcome.state, OutcomeState::Succeeded, "{outcome:?}");
    assert_eq!(root.packages(), before);
}

#[test]
fn when_apt_would_do_something_else_nothing_is_done() {
    let Some(root) = host("drift") else { return };
    let simulation = simulate(&root);
    let before = root.packages();
    root.must("apt-mark", &["hold", "plain"]);
    let outcome = root.carry_out(Task::ApplyPackages(approved(&simulation)));
    assert_ne!(outcome.state, OutcomeState::Succeeded);
    assert!(outcome.summary.contains("nothing was changed"), "{}", outcome.summary);
    root.must("apt-mark", &["unhold", "plain"]);
    root.must("apt-get", &["-qq", "-y", "install", "newcomer"]);
    let outcome = root.carry_out(Task::ApplyPackages(approved(&simulation)));
    assert_eq!(outcome.state, OutcomeState::Refused, "what was new is there already: {outcome:?}");
    root.must("apt-get", &["-qq", "-y", "remove", "newcomer"]);
    assert_eq!(root.packages(), before);
    let nothing = root.carry_out(Task::SimulateRollBack { saved: "another".into(), remove: Vec::new() });
    assert_eq!(nothing.state, OutcomeState::Refused, "nothing was saved under that name");
    let mut saved = keep(&root, &simulation);
    saved.kept.sort();
    let file = root.at("/var/lib/mainstay-agent/saved/plan/plain_1.0_all.deb");
    fs::write(&file, "no package").unwrap();
    let broken = root.carry_out(Task::SimulateRollBack { saved: "plan".into(), remove: Vec::new() });
    assert_eq!(broken.state, OutcomeState::Failed);
    assert!(broken.summary.contains("no package any more"), "{}", broken.summary);
    assert_eq!(root.packages(), before);
}

#[test]
fn a_package_that_fails_to_configure_is_told_repaired_or_taken_back() {
    let Some(root) = host("postinst") else { return };
    let broken = |version, scripts| Made { name: "broken", version, scripts, ..Made::default() };
    root.install(&broken("1.0", &[]));
    let fails: &[(&str, &str)] =
        &[("postinst", "if [ -e /etc/fail ]; then echo it will not start; exit 3; fi")];
    root.offer(&broken("1.1", fails), Suite::Security);
    root.publish();
    root.write("/etc/fail", "");
    let before = root.packages();
    let simulation = simulate(&root);
    keep(&root, &simulation);
    let folder = root.order(Task::ApplyPackages(approved(&simulation)));
    root.job(&folder).status().unwrap();
    let outcome = root.outcome(&folder).unwrap();
    assert_eq!(outcome.state, OutcomeState::Failed);
    assert!(outcome.summary.contains("broken: 1.1 is half-configured"), "{}", outcome.summary);
    let applied: Applied = result(&outcome);
    assert_eq!(applied.missing.len(), 1, "the others are whole: {applied:?}");
    assert!(applied.audit.contains("broken"), "{}", applied.audit);
    let output = root.text(&format!("{folder}/output"));
    assert!(output.contains("it will not start"), "the package's own words are kept: {output}");
    assert_eq!(root.package("broken"), "1.1 half-configured");

    let (back, outcome) = go_back(&root, &["newcomer"]);
    assert!(back.steps.iter().any(|s| s.name == "broken" && s.action == Action::Downgrade));
    assert_eq!(outcome.state, OutcomeState::Succeeded, "{outcome:?}");
    assert_eq!(root.packages(), before);

    let outcome = root.carry_out(Task::ApplyPackages(approved(&simulation)));
    assert_eq!(outcome.state, OutcomeState::Failed, "it still fails");
    fs::remove_file(root.at("/etc/fail")).unwrap();
    root.must("apt-get", &["-qq", "update"]);
    let again = Task::SimulatePackages { wish: Wish::Everything };
    let again: Simulation = result(&root.carry_out(again));
    assert!(again.steps.is_empty(), "nothing waits, and yet it is not whole: {:?}", lines(&again));
    let set = vec![Pinned { name: "broken".into(), version: "1.1".into(), architecture: "all".into() }];
    let repair = Apply { set, remove: Vec::new(), approved_hash: again.hash, lock_wait_s: 5 };
    let outcome = root.carry_out(Task::ApplyPackages(repair));
    assert_eq!(outcome.state, OutcomeState::Succeeded, "the next order repairs first: {outcome:?}");
    assert_eq!(root.package("broken"), "1.1 installed");
}

#[test]
fn while_somebody_else_changes_packages_nothing_is_done() {
    let Some(root) = host("locked") else { return };
    let simulation = simulate(&root);
    let before = root.packages();
    let lock = fs::File::options().write(true).open(root.at("/var/lib/dpkg/lock-frontend")).unwrap();
    rustix::fs::fcntl_lock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive).unwrap();
    let outcome = root.carry_out(Task::ApplyPackages(Apply { lock_wait_s: 1, ..approved(&simulation) }));
    assert_eq!(outcome.state, OutcomeState::Failed);
    assert!(outcome.summary.starts_with("somebody else is changing packages"), "{}", outcome.summary);
    drop(lock);
    assert_eq!(root.packages(), before);
}

/// A host where `slow` waits in its postinst until `/run/go` is there.
fn slow_host(name: &str) -> Option<(Root, Simulation)> {
    let root = host(name)?;
    let slow = |version, scripts| Made { name: "slow", version, scripts, ..Made::default() };
    root.install(&slow("1.0", &[]));
    let waits = "touch /run/slow-begun; n=0; while [ ! -e /run/go ] && [ $n -lt 600 ]; do sleep 0.1; n=$((n+1)); done; echo slow is through";
    root.offer(&slow("1.1", &[("postinst", waits)]), Suite::Security);
    root.publish();
    let simulation = simulate(&root);
    keep(&root, &simulation);
    Some((root, simulation))
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_mins(3), "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Processes of a root whose first word ends so.
fn processes(root: &Root, word: &str) -> Vec<u32> {
    let is_named = |pid: u32| {
        let text = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let first = text.split(|byte| *byte == 0).next().unwrap_or_default().to_owned();
        String::from_utf8_lossy(&first).rsplit('/').next() == Some(word)
    };
    root.processes().into_iter().filter(|pid| is_named(*pid)).collect()
}

fn kill(pid: u32) {
    super::root::made("kill", &["-9", &pid.to_string()]);
}

#[test]
fn apt_killed_in_the_middle_is_waited_for_repaired_and_told() {
    let Some((root, simulation)) = slow_host("apt-killed") else { return };
    let folder = root.order(Task::ApplyPackages(approved(&simulation)));
    let mut job = root.job(&folder).spawn().unwrap();
    until("slow", || root.at("/run/slow-begun").exists());
    for pid in processes(&root, "apt-get") {
        kill(pid);
    }
    std::thread::sleep(Duration::from_millis(500));
    assert!(root.outcome(&folder).is_none(), "dpkg still works, so nothing is concluded yet");
    root.write("/run/go", "");
    job.wait().unwrap();
    let outcome = root.outcome(&folder).unwrap();
    assert_eq!(outcome.state, OutcomeState::Failed, "{outcome:?}");
    assert!(outcome.summary.contains("signal 9"), "{}", outcome.summary);
    let applied: Applied = result(&outcome);
    assert_eq!((applied.missing.len(), applied.audit.as_str()), (0, ""), "dpkg finished what it had begun");
    assert!(root.text(&format!("{folder}/output")).contains("slow is through"));
    assert_eq!(go_back(&root, &["newcomer"]).1.state, OutcomeState::Succeeded);
}

#[test]
fn dpkg_killed_in_the_middle_is_repaired() {
    let Some((root, simulation)) = slow_host("dpkg-killed") else { return };
    let folder = root.order(Task::ApplyPackages(approved(&simulation)));
    let mut job = root.job(&folder).spawn().unwrap();
    until("slow", || root.at("/run/slow-begun").exists());
    for pid in processes(&root, "apt-get").into_iter().chain(processes(&root, "dpkg")) {
        kill(pid);
    }
    root.write("/run/go", "");
    job.wait().unwrap();
    let outcome = root.outcome(&folder).unwrap();
    let applied: Applied = result(&outcome);
    assert_eq!(outcome.state, OutcomeState::Failed, "{outcome:?}");
    assert_eq!((applied.missing.len(), applied.audit.as_str()), (0, ""), "{outcome:?}");
    assert_eq!(root.must("dpkg", &["--audit"]), "", "nothing is left half configured");
}

#[test]
fn a_job_that_vanished_is_taken_up_once_and_changes_nothing_twice() {
    let Some((root, simulation)) = slow_host("job-killed") else { return };
    let folder = root.order(Task::ApplyPackages(approved(&simulation)));
    let mut job = root.job(&folder).spawn().unwrap();
    until("slow", || root.at("/run/slow-begun").exists());
    job.kill().unwrap();
    job.wait().unwrap();
    let mut second = root.job(&folder).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(500));
    assert!(root.outcome(&folder).is_none(), "it waits for the dpkg that is still at work");
    root.write("/run/go", "");
    second.wait().unwrap();
    let outcome = root.outcome(&folder).unwrap();
    assert_eq!(outcome.state, OutcomeState::Lost, "{outcome:?}");
    let applied: Applied = result(&outcome);
    assert_eq!(
        (applied.done.len(), applied.missing.len(), applied.audit.as_str()),
        (6, 0, ""),
        "{outcome:?}"
    );
    let output = root.text(&format!("{folder}/output"));
    assert_eq!(output.matches("slow is through").count(), 1, "{output}");
    assert!(output.contains("taken up from here"), "{output}");
}

#[test]
fn what_does_not_fit_is_refused_before_anything_is_changed() {
    let Some(root) = Root::new("room") else { return };
    root.install(&plain("1.0", PLAIN[0]));
    // Nine tebibytes once unpacked, as its control file says.
    let huge = Made { fields: "Installed-Size: 9663676416\n", ..plain("1.1", PLAIN[1]) };
    root.offer(&huge, Suite::Security);
    root.publish();
    let before = root.packages();
    let simulation = simulate(&root);
    let [short] = simulation.short_of.as_slice() else { panic!("{simulation:?}") };
    assert_eq!(short.place, "/usr");
    assert!(short.needed_bytes > 9 << 40 && short.free_bytes < short.needed_bytes, "{short:?}");
    let outcome = root.carry_out(Task::ApplyPackages(approved(&simulation)));
    assert_eq!(outcome.state, OutcomeState::Refused, "{outcome:?}");
    assert!(outcome.summary.starts_with("there is too little room, nothing was changed: /usr has "));
    assert_eq!(root.packages(), before);
}

#[test]
fn a_way_back_nobody_took_gives_its_room_back_and_a_younger_one_stays() {
    let Some(root) = host("forget") else { return };
    root.write(&format!("{AGENT}/saved/old/plain_1.0_all.deb"), "");
    root.write(&format!("{AGENT}/saved/young/plain_1.0_all.deb"), "");
    for (name, days) in [("old", SAVED_FOR_DAYS + 1), ("young", SAVED_FOR_DAYS - 1)] {
        let folder = root.at(&format!("{AGENT}/saved/{name}"));
        let done = std::process::Command::new("touch")
            .args(["-d", &format!("{days} days ago")])
            .arg(folder)
            .status();
        assert!(done.unwrap().success());
    }
    let simulation = simulate(&root);
    keep(&root, &simulation);
    let left = |name: &str| root.at(&format!("{AGENT}/saved/{name}")).exists();
    assert_eq!((left("old"), left("young"), left("plan")), (false, true, true));
}
