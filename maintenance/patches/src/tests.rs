//! Stories of room patches, on both engines: from what waits to what was verified.

use std::time::Duration;

use mainstay_kernel::store::{Schema, Tx};
use mainstay_kernel::testing::{House, MONDAY_MS, story};
use mainstay_kernel::{Cx, Fault, SCHEMA as KERNEL, jobs};
use mainstay_record::deadlines::{self, Deadlines};
use mainstay_record::finding::{self, State};
use mainstay_record::plan::{self, State as Plan};
use mainstay_record::{AssetId, PlanId, SCHEMA as RECORD, agent, fact, policy};
use mainstay_wire::packages::{PROGRAMS_IN_NO_UNIT, REBOOT};
use mainstay_wire::{Enrol, Machine, Outcome, OutcomeState, Output, Section, Task, Unseen};
use serde_json::{Value, json};

use crate::{Changelogs, DEADLINES, Which};

const SCHEMAS: &[Schema] = &[KERNEL, RECORD, crate::SCHEMA];

fn assess(tx: &mut Tx<'_>, cx: &Cx, job: &jobs::Job) -> Result<jobs::Next, Fault> {
    let (asset, section) = fact::assessed(job)?;
    crate::assess(tx, cx, asset, &section)?;
    Ok(jobs::Next::Done)
}

fn tell<F, S>(story_of: F)
where
    F: Fn(House) -> S,
    S: Future<Output = ()>,
{
    let mut kinds =
        vec![jobs::Kind { name: fact::ASSESS, work: jobs::Work::Transact(assess), most_failures: 3 }];
    kinds.extend_from_slice(crate::JOBS);
    story(SCHEMAS, crate::hearers(), kinds, story_of);
}

async fn host(house: &House) -> agent::Agent {
    let cx = house.cx();
    let enter = move |tx: &mut Tx<'_>| {
        let token = agent::invite(tx, &cx)?;
        let machine = Machine {
            name: "web-7".into(),
            machine_id: Some("m7".into()),
            os: "debian".into(),
            os_name: "Debian 12".into(),
            architecture: "amd64".into(),
            agent: "0.1.0".into(),
        };
        let enrolled = agent::enrol(tx, &cx, &Enrol { protocol: 1, token, nonce: "n".into(), machine })?;
        agent::by_key(tx, cx.org, &enrolled.key)
    };
    house.db().write(enter).await.unwrap()
}

fn update(name: &str, source: &str, is_security: bool) -> Value {
    json!({
        "name": name, "arch": "amd64", "installed": "1", "candidate": "2", "source": source, "source_version": "2",
        "origins": [{ "origin": "Debian", "label": "Debian-Security", "suite": "s", "codename": "c", "version": "12",
            "component": "main", "site": "" }],
        "is_security": is_security, "download_bytes": 1000, "waiting": { "basis": "since-first-seen" }
    })
}

/// A section as an agent brings it, and the rules after it.
async fn bring(house: &House, on: AssetId, section: Section, at: i64, content: Value) {
    let cx = house.cx();
    let store = move |tx: &mut Tx<'_>| {
        fact::store(tx, &cx, on, &section, &format!("h{at}"), &content.to_string(), MONDAY_MS + at)?;
        fact::assess_soon(tx, &cx, on, &section)
    };
    house.db().write(store).await.unwrap();
    house.forward(Duration::ZERO).await;
}

/// A look at what waits, and the rules after it. Its versions tell no changelog apart, so none is asked for.
async fn look(house: &House, on: AssetId, at: i64, updates: &[Value], gaps: &[&str]) {
    let unseen: Vec<_> =
        gaps.iter().map(|gap| json!({ "what": gap, "because": "the disk is broken" })).collect();
    let value = json!({ "updates": updates, "arriving": [], "leaving": [], "kept_back": [], "lists": [] });
    bring(house, on, Section::Updates, at, json!({ "value": value, "unseen": unseen })).await;
}

