//! The agent against a real server on loopback: enrolment, outages, kill -9, bad answers, orders.
//!
//! This test has no harness, because it is also the program it starts: `agent FOLDER SERVER` is an agent of
//! its own to be killed, `agent-job FOLDER` carries out one order.

#![expect(clippy::unwrap_used, reason = "this whole program is a test; a broken step must end it")]

mod server;

use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mainstay_agent::wire::{Apply, Order, OutcomeState, Pinned, Section, Simulation, Task, Took, Wish};
use mainstay_agent::{Config, Fault, Looked};
use server::{KEY, Mood, Server, TOKEN};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().collect();
    match words.get(1).map(String::as_str) {
        Some("agent-job") => return mainstay_agent::job(Path::new(&words[2])),
        Some("agent") => return be_agent(Path::new(&words[2]), &words[3]),
        _ => {}
    }
    let tests: &[(&str, fn())] = &[
        ("enrolment_happens_once_and_its_key_is_private", enrolment_happens_once_and_its_key_is_private),
        ("a_refused_token_says_what_to_do", a_refused_token_says_what_to_do),
        (
            "a_server_that_moved_is_followed_with_the_same_key",
            a_server_that_moved_is_followed_with_the_same_key,
        ),
        ("an_outage_loses_and_doubles_nothing", an_outage_loses_and_doubles_nothing),
        (
            "a_server_that_lost_its_memory_gets_everything_whole",
            a_server_that_lost_its_memory_gets_everything_whole,
        ),
        ("bad_answers_are_survived", bad_answers_are_survived),
        ("kill_9_at_any_moment_loses_and_doubles_nothing", kill_9_at_any_moment_loses_and_doubles_nothing),
        ("improper_late_and_unknown_orders_are_refused", improper_late_and_unknown_orders_are_refused),
        ("a_job_is_not_kept_from_its_order_by_a_look", a_job_is_not_kept_from_its_order_by_a_look),
        ("an_order_that_lost_its_text_is_not_begun_again", an_order_that_lost_its_text_is_not_begun_again),
        ("an_agent_that_ended_lets_go_of_its_orders", an_agent_that_ended_lets_go_of_its_orders),
        ("a_simulation_runs_once_and_says_what_apt_says", a_simulation_runs_once_and_says_what_apt_says),
    ];
    let wanted = words.iter().skip(1).find(|word| !word.starts_with('-'));
    for (name, test) in
        tests.iter().filter(|(name, _)| wanted.is_none_or(|wanted| name.contains(wanted.as_str())))
    {
        test();
        println!("test {name} ... ok");
    }
    ExitCode::SUCCESS
}

/// Looks that differ each time for disks and never for units.
fn config(folder: &Path, server: &str, token: &str) -> Config {
    let count = AtomicU64::new(u64::from(std::process::id()) << 20);
    let mut config = Config::new(folder, vec![std::env::current_exe().unwrap().into(), "agent-job".into()]);
    config.server = Some(server.to_owned());
    config.token = Some(token.to_owned());
    config.sections = vec![Section::Disks, Section::Units];
    config.interval = |_| Duration::from_millis(20);
    config.first_pause = Duration::from_millis(20);
    config.look = Arc::new(move |section| {
        let number = if *section == Section::Disks { count.fetch_add(1, Ordering::Relaxed) } else { 0 };
        let content = serde_json::value::to_raw_value(&format!("{section} {number}")).unwrap();
        Some(Looked {
            section: section.clone(),
            at_ms: 1,
            hash: content.get().to_owned(),
            content,
            took: Took::default(),
        })
    });
    config
}

/// Runs the agent while `act` looks on.
fn while_running(config: Config, act: impl FnOnce()) -> Result<(), Fault> {
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let agent = runtime.spawn(mainstay_agent::run(config, async {
        let _ = stopped.await;
    }));
    act();
    let _ = stop.send(());
    let ended = runtime.block_on(agent).unwrap();
    runtime.shutdown_background();
    ended
}

fn be_agent(folder: &Path, server: &str) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let ended = runtime.block_on(mainstay_agent::run(config(folder, server, TOKEN), std::future::pending()));
    println!("{ended:?}");
    ExitCode::FAILURE
}

