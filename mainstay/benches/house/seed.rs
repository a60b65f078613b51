//! Filling a house by statements that make many rows at once: what a million creates would have left.

use std::time::{Duration, Instant};

use mainstay::server::{Server, Settings};
use mainstay::{house, tls};
use mainstay_kernel::id::OrgId;
use mainstay_kernel::store::{Address, Db, Migration, Schema, Sql};
use mainstay_kernel::{Clock, args, id, sql, sql_across};

use crate::Engine;

pub const ASSETS: i64 = 10_000;
pub const WORK: i64 = 1_000_000;
pub const FINDINGS: i64 = 1_000_000;
const WORDS: i64 = 4_096;
/// One statement on PostgreSQL may last ten seconds.
const CHUNK: i64 = 10_000;
/// Between one item and the next: a million are a year and a half.
const STEP_MS: i64 = 47_000;

/// Words to write with, the tables of the house, and nothing else.
const SCHEMAS: &[Schema] = &[
    mainstay_kernel::SCHEMA,
    mainstay_record::SCHEMA,
    Schema { part: "bench", steps: &[Migration { name: "0001_words", text: TABLE }] },
];
const TABLE: &str = "
--! node
CREATE TABLE bench_word (id INT64 NOT NULL PRIMARY KEY, word TEXT NOT NULL);
";

pub fn settings(engine: &Engine) -> Settings {
    Settings {
        data: engine.data.clone(),
        listen: "127.0.0.1:0".parse().unwrap(),
        postgres: engine.postgres.clone(),
        tls: tls::Choice::ByAddress,
    }
}

pub async fn fill(engine: &Engine) {
    let begun = Instant::now();
    let server = Server::start(&settings(engine), Clock::machine()).await.unwrap();
    let org = server.org;
    server.stop().await;
    let address = match &engine.postgres {
        Some(url) => Address::postgres(url).unwrap(),
        None => Address::Sqlite(engine.data.join("mainstay.db")),
    };
    assert!(house::schemas().len() == 3, "this bench names the tables of the house; name the new ones too");
    let db = Db::open(address, SCHEMAS).await.unwrap();
    words(&db).await;
    let now_ms = Clock::machine().now_ms();
    let base_ms = now_ms - WORK * STEP_MS;
    for (what, count, sql) in [
        ("assets", ASSETS, assets()),
        ("findings", FINDINGS, findings()),
        ("looks", ASSETS * 5, looks()),
        ("work", WORK, work()),
        ("events", WORK, events()),
        ("asset events", ASSETS, asset_events()),
        ("about", WORK, about()),
    ] {
        let began = Instant::now();
        for from in (0..count).step_by(usize::try_from(CHUNK).unwrap()) {
            chunk(&db, sql, org, from, (from + CHUNK).min(count) - 1, base_ms).await;
        }
        eprintln!("{}: {what} in {:.1} s", engine.name, began.elapsed().as_secs_f64());
    }
    agents(&db, org, base_ms).await;
    totals(&db, org).await;
    if engine.postgres.is_some() {
        analyzed(&db).await;
    }
    db.close().await;
    let server = Server::start(&settings(engine), Clock::machine()).await.unwrap();
    let began = Instant::now();
    let known = server.ground.search.catch_up(&server.ground.db).await.unwrap();
    eprintln!("{}: index of {known} in {:.1} s", engine.name, began.elapsed().as_secs_f64());
    server.stop().await;
    eprintln!("{}: filled in {:.0} s", engine.name, begun.elapsed().as_secs_f64());
}

