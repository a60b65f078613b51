//! The time, handed in: the machine's own, or one that a test sets and moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Where the time comes from. Cheap to clone; clones of a set clock move together.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    /// With what is to be added to the machine's own time, milliseconds.
    Machine(Arc<AtomicI64>),
    Set(Arc<AtomicI64>),
}

impl Clock {
    /// The clock of this machine.
    pub fn machine() -> Self {
        Self(Source::Machine(Arc::default()))
    }

    /// Goes by another clock from now on: all processes on one database have the time of that database, whatever
    /// their machines say. A set clock stays as it is set.
    pub fn follow(&self, now_ms: i64) {
        if let Source::Machine(ahead_ms) = &self.0 {
            ahead_ms.store(now_ms - machine_ms(), Ordering::SeqCst);
        }
    }

    /// How far this clock is ahead of its machine's, milliseconds; behind is negative.
    pub fn ahead_ms(&self) -> i64 {
        match &self.0 {
            Source::Machine(ahead_ms) => ahead_ms.load(Ordering::SeqCst),
            Source::Set(_) => 0,
        }
    }

    /// A clock that stands at `now_ms` (milliseconds since 1970, UTC) until it is moved.
    pub fn set_at(now_ms: i64) -> Self {
        Self(Source::Set(Arc::new(AtomicI64::new(now_ms))))
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub fn now_ms(&self) -> i64 {
        match &self.0 {
            Source::Machine(ahead_ms) => machine_ms() + ahead_ms.load(Ordering::SeqCst),
            Source::Set(now) => now.load(Ordering::SeqCst),
        }
    }

    /// Sets a set clock, back as well as forth; the machine's own stays as it is.
    pub fn set(&self, now_ms: i64) {
        if let Source::Set(now) = &self.0 {
            now.store(now_ms, Ordering::SeqCst);
        }
    }

    /// Moves a set clock forward; the machine's own clock cannot be moved and stays as it is.
    pub fn forward(&self, by: Duration) {
        if let Source::Set(now) = &self.0 {
            now.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where the machine's time enters")]
fn machine_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
