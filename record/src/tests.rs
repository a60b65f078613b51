//! Stories of the record, on both engines.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use mainstay_kernel::store::{lint, registered, testing::prepare_all};
use mainstay_kernel::testing::{House, MONDAY_MS, story};
use mainstay_kernel::{Fault, SCHEMA as KERNEL, store::Schema};
use mainstay_wire::{Enrol, Machine, Outcome, OutcomeState, Output, Report, Section, Task};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};

use crate::finding::{self, Gap, Look, Severity, Sighting, State};
use crate::{AssetId, SCHEMA, agent, asset, fact, plan, run, work};

const SCHEMAS: &[Schema] = &[KERNEL, SCHEMA];

#[test]
fn statements_are_prepared_on_both_engines_and_keep_to_their_organisation() {
    let tables = lint::tables(SCHEMAS);
    let wrong: Vec<String> = registered()
        .flat_map(|sql| lint::statement(sql, &tables).into_iter().map(move |w| format!("{sql}: {w}")))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let wrong = lint::schema(SCHEMAS);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    story(SCHEMAS, vec![], vec![], |house| async move {
        let refused = prepare_all(house.db()).await;
        assert!(refused.is_empty(), "{}", refused.join("\n"));
    });
}

async fn host(house: &House, name: &str) -> AssetId {
    let (cx, name) = (house.cx(), name.to_owned());
    let see = move |tx: &mut mainstay_kernel::store::Tx<'_>| {
        asset::see(tx, &cx, &asset::Sight { kind: "host", identity: &name, name: &name, summary: "" })
    };
    house.db().write(see).await.unwrap()
}

fn sighting(subject: &str) -> Sighting {
    Sighting {
        subject: subject.to_owned(),
        severity: Severity::High,
        title: format!("{subject} deviates"),
        reason: "because".to_owned(),
        detail: serde_json::json!({}),
    }
}

#[derive(Clone, Debug)]
enum Step {
    Seen {
        scope: usize,
        at: i64,
        subjects: BTreeSet<usize>,
    },
    /// A look with a gap that may hide some subjects.
    Partly {
        scope: usize,
        at: i64,
        subjects: BTreeSet<usize>,
        hidden: BTreeSet<usize>,
    },
    Unseen {
        scope: usize,
        at: i64,
    },
}

const SCOPES: [&str; 2] = ["packages", "sockets"];
const SUBJECTS: [&str; 5] = ["a", "b", "c", "d", "e"];

fn step() -> impl Strategy<Value = Step> {
    let seen = (0..2_usize, 0..30_i64, proptest::collection::btree_set(0..5_usize, 0..5))
        .prop_map(|(scope, at, subjects)| Step::Seen { scope, at, subjects });
    let sets = (
        proptest::collection::btree_set(0..5_usize, 0..5),
        proptest::collection::btree_set(0..5_usize, 0..5),
    );
    let partly = (0..2_usize, 0..30_i64, sets).prop_map(|(scope, at, (subjects, hidden))| Step::Partly {
        scope,
        at,
        subjects,
        hidden,
    });
    let unseen = (0..2_usize, 0..30_i64).prop_map(|(scope, at)| Step::Unseen { scope, at });
    prop_oneof![4 => seen, 3 => partly, 1 => unseen]
}

async fn take(house: &House, on: AssetId, step: Step) {
    let cx = house.cx();
    let write = move |tx: &mut mainstay_kernel::store::Tx<'_>| {
        let due = |_: Severity, first: i64| Some(first + 1000);
        let look = |scope: usize, at: i64| Look {
            rule: "test.rule",
            asset: on,
            scope: SCOPES[scope],
            at_ms: MONDAY_MS + at,
            due: &due,
        };
        match &step {
            Step::Seen { scope, at, subjects } => {
                let seen: Vec<_> = subjects.iter().map(|s| sighting(SUBJECTS[*s])).collect();
                finding::observe(tx, &cx, look(*scope, *at), &seen).map(drop)
            }
            Step::Partly { scope, at, subjects, hidden } => {
                let seen: Vec<_> = subjects.iter().map(|s| sighting(SUBJECTS[*s])).collect();
                let hides = |subject: &str| hidden.iter().any(|s| SUBJECTS[*s] == subject);
                let gap = Gap { because: "some are not ours", hides: &hides };
                finding::observe_partly(tx, &cx, look(*scope, *at), &seen, gap).map(drop)
            }
            Step::Unseen { scope, at } => {
                finding::unseen(tx, &cx, look(*scope, *at), "the host is away").map(drop)
            }
        }
    };
    house.db().write(write).await.unwrap();
}

