//! The open store: where closures are handed in, and what wakes when one has committed.

use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use super::address::{Address, Server};
use super::migrate::{self, Schema};
use super::postgres::{self, Mode, Postgres};
use super::signal::{Bells, Signal};
use super::sqlite::{self, Sqlite};
use super::tx::Tx;
use super::work::{Call, Work};
use crate::{Clock, Fault};

/// More closures than this waiting means that the disk does not keep up: better to say so than to grow.
const MOST_WAITING: usize = 20_000;

/// The store of this process. Cheap to clone.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    address: Address,
    bells: Bells,
    queues: Mutex<Option<Queues>>,
}

#[derive(Clone)]
enum Queues {
    Sqlite {
        writes: crossbeam_channel::Sender<Box<dyn Work>>,
        reads: crossbeam_channel::Sender<Box<dyn Work>>,
        open: Arc<Open>,
    },
    Postgres {
        queue: crossbeam_channel::Sender<(Mode, Box<dyn Work>)>,
        open: Arc<Open>,
    },
}

/// What ends with the last clone of the queues.
struct Open {
    threads: Mutex<Vec<JoinHandle<()>>>,
    _lock: Option<std::fs::File>,
}

impl Db {
    /// Opens the store and brings its tables up to date.
    ///
    /// # Errors
    /// `Invalid` when the place cannot be used, `Conflict` (`in_use`) when another process has it, `Away` when
    /// PostgreSQL does not answer.
    pub async fn open(address: Address, schemas: &'static [Schema]) -> Result<Self, Fault> {
        let bells = Bells::default();
        let (opening, ringing) = (address.clone(), bells.clone());
        let queues = tokio::task::spawn_blocking(move || open_queues(&opening, schemas, &ringing))
            .await
            .map_err(Fault::broken)??;
        if let Address::Postgres(server) = &address {
            super::listen::start(server.as_ref().clone(), bells.clone());
        }
        Ok(Self(Arc::new(Inner { address, bells, queues: Mutex::new(Some(queues)) })))
    }

    /// Opens the store beside a server that has it, for one short command. It takes no lock and changes no tables.
    ///
    /// # Errors
    /// As [`Db::open`], and `Conflict` (`schema_old`) when the tables are not those of this build.
    pub async fn beside(address: Address, schemas: &'static [Schema]) -> Result<Self, Fault> {
        let bells = Bells::default();
        let (opening, ringing) = (address.clone(), bells.clone());
        let queues = tokio::task::spawn_blocking(move || match &opening {
            Address::Sqlite(path) => {
                let connection = sqlite::connect(path)?;
                migrate::is_current_sqlite(&connection, schemas)?;
                let Sqlite { writes, reads, threads } = sqlite::start(path, connection, &ringing)?;
                Ok(Queues::Sqlite {
                    writes,
                    reads,
                    open: Arc::new(Open { threads: Mutex::new(threads), _lock: None }),
                })
            }
            Address::Postgres(server) => {
                migrate::is_current_postgres(&postgres::Line::connect(server)?, schemas)?;
                postgres_queues(server, &ringing)
            }
        });
        let queues = queues.await.map_err(Fault::broken)??;
        Ok(Self(Arc::new(Inner { address, bells, queues: Mutex::new(Some(queues)) })))
    }

    /// Where the data is.
    pub fn address(&self) -> &Address {
        &self.0.address
    }