async fn findings(house: &House, on: AssetId) -> Vec<(String, State, bool)> {
    let cx = house.cx();
    let found = house.db().read(move |tx| finding::of_asset(tx, &cx, on)).await.unwrap();
    let mut short: Vec<_> = found.into_iter().map(|f| (f.subject, f.state, f.stale.is_some())).collect();
    short.sort_by(|a, b| a.0.cmp(&b.0));
    short
}

#[test]
fn updates_open_findings_by_source_and_only_a_whole_look_closes_them() {
    tell(|house| async move {
        let on = host(&house).await.asset;
        let waiting = [
            update("libssl3", "openssl", true),
            update("openssl", "openssl", true),
            update("sed", "sed", false),
        ];
        look(&house, on, 1, &waiting, &[]).await;
        let open = |subject: &str, is_stale| (subject.to_owned(), State::Open, is_stale);
        assert_eq!(findings(&house, on).await, [open("openssl", false), open("other updates", false)]);
        look(&house, on, 2, &[], &["a package list"]).await;
        assert_eq!(findings(&house, on).await, [open("openssl", true), open("other updates", true)]);
        look(&house, on, 3, &waiting[2..], &[]).await;
        assert_eq!(
            findings(&house, on).await,
            [("openssl".to_owned(), State::Gone, false), open("other updates", false)]
        );
    });
}

#[test]
fn a_changed_policy_shows_first_what_it_would_do_and_then_does_exactly_that() {
    tell(|house| async move {
        let on = host(&house).await.asset;
        look(&house, on, 1, &[update("openssl", "openssl", true)], &[]).await;
        house.forward(Duration::from_hours(120)).await;
        let strict = Deadlines { critical_days: 1, high_days: 2, medium_days: 30, low_days: 90 };
        let (cx, wanted) = (house.cx(), strict.clone());
        let effects =
            house.db().read(move |tx| deadlines::dry_run(tx, &cx, DEADLINES, &wanted)).await.unwrap();
        assert_eq!(effects.len(), 1);
        assert!(effects[0].becomes_late);
        let (cx, wanted) = (house.cx(), strict.clone());
        house.db().write(move |tx| deadlines::change(tx, &cx, DEADLINES, 0, &wanted)).await.unwrap();
        let (cx, wanted) = (house.cx(), strict);
        let late = house.db().write(move |tx| deadlines::change(tx, &cx, DEADLINES, 0, &wanted)).await;
        assert_eq!(late.unwrap_err().code(), "stale");
        let cx = house.cx();
        let found = house.db().read(move |tx| finding::of_asset(tx, &cx, on)).await.unwrap();
        assert_eq!(found[0].due_ms, Some(effects[0].due_after_ms));
        let cx = house.cx();
        assert_eq!(
            house.db().read(move |tx| deadlines::current(tx, &cx, DEADLINES)).await.unwrap().version,
            1
        );
        let odd = Deadlines { critical_days: 30, high_days: 2, medium_days: 0, low_days: 90 };
        let Err(Fault::Invalid(problems)) = odd.check() else { panic!("it does not hold") };
        assert_eq!(problems.len(), 2);
    });
}

/// The agent fetches its orders and answers the newest with this outcome; the word of the task.
async fn answer(house: &House, agent: &agent::Agent, state: OutcomeState, result: Option<Value>) -> String {
    let task = answered(house, agent, state, result).await.expect("something is ordered");
    serde_json::to_value(&task).unwrap()["do"].as_str().unwrap().to_owned()
}

async fn answered(
    house: &House,
    agent: &agent::Agent,
    state: OutcomeState,
    result: Option<Value>,
) -> Option<Task> {
    let (cx, id) = (house.cx(), agent.id);
    let orders = house.db().write(move |tx| mainstay_record::run::hand_out(tx, &cx, id)).await.unwrap();
    let order = orders.last()?.clone();
    let done = Outcome { state, summary: "said the host".into(), code: Some(0), ended_at_ms: 1, result };
    let output = Output {
        order_id: order.id,
        fence: order.fence,
        offset: 0,
        chunk: "line\n".into(),
        done: Some(done),
    };
    let cx = house.cx();
    house.db().write(move |tx| mainstay_record::run::hear(tx, &cx, id, &output)).await.unwrap();
    house.forward(Duration::ZERO).await;
    Some(order.task)
}

