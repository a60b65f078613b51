//! Durable creates: the grouping writer beside what it was chosen over, and PostgreSQL; then jobs claimed by several
//! processes at once. Prints Markdown. One part alone: `--part sqlite`, `--part postgres` or `--part claims`.
//!
//! One create is what opening a work item costs: a row with three indexes, its event, whom the event is about, a job,
//! and a number of the series. It counts when it is on disk.

#![expect(clippy::unwrap_used, reason = "a bench that cannot be set up has nothing to say")]

#[path = "store/claims.rs"]
mod claims;
#[path = "store/create.rs"]
mod create;
#[path = "store/rivals.rs"]
mod rivals;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mainstay_kernel::store::{Address, Db};

const CLIENTS: [usize; 3] = [1, 16, 64];
const CELL: Duration = Duration::from_secs(4);

fn main() {
    let words: Vec<String> = std::env::args().collect();
    if let Some(at) = words.iter().position(|word| word == "claim-for") {
        claims::worker(&words[at + 1], words[at + 2].parse().unwrap());
        return;
    }
    let part = words.iter().position(|word| word == "--part").map(|at| words[at + 1].clone());
    let is_asked = |name: &str| part.as_deref().is_none_or(|part| part == name);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let folder = std::env::temp_dir().join(format!("mainstay-bench-store-{}", std::process::id()));
    drop(std::fs::remove_dir_all(&folder));
    std::fs::create_dir_all(&folder).unwrap();
    let postgres = std::env::var("MAINSTAY_TEST_POSTGRES").ok();
    if is_asked("sqlite") {
        sync_floor(&folder);
        sqlite(&runtime, &folder);
    }
    match postgres.as_deref() {
        Some(server) if is_asked("postgres") => on_postgres(&runtime, server),
        Some(_) => {}
        None => println!("PostgreSQL: not measured, MAINSTAY_TEST_POSTGRES is not set.\n"),
    }
    if is_asked("claims") {
        claims::measure(&runtime, &folder, postgres.as_deref());
    }
    drop(std::fs::remove_dir_all(&folder));
}

/// What a commit cannot be faster than here: one write of 4 KiB and its `fdatasync`.
fn sync_floor(folder: &Path) {
    use std::io::Write as _;
    let mut file = std::fs::File::create(folder.join("floor")).unwrap();
    let mut took: Vec<Duration> = (0..300)
        .map(|_| {
            let begun = Instant::now();
            file.write_all(&[7; 4096]).unwrap();
            file.sync_data().unwrap();
            begun.elapsed()
        })
        .collect();
    took.sort_unstable();
    println!(
        "One 4 KiB write with `fdatasync` here: {:.2} ms half of the time, {:.2} ms at most in 99 of 100.\n",
        at(&took, 50),
        at(&took, 99)
    );
}

fn sqlite(runtime: &tokio::runtime::Runtime, folder: &Path) {
    drop(runtime.block_on(facade(Address::Sqlite(fresh(folder, "warm")), 4))); // the first cell is no warmer than the last
    println!("Durable creates on SQLite, `synchronous=FULL`, {} s each:\n", CELL.as_secs());
    head();
    for clients in CLIENTS {
        let path = fresh(folder, "grouped");
        let took = runtime.block_on(facade(Address::Sqlite(path), clients));
        line("grouping writer (ours)", clients, took);
    }
    for clients in CLIENTS {
        line(
            "one connection, a transaction each",
            clients,
            rivals::one_connection(&fresh(folder, "one"), clients),
        );
    }
    for clients in CLIENTS {
        line(
            "pool of 16 writers, busy_timeout",
            clients,
            rivals::pool(&fresh(folder, "pool"), clients.min(16), clients),
        );
    }
    println!();
}

fn on_postgres(runtime: &tokio::runtime::Runtime, server: &str) {
    let database = claims::Database::make(runtime, server);
    drop(runtime.block_on(facade(Address::postgres(&database.url).unwrap(), 4)));
    database.remove(runtime);
    println!("Durable creates on PostgreSQL, fsync on, {} s each:\n", CELL.as_secs());
    head();
    for clients in CLIENTS {
        let database = claims::Database::make(runtime, server);
        let took = runtime.block_on(facade(Address::postgres(&database.url).unwrap(), clients));
        line("16 threads, a connection each (ours)", clients, took);
        database.remove(runtime);
    }
    for clients in CLIENTS {
        let database = claims::Database::make(runtime, server);
        let took = runtime.block_on(rivals::async_calls(&database.url, clients));
        line("async calls on the request's task", clients, took);
        database.remove(runtime);
    }
    println!();
}

/// A fresh file of this name in a folder of its own.
fn fresh(folder: &Path, name: &str) -> PathBuf {
    let own = folder.join(name);
    drop(std::fs::remove_dir_all(&own));
    std::fs::create_dir_all(&own).unwrap();
    own.join("bench.db")
}

/// Creates through the facade, `clients` at a time, until the cell is over.
async fn facade(address: Address, clients: usize) -> Vec<Duration> {
    let db = Db::open(address, create::SCHEMAS).await.unwrap();
    let ids = Arc::new(create::Numbers::default());
    let until = Instant::now() + CELL;
    let mut tasks = Vec::new();
    for _ in 0..clients {
        let (db, ids) = (db.clone(), ids.clone());
        tasks.push(tokio::spawn(async move {
            let mut took = Vec::new();
            while Instant::now() < until {
                let (begun, ids) = (Instant::now(), ids.clone());
                db.write(move |tx| create::through(tx, ids.next())).await.unwrap();
                took.push(begun.elapsed());
            }
            took
        }));
    }
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.unwrap());
    }
    db.close().await;
    all
}

fn head() {
    println!("| how | clients | creates/s | p50 ms | p99 ms | most ms |\n|---|---:|---:|---:|---:|---:|");
}

#[expect(clippy::cast_precision_loss, reason = "a count of one run, printed without digits")]
fn line(how: &str, clients: usize, mut took: Vec<Duration>) {
    took.sort_unstable();
    let rate = took.len() as f64 / CELL.as_secs_f64();
    println!(
        "| {how} | {clients} | {rate:.0} | {:.2} | {:.2} | {:.0} |",
        at(&took, 50),
        at(&took, 99),
        at(&took, 100)
    );
}

/// Milliseconds below which this share of sorted times lies.
pub fn at(took: &[Duration], percent: usize) -> f64 {
    took.get((took.len().max(1) - 1) * percent / 100).map_or(0.0, |time| time.as_secs_f64() * 1e3)
}
