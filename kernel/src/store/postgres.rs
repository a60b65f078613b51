//! PostgreSQL: a few threads, each with a connection of its own and the small runtime that drives it.
//!
//! The connection is driven on the very thread that asks, so a statement costs no hop between threads
//! (docs/adr/0001 has the figures). Transactions run at READ COMMITTED: rules that need more take row locks with
//! `{lock}` or compare and set, which hold on both engines.

use std::collections::HashMap;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};
use tokio::runtime::Runtime;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Statement};

use super::address::Server;
use super::signal::Bells;
use super::sql::Sql;
use super::tx::{Engine, Failure, Tx};
use super::value::Value;
use super::work::Work;
use crate::Fault;

const LINES: usize = 16;
const MOST_TRIES: u32 = 12;
/// The longest a transaction may last; the sealer and the feeds rely on it.
const LONGEST: Duration = Duration::from_secs(10);
const SETTINGS: &str = "SET statement_timeout = '10s'; SET lock_timeout = '5s';
    SET idle_in_transaction_session_timeout = '10s'; SET client_min_messages = 'warning'; SET timezone = 'UTC'";

/// The open connections: their threads end when the queue is dropped.
pub(super) struct Postgres {
    pub(super) queue: Sender<(Mode, Box<dyn Work>)>,
    pub(super) threads: Vec<JoinHandle<()>>,
}

/// What a transaction may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Read,
    Write,
}

/// One connection and what drives it.
pub(super) struct Line {
    // Dropped before the runtime that its sockets live on.
    client: Client,
    prepared: HashMap<usize, Statement>,
    runtime: Runtime,
}

