//! Stories of the ground floor, on both engines.

use std::sync::Arc;
use std::time::Duration;

use crate::events::{self, Broken, Hearer, Verdict};
use crate::id::{EventId, Ids, Ref};
use crate::jobs::{self, Kind, Next, Work};
use crate::store::testing::{on_both, prepare_all};
use crate::store::{Db, Migration, Schema, Signal, lint, registered};
use crate::testing::{House, MONDAY_MS, story};
use crate::{Clock, Fault, SCHEMA, args, counter, sql};

#[test]
fn statements_are_prepared_on_both_engines_and_keep_to_their_organisation() {
    let tables = lint::tables(&[SCHEMA]);
    let wrong: Vec<String> = registered()
        .flat_map(|sql| lint::statement(sql, &tables).into_iter().map(move |w| format!("{sql}: {w}")))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let wrong = lint::schema(&[SCHEMA]);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    story(&[SCHEMA], vec![], vec![], |house| async move {
        let refused = prepare_all(house.db()).await;
        assert!(refused.is_empty(), "{}", refused.join("\n"));
    });
}

#[test]
fn the_lint_finds_a_statement_that_forgets_the_organisation() {
    static FORGOT: crate::store::Sql =
        crate::store::Sql::new("SELECT id FROM event WHERE id = $1", "here", 1, crate::store::Reach::Org);
    static JOINED: crate::store::Sql = crate::store::Sql::new(
        "SELECT e.id FROM event e JOIN job j ON j.id = e.id WHERE e.org_id = $1",
        "here",
        1,
        crate::store::Reach::Org,
    );
    let tables = lint::tables(&[SCHEMA]);
    assert_eq!(lint::statement(&FORGOT, &tables).len(), 1);
    assert_eq!(lint::statement(&JOINED, &tables).len(), 1);
}

#[test]
fn a_refused_closure_leaves_nothing_and_its_neighbours_stay() {
    story(&[SCHEMA], vec![], vec![], |house| async move {
        let org = house.org;
        let writes = (0..50).map(|n| {
            let db = house.db().clone();
            tokio::spawn(async move {
                db.write(move |tx| {
                    let value = counter::next(tx, org, "numbers")?;
                    if n % 2 == 0 { Err(Fault::Stale) } else { Ok(value) }
                })
                .await
            })
        });
        let mut numbers = Vec::new();
        for write in writes.collect::<Vec<_>>() {
            numbers.extend(write.await.unwrap());
        }
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=25).collect::<Vec<i64>>());
    });
}

#[test]
fn a_panic_in_a_use_case_is_a_fault_and_the_store_goes_on() {
    story(&[SCHEMA], vec![], vec![], |house| async move {
        let fault = house.db().write(|_| -> Result<(), Fault> { panic!("a bug") }).await.unwrap_err();
        assert_eq!(fault.code(), "broken");
        let org = house.org;
        assert_eq!(house.db().write(move |tx| counter::next(tx, org, "after")).await.unwrap(), 1);
    });
}

#[test]
fn a_read_can_change_nothing() {
    story(&[SCHEMA], vec![], vec![], |house| async move {
        let org = house.org;
        assert!(house.db().read(move |tx| counter::next(tx, org, "read")).await.is_err());
        assert_eq!(house.db().write(move |tx| counter::next(tx, org, "read")).await.unwrap(), 1);
    });
}

async fn happen(house: &House, count: i64) -> Vec<EventId> {
    let mut made = Vec::new();
    for n in 0..count {
        let cx = house.cx();
        let body = serde_json::json!({ "n": n, "text": "Größe <b>&" });
        let write = move |tx: &mut crate::store::Tx<'_>| {
            events::record(tx, &cx, "thing.happened", Ref::new("thing", 7), &[Ref::new("other", n)], &body)
        };
        made.push(house.db().write(write).await.unwrap());
    }
    made
}