fn enrolment_happens_once_and_its_key_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::start());
    server.with(|state| state.mood = Mood::Away);
    while_running(config(folder.path(), &server.address, TOKEN), || {
        server.until("a call while away", |state| state.calls > 2);
        server.with(|state| state.mood = Mood::Fine);
        server.until("looks", |state| state.items.len() > 3);
    })
    .unwrap();
    let mode = folder.path().join("agent.json").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let before = server.with(|state| state.items.len());
    while_running(config(folder.path(), &server.address, "another token"), || {
        server.until("more looks", |state| state.items.len() > before + 3);
    })
    .unwrap();
    server.with(|state| {
        assert_eq!(state.enrolled.len(), 1);
        let machine = &state.enrolled[0].machine;
        assert!(!machine.name.is_empty() && !machine.os.is_empty() && !machine.architecture.is_empty());
    });
}

fn a_refused_token_says_what_to_do() {
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::start());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let config = config(folder.path(), &server.address, "wrong");
    let fault = runtime.block_on(mainstay_agent::run(config, std::future::pending())).unwrap_err();
    assert!(fault.to_string().contains("mainstay add-host"), "{fault}");
    let mut bare = Config::new(folder.path(), Vec::new());
    bare.server = None;
    let fault = runtime.block_on(mainstay_agent::run(bare, std::future::pending())).unwrap_err();
    assert!(matches!(fault, Fault::NotEnrolled), "{fault}");
}

/// The second start names another address; the third names none, and the address was kept.
fn a_server_that_moved_is_followed_with_the_same_key() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second, third) = (Server::start(), Server::start(), Server::start());
    let looks = |config: Config, server: &Server| {
        let before = server.with(|state| state.items.len());
        while_running(config, || server.until("looks", |state| state.items.len() > before + 2)).unwrap();
    };
    looks(config(folder.path(), &first.address, TOKEN), &first);
    looks(config(folder.path(), &second.address, TOKEN), &second);
    let calls = first.with(|state| state.calls);
    let mut nameless = config(folder.path(), "", TOKEN);
    (nameless.server, nameless.token) = (None, None);
    looks(nameless, &second);
    assert_eq!(first.with(|state| state.calls), calls, "the old address is not called again");
    assert_eq!(second.with(|state| state.enrolled.len()), 0, "the key was kept");
    let mut bad = config(folder.path(), "http://192.0.2.1:1", TOKEN);
    bad.token = None;
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let fault = runtime.block_on(mainstay_agent::run(bad, std::future::pending())).unwrap_err();
    assert!(matches!(fault, Fault::Address(_)), "{fault}");
    let mut nameless = config(folder.path(), "", TOKEN);
    (nameless.server, nameless.token) = (None, None);
    looks(nameless, &second);
    // A token that is not spent yet belongs to a server that does not know this agent.
    let fault = runtime
        .block_on(mainstay_agent::run(config(folder.path(), &third.address, "new"), std::future::pending()))
        .unwrap_err();
    assert!(matches!(fault, Fault::TokenRefused), "{fault}");
    assert_eq!(third.with(|state| state.items.len()), 0);
}

/// Numbers without a gap, and each content of disks once.
fn assert_nothing_lost_or_doubled(server: &Server) {
    server.with(|state| {
        let numbers: Vec<u64> = state.items.keys().copied().collect();
        let last = *numbers.last().unwrap();
        assert_eq!(numbers, (1..=last).collect::<Vec<_>>(), "a gap");
        let contents: Vec<&str> = state
            .items
            .values()
            .filter(|item| item.section == Section::Disks)
            .filter_map(|item| item.content.as_ref().map(|content| content.get()))
            .collect();
        let unique: std::collections::HashSet<&&str> = contents.iter().collect();
        assert_eq!(unique.len(), contents.len(), "a content came twice");
        let units =
            state.items.values().filter(|item| item.section == Section::Units && item.content.is_some());
        assert_eq!(units.count(), 1, "units never change");
        assert_eq!(state.dropped, 0);
    });
}