async fn state(house: &House, id: PlanId) -> Plan {
    let cx = house.cx();
    house.db().read(move |tx| plan::get(tx, &cx, id)).await.unwrap().state
}

fn simulation() -> Value {
    json!({ "steps": [{ "action": "upgrade", "name": "openssl", "architecture": "amd64", "old": "1", "new": "2" }],
        "hash": "h1", "old_still_offered": 0 })
}

#[test]
fn a_plan_is_simulated_approved_applied_and_verified_by_looking_again() {
    tell(|house| async move {
        let agent = host(&house).await;
        let on = agent.asset;
        look(&house, on, 1, &[update("openssl", "openssl", true)], &[]).await;
        let prepare = || {
            let cx = house.cx();
            house.db().write(move |tx| crate::prepare(tx, &cx, on, Which::Security))
        };
        let id = prepare().await.unwrap();
        assert_eq!(prepare().await.unwrap_err().code(), "plan_open");
        assert_eq!(findings(&house, on).await[0].1, State::Planned);
        assert_eq!(
            answer(&house, &agent, OutcomeState::Succeeded, Some(simulation())).await,
            "simulate_packages"
        );
        assert_eq!(state(&house, id).await, Plan::Ready);
        let approve = |hash: &'static str| {
            let cx = house.cx();
            house.db().write(move |tx| crate::approve(tx, &cx, id, hash, None))
        };
        assert_eq!(approve("another").await.unwrap_err().code(), "stale");
        approve("h1").await.unwrap();
        assert_eq!(answer(&house, &agent, OutcomeState::Succeeded, None).await, "keep_old");
        assert_eq!(answer(&house, &agent, OutcomeState::Succeeded, None).await, "apply_packages");
        assert_eq!(state(&house, id).await, Plan::Running);
        assert_eq!(findings(&house, on).await[0].1, State::Planned, "installing closes nothing");
        look(&house, on, 2, &[], &[]).await;
        assert_eq!(findings(&house, on).await[0].1, State::Gone);
        assert_eq!(answer(&house, &agent, OutcomeState::Succeeded, None).await, "look");
        assert_eq!(state(&house, id).await, Plan::Done);
    });
}

#[test]
fn a_failed_installation_gives_its_findings_back_and_still_looks_again() {
    tell(|house| async move {
        let agent = host(&house).await;
        let on = agent.asset;
        look(&house, on, 1, &[update("openssl", "openssl", true)], &[]).await;
        let cx = house.cx();
        let id = house.db().write(move |tx| crate::prepare(tx, &cx, on, Which::Everything)).await.unwrap();
        answer(&house, &agent, OutcomeState::Succeeded, Some(simulation())).await;
        let cx = house.cx();
        let window = Some((MONDAY_MS + 3_600_000, MONDAY_MS + 7_200_000));
        house.db().write(move |tx| crate::approve(tx, &cx, id, "h1", window)).await.unwrap();
        assert_eq!(state(&house, id).await, Plan::Approved, "its window has not opened");
        house.forward(Duration::from_secs(3601)).await;
        assert_eq!(state(&house, id).await, Plan::Running);
        answer(&house, &agent, OutcomeState::Succeeded, None).await;
        answer(&house, &agent, OutcomeState::Refused, None).await;
        assert_eq!(state(&house, id).await, Plan::Failed);
        assert_eq!(findings(&house, on).await[0].1, State::Open);
        assert_eq!(answer(&house, &agent, OutcomeState::Succeeded, None).await, "look");
        assert_eq!(state(&house, id).await, Plan::Failed);
    });
}

#[test]
fn a_window_that_passed_starts_nothing() {
    tell(|house| async move {
        let agent = host(&house).await;
        let on = agent.asset;
        look(&house, on, 1, &[update("openssl", "openssl", true)], &[]).await;
        let cx = house.cx();
        let id = house.db().write(move |tx| crate::prepare(tx, &cx, on, Which::Security)).await.unwrap();
        answer(&house, &agent, OutcomeState::Succeeded, Some(simulation())).await;
        let cx = house.cx();
        let window = Some((MONDAY_MS + 1000, MONDAY_MS + 2000));
        house.db().write(move |tx| crate::approve(tx, &cx, id, "h1", window)).await.unwrap();
        house.forward(Duration::from_hours(24)).await;
        assert_eq!(state(&house, id).await, Plan::Failed);
    });
}