#[test]
fn a_timeline_shows_what_a_thing_did_and_what_touched_it() {
    story(&[SCHEMA], vec![], vec![], |house| async move {
        happen(&house, 5).await;
        let org = house.org;
        let timeline =
            |of: Ref| house.db().read(move |tx| events::timeline(tx, org, &of, EventId(i64::MAX), 3));
        let newest: Vec<_> =
            timeline(Ref::new("thing", 7)).await.unwrap().iter().map(|e| e.body["n"].clone()).collect();
        assert_eq!(newest, [4, 3, 2]);
        assert_eq!(timeline(Ref::new("other", 1)).await.unwrap().len(), 1);
    });
}

#[test]
fn verification_names_the_first_altered_removed_or_inserted_row() {
    story(&[SCHEMA], vec![], vec![], |house| async move {
        let made = happen(&house, 20).await;
        let (cx, db) = (house.cx(), house.db().clone());
        let seal = |upto: EventId| {
            let cx = cx.clone();
            db.write(move |tx| events::seal(tx, &cx, upto))
        };
        let verify = || {
            let cx = cx.clone();
            db.read(move |tx| events::verify(tx, &cx))
        };
        assert_eq!(
            seal(EventId(0)).await.unwrap(),
            0,
            "young rows may still have an elder that is not committed"
        );
        assert_eq!(seal(made[9]).await.unwrap(), 10);
        assert_eq!(seal(made[19]).await.unwrap(), 10);
        assert_eq!(seal(made[19]).await.unwrap(), 0);
        let later = happen(&house, 2).await;
        assert_eq!(verify().await.unwrap(), Verdict::Whole { sealed: 20, open: 2 });
        let (org, victim) = (house.org, made[11]);
        let set = |text: &'static str| {
            db.write(move |tx| {
                tx.run(
                    sql!("UPDATE event SET actor = $1 WHERE org_id = $2 AND id = $3"),
                    args![text, org, victim],
                )
            })
        };
        set("house:other").await.unwrap();
        assert_eq!(verify().await.unwrap(), Verdict::Broken(Broken { event: victim, what: "was altered" }));
        set("house:test").await.unwrap();
        assert_eq!(verify().await.unwrap(), Verdict::Whole { sealed: 20, open: 2 });
        db.write(move |tx| {
            tx.run(sql!("DELETE FROM event WHERE org_id = $1 AND id = $2"), args![org, victim])
        })
        .await
        .unwrap();
        assert_eq!(verify().await.unwrap(), Verdict::Broken(Broken { event: victim, what: "was removed" }));
        drop(later);
    });
}

fn count_up(tx: &mut crate::store::Tx<'_>, cx: &crate::Cx, _: &jobs::Job) -> Result<Next, Fault> {
    counter::next(tx, cx.org, "ran").map(|_| Next::Done)
}

fn always_fails(_: &mut crate::store::Tx<'_>, _: &crate::Cx, _: &jobs::Job) -> Result<Next, Fault> {
    Err(Fault::Stale)
}

const KINDS: &[Kind] = &[
    Kind { name: "test.count", work: Work::Transact(count_up), most_failures: 3 },
    Kind { name: "test.fail", work: Work::Transact(always_fails), most_failures: 3 },
];

async fn add(house: &House, kind: &'static str, once_key: Option<&str>) {
    let (cx, once_key) = (house.cx(), once_key.map(str::to_owned));
    let new = jobs::New { kind, payload: serde_json::json!({}), run_at_ms: cx.now_ms(), once_key };
    house.db().write(move |tx| jobs::add(tx, &cx, &new)).await.unwrap();
}

#[test]
fn a_job_runs_once_and_one_that_keeps_failing_waits_for_a_person() {
    story(&[SCHEMA], vec![], KINDS.to_vec(), |house| async move {
        add(&house, "test.count", None).await;
        add(&house, "test.count", Some("one")).await;
        add(&house, "test.count", Some("one")).await;
        add(&house, "test.fail", None).await;
        house.forward(Duration::ZERO).await;
        for _ in 0..5 {
            house.forward(Duration::from_hours(1)).await;
        }
        let org = house.org;
        assert_eq!(house.db().write(move |tx| counter::next(tx, org, "ran")).await.unwrap(), 3);
        let dead = house.db().read(move |tx| jobs::dead(tx, org)).await.unwrap();
        assert_eq!(dead.len(), 1);
        assert_eq!(dead[0].1, "test.fail");
    });
}