fn an_outage_loses_and_doubles_nothing() {
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::start());
    while_running(config(folder.path(), &server.address, TOKEN), || {
        server.until("looks", |state| state.items.len() > 2);
        for mood in [Mood::Away, Mood::Deaf] {
            server.with(|state| state.mood = mood);
            std::thread::sleep(Duration::from_millis(300));
            let before = server.with(|state| {
                state.mood = Mood::Fine;
                state.items.len()
            });
            server.until("the rest", |state| state.items.len() > before + 10);
        }
    })
    .unwrap();
    assert!(server.with(|state| state.repeats) > 0, "what got no answer was sent again");
    assert_nothing_lost_or_doubled(&server);
}

fn a_server_that_lost_its_memory_gets_everything_whole() {
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::start());
    while_running(config(folder.path(), &server.address, TOKEN), || {
        server.until("looks", |state| state.items.len() > 6);
        server.with(|state| {
            state.hashes.clear();
            state.items.retain(|_, _| false);
        });
        server.until("units whole again", |state| state.hashes.contains_key(&Section::Units));
    })
    .unwrap();
}

fn bad_answers_are_survived() {
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::start());
    while_running(config(folder.path(), &server.address, TOKEN), || {
        server.until("looks", |state| state.items.len() > 2);
        for mood in [Mood::Rude, Mood::Giant, Mood::Picky] {
            let calls = server.with(|state| {
                state.mood = mood;
                state.calls
            });
            server.until("calls in that mood", |state| state.calls > calls + 4);
            let before = server.with(|state| {
                state.mood = Mood::Fine;
                state.items.len()
            });
            server.until("looks afterwards", |state| state.items.len() > before + 4);
        }
    })
    .unwrap();
}

fn kill_9_at_any_moment_loses_and_doubles_nothing() {
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::start());
    let start = || -> Child {
        Command::new(std::env::current_exe().unwrap())
            .arg("agent")
            .args([folder.path().as_os_str(), server.address.as_ref()])
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    };
    for round in 0..20_u64 {
        let mut agent = start();
        let before = server.with(|state| state.items.len());
        if round % 4 == 0 {
            server.until("looks", |state| state.items.len() > before + 2);
        }
        std::thread::sleep(Duration::from_millis(30 + round * 7 % 90));
        agent.kill().unwrap(); // SIGKILL
        agent.wait().unwrap();
    }
    let before = server.with(|state| state.items.len());
    let mut agent = start();
    server.until("the rest", |state| state.items.len() > before + 6);
    agent.kill().unwrap();
    agent.wait().unwrap();
    assert_nothing_lost_or_doubled(&server);
    assert!(!KEY.is_empty());
}

fn order(id: &str, task: Task) -> Order {
    Order { id: id.to_owned(), fence: 1, expires_at_ms: None, limit_s: 120, task }
}

fn improper_late_and_unknown_orders_are_refused() {
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::start());
    let evil =
        Pinned { name: "-oDPkg::Pre-Invoke::=id".into(), version: "1".into(), architecture: "all".into() };
    let late =
        Order { expires_at_ms: Some(1), ..order("late", Task::SimulatePackages { wish: Wish::Everything }) };
    let evil = Apply { set: vec![evil], remove: Vec::new(), approved_hash: "0".repeat(64), lock_wait_s: 1 };
    server.with(|state| {
        state.orders = vec![
            late,
            order("evil", Task::ApplyPackages(evil)),
            order("new", Task::Unknown),
            order("../../up", Task::Unknown),
            order("look", Task::Look { sections: vec![Section::Units] }),
        ];
    });
    while_running(config(folder.path(), &server.address, TOKEN), || {
        server.until("four outcomes", |state| state.outcomes.len() == 4);
    })
    .unwrap();
    server.with(|state| {
        let state_of = |id: &str| state.outcomes[id][0].state;
        assert_eq!(state_of("late"), OutcomeState::Expired);
        assert_eq!(state_of("evil"), OutcomeState::Refused);
        assert_eq!(state_of("new"), OutcomeState::Refused);
        assert_eq!(state_of("look"), OutcomeState::Succeeded);
        assert!(!folder.path().join("up").exists());
    });
}