/// What the law says in four lines: per scope the newest look counts, an older one changes nothing.
fn expected(steps: &[Step]) -> BTreeMap<(String, String), (bool, bool)> {
    let (mut newest, mut all) = ([i64::MIN; 2], BTreeMap::new());
    for step in steps {
        let (Step::Seen { scope, at, .. } | Step::Partly { scope, at, .. } | Step::Unseen { scope, at }) =
            step;
        if *at < newest[*scope] {
            continue;
        }
        newest[*scope] = *at;
        let of_scope = |key: &(String, String)| key.0 == SCOPES[*scope];
        match step {
            Step::Seen { subjects, .. } => {
                for (_, state) in all.iter_mut().filter(|(key, _)| of_scope(key)) {
                    *state = (false, false);
                }
                all.extend(
                    subjects
                        .iter()
                        .map(|s| ((SCOPES[*scope].to_owned(), SUBJECTS[*s].to_owned()), (true, false))),
                );
            }
            Step::Partly { subjects, hidden, .. } => {
                for (key, state) in all.iter_mut().filter(|(key, _)| of_scope(key)) {
                    let is_hidden = hidden.iter().any(|s| SUBJECTS[*s] == key.1);
                    *state = if is_hidden { (state.0, state.0) } else { (false, false) };
                }
                all.extend(
                    subjects
                        .iter()
                        .map(|s| ((SCOPES[*scope].to_owned(), SUBJECTS[*s].to_owned()), (true, false))),
                );
            }
            Step::Unseen { .. } => {
                for (_, state) in all.iter_mut().filter(|(key, state)| of_scope(key) && state.0) {
                    state.1 = true;
                }
            }
        }
    }
    all
}

#[test]
fn the_finding_law_holds_for_any_order_and_repetition() {
    story(SCHEMAS, vec![], vec![], |house| async move {
        let mut runner =
            TestRunner::new(Config { cases: 40, failure_persistence: None, ..Config::default() });
        let mut cases = Vec::new();
        for _ in 0..40 {
            cases.push(proptest::collection::vec(step(), 1..14).new_tree(&mut runner).unwrap().current());
        }
        for (number, mut steps) in cases.into_iter().enumerate() {
            let on = host(&house, &format!("host-{number}")).await;
            steps.extend(steps.clone().into_iter().skip(1).step_by(2)); // some reports come twice
            for step in &steps {
                take(&house, on, step.clone()).await;
            }
            let cx = house.cx();
            let found = house.db().read(move |tx| finding::of_asset(tx, &cx, on)).await.unwrap();
            let mut have = BTreeMap::new();
            let cx = house.cx();
            for f in &found {
                let (cx, id) = (cx.clone(), f.id);
                let scope = house.db().read(move |tx| scope_of(tx, &cx, id)).await.unwrap();
                assert!(
                    have.insert((scope, f.subject.clone()), (f.state == State::Open, f.stale.is_some()))
                        .is_none()
                );
                assert_eq!(f.due_ms, Some(f.opened_ms + 1000), "the clock runs from the opening");
            }
            assert_eq!(have, expected(&steps), "{steps:?}");
        }
    });
}

fn scope_of(
    tx: &mut mainstay_kernel::store::Tx<'_>,
    cx: &mainstay_kernel::Cx,
    id: crate::FindingId,
) -> Result<String, Fault> {
    use mainstay_kernel::{args, sql};
    tx.one(sql!("SELECT scope FROM finding WHERE org_id = $1 AND id = $2"), args![cx.org, id], |row| {
        row.get(0)
    })
}