#[test]
fn several_dispatchers_share_jobs_without_doubling() {
    story(&[SCHEMA], vec![], KINDS.to_vec(), |house| async move {
        for _ in 0..60 {
            add(&house, "test.count", None).await;
        }
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let runners: Vec<_> = (0..4)
            .map(|_| tokio::spawn(jobs::Runner::serve(house.ground.clone(), stopped.clone())))
            .collect();
        let org = house.org;
        let left = || {
            house.db().read(move |tx| {
                tx.one(sql!("SELECT COUNT(*) FROM job WHERE org_id = $1"), args![org], |row| {
                    row.get::<i64>(0)
                })
            })
        };
        while left().await.unwrap() > 0 {
            house.db().wait(Signal::Jobs, Duration::from_millis(20)).await;
        }
        stop.send(true).unwrap();
        for runner in runners {
            runner.await.unwrap();
        }
        assert_eq!(house.db().write(move |tx| counter::next(tx, org, "ran")).await.unwrap(), 61);
    });
}

fn hear(tx: &mut crate::store::Tx<'_>, cx: &crate::Cx, _: &events::Event) -> Result<(), Fault> {
    counter::next(tx, cx.org, "heard").map(drop)
}

#[test]
fn a_hearer_hears_every_event_of_its_verb_once() {
    let hearers = vec![Hearer { name: "test.hear", verb: "thing.", hear }];
    story(&[SCHEMA], hearers, vec![], |house| async move {
        happen(&house, 3).await;
        house.forward(Duration::ZERO).await;
        house.forward(Duration::from_hours(1)).await;
        let org = house.org;
        assert_eq!(house.db().write(move |tx| counter::next(tx, org, "heard")).await.unwrap(), 4);
    });
}

#[test]
fn a_clock_that_is_set_back_disturbs_neither_the_order_nor_the_chain() {
    story(&[SCHEMA], vec![], vec![], |house| async move {
        let before = happen(&house, 3).await;
        house.ground.clock.set(MONDAY_MS + 365 * 86_400_000);
        let ahead = happen(&house, 3).await;
        house.ground.clock.set(MONDAY_MS - 86_400_000);
        let behind = happen(&house, 3).await;
        // The process starts again: what it remembered is gone, the clock is still wrong.
        let ids = Ids::new(house.ground.clock.clone(), 2);
        let mut again = Arc::into_inner(house.ground).expect("nobody else has it");
        again.ids = ids;
        again.keep_order().await.unwrap();
        let house = House { ground: Arc::new(again), org: house.org };
        let after = happen(&house, 3).await;
        let all: Vec<EventId> = [before, ahead, behind, after].concat();
        assert!(all.is_sorted(), "{all:?}");
        let (cx, newest) = (house.cx(), *all.last().unwrap());
        let sealed = house.db().write(move |tx| events::seal(tx, &cx, newest)).await.unwrap();
        let cx = house.cx();
        happen(&house, 1).await;
        let verdict = house.db().read(move |tx| events::verify(tx, &cx)).await.unwrap();
        assert_eq!((sealed, verdict), (12, Verdict::Whole { sealed: 12, open: 1 }));
    });
}