/// Waits until PostgreSQL has looked at the large tables by itself, as it has long done where they grew over a year.
async fn analyzed(db: &Db) {
    let unknown = || {
        db.read(|tx| {
            let large = sql_across!(
                "SELECT COUNT(*) FROM pg_stat_user_tables WHERE n_live_tup > 5000 AND last_autoanalyze IS NULL AND last_analyze IS NULL"
            );
            tx.one(large, args![], |row| row.get::<i64>(0))
        })
    };
    while unknown().await.unwrap() > 0 {
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

/// Numbers from `from` to `to` become rows.
async fn chunk(db: &Db, sql: &'static Sql, org: OrgId, from: i64, to: i64, base_ms: i64) {
    let (first, step) = (id::floor_at(base_ms), id::floor_at(base_ms + STEP_MS) - id::floor_at(base_ms));
    db.write(move |tx| tx.run(sql, args![from, to, org, first, step, base_ms])).await.unwrap();
}

/// Four thousand words of two or three syllables, the low ones used far more often than the others.
async fn words(db: &Db) {
    const FIRST: [&str; 16] = [
        "ba", "cor", "del", "fen", "gra", "hol", "in", "jor", "kel", "lum", "mer", "nor", "pas", "quo",
        "ser", "tri",
    ];
    db.write(|tx| {
        for number in 0..WORDS {
            let place = |shift: u32| FIRST[usize::try_from(number >> shift & 15).unwrap_or(0)];
            let word = format!("{}{}{}", place(8), place(4), place(0));
            tx.run(sql!("INSERT INTO bench_word (id, word) VALUES ($1, $2)"), args![number, word])?;
        }
        Ok(())
    })
    .await
    .unwrap();
}

macro_rules! numbered {
    ($rest:literal) => {
        sql!(concat!(
            "WITH RECURSIVE n(i) AS (SELECT CAST($1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < $2),
             p(org, first, step, base) AS (SELECT CAST($3 AS BIGINT), CAST($4 AS BIGINT), CAST($5 AS BIGINT), CAST($6 AS BIGINT)) ",
            $rest
        ))
    };
}

fn assets() -> &'static Sql {
    numbered!(
        "INSERT INTO asset (org_id, id, kind, identity, name, environment, summary, seen_ms, created_ms)
         SELECT org, first + i * 4096, 'host', 'machine-' || i,
           CASE i % 4 WHEN 0 THEN 'web-' WHEN 1 THEN 'db-' WHEN 2 THEN 'app-' ELSE 'mail-' END || i,
           CASE i % 3 WHEN 0 THEN 'production' ELSE 'staging' END, 'Debian GNU/Linux 12 (bookworm), x86_64', base, base FROM n, p"
    )
}

/// A hundred an asset; three in ten are open.
fn findings() -> &'static Sql {
    numbered!(
        ", s(i, severity) AS (SELECT i, CASE WHEN i % 1000 = 0 THEN 4 WHEN i % 10 = 1 THEN 3 WHEN i % 2 = 0 THEN 2 ELSE 1 END FROM n)
         INSERT INTO finding (org_id, id, rule, asset_id, scope, subject, severity, title, reason, detail, state, first_seen_ms,
           opened_ms, last_seen_ms, gone_ms, due_ms, rank)
         SELECT org, first + i * step + 7, CASE i % 100 / 20 WHEN 0 THEN 'patches.update_waiting' WHEN 1 THEN 'hygiene.listening'
             WHEN 2 THEN 'hygiene.sshd' WHEN 3 THEN 'patches.restart_needed' ELSE 'hygiene.accounts' END,
           first + i / 100 * 4096, 'packages', 'pkg-' || (i % 100), severity, a.word || ' ' || b.word || ' waits for ' || c.word,
           'Since 12 days a newer ' || a.word || ' is offered that closes ' || (i % 9) || ' known holes.',
           '{\"packages\":[\"' || a.word || '\",\"' || b.word || '\"],\"evidence\":[\"' || a.word || ' 1.2-3 -> 1.2-4\"]}',
           CASE WHEN i % 10 < 3 THEN 'open' WHEN i % 10 = 3 THEN 'accepted' ELSE 'gone' END, base + i * 47000, base + i * 47000,
           base + i * 47000, CASE WHEN i % 10 > 3 THEN base + i * 47000 END, base + i * 47000 + 2592000000,
           (4 - severity) * 1099511627776 + (base + i * 47000 + 2592000000) / 60000
         FROM s CROSS JOIN p JOIN bench_word a ON a.id = (i * 7919 % 4096) * (i * 104729 % 4096) / 4096
           JOIN bench_word b ON b.id = i * 15485863 % 4096 JOIN bench_word c ON c.id = i * 611953 % 4096"
    )
}

/// What each rule looked at on each host; one in a hundred could not see all of it.
fn looks() -> &'static Sql {
    numbered!(
        "INSERT INTO finding_scope (org_id, rule, asset_id, scope, looked_ms, unseen)
         SELECT org, CASE i % 5 WHEN 0 THEN 'patches.update_waiting' WHEN 1 THEN 'hygiene.listening'
             WHEN 2 THEN 'hygiene.sshd' WHEN 3 THEN 'patches.restart_needed' ELSE 'hygiene.accounts' END,
           first + i / 5 * 4096, 'packages', base, CASE WHEN i % 100 = 1 THEN 'the agent does not run as root' END FROM n, p"
    )
}

