//! Jobs claimed by several at once: compare and set, no job twice, none left.

use std::path::Path;
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mainstay_kernel::access;
use mainstay_kernel::events::Hears;
use mainstay_kernel::files::Files;
use mainstay_kernel::id::{Ids, OrgId};
use mainstay_kernel::jobs::{self, Job, Kind, Next, Runner, Work};
use mainstay_kernel::outbound::Outbound;
use mainstay_kernel::search::Search;
use mainstay_kernel::secrets::Keys;
use mainstay_kernel::store::{Address, Db, Tx, Value};
use mainstay_kernel::{Clock, Cx, Fault, Ground, args, sql};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::create::{ORG, SCHEMAS};

const JOBS: i64 = 10_000;

/// A database of this bench's own on the server that was named.
pub struct Database {
    server: String,
    name: String,
    pub url: String,
}

impl Database {
    pub fn make(runtime: &Runtime, server: &str) -> Self {
        let name = format!(
            "mainstay_bench_{}_{}",
            std::process::id(),
            mainstay_kernel::id::letters(&mainstay_kernel::id::random::<4>())
        );
        let base = server.rsplit_once('/').map_or(server, |(base, _)| base);
        let made = Self { server: server.to_owned(), url: format!("{base}/{name}"), name };
        made.ask(runtime, &format!("CREATE DATABASE {}", made.name));
        made
    }

    pub fn remove(self, runtime: &Runtime) {
        self.ask(runtime, &format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }

    fn ask(&self, runtime: &Runtime, text: &str) {
        runtime.block_on(async {
            let (client, connection) =
                tokio_postgres::connect(&self.server, tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            client.batch_execute(text).await.unwrap();
        });
    }
}

/// One process that takes jobs until none is left.
pub fn worker(url: &str, node: u16) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let db = Db::open(Address::postgres(url).unwrap(), SCHEMAS).await.unwrap();
        work_off(db, node, 1).await;
    });
}

pub fn measure(runtime: &Runtime, folder: &Path, postgres: Option<&str>) {
    println!("{JOBS} due jobs, each claimed, done and ended; whoever sees a job due may try to claim it:\n");
    println!("| engine | dispatchers | jobs/s | done | done twice |\n|---|---:|---:|---:|---:|");
    for dispatchers in [1, 4, 16] {
        let path = crate::fresh(folder, "claims");
        let (took, done, twice) = runtime.block_on(async {
            let db = Db::open(Address::Sqlite(path), SCHEMAS).await.unwrap();
            fill(&db).await;
            let begun = Instant::now();
            work_off(db.clone(), 1, dispatchers).await;
            let took = begun.elapsed();
            let (done, twice) = counted(&db).await;
            db.close().await;
            (took, done, twice)
        });
        row("SQLite, tasks of one process", dispatchers, took, done, twice);
    }
    let Some(server) = postgres else { return };
    for processes in [1_u16, 4, 8] {
        let database = Database::make(runtime, server);
        let db = runtime.block_on(async {
            let db = Db::open(Address::postgres(&database.url).unwrap(), SCHEMAS).await.unwrap();
            fill(&db).await;
            db
        });
        let begun = Instant::now();
        let own = std::env::current_exe().unwrap();
        let children: Vec<Child> = (1..=processes)
            .map(|node| {
                Command::new(&own).args(["claim-for", &database.url, &node.to_string()]).spawn().unwrap()
            })
            .collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        let took = begun.elapsed();
        let (done, twice) = runtime.block_on(counted(&db));
        row("PostgreSQL, processes", usize::from(processes), took, done, twice);
        runtime.block_on(db.close());
        database.remove(runtime);
    }
    println!();
}

#[expect(clippy::cast_precision_loss, reason = "a count of one run, printed without digits")]
fn row(engine: &str, dispatchers: usize, took: Duration, done: i64, twice: i64) {
    let rate = done as f64 / took.as_secs_f64();
    println!("| {engine} | {dispatchers} | {rate:.0} | {done} | {twice} |");
}

async fn fill(db: &Db) {
    for from in (0..JOBS).step_by(500) {
        db.write(move |tx| {
            for number in from..from + 500 {
                tx.run(
                    sql!("INSERT INTO job (org_id, id, kind, payload, run_at_ms, state) VALUES ($1, $2, 'bench.do', $3, $4, 'ready')"),
                    args![ORG, number + 1, format!("{{\"number\":{number}}}"), number],
                )?;
            }
            Ok(())
        })
        .await
        .unwrap();
    }
}

/// Every execution that was committed is a row; a second one of the same job would raise `process` by 1,000.
fn act(tx: &mut Tx<'_>, _: &Cx, job: &Job) -> Result<Next, Fault> {
    let number = job.payload["number"].as_i64().unwrap_or(-1);
    tx.run(
        sql!(
            "INSERT INTO bench_done (org_id, number, process) VALUES ($1, $2, 1)
              ON CONFLICT (org_id, number) DO UPDATE SET process = bench_done.process + 1000"
        ),
        args![job.org, number],
    )?;
    Ok(Next::Done)
}

async fn counted(db: &Db) -> (i64, i64) {
    let count = |row: &mainstay_kernel::store::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    db.read(move |tx| {
        tx.one(
            sql!("SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN process > 1 THEN 1 ELSE 0 END), 0) AS BIGINT) FROM bench_done WHERE org_id = $1"),
            &[Value::Int(ORG)],
            count,
        )
    })
    .await
    .unwrap()
}

/// `dispatchers` loops over one store until no job is ready.
async fn work_off(db: Db, node: u16, dispatchers: usize) {
    let folder = std::env::temp_dir().join(format!("mainstay-bench-claims-{}-{node}", std::process::id()));
    let clock = Clock::machine();
    let ground = Arc::new(Ground {
        db: db.clone(),
        ids: Ids::new(clock.clone(), node),
        clock,
        hears: Arc::new(Hears::new(Vec::new())),
        kinds: vec![Kind { name: "bench.do", work: Work::Transact(act), most_failures: 20 }],
        keys: Keys::known([7; 32]),
        files: Files::open(&folder).unwrap(),
        outbound: Outbound::new(&[]),
        search: Search::at(&folder.join("search"), Vec::new()),
        rights: access::RIGHTS.to_vec(),
    });
    let (stop, stopped) = watch::channel(false);
    let runners: Vec<_> =
        (0..dispatchers).map(|_| tokio::spawn(Runner::serve(ground.clone(), stopped.clone()))).collect();
    while db.read(|tx| jobs::waiting(tx, OrgId(ORG), "bench.do")).await.unwrap() > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stop.send(true).unwrap();
    for runner in runners {
        runner.await.unwrap();
    }
    drop(std::fs::remove_dir_all(folder));
}