#[test]
fn an_accepted_risk_returns_when_its_date_passes_and_a_gone_one_cannot_be_accepted() {
    story(SCHEMAS, vec![], vec![], |house| async move {
        let on = host(&house, "db-01").await;
        take(&house, on, Step::Seen { scope: 0, at: 1, subjects: [0].into() }).await;
        let cx = house.cx();
        let f = house.db().read(move |tx| finding::of_asset(tx, &cx, on)).await.unwrap().remove(0);
        let accept = |reason: &'static str, until_ms: i64| {
            let (cx, f) = (house.cx(), f.clone());
            house.db().write(move |tx| finding::accept(tx, &cx, f.id, f.revision, reason, until_ms))
        };
        assert_eq!(accept("", MONDAY_MS + 5000).await.unwrap_err().code(), "invalid");
        assert_eq!(accept("old news", MONDAY_MS - 1).await.unwrap_err().code(), "invalid");
        accept("replaced in March", MONDAY_MS + 5000).await.unwrap();
        assert_eq!(accept("again", MONDAY_MS + 5000).await.unwrap_err().code(), "stale");
        take(&house, on, Step::Seen { scope: 0, at: 2, subjects: [0].into() }).await;
        let state = || {
            let cx = house.cx();
            house.db().read(move |tx| finding::get(tx, &cx, f.id))
        };
        assert_eq!(
            state().await.unwrap().state,
            State::Accepted,
            "seeing it again changes nothing about the decision"
        );
        house.forward(Duration::from_secs(6)).await;
        let cx = house.cx();
        assert_eq!(house.db().write(move |tx| finding::return_accepted(tx, &cx)).await.unwrap(), 1);
        assert_eq!(state().await.unwrap().state, State::Open);
        take(&house, on, Step::Seen { scope: 0, at: 9, subjects: [].into() }).await;
        assert_eq!(state().await.unwrap().state, State::Gone);
        let (cx, revision) = (house.cx(), state().await.unwrap().revision);
        let late = house
            .db()
            .write(move |tx| finding::accept(tx, &cx, f.id, revision, "late", MONDAY_MS + 99_000))
            .await;
        assert_eq!(late.unwrap_err().code(), "gone");
    });
}

#[test]
fn a_list_of_assets_tells_how_each_stands_and_leaves_out_what_is_gone() {
    story(SCHEMAS, vec![], vec![], |house| async move {
        let (one, other, fine) =
            (host(&house, "db-01").await, host(&house, "db-02").await, host(&house, "db-03").await);
        take(&house, one, Step::Seen { scope: 0, at: 1, subjects: [0, 1].into() }).await;
        take(&house, one, Step::Seen { scope: 0, at: 2, subjects: [0].into() }).await;
        take(&house, one, Step::Seen { scope: 1, at: 1, subjects: [2].into() }).await;
        take(&house, one, Step::Unseen { scope: 1, at: 2 }).await;
        take(&house, other, Step::Seen { scope: 0, at: 1, subjects: [4].into() }).await;
        let cx = house.cx();
        let stand = move |tx: &mut mainstay_kernel::store::Tx<'_>| finding::standings(tx, &cx, &[one, fine]);
        let standings = house.db().read(stand).await.unwrap();
        let expected = finding::Standing { open: 2, worst: Severity::High, stale: 1 };
        assert_eq!(standings, BTreeMap::from([(one, expected)]));
    });
}

async fn enrolled(house: &House) -> (agent::Agent, String) {
    let cx = house.cx();
    let token = house.db().write(move |tx| agent::invite(tx, &cx)).await.unwrap();
    assert_eq!(agent::org_of(&token), Some(house.org));
    let enrol = move |nonce: &str| Enrol {
        protocol: 1,
        token: token.clone(),
        nonce: nonce.to_owned(),
        machine: Machine {
            name: "web-7".into(),
            machine_id: Some("m7".into()),
            os: "debian".into(),
            os_name: "Debian 12".into(),
            architecture: "x86_64".into(),
            agent: "0.1.0".into(),
        },
    };
    let call = |nonce: &str| {
        let (cx, body) = (house.cx(), enrol(nonce));
        house.db().write(move |tx| agent::enrol(tx, &cx, &body))
    };
    let first = call("n1").await.unwrap();
    let again = call("n1").await.unwrap();
    assert_eq!(first.agent_id, again.agent_id, "a lost answer costs nothing");
    assert_eq!(call("n2").await.unwrap_err().code(), "sign_in", "an invitation is for one host");
    let (org, key) = (house.org, again.key.clone());
    (house.db().read(move |tx| agent::by_key(tx, org, &key)).await.unwrap(), again.key)
}