/// One in twenty is open, one in two hundred has a date.
fn work() -> &'static Sql {
    numbered!(
        "INSERT INTO work_item (org_id, id, number, kind, title, body, state, priority, due_ms, created_ms, changed_ms)
         SELECT org, first + i * step, i + 1, 'task', a.word || ' ' || b.word || ' on ' || c.word,
           a.word || ' ' || d.word || ' ' || e.word || ' ' || b.word || ' ' || c.word || ' after the change of ' || d.word
             || ' and before the ' || e.word || ' of next week, as said on the phone. It began when ' || c.word || ' was restarted.',
           CASE WHEN i % 20 = 0 THEN 'open' ELSE 'done' END, 1 + i % 3,
           CASE WHEN i % 200 = 0 THEN base + 47000000000 + i * 2000 END, base + i * 47000, base + i * 47000
         FROM n CROSS JOIN p JOIN bench_word a ON a.id = (i * 7919 % 4096) * (i * 104729 % 4096) / 4096
           JOIN bench_word b ON b.id = i * 15485863 % 4096
           JOIN bench_word c ON c.id = (i * 611953 % 4096) * (i * 27644437 % 4096) / 4096
           JOIN bench_word d ON d.id = i * 86028121 % 4096 JOIN bench_word e ON e.id = i * 49979687 % 4096"
    )
}

fn events() -> &'static Sql {
    numbered!(
        "INSERT INTO event (org_id, id, at_ms, actor, verb, subject_kind, subject_id, body)
         SELECT org, first + i * step + 1, base + i * 47000, 'house:bench', 'work.opened', 'work', first + i * step,
           '{\"title\":\"seeded\",\"kind\":\"task\"}' FROM n, p"
    )
}

fn asset_events() -> &'static Sql {
    numbered!(
        "INSERT INTO event (org_id, id, at_ms, actor, verb, subject_kind, subject_id, body)
         SELECT org, first + i * step + 2, base + i * 47000, 'house:bench', 'asset.found', 'asset', first + i * 4096,
           '{\"name\":\"seeded\",\"kind\":\"host\"}' FROM n, p"
    )
}

fn about() -> &'static Sql {
    numbered!(
        "INSERT INTO event_about (org_id, kind, object_id, event_id)
         SELECT org, 'work', first + i * step, first + i * step + 1 FROM n, p"
    )
}

/// One on each host; all have just spoken, but one in a thousand.
async fn agents(db: &Db, org: OrgId, base_ms: i64) {
    let (first, now_ms) = (id::floor_at(base_ms), base_ms + WORK * STEP_MS);
    for from in (0..ASSETS).step_by(1_000) {
        db.write(move |tx| {
            for i in from..from + 1_000 {
                let seen_ms = if i % 1_000 == 0 { now_ms - 86_400_000 } else { now_ms + 86_400_000 };
                let host = first + i * 4_096;
                let key: &[u8] = &i.to_be_bytes();
                tx.run(
                    sql!("INSERT INTO agent (org_id, id, asset_id, key_hash, version, enrolled_ms, seen_ms) VALUES ($1, $2, $3, $4, '0.1.0', $5, $6)"),
                    args![org, host + 1, host, key, base_ms, seen_ms],
                )?;
            }
            Ok(())
        })
        .await
        .unwrap();
    }
}

/// What writers would have kept beside the rows.
async fn totals(db: &Db, org: OrgId) {
    db.write(move |tx| {
        tx.run(
            sql!("INSERT INTO finding_count (org_id, asset_id, open, critical, high, stale)
                  SELECT org_id, asset_id, COUNT(*), CAST(SUM(CASE WHEN severity = 4 THEN 1 ELSE 0 END) AS BIGINT),
                    CAST(SUM(CASE WHEN severity = 3 THEN 1 ELSE 0 END) AS BIGINT), 0
                  FROM finding WHERE org_id = $1 AND state IN ('open', 'planned') GROUP BY org_id, asset_id"),
            args![org],
        )?;
        for (name, value) in [("asset", ASSETS), ("work.open", WORK / 20)] {
            tx.run(
                sql!("INSERT INTO tally (org_id, name, slot, value) VALUES ($1, $2, 0, $3)"),
                args![org, name, value],
            )?;
        }
        tx.run(sql!("INSERT INTO counter (org_id, name, value) VALUES ($1, 'work', $2)"), args![org, WORK + 10])
    })
    .await
    .unwrap();
}