#[test]
fn old_lists_close_what_was_installed() {
    tell(|house| async move {
        let on = host(&house).await.asset;
        let waiting = [update("a", "a", true), update("b", "b", true), update("c", "c", true)];
        look(&house, on, 1, &waiting, &[]).await;
        assert_eq!(findings(&house, on).await.len(), 3);
        look(&house, on, 2, &waiting[1..], &["updates published since then"]).await;
        assert_eq!(findings(&house, on).await[0].1, State::Gone);
        assert_eq!(findings(&house, on).await[1].1, State::Open);
    });
}

#[test]
fn sessions_and_programs_that_run_replaced_code_count() {
    use mainstay_wire::packages::{Restarts, StaleKind, StaleUnit};
    let unit = |kind| StaleUnit { unit: "x".into(), kind, ..StaleUnit::default() };
    let units = vec![unit(StaleKind::Session), unit(StaleKind::Process), unit(StaleKind::Reboot)];
    let seen = crate::restart::sightings(&Restarts { units, ..Restarts::default() }, 0);
    assert_eq!(seen.len(), 2);
    assert!(seen.iter().all(|s| s.severity == finding::Severity::Low));
    assert_eq!(seen[0].detail["fix"][0], "Sign out and sign in again");
}

#[test]
fn a_gap_in_restarts_keeps_only_what_it_hides() {
    let gap = Unseen::new("processes", "not ours")
        .hides(["nginx.service".to_owned(), PROGRAMS_IN_NO_UNIT.to_owned()]);
    let hides = |subject| crate::restart::hides(&gap, subject);
    assert!(hides("nginx.service") && hides("java"), "its own unit, and programs of nobody knows whom");
    assert!(!hides("ssh.service") && !hides("session-3.scope") && !hides(REBOOT));
    let old = Unseen::new("processes", "an agent that does not say what it hides");
    assert!(crate::restart::hides(&old, "ssh.service") && crate::restart::hides(&old, REBOOT));
    tell(|house| async move {
        let on = host(&house).await.asset;
        let unit = |name: &str| json!({ "unit": name, "kind": "service", "package": null, "processes": [] });
        let seen = |units: &[Value], unseen: Value| {
            let value = json!({ "units": units, "kernel": null, "reboot": [], "processes_seen": 9, "processes_hidden": 1 });
            json!({ "value": value, "unseen": unseen })
        };
        bring(
            &house,
            on,
            Section::Restarts,
            1,
            seen(&[unit("nginx.service"), unit("ssh.service")], json!([])),
        )
        .await;
        let gap = json!([{ "what": "processes", "because": "not ours", "hides": ["nginx.service"] }]);
        bring(&house, on, Section::Restarts, 2, seen(&[], gap)).await;
        let told = findings(&house, on).await;
        assert_eq!(told[0], ("nginx.service".to_owned(), State::Open, true), "it may stand behind the gap");
        assert_eq!(
            told[1],
            ("ssh.service".to_owned(), State::Gone, false),
            "it was restarted, and that was seen"
        );
    });
}

#[test]
fn a_package_that_is_not_whole_is_a_finding_until_it_is() {
    tell(|house| async move {
        let on = host(&house).await.asset;
        let package = |state: &str| {
            json!({ "value": { "packages": [{ "family": "dpkg", "name": "openssl", "version": "2", "arch": "amd64",
                "source": "openssl", "source_version": "2", "state": state }] }, "unseen": [] })
        };
        bring(&house, on, Section::Packages, 1, package("unconfigured")).await;
        assert_eq!(findings(&house, on).await, [("openssl:amd64".to_owned(), State::Open, false)]);
        bring(&house, on, Section::Packages, 2, package("installed")).await;
        assert_eq!(findings(&house, on).await[0].1, State::Gone);
    });
}