fn batch(items: &[(u64, &str, Option<&str>)]) -> Report {
    let items: Vec<_> = items
        .iter()
        .map(|(seq, hash, content)| {
            let mut item = serde_json::json!({ "seq": seq, "at_ms": MONDAY_MS + i64::try_from(*seq).unwrap(), "section": "remarks", "hash": hash });
            if let Some(text) = content {
                item["content"] = serde_json::json!({ "value": { "text": text }, "unseen": [] });
            }
            item
        })
        .collect();
    serde_json::from_value(
        serde_json::json!({ "protocol": 1, "spool_id": "s1", "sent_at_ms": 1, "items": items }),
    )
    .unwrap()
}

#[test]
fn a_report_that_comes_twice_counts_once_and_an_unknown_section_is_asked_for() {
    story(SCHEMAS, vec![], vec![], |house| async move {
        let (agent, _) = enrolled(&house).await;
        let send = |report: Report| {
            let (cx, agent) = (house.cx(), agent.clone());
            house.db().write(move |tx| agent::report(tx, &cx, &agent, &report))
        };
        let got = send(batch(&[(1, "h0", None)])).await.unwrap();
        assert_eq!((got.acked, got.whole.as_slice()), (1, &[Section::from("remarks")][..]));
        send(batch(&[(2, "h1", Some("first")), (3, "h2", Some("second"))])).await.unwrap();
        let got = send(batch(&[(2, "h1", Some("first")), (4, "h2", None)])).await.unwrap();
        assert_eq!((got.acked, got.whole.len()), (4, 0));
        let (cx, on) = (house.cx(), agent.asset);
        let known = house
            .db()
            .read(move |tx| fact::get(tx, &cx, on, &Section::from("remarks")))
            .await
            .unwrap()
            .unwrap();
        assert!(known.content.contains("second"));
        assert_eq!(known.looked_ms, MONDAY_MS + 4);
    });
}

#[test]
fn output_is_neither_doubled_nor_lost_and_an_older_lease_is_not_heard() {
    story(SCHEMAS, vec![], vec![], |house| async move {
        let (agent, _) = enrolled(&house).await;
        let (cx, on) = (house.cx(), agent.asset);
        let id = house
            .db()
            .write(move |tx| run::order(tx, &cx, on, None, "look", &Task::Look { sections: vec![] }, 60))
            .await
            .unwrap();
        let hand_out = || {
            let (cx, a) = (house.cx(), agent.id);
            house.db().write(move |tx| run::hand_out(tx, &cx, a))
        };
        assert_eq!(hand_out().await.unwrap()[0].fence, 1);
        assert_eq!(hand_out().await.unwrap().len(), 0, "it is in good hands");
        house.forward(Duration::from_secs(200)).await;
        assert_eq!(hand_out().await.unwrap()[0].fence, 2);
        let say = |fence: u64, offset: u64, chunk: &str, is_done: bool| {
            let done = is_done.then(|| Outcome {
                state: OutcomeState::Succeeded,
                summary: "fine\0".into(),
                code: Some(0),
                ended_at_ms: 1,
                result: None,
            });
            let output = Output { order_id: id.to_string(), fence, offset, chunk: chunk.to_owned(), done };
            let (cx, a) = (house.cx(), agent.id);
            house.db().write(move |tx| run::hear(tx, &cx, a, &output))
        };
        assert_eq!(say(1, 0, "old", false).await.unwrap_err().code(), "old_lease");
        assert_eq!(say(2, 0, "Grüße ", false).await.unwrap().next_offset, 8);
        assert_eq!(say(2, 0, "Grüße welt", false).await.unwrap().next_offset, 12);
        assert_eq!(say(2, 50, "gap", true).await.unwrap(), run::Heard { next_offset: 12, is_done: false });
        assert_eq!(say(2, 12, "!", true).await.unwrap(), run::Heard { next_offset: 13, is_done: true });
        assert_eq!(say(2, 12, "!", true).await.unwrap(), run::Heard { next_offset: 13, is_done: true });
        let cx = house.cx();
        let printed = house.db().read(move |tx| run::output(tx, &cx, id, 0)).await.unwrap();
        assert_eq!(printed.0, "Grüße welt!");
        let cx = house.cx();
        let ended = house.db().read(move |tx| run::get(tx, &cx, id)).await.unwrap();
        assert_eq!(ended.outcome.unwrap().summary, "fine\u{fffd}", "a NUL does not keep a run from ending");
    });
}