#[test]
fn what_was_due_before_the_clock_was_set_back_does_not_wait_for_it() {
    const DAY_MS: i64 = 86_400_000;
    story(&[SCHEMA], vec![], KINDS.to_vec(), |house| async move {
        happen(&house, 1).await;
        // One fails and is to be tried again in a second; one is due and nobody has come to it; one is for tomorrow.
        add(&house, "test.fail", None).await;
        house.forward(Duration::ZERO).await;
        add(&house, "test.count", None).await;
        let cx = house.cx();
        let tomorrow = jobs::New {
            kind: "test.count",
            payload: serde_json::json!({}),
            run_at_ms: cx.now_ms() + DAY_MS,
            once_key: None,
        };
        house.db().write(move |tx| jobs::add(tx, &cx, &tomorrow)).await.unwrap();
        house.ground.clock.set(MONDAY_MS - DAY_MS);
        assert_eq!(house.forward(Duration::ZERO).await, 0, "nobody has said that the clock was set");
        for _ in 0..2 {
            let cx = house.cx();
            house.db().write(move |tx| jobs::set_back(tx, &cx, DAY_MS)).await.unwrap();
        }
        assert_eq!(house.forward(Duration::from_millis(999)).await, 1, "what was due is done");
        assert_eq!(house.forward(Duration::from_millis(1)).await, 1, "what failed is tried after its pause");
        house.ground.clock.set(MONDAY_MS - 2 * DAY_MS);
        house.ground.keep_order().await.unwrap();
        assert_eq!(
            house.forward(Duration::from_secs(5)).await,
            1,
            "a process that starts later finds out by itself"
        );
        let org = house.org;
        assert_eq!(
            house.db().write(move |tx| counter::next(tx, org, "ran")).await.unwrap(),
            2,
            "tomorrow is not yet"
        );
    });
}

#[test]
fn a_store_opened_beside_a_server_changes_no_tables() {
    const NEWER: &[Schema] = &[
        SCHEMA,
        Schema {
            part: "newer",
            steps: &[Migration {
                name: "0001_more",
                text: "--! node\nCREATE TABLE newer_thing (id INT64 NOT NULL PRIMARY KEY);\n",
            }],
        },
    ];
    on_both(&[SCHEMA], |db| async move {
        let beside = Db::beside(db.address().clone(), &[SCHEMA]).await.unwrap();
        beside.read(crate::tenancy::list).await.unwrap();
        beside.close().await;
        for _ in 0..2 {
            match Db::beside(db.address().clone(), NEWER).await.map(drop) {
                Err(Fault::Conflict { code, .. }) => assert_eq!(code, "schema_old"),
                other => panic!("it opened tables that are not those of its build: {other:?}"),
            }
        }
    });
}

#[test]
fn what_another_process_committed_late_or_with_a_slow_clock_is_read_too() {
    story(&[SCHEMA], vec![], vec![], |house| async move {
        let first = happen(&house, 2).await;
        let mut tail = events::Tail::behind(EventId(0));
        let read = |news: Vec<events::Event>| news.into_iter().map(|event| event.id).collect::<Vec<_>>();
        assert_eq!(read(tail.next(house.db(), house.org, 10).await.unwrap()), first);
        // Its id is older than what was read, as if its transaction had begun long ago.
        let slow = Ids::new(Clock::set_at(MONDAY_MS - 60_000), 7);
        let cx = crate::Cx { ids: slow, ..house.cx() };
        let late = house
            .db()
            .write(move |tx| events::record(tx, &cx, "thing.happened", Ref::new("thing", 7), &[], &()))
            .await
            .unwrap();
        assert!(late < first[0]);
        let newer = happen(&house, 1).await;
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        assert_eq!(read(tail.next(house.db(), house.org, 10).await.unwrap()), [vec![late], newer].concat());
        assert_eq!(read(tail.next(house.db(), house.org, 10).await.unwrap()), []);
    });
}

#[test]
fn a_process_goes_by_the_clock_of_its_database() {
    on_both(&[SCHEMA], |db| async move {
        let (own, machine) = (Clock::machine(), Clock::machine());
        own.follow(machine.now_ms() + 3_600_000);
        let off_ms = db.set_clock(&own).await.unwrap();
        let is_postgres = matches!(db.address(), crate::store::Address::Postgres(_));
        let expected = if is_postgres { 0 } else { 3_600_000 };
        assert!((own.now_ms() - machine.now_ms() - expected).abs() < 2_000, "{}", own.ahead_ms());
        assert!(!is_postgres || (off_ms + 3_600_000).abs() < 2_000, "{off_ms}");
    });
}
