//! SQLite: one thread that writes and groups commits, a few that read.
//!
//! A pool of writers waits in `busy_timeout` and its tail goes to seconds; one writer with group commit gives four
//! times the durable commits (docs/adr/0001). Each closure of a group runs in a savepoint of its own, so that one
//! refusal does not undo its neighbours, and nobody is answered before the group is on disk.

use std::fs::File;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};
use rusqlite::{Connection, ErrorCode, OpenFlags, config::DbConfig};
use rustix::fs::{FlockOperation, flock, fstatvfs};

use super::signal::{Bells, Signals};
use super::sql::Sql;
use super::tx::{Engine, Tx};
use super::work::Work;
use crate::Fault;

/// A group is closed at this many closures or after this long, so that one slow closure does not hold the rest.
const MOST_IN_GROUP: usize = 128;
const LONGEST_GROUP: Duration = Duration::from_millis(5);
/// A read holds a snapshot, and a snapshot holds back checkpoints: the log would grow.
const LONGEST_READ: Duration = Duration::from_secs(5);
/// Below this the writer refuses instead of filling the disk to its last byte.
const LEAST_FREE_BYTES: u64 = 16 << 20;
const FREE_SPACE_LOOK: Duration = Duration::from_secs(1);

/// The open database: its threads end when the queues are dropped.
pub(super) struct Sqlite {
    pub(super) writes: Sender<Box<dyn Work>>,
    pub(super) reads: Sender<Box<dyn Work>>,
    pub(super) threads: Vec<JoinHandle<()>>,
}

/// Makes sure that we are alone with the file, and that it lies where SQLite is safe.
pub(super) fn claim(path: &Path) -> Result<File, Fault> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(|e| place(folder, &e))?;
    refuse_network(folder)?;
    let file_lock = path.with_extension("lock");
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&file_lock)
        .map_err(|e| place(&file_lock, &e))?;
    flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(|_| {
        Fault::conflict(
            "in_use",
            format!(
                "{} is in use by another mainstay; stop that one first, or choose another --data",
                path.display()
            ),
        )
    })?;
    Ok(lock)
}

fn place(path: &Path, error: &std::io::Error) -> Fault {
    Fault::invalid(
        "data",
        "unusable",
        format!("{} cannot be used: {error}; choose another --data", path.display()),
    )
}

/// Locks and shared memory are not reliable on network file systems; a database there is lost sooner or later.
fn refuse_network(folder: &Path) -> Result<(), Fault> {
    const NETWORK: &[(i64, &str)] = &[
        (0x6969, "NFS"),
        (0xff53_4d42, "CIFS"),
        (0xfe53_4d42, "SMB2"),
        (0x517b, "SMB"),
        (0x5346_414f, "AFS"),
        (0x0102_1997, "9p"),
    ];
    let found = rustix::fs::statfs(folder).map_err(|e| place(folder, &e.into()))?;
    match NETWORK.iter().find(|(magic, _)| *magic == found.f_type) {
        Some((_, name)) if std::env::var_os("MAINSTAY_ALLOW_NETWORK_DISK").is_none() => Err(Fault::invalid(
            "data",
            "network_disk",
            format!(
                "{} lies on {name}, where SQLite can lose data; use a local disk or --postgres",
                folder.display()
            ),
        )),
        _ => Ok(()),
    }
}

/// Opens a connection with the settings every one of them has.
pub(super) fn connect(path: &Path) -> Result<Connection, Fault> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(Fault::broken)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(Fault::broken)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true).map_err(Fault::broken)?;
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;
             PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA journal_size_limit = 67108864;
             PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8000;",
        )
        .map_err(Fault::broken)?;
    connection.set_prepared_statement_cache_capacity(512);
    Ok(connection)
}

/// What SQLite finds when it reads everything: pages, indexes, references.
pub(super) fn damage(path: &Path) -> Result<Vec<String>, Fault> {
    let connection = connect(path)?;
    let ask = |text: &str, column: &str| -> rusqlite::Result<Vec<String>> {
        let mut statement = connection.prepare(text)?;
        let rows = statement.query_map([], |row| row.get::<_, String>(column))?;
        rows.collect()
    };
    let mut found = ask("PRAGMA integrity_check", "integrity_check").map_err(general)?;
    found.retain(|line| line != "ok");
    let orphans = ask("PRAGMA foreign_key_check", "table").map_err(general)?;
    found.extend(orphans.into_iter().map(|table| format!("a row of {table} refers to one that is gone")));
    Ok(found)
}

