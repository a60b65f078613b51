//! What the store was chosen over, each with the same statements and the same settings of the engine.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mainstay_kernel::store::{Address, Db, Sql, Value};
use rusqlite::{Connection, TransactionBehavior};
use tokio_postgres::NoTls;
use tokio_postgres::types::ToSql;

use crate::CELL;
use crate::create::{Numbers, SCHEMAS, steps};

fn tables(address: Address) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { Db::open(address, SCHEMAS).await.unwrap().close().await });
}

/// Opened as the store opens its own.
fn connect(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;
             PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8000; PRAGMA journal_size_limit = 67108864;",
        )
        .unwrap();
    connection.set_prepared_statement_cache_capacity(512);
    connection
}

fn create(connection: &mut Connection, id: i64) {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    for (sql, values) in steps(id) {
        let mut statement = transaction.prepare_cached(sql.sqlite()).unwrap();
        let mut rows = statement.query(rusqlite::params_from_iter(&values)).unwrap();
        while rows.next().unwrap().is_some() {}
    }
    transaction.commit().unwrap();
}

/// One connection behind a lock; every create is a transaction of its own.
pub fn one_connection(path: &Path, clients: usize) -> Vec<Duration> {
    pool(path, 1, clients)
}

/// So many connections; a client takes a free one and waits for the engine's lock in `busy_timeout`.
pub fn pool(path: &Path, connections: usize, clients: usize) -> Vec<Duration> {
    tables(Address::Sqlite(path.to_owned()));
    let (give, take) = crossbeam_channel::bounded(connections);
    for _ in 0..connections {
        give.send(connect(path)).unwrap();
    }
    let (ids, all) = (Arc::new(Numbers::default()), Arc::new(Mutex::new(Vec::new())));
    let until = Instant::now() + CELL;
    std::thread::scope(|scope| {
        for _ in 0..clients {
            let (give, take, ids, all) = (give.clone(), take.clone(), ids.clone(), all.clone());
            scope.spawn(move || {
                let mut took = Vec::new();
                while Instant::now() < until {
                    let begun = Instant::now();
                    let mut connection = take.recv().unwrap();
                    create(&mut connection, ids.next());
                    give.send(connection).unwrap();
                    took.push(begun.elapsed());
                }
                all.lock().unwrap().extend(took);
            });
        }
    });
    Arc::into_inner(all).unwrap().into_inner().unwrap()
}

/// PostgreSQL as most async programs use it: a pool of sixteen clients, each statement awaited where it is asked.
pub async fn async_calls(url: &str, clients: usize) -> Vec<Duration> {
    let address = Address::postgres(url).unwrap();
    tokio::task::spawn_blocking(move || tables(address)).await.unwrap();
    let (give, take) = crossbeam_channel::unbounded();
    let free = Arc::new(tokio::sync::Semaphore::new(16));
    for _ in 0..16 {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
        tokio::spawn(connection);
        let mut prepared = Vec::new();
        for (sql, _) in steps(0) {
            prepared.push(client.prepare(sql.postgres()).await.unwrap());
        }
        give.send((client, prepared)).unwrap();
    }
    let ids = Arc::new(Numbers::default());
    let until = Instant::now() + CELL;
    let mut tasks = Vec::new();
    for _ in 0..clients {
        let (give, take, free, ids) = (give.clone(), take.clone(), free.clone(), ids.clone());
        tasks.push(tokio::spawn(async move {
            let mut took = Vec::new();
            while Instant::now() < until {
                let begun = Instant::now();
                let permit = free.acquire().await.unwrap();
                let (client, prepared) = take.recv().unwrap();
                client.batch_execute("BEGIN").await.unwrap();
                for ((_, values), statement) in steps(ids.next()).iter().zip(&prepared) {
                    client.query(statement, &parameters(values)).await.unwrap();
                }
                client.batch_execute("COMMIT").await.unwrap();
                give.send((client, prepared)).unwrap();
                drop(permit);
                took.push(begun.elapsed());
            }
            took
        }));
    }
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.unwrap());
    }
    all
}

fn parameters<'a>(values: &'a [Value<'static>]) -> Vec<&'a (dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

/// The statements are the facade's own, so that nobody is compared with another text.
const _: fn(&'static Sql) -> &'static str = Sql::text;