/// The agent looks whether a job works by taking its lock, shared; on a slow machine the look may take long.
fn a_job_is_not_kept_from_its_order_by_a_look() {
    let folder = tempfile::tempdir().unwrap();
    let text = serde_json::to_vec(&order("look", Task::Look { sections: Vec::new() })).unwrap();
    std::fs::write(folder.path().join("order.json"), text).unwrap();
    let lock = std::fs::File::create(folder.path().join("lock")).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockShared).unwrap();
    let exe = std::env::current_exe().unwrap();
    let mut job = Command::new(exe).arg("agent-job").arg(folder.path()).spawn().unwrap();
    let files = format!("/proc/{}/fd", job.id());
    let is_at_the_lock = || {
        let files = std::fs::read_dir(&files).into_iter().flatten().flatten();
        files.flat_map(|file| std::fs::read_link(file.path())).any(|file| file.ends_with("lock"))
    };
    while !is_at_the_lock() && job.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(Duration::from_millis(100));
    drop(lock);
    assert!(job.wait().unwrap().success());
    assert!(folder.path().join("started").exists() && folder.path().join("outcome.json").exists());
}

fn an_order_that_lost_its_text_is_not_begun_again() {
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::start());
    let orders = folder.path().join("orders");
    std::fs::create_dir_all(orders.join("sim")).unwrap();
    std::fs::write(orders.join("sim/started"), "before\n").unwrap();
    server.with(|state| state.orders = vec![order("sim", Task::SimulatePackages { wish: Wish::Everything })]);
    while_running(config(folder.path(), &server.address, TOKEN), || {
        server.until("an outcome", |state| state.outcomes.contains_key("sim"));
    })
    .unwrap();
    assert_eq!(server.with(|state| state.outcomes["sim"][0].state), OutcomeState::Failed);
    assert_eq!(std::fs::read_to_string(orders.join("sim/started")).unwrap(), "before\n");
}

/// Whoever runs the agent may open its folder again at once, in the same process too.
fn an_agent_that_ended_lets_go_of_its_orders() {
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::start());
    server.with(|state| state.orders = vec![order("sim", Task::SimulatePackages { wish: Wish::Everything })]);
    let mut config = config(folder.path(), &server.address, TOKEN);
    (config.sections, config.job_program) = (Vec::new(), vec!["true".into()]);
    let agent = Arc::downgrade(&config.look);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let running = runtime.spawn(mainstay_agent::run(config, async {
        let _ = stopped.await;
    }));
    server.until("a question of the order", |state| state.output.contains_key("sim"));
    stop.send(()).unwrap();
    runtime.block_on(running).unwrap().unwrap();
    assert!(agent.upgrade().is_none(), "nothing of it is left");
}

/// The agent is killed while the order runs; the job goes on, its outcome arrives, the steps are apt's.
fn a_simulation_runs_once_and_says_what_apt_says() {
    let Ok(told) = Command::new("apt-get").args(["-s", "-o", "Debug::NoLocking=1", "dist-upgrade"]).output()
    else {
        println!("skipped: apt-get is not here");
        return;
    };
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::start());
    server.with(|state| state.orders = vec![order("sim", Task::SimulatePackages { wish: Wish::Everything })]);
    let start = || {
        Command::new(std::env::current_exe().unwrap())
            .arg("agent")
            .args([folder.path().as_os_str(), server.address.as_ref()])
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    };
    let started = folder.path().join("orders/sim/started");
    let begun_by = || std::fs::read_to_string(&started).unwrap_or_default();
    let mut agent = start();
    // The file is there before its line is.
    while !begun_by().ends_with('\n') {
        std::thread::sleep(Duration::from_millis(5));
    }
    let first = begun_by();
    agent.kill().unwrap();
    agent.wait().unwrap();
    let mut agent = start();
    for _ in 0..60 {
        std::thread::sleep(Duration::from_secs(5));
        if server.with(|state| !state.outcomes.is_empty()) {
            break;
        }
    }
    agent.kill().unwrap();
    agent.wait().unwrap();
    assert_eq!(begun_by(), first, "it was begun once");
    let outcome = server.with(|state| state.outcomes["sim"].clone());
    // An agent that was killed before it had the answer tells the same once more.
    assert!(outcome.iter().all(|told| *told == outcome[0]), "{outcome:?}");
    assert_eq!(outcome[0].state, OutcomeState::Succeeded, "{outcome:?}");
    let simulation: Simulation = serde_json::from_value(outcome[0].result.clone().unwrap()).unwrap();
    let theirs = told.lines().filter(|line| line.starts_with("Inst ") || line.starts_with("Remv ")).count();
    assert_eq!(simulation.steps.len(), theirs);
}
