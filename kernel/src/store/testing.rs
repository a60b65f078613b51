//! Databases for tests: a fresh one on each engine, gone when the test ends.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use super::{Address, Db, Schema, registered};
use crate::Fault;

/// Where the tests' PostgreSQL is; `cargo xtask test` starts one and sets it.
pub const POSTGRES: &str = "MAINSTAY_TEST_POSTGRES";

/// A store that is thrown away.
pub struct Scratch {
    pub db: Db,
    pub folder: PathBuf,
    database: Option<String>,
}

/// Runs one story on a fresh store of each engine that is here.
///
/// # Panics
/// When a store cannot be made, or the story fails.
pub fn on_both<F, S>(schemas: &'static [Schema], story: F)
where
    F: Fn(Db) -> S,
    S: Future<Output = ()>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime can be made");
    runtime.block_on(async {
        let scratch = Scratch::sqlite(schemas).await;
        story(scratch.db.clone()).await;
        scratch.remove().await;
        match Scratch::postgres(schemas).await {
            Some(scratch) => {
                story(scratch.db.clone()).await;
                scratch.remove().await;
            }
            None => eprintln!("skipped on PostgreSQL: {POSTGRES} is not set"),
        }
    });
}

impl Scratch {
    /// A fresh SQLite store in a folder of its own.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn sqlite(schemas: &'static [Schema]) -> Self {
        let folder = fresh_folder();
        let db = Db::open(Address::Sqlite(folder.join("mainstay.db")), schemas)
            .await
            .expect("a fresh SQLite store opens");
        Self { db, folder, database: None }
    }

    /// A fresh PostgreSQL database, when there is a server.
    ///
    /// # Panics
    /// When the server is there and the database cannot be made.
    pub async fn postgres(schemas: &'static [Schema]) -> Option<Self> {
        let server = std::env::var(POSTGRES).ok()?;
        let folder = fresh_folder();
        let name = folder.file_name().and_then(|n| n.to_str()).expect("made of letters").replace('-', "_");
        admin(&server, &format!("CREATE DATABASE {name}")).await;
        let (base, _) = server.rsplit_once('/').expect("the tests' server has a good address");
        let address =
            Address::postgres(&format!("{base}/{name}")).expect("the tests' server has a good address");
        let db = Db::open(address, schemas).await.expect("a fresh PostgreSQL store opens");
        Some(Self { db, folder, database: Some(name) })
    }

    /// The connection string of this database, for programs of their own; `None` on SQLite.
    pub fn url(&self) -> Option<String> {
        let (server, _) =
            std::env::var(POSTGRES).ok()?.rsplit_once('/').map(|(s, d)| (s.to_owned(), d.to_owned()))?;
        Some(format!("{server}/{}", self.database.as_ref()?))
    }

    /// Closes the store and removes what it left.
    pub async fn remove(self) {
        self.db.close().await;
        if let (Some(name), Ok(server)) = (&self.database, std::env::var(POSTGRES)) {
            admin(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        }
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

fn fresh_folder() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("mainstay-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let folder = std::env::temp_dir().join(name);
    drop(std::fs::remove_dir_all(&folder));
    std::fs::create_dir_all(&folder).expect("the temporary folder can be written");
    folder
}

async fn admin(server: &str, statement: &str) {
    let (client, connection) =
        tokio_postgres::connect(server, tokio_postgres::NoTls).await.expect("the tests' PostgreSQL answers");
    let driver = tokio::spawn(connection);
    // Two databases made at once collide on the template; the second try finds it free.
    for _ in 0..20 {
        match client.batch_execute(statement).await {
            Ok(()) => break,
            Err(error) if error.code().is_some_and(|c| c.code() == "55006") => tokio::task::yield_now().await,
            Err(error) => panic!("{statement}: {error}"),
        }
    }
    drop(client);
    drop(driver.await);
}

/// Prepares every statement of the program on this engine; answers what the engine refused.
pub async fn prepare_all(db: &Db) -> Vec<String> {
    let mut refused = Vec::new();
    for sql in registered() {
        if let Err(fault) = db.read(move |tx| tx.prepare(sql)).await {
            let why = match fault {
                Fault::Broken(source) => source.to_string(),
                other => other.to_string(),
            };
            refused.push(format!("{sql}: {why}"));
        }
    }
    refused
}