/// Starts the writer and the readers.
pub(super) fn start(path: &Path, writer: Connection, bells: &Bells) -> Result<Sqlite, Fault> {
    let (writes, to_write) = unbounded();
    let (reads, to_read) = unbounded();
    let mut threads = vec![spawn("store-writer", {
        let (bells, path) = (bells.clone(), path.to_owned());
        move || write_loop(&Writer { connection: writer, path }, &to_write, &bells)
    })?];
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    for _ in 0..cores + 2 {
        let connection = connect(path)?;
        connection
            .execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -16000;")
            .map_err(Fault::broken)?;
        let to_read = to_read.clone();
        threads.push(spawn("store-reader", move || read_loop(&connection, &to_read))?);
    }
    Ok(Sqlite { writes, reads, threads })
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Fault> {
    std::thread::Builder::new().name(name.to_owned()).spawn(body).map_err(Fault::broken)
}

struct Writer {
    connection: Connection,
    path: PathBuf,
}

fn write_loop(writer: &Writer, queue: &Receiver<Box<dyn Work>>, bells: &Bells) {
    let mut looked: Option<Instant> = None;
    while let Ok(first) = queue.recv() {
        if looked.is_none_or(|at| at.elapsed() > FREE_SPACE_LOOK) {
            match writer.has_room() {
                Ok(()) => looked = Some(Instant::now()),
                Err(fault) => {
                    first.answer(Err(fault));
                    continue;
                }
            }
        }
        writer.group(first, queue, bells);
    }
}

impl Writer {
    fn has_room(&self) -> Result<(), Fault> {
        let file = File::open(&self.path).map_err(Fault::broken)?;
        let disk = fstatvfs(&file).map_err(Fault::broken)?;
        let free_bytes = disk.f_bavail.saturating_mul(disk.f_frsize);
        if free_bytes < LEAST_FREE_BYTES {
            let what = format!(
                "the disk of {} has only {} MB free, and the database",
                self.path.display(),
                free_bytes >> 20
            );
            return Err(Fault::Away { what, retry_after_s: 30 });
        }
        Ok(())
    }

    /// Runs closures in one transaction until the group is full or nobody waits, commits, and answers.
    fn group(&self, first: Box<dyn Work>, queue: &Receiver<Box<dyn Work>>, bells: &Bells) {
        if let Err(error) = say(&self.connection, "BEGIN IMMEDIATE") {
            first.answer(Err(general(error)));
            return;
        }
        let started = Instant::now();
        let (mut done, mut signals) = (Vec::new(), Signals::default());
        let mut next = Some(first);
        let mut end = Ok(());
        while let Some(mut work) = next {
            end = self.attempt(&mut *work, &mut signals);
            done.push(work);
            let is_open = end.is_ok() && done.len() < MOST_IN_GROUP && started.elapsed() < LONGEST_GROUP;
            next = if is_open { queue.try_recv().ok() } else { None };
        }
        let end = end.and_then(|()| say(&self.connection, "COMMIT").map_err(general));
        if end.is_err() && !self.connection.is_autocommit() {
            drop(self.connection.execute_batch("ROLLBACK"));
        }
        if end.is_ok() {
            bells.ring(&signals);
        }
        for work in done {
            work.answer(end.clone());
        }
    }

    /// One closure in its savepoint. `Err` only when the engine gave up the whole transaction (disk full, I/O error).
    fn attempt(&self, work: &mut dyn Work, signals: &mut Signals) -> Result<(), Fault> {
        say(&self.connection, "SAVEPOINT closure").map_err(general)?;
        let mut tx = Tx::new(Engine::Sqlite(&self.connection));
        let stays = work.attempt(&mut tx);
        if self.connection.is_autocommit() {
            return Err(Fault::Away { what: "the disk of the database".to_owned(), retry_after_s: 30 });
        }
        if stays {
            signals.join(&tx.signals);
            return say(&self.connection, "RELEASE closure").map_err(general);
        }
        self.connection.execute_batch("ROLLBACK TO closure; RELEASE closure").map_err(general)
    }
}

/// One of the few words around every closure, prepared once.
fn say(connection: &Connection, word: &'static str) -> rusqlite::Result<()> {
    connection.prepare_cached(word)?.execute([]).map(drop)
}

fn read_loop(connection: &Connection, queue: &Receiver<Box<dyn Work>>) {
    while let Ok(mut work) = queue.recv() {
        let started = Instant::now();
        let deadline = connection.progress_handler(10_000, Some(move || started.elapsed() > LONGEST_READ));
        let begun = deadline.and_then(|()| say(connection, "BEGIN"));
        let end = match begun {
            Ok(()) => {
                work.attempt(&mut Tx::new(Engine::Sqlite(connection)));
                say(connection, "ROLLBACK").map_err(general)
            }
            Err(error) => Err(general(error)),
        };
        work.answer(end);
    }
}

/// A failed statement, in the words of the house.
pub(super) fn fault(sql: &Sql, error: rusqlite::Error) -> Fault {
    match error.sqlite_error().map(|e| e.extended_code) {
        Some(rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY) => {
            Fault::conflict("exists", "there is one like this already")
        }
        Some(rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY) => {
            Fault::conflict("in_use", "something else refers to this, or it refers to something that is gone")
        }
        _ => match general(error) {
            Fault::Broken(source) => Fault::broken(format!("{sql}: {source}")),
            other => other,
        },
    }
}

fn general(error: rusqlite::Error) -> Fault {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => {
            Fault::Away { what: "the disk of the database is full, and it".to_owned(), retry_after_s: 30 }
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            Fault::Away { what: "the database is busy and".to_owned(), retry_after_s: 1 }
        }
        Some(ErrorCode::OperationInterrupted) => {
            Fault::Away { what: "this read took longer than 5 s; the database".to_owned(), retry_after_s: 5 }
        }
        _ => Fault::broken(error),
    }
}