/// A security update whose versions are known, so that its changelog can be asked for.
fn dated(name: &str, source: &str) -> Value {
    let mut update = update(name, source, true);
    update["installed_source_version"] = json!("1");
    update
}

async fn detail(house: &House, on: AssetId) -> Value {
    let cx = house.cx();
    house.db().read(move |tx| finding::of_asset(tx, &cx, on)).await.unwrap()[0].detail.clone()
}

#[test]
fn changelogs_are_read_once_and_their_cves_stand_on_the_finding() {
    tell(|house| async move {
        let agent = host(&house).await;
        let on = agent.asset;
        look(&house, on, 1, &[dated("libssl3", "openssl")], &[]).await;
        assert!(detail(&house, on).await["cves_note"].as_str().unwrap().starts_with("Not visible yet"));
        let read = json!({ "value": { "packages": [{ "source": "openssl", "installed": "1", "candidate": "2", "entries": [],
            "cves": ["CVE-2026-0001", "CVE-2026-0002"] }] }, "unseen": [] });
        let task = answered(&house, &agent, OutcomeState::Succeeded, Some(read)).await;
        assert_eq!(task, Some(Task::ReadChangelogs { packages: vec!["libssl3".into()] }));
        let now = detail(&house, on).await;
        assert_eq!(now["cves"], json!(["CVE-2026-0001", "CVE-2026-0002"]));
        let cx = house.cx();
        let found = house.db().read(move |tx| finding::of_asset(tx, &cx, on)).await.unwrap();
        assert!(found[0].reason.ends_with("Its changelog names 2 CVEs."), "{}", found[0].reason);
        look(&house, on, 2, &[dated("libssl3", "openssl")], &[]).await;
        assert_eq!(answered(&house, &agent, OutcomeState::Succeeded, None).await, None, "it is known");
    });
}

#[test]
fn a_changelog_that_could_not_be_read_is_not_visible_and_tried_again_the_next_day() {
    tell(|house| async move {
        let agent = host(&house).await;
        let on = agent.asset;
        look(&house, on, 1, &[dated("libssl3", "openssl")], &[]).await;
        let unread = json!({ "value": { "packages": [] },
            "unseen": [{ "what": "changelog of openssl", "because": "the archive is away" }] });
        answer(&house, &agent, OutcomeState::Succeeded, Some(unread)).await;
        let now = detail(&house, on).await;
        assert_eq!(now["cves_note"], "Not visible, because the archive is away.");
        assert_eq!(now["cves"], json!([]));
        look(&house, on, 2, &[dated("libssl3", "openssl")], &[]).await;
        assert_eq!(answered(&house, &agent, OutcomeState::Succeeded, None).await, None, "not every hour");
        house.forward(Duration::from_hours(25)).await;
        look(&house, on, 3, &[dated("libssl3", "openssl")], &[]).await;
        assert_eq!(answer(&house, &agent, OutcomeState::Refused, None).await, "read_changelogs");
        assert_eq!(detail(&house, on).await["cves_note"], "Not visible, because said the host.");
    });
}

#[test]
fn where_the_policy_forbids_it_nothing_is_downloaded_and_it_says_so() {
    tell(|house| async move {
        let agent = host(&house).await;
        let cx = house.cx();
        let no = Changelogs { may_download: false };
        house.db().write(move |tx| policy::change(tx, &cx, 0, &no)).await.unwrap();
        look(&house, agent.asset, 1, &[dated("libssl3", "openssl")], &[]).await;
        assert_eq!(answered(&house, &agent, OutcomeState::Succeeded, None).await, None);
        let note = detail(&house, agent.asset).await["cves_note"].as_str().unwrap().to_owned();
        assert!(note.starts_with("Not visible, because the policy does not allow"), "{note}");
    });
}