#[test]
fn closing_work_closes_no_finding_and_numbers_have_no_gap() {
    story(SCHEMAS, vec![], vec![], |house| async move {
        let on = host(&house, "db-01").await;
        take(&house, on, Step::Seen { scope: 0, at: 1, subjects: [0].into() }).await;
        let cx = house.cx();
        let f = house.db().read(move |tx| finding::of_asset(tx, &cx, on)).await.unwrap().remove(0);
        let new = work::New {
            kind: "task".into(),
            title: "Mend it".into(),
            priority: 2,
            asset: Some(on),
            finding: Some(f.id),
            ..Default::default()
        };
        let create = |new: work::New| {
            let cx = house.cx();
            house.db().write(move |tx| work::create(tx, &cx, &new))
        };
        let (id, number) = create(new.clone()).await.unwrap();
        assert_eq!(
            create(work::New { title: "  ".into(), ..new.clone() }).await.unwrap_err().code(),
            "invalid"
        );
        assert_eq!(create(new).await.unwrap().1, number + 1);
        let cx = house.cx();
        let item = house.db().read(move |tx| work::get(tx, &cx, id)).await.unwrap();
        let edit = work::Edit {
            title: item.title,
            body: item.body,
            state: work::State::Done,
            priority: 2,
            assignee: None,
            due_ms: None,
        };
        let (cx, seen) = (house.cx(), item.revision);
        house.db().write(move |tx| work::edit(tx, &cx, id, seen, &edit)).await.unwrap();
        let cx = house.cx();
        assert_eq!(house.db().read(move |tx| work::open_count(tx, &cx)).await.unwrap(), 1);
        let cx = house.cx();
        assert_eq!(house.db().read(move |tx| finding::get(tx, &cx, f.id)).await.unwrap().state, State::Open);
    });
}

#[test]
fn a_plan_is_approved_only_as_it_was_simulated_and_gives_its_findings_back() {
    story(SCHEMAS, vec![], vec![], |house| async move {
        let on = host(&house, "db-01").await;
        take(&house, on, Step::Seen { scope: 0, at: 1, subjects: [0, 1].into() }).await;
        let cx = house.cx();
        let found = house.db().read(move |tx| finding::of_asset(tx, &cx, on)).await.unwrap();
        let (cx, ids) = (house.cx(), found.iter().map(|f| f.id).collect::<Vec<_>>());
        let id = house
            .db()
            .write(move |tx| {
                let id =
                    plan::create(tx, &cx, "patches.upgrade", "Upgrade db-01", on, &serde_json::json!({}))?;
                finding::plan(tx, &cx, &ids, id)?;
                plan::set_simulation(tx, &cx, id, &serde_json::json!({ "steps": [] }), "h1", "none")?;
                plan::advance(
                    tx,
                    &cx,
                    id,
                    &[plan::State::Draft],
                    plan::State::Ready,
                    &serde_json::json!({}),
                )?;
                Ok(id)
            })
            .await
            .unwrap();
        let approve = |hash: &'static str| {
            let cx = house.cx();
            house.db().write(move |tx| plan::approve(tx, &cx, id, hash, None))
        };
        assert_eq!(approve("another").await.unwrap_err().code(), "stale");
        approve("h1").await.unwrap();
        assert_eq!(approve("h1").await.unwrap_err().code(), "not_ready");
        let states = || {
            let cx = house.cx();
            async {
                house
                    .db()
                    .read(move |tx| finding::of_asset(tx, &cx, on))
                    .await
                    .unwrap()
                    .iter()
                    .map(|f| f.state)
                    .collect::<Vec<_>>()
            }
        };
        assert_eq!(states().await, [State::Planned, State::Planned]);
        let cx = house.cx();
        house.db().write(move |tx| plan::cancel(tx, &cx, id)).await.unwrap();
        assert_eq!(states().await, [State::Open, State::Open]);
    });
}