    /// Runs `closure` in a transaction; when this answers `Ok`, the change is on disk.
    pub async fn write<T, F>(&self, closure: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T, Fault> + Send + 'static,
    {
        self.send(Mode::Write, closure).await
    }

    /// Runs `closure` on one snapshot; it can change nothing.
    pub async fn read<T, F>(&self, closure: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T, Fault> + Send + 'static,
    {
        self.send(Mode::Read, closure).await
    }

    async fn send<T, F>(&self, mode: Mode, closure: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T, Fault> + Send + 'static,
    {
        let (caller, answer) = oneshot::channel();
        let work: Box<dyn Work> = Box::new(Call::new(closure, caller));
        let queues = self.queues().ok_or_else(closed)?;
        let sent = match &queues {
            Queues::Sqlite { writes, reads, .. } => {
                let queue = if mode == Mode::Write { writes } else { reads };
                refuse_flood(queue.len())?;
                queue.send(work).is_ok()
            }
            Queues::Postgres { queue, .. } => {
                refuse_flood(queue.len())?;
                queue.send((mode, work)).is_ok()
            }
        };
        drop(queues);
        if !sent {
            return Err(closed());
        }
        answer.await.map_err(|_| closed())?
    }

    fn queues(&self) -> Option<Queues> {
        self.0.queues.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// Sets `clock` by the database server's, where there is one. Answers how far that was from the clock, milliseconds:
    /// positive when the server is ahead.
    pub async fn set_clock(&self, clock: &Clock) -> Result<i64, Fault> {
        let before_ms = clock.now_ms();
        let ask = |tx: &mut Tx<'_>| tx.server_ms();
        let Some(server_ms) = self.read(ask).await? else { return Ok(0) };
        let after_ms = clock.now_ms();
        // The server looked somewhere in between; a slow answer says less than the clock we have.
        let took_ms = after_ms - before_ms;
        let off_ms = server_ms - (before_ms + took_ms / 2);
        if off_ms.abs() > took_ms {
            clock.follow(after_ms + off_ms);
        }
        Ok(off_ms)
    }

    /// Reads the whole database file and answers what is wrong with it; minutes for a large one. A PostgreSQL is its
    /// administrator's to check.
    pub async fn damage(&self) -> Result<Vec<String>, Fault> {
        let Address::Sqlite(path) = self.address().clone() else { return Ok(Vec::new()) };
        tokio::task::spawn_blocking(move || sqlite::damage(&path)).await.map_err(Fault::broken)?
    }

    /// Waits until something was committed that `signal` is about, here or (as a hint) in another process, but no
    /// longer than `at_most`: the clock is the truth, the bell only makes it quick.
    pub async fn wait(&self, signal: Signal, at_most: Duration) {
        drop(tokio::time::timeout(at_most, self.0.bells.bell(signal).notified()).await);
    }

    /// Ends the threads after what was handed in is done; later calls answer `Away`.
    pub async fn close(&self) {
        let queues = self.0.queues.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        let open = match &queues {
            Some(Queues::Sqlite { open, .. } | Queues::Postgres { open, .. }) => open.clone(),
            None => return,
        };
        drop(queues); // the threads end when their queues do
        let threads =
            std::mem::take(&mut *open.threads.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        let ended =
            tokio::task::spawn_blocking(move || threads.into_iter().for_each(|thread| drop(thread.join())));
        drop(ended.await);
    }
}

fn refuse_flood(waiting: usize) -> Result<(), Fault> {
    if waiting > MOST_WAITING { Err(Fault::TooMany { retry_after_s: 2 }) } else { Ok(()) }
}

fn closed() -> Fault {
    Fault::Away { what: "the store is closing and".to_owned(), retry_after_s: 5 }
}

fn open_queues(address: &Address, schemas: &[Schema], bells: &Bells) -> Result<Queues, Fault> {
    match address {
        Address::Sqlite(path) => {
            let lock = sqlite::claim(path)?;
            let mut connection = sqlite::connect(path)?;
            migrate::sqlite(&mut connection, schemas)?;
            let Sqlite { writes, reads, threads } = sqlite::start(path, connection, bells)?;
            let open = Arc::new(Open { threads: Mutex::new(threads), _lock: Some(lock) });
            Ok(Queues::Sqlite { writes, reads, open })
        }
        Address::Postgres(server) => {
            migrate::postgres(&mut postgres::Line::connect(server)?, schemas)?;
            postgres_queues(server, bells)
        }
    }
}

fn postgres_queues(server: &Server, bells: &Bells) -> Result<Queues, Fault> {
    let Postgres { queue, threads } = postgres::start(server, bells)?;
    Ok(Queues::Postgres { queue, open: Arc::new(Open { threads: Mutex::new(threads), _lock: None }) })
}
