//! Stories of room patches, on both engines: from what waits to what was verified.

use std::time::Duration;

use mainstay_kernel::store::{Schema, Tx};
use mainstay_kernel::testing::{House, MONDAY_MS, story};
use mainstay_kernel::{Cx, Fault, SCHEMA as KERNEL, jobs};
use mainstay_record::finding::{self, State};
use mainstay_record::plan::{self, State as Plan};
use mainstay_record::{AssetId, PlanId, SCHEMA as RECORD, agent, fact, policy};
use mainstay_wire::{Enrol, Machine, Outcome, OutcomeState, Output, Section};
use serde_json::{Value, json};

use crate::{Deadlines, Which};

const SCHEMAS: &[Schema] = &[KERNEL, RECORD];

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

/// A look at what waits, and the rules after it.
async fn look(house: &House, on: AssetId, at: i64, updates: &[Value], gaps: &[&str]) {
    let unseen: Vec<_> =
        gaps.iter().map(|gap| json!({ "what": gap, "because": "the disk is broken" })).collect();
    let value = json!({ "updates": updates, "arriving": [], "leaving": [], "kept_back": [], "lists": [] });
    let content = json!({ "value": value, "unseen": unseen }).to_string();
    let cx = house.cx();
    let store = move |tx: &mut Tx<'_>| {
        fact::store(tx, &cx, on, &Section::Updates, &format!("h{at}"), &content, MONDAY_MS + at)?;
        fact::assess_soon(tx, &cx, on, &Section::Updates)
    };
    house.db().write(store).await.unwrap();
    house.forward(Duration::ZERO).await;
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
        let effects = house.db().read(move |tx| crate::dry_run(tx, &cx, &wanted)).await.unwrap();
        assert_eq!(effects.len(), 1);
        assert!(effects[0].becomes_late);
        let (cx, wanted) = (house.cx(), strict.clone());
        house.db().write(move |tx| crate::change_deadlines(tx, &cx, 0, &wanted)).await.unwrap();
        let (cx, wanted) = (house.cx(), strict);
        let late = house.db().write(move |tx| crate::change_deadlines(tx, &cx, 0, &wanted)).await;
        assert_eq!(late.unwrap_err().code(), "stale");
        let cx = house.cx();
        let found = house.db().read(move |tx| finding::of_asset(tx, &cx, on)).await.unwrap();
        assert_eq!(found[0].due_ms, Some(effects[0].due_after_ms));
        let cx = house.cx();
        assert_eq!(
            house.db().read(move |tx| policy::current::<Deadlines>(tx, &cx)).await.unwrap().version,
            1
        );
        let odd = Deadlines { critical_days: 30, high_days: 2, medium_days: 0, low_days: 90 };
        let Err(Fault::Invalid(problems)) = odd.check() else { panic!("it does not hold") };
        assert_eq!(problems.len(), 2);
    });
}

/// The agent fetches its orders and answers the newest with this outcome.
async fn answer(house: &House, agent: &agent::Agent, state: OutcomeState, result: Option<Value>) -> String {
    let (cx, id) = (house.cx(), agent.id);
    let orders = house.db().write(move |tx| mainstay_record::run::hand_out(tx, &cx, id)).await.unwrap();
    let order = orders.last().expect("something is ordered").clone();
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
    serde_json::to_value(&order.task).unwrap()["do"].as_str().unwrap().to_owned()
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
fn old_lists_close_what_was_installed_and_pages_miss_nothing() {
    tell(|house| async move {
        let on = host(&house).await.asset;
        let waiting = [update("a", "a", true), update("b", "b", true), update("c", "c", true)];
        look(&house, on, 1, &waiting, &[]).await;
        let cx = house.cx();
        let all = move |tx: &mut Tx<'_>| crate::deadlines::all_open(tx, &cx, &[crate::waiting::RULE], 1);
        assert_eq!(house.db().read(all).await.unwrap().len(), 3);
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