/// A plan that is done, with what the host saved.
async fn done(house: &House, agent: &agent::Agent, kept: &[&str], lost: &[&str]) -> PlanId {
    let on = agent.asset;
    look(house, on, 1, &[update("openssl", "openssl", true)], &[]).await;
    let cx = house.cx();
    let id = house.db().write(move |tx| crate::prepare(tx, &cx, on, Which::Security)).await.unwrap();
    let mut simulated = simulation();
    simulated["way_back"] = json!({ "snapshot": null, "possible": [], "to_save": 1, "lost": [] });
    answer(house, agent, OutcomeState::Succeeded, Some(simulated)).await;
    let cx = house.cx();
    house.db().write(move |tx| crate::approve(tx, &cx, id, "h1", None)).await.unwrap();
    let pinned = |name: &&str| json!({ "name": name, "version": "1", "architecture": "amd64" });
    let lost: Vec<Value> =
        lost.iter().map(|name| json!({ "package": pinned(name), "because": "its list is broken" })).collect();
    let saved = json!({ "saved_as": id, "kept": kept.iter().map(pinned).collect::<Vec<_>>(), "lost": lost });
    answer(house, agent, OutcomeState::Succeeded, Some(saved)).await;
    if lost.is_empty() {
        answer(house, agent, OutcomeState::Succeeded, None).await;
        look(house, on, 2, &[], &[]).await;
        answer(house, agent, OutcomeState::Succeeded, None).await;
    }
    id
}

#[test]
fn the_way_back_is_a_plan_of_its_own_and_the_finding_returns() {
    tell(|house| async move {
        let agent = host(&house).await;
        let on = agent.asset;
        let first = done(&house, &agent, &["openssl"], &[]).await;
        assert_eq!(state(&house, first).await, Plan::Done);
        assert_eq!(findings(&house, on).await[0].1, State::Gone);
        let cx = house.cx();
        let told = house.db().read(move |tx| plan::get(tx, &cx, first)).await.unwrap().rollback;
        assert_eq!(told, "saved packages: all 1 old versions, 0 of them from the archive");
        let back = || {
            let cx = house.cx();
            house.db().write(move |tx| crate::prepare_back(tx, &cx, first))
        };
        let id = back().await.unwrap();
        assert_eq!(back().await.unwrap_err().code(), "plan_open");
        let down = json!({ "steps": [{ "action": "downgrade", "name": "openssl", "architecture": "amd64", "old": "2", "new": "1" }],
            "hash": "h2" });
        assert_eq!(answer(&house, &agent, OutcomeState::Succeeded, Some(down)).await, "simulate_roll_back");
        assert_eq!(state(&house, id).await, Plan::Ready, "it waits for an approval of its own");
        let cx = house.cx();
        house.db().write(move |tx| crate::approve(tx, &cx, id, "h2", None)).await.unwrap();
        let Some(Task::RollBack(order)) = answered(&house, &agent, OutcomeState::Succeeded, None).await
        else {
            panic!("the way back is ordered")
        };
        assert_eq!((order.saved, order.approved_hash.as_str()), (first.to_string(), "h2"));
        look(&house, on, 3, &[update("openssl", "openssl", true)], &[]).await;
        assert_eq!(answer(&house, &agent, OutcomeState::Succeeded, None).await, "look");
        assert_eq!(state(&house, id).await, Plan::Done);
        assert_eq!(findings(&house, on).await[0].1, State::Open, "what was taken back waits again");
        let cx = house.cx();
        let again = house.db().write(move |tx| crate::prepare_back(tx, &cx, id)).await;
        assert_eq!(again.unwrap_err().code(), "no_way_back", "there is no way back from a way back");
    });
}

#[test]
fn nothing_is_installed_when_less_could_be_saved_than_was_approved() {
    tell(|house| async move {
        let agent = host(&house).await;
        let id = done(&house, &agent, &[], &["openssl"]).await;
        assert_eq!(state(&house, id).await, Plan::Failed);
        assert_eq!(findings(&house, agent.asset).await[0].1, State::Open);
        assert_eq!(answered(&house, &agent, OutcomeState::Succeeded, None).await, None, "nothing was begun");
        let cx = house.cx();
        let back = house.db().write(move |tx| crate::prepare_back(tx, &cx, id)).await;
        assert_eq!(back.unwrap_err().code(), "no_way_back");
    });
}