impl Line {
    pub(super) fn connect(server: &Server) -> Result<Self, Fault> {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Fault::broken)?;
        let client = runtime.block_on(async {
            let (client, connection) = server.connect().await?;
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "a database connection ended");
                }
            });
            client.batch_execute(SETTINGS).await?;
            Ok(client)
        });
        let client = client.map_err(|error: tokio_postgres::Error| away(&error))?;
        Ok(Self { client, prepared: HashMap::new(), runtime })
    }

    pub(super) fn batch(&self, text: &str) -> Result<(), tokio_postgres::Error> {
        self.runtime.block_on(self.client.batch_execute(text))
    }

    pub(super) fn run(
        &mut self,
        sql: &'static Sql,
        args: &[Value<'_>],
    ) -> Result<u64, tokio_postgres::Error> {
        let statement = self.prepare(sql)?;
        self.runtime.block_on(self.client.execute(&statement, &parameters(args)))
    }

    pub(super) fn rows(
        &mut self,
        sql: &'static Sql,
        args: &[Value<'_>],
    ) -> Result<Vec<tokio_postgres::Row>, tokio_postgres::Error> {
        let statement = self.prepare(sql)?;
        self.runtime.block_on(self.client.query(&statement, &parameters(args)))
    }

    /// The statement as this connection knows it; made once, the address of the text is its name.
    pub(super) fn prepare(&mut self, sql: &'static Sql) -> Result<Statement, tokio_postgres::Error> {
        let name = std::ptr::from_ref(sql).addr();
        if let Some(statement) = self.prepared.get(&name) {
            return Ok(statement.clone());
        }
        let statement = self.runtime.block_on(self.client.prepare(sql.postgres()))?;
        self.prepared.insert(name, statement.clone());
        Ok(statement)
    }

    /// Whether a query with no statement of the registry answers rows; for catalogue questions of the migrations.
    pub(super) fn has(&self, text: &str) -> Result<bool, tokio_postgres::Error> {
        Ok(!self.runtime.block_on(self.client.query(text, &[]))?.is_empty())
    }

    /// Texts of the first column.
    pub(super) fn texts(
        &self,
        text: &str,
        args: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Vec<String>>, tokio_postgres::Error> {
        let rows = self.runtime.block_on(self.client.query(text, args))?;
        Ok(rows.iter().map(|row| (0..row.len()).map(|i| row.get(i)).collect()).collect())
    }

    pub(super) fn server_ms(&self) -> Result<i64, tokio_postgres::Error> {
        let text = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";
        self.runtime.block_on(self.client.query_one(text, &[]))?.try_get(0)
    }

    pub(super) fn execute(
        &self,
        text: &str,
        args: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, tokio_postgres::Error> {
        self.runtime.block_on(self.client.execute(text, args))
    }
}

fn parameters<'a>(args: &'a [Value<'_>]) -> Vec<&'a (dyn ToSql + Sync)> {
    args.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

/// Starts the threads; a connection is made when its first closure comes.
pub(super) fn start(server: &Server, bells: &Bells) -> Result<Postgres, Fault> {
    let (queue, incoming) = unbounded();
    let mut threads = Vec::new();
    for _ in 0..LINES {
        let (server, bells, incoming) = (server.clone(), bells.clone(), incoming.clone());
        let body = move || serve(&server, &incoming, &bells);
        threads.push(
            std::thread::Builder::new()
                .name("store-postgres".to_owned())
                .spawn(body)
                .map_err(Fault::broken)?,
        );
    }
    Ok(Postgres { queue, threads })
}

fn serve(server: &Server, incoming: &Receiver<(Mode, Box<dyn Work>)>, bells: &Bells) {
    let mut line: Option<Line> = None;
    while let Ok((mode, mut work)) = incoming.recv() {
        let end = transact(server, &mut line, mode, &mut *work, bells);
        work.answer(end);
    }
}

/// One closure, again for as long as the engine asks for that.
fn transact(
    server: &Server,
    line: &mut Option<Line>,
    mode: Mode,
    work: &mut dyn Work,
    bells: &Bells,
) -> Result<(), Fault> {
    for attempt in 0..MOST_TRIES {
        if attempt > 0 {
            // Those who collided part ways: the address of the closure is as good as a die.
            let spread = (std::ptr::from_ref(work).addr() >> 4) as u64 % 7;
            std::thread::sleep(Duration::from_millis((1 << attempt.min(6)) + spread));
        }
        let open = match line.take() {
            Some(open) if !open.client.is_closed() => open,
            _ => Line::connect(server)?,
        };
        let (mut open, step) = try_once(open, mode, work, bells);
        match step {
            Step::Done => {
                *line = Some(open);
                return Ok(());
            }
            Step::Again => {
                drop(open.batch("ROLLBACK"));
                *line = Some(open);
            }
            // Nothing was committed: the closure may run on a new connection.
            Step::Lost => open.prepared.clear(),
            Step::Unsure(fault) => return Err(fault),
        }
    }
    Err(Fault::Away { what: "the database is too busy and".to_owned(), retry_after_s: 1 })
}

enum Step {
    Done,
    Again,
    Lost,
    /// The connection went in the middle of the commit: nobody knows. Creating calls carry an idempotency key.
    Unsure(Fault),
}

fn try_once(mut open: Line, mode: Mode, work: &mut dyn Work, bells: &Bells) -> (Line, Step) {
    let begin = match mode {
        Mode::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        Mode::Write => "BEGIN",
    };
    if open.batch(begin).is_err() {
        return (open, Step::Lost);
    }
    let begun = Instant::now();
    let mut tx = Tx::new(Engine::Postgres(&mut open));
    let stays = work.attempt(&mut tx);
    let (failure, signals) = (tx.failure, tx.signals);
    if stays && failure.is_none() && begun.elapsed() > LONGEST {
        drop(open.batch("ROLLBACK"));
        let what = "this took longer than 10 s and was undone; the database".to_owned();
        return (open, Step::Unsure(Fault::Away { what, retry_after_s: 5 }));
    }
    match failure {
        Some(Failure::Again) => return (open, Step::Again),
        Some(Failure::Gone) => return (open, Step::Lost),
        None => {}
    }
    let step = match open.batch(if stays { "COMMIT" } else { "ROLLBACK" }) {
        Ok(()) => {
            if stays {
                bells.ring(&signals);
            }
            Step::Done
        }
        Err(error) => match judge(&error) {
            Some(Failure::Again) => Step::Again,
            _ if !stays => Step::Done,
            _ => Step::Unsure(away(&error)),
        },
    };
    (open, step)
}

fn judge(error: &tokio_postgres::Error) -> Option<Failure> {
    match error.code() {
        Some(&SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED) => Some(Failure::Again),
        Some(code) if code.code().starts_with("08") || code.code().starts_with("57P") => Some(Failure::Gone),
        None if error.is_closed()
            || error.as_db_error().is_none()
                && std::error::Error::source(error)
                    .is_some_and(<dyn std::error::Error>::is::<std::io::Error>) =>
        {
            Some(Failure::Gone)
        }
        _ => None,
    }
}

/// A failed statement, in the words of the house; notes what the facade has to do about it.
pub(super) fn fault(sql: &Sql, error: &tokio_postgres::Error, failure: &mut Option<Failure>) -> Fault {
    *failure = failure.or(judge(error));
    match error.code() {
        Some(&SqlState::UNIQUE_VIOLATION) => Fault::conflict("exists", "there is one like this already"),
        Some(&SqlState::FOREIGN_KEY_VIOLATION) => {
            Fault::conflict("in_use", "something else refers to this, or it refers to something that is gone")
        }
        Some(&(SqlState::QUERY_CANCELED | SqlState::LOCK_NOT_AVAILABLE)) => {
            Fault::Away { what: "this took too long; the database".to_owned(), retry_after_s: 5 }
        }
        Some(&(SqlState::DISK_FULL | SqlState::OUT_OF_MEMORY | SqlState::TOO_MANY_CONNECTIONS)) => {
            away(error)
        }
        _ if judge(error).is_some() => away(error),
        _ => Fault::broken(format!("{sql}: {}", chain(error))),
    }
}

pub(super) fn away(error: &tokio_postgres::Error) -> Fault {
    Fault::Away { what: format!("PostgreSQL ({})", chain(error)), retry_after_s: 2 }
}

/// The error with its causes: tokio-postgres says only "db error" at the top.
pub(super) fn chain(error: &tokio_postgres::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
