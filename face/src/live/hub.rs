//! The hub: numbers changes, keeps the last ones, wakes who listens.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::broadcast;

/// Something changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The organisation it happened in. No other hears of it.
    pub org: String,
    /// What sort of thing, as pages name it: lower case, digits, `.`, `_`, `-`.
    pub topic: String,
    /// Which one.
    pub id: String,
}

impl Change {
    /// A change.
    pub fn new(org: impl Into<String>, topic: impl Into<String>, id: impl Into<String>) -> Self {
        Self { org: org.into(), topic: topic.into(), id: id.into() }
    }
}

/// A change with its number and its bytes on the wire, shared by all listeners.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) number: u64,
    pub(super) change: Change,
    pub(super) bytes: Bytes,
}

/// The hub. Clones share one.
#[derive(Clone, Debug)]
pub struct Hub {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    boot: String,
    kept: usize,
    ring: Mutex<Ring>,
}

#[derive(Debug)]
struct Ring {
    last: u64,
    entries: VecDeque<Arc<Entry>>,
    /// None once the hub is closed.
    sender: Option<broadcast::Sender<Arc<Entry>>>,
}

/// What a listener starts with.
pub(super) struct Start {
    pub(super) missed: Vec<Arc<Entry>>,
    /// Whether more was missed than is kept.
    pub(super) has_gap: bool,
    pub(super) last: u64,
    pub(super) receiver: broadcast::Receiver<Arc<Entry>>,
}

impl Hub {
    /// A hub that keeps the last `kept` changes for those who come back. `boot` differs at each start of the
    /// server, so that numbers of an earlier run are not taken for ours.
    pub fn new(boot: impl Into<String>, kept: usize) -> Self {
        let boot: String = boot.into().chars().filter(char::is_ascii_alphanumeric).collect();
        let (sender, _) = broadcast::channel(kept.max(16));
        let ring = Ring { last: 0, entries: VecDeque::with_capacity(kept), sender: Some(sender) };
        Self { shared: Arc::new(Shared { boot, kept, ring: Mutex::new(ring) }) }
    }

    /// Tells everybody. Never waits; without listeners it only keeps the change. After [`Hub::close`] nothing
    /// happens.
    pub fn publish(&self, change: Change) {
        let mut ring = locked(&self.shared.ring);
        let Some(sender) = ring.sender.clone() else { return };
        ring.last += 1;
        let number = ring.last;
        let bytes = format!(
            "id: {}-{number}\nevent: {}\ndata: {}\n\n",
            self.shared.boot,
            one_line(&change.topic),
            one_line(&change.id)
        );
        let entry = Arc::new(Entry { number, change, bytes: bytes.into() });
        if ring.entries.len() >= self.shared.kept {
            ring.entries.pop_front();
        }
        ring.entries.push_back(Arc::clone(&entry));
        // Under the lock, so that a listener that starts now gets it from the ring or from the channel, never
        // from both. An error only means that nobody listens.
        sender.send(entry).ok();
    }

    /// Where the stream stands. A page made now and listening `since` here misses nothing in between.
    pub fn position(&self) -> String {
        self.position_of(locked(&self.shared.ring).last)
    }

    /// How many listen.
    pub fn listeners(&self) -> usize {
        locked(&self.shared.ring).sender.as_ref().map_or(0, broadcast::Sender::receiver_count)
    }

    /// Ends every stream, so that the server can stop; pages come back by themselves once it runs again.
    pub fn close(&self) {
        locked(&self.shared.ring).sender = None;
    }

    pub(super) fn position_of(&self, number: u64) -> String {
        format!("{}-{number}", self.shared.boot)
    }

    /// None once the hub is closed.
    pub(super) fn start(&self, since: Option<&str>) -> Option<Start> {
        let ring = locked(&self.shared.ring);
        let receiver = ring.sender.as_ref()?.subscribe();
        let last = ring.last;
        let Some(since) = since else {
            return Some(Start { missed: Vec::new(), has_gap: false, last, receiver });
        };
        let known = since
            .rsplit_once('-')
            .filter(|(boot, _)| *boot == self.shared.boot)
            .and_then(|(_, number)| number.parse::<u64>().ok())
            .filter(|number| *number <= last);
        let oldest = ring.entries.front().map_or(last + 1, |entry| entry.number);
        let Some(known) = known.filter(|known| known + 1 >= oldest) else {
            return Some(Start { missed: Vec::new(), has_gap: true, last, receiver });
        };
        let missed = ring.entries.iter().filter(|entry| entry.number > known).cloned().collect();
        Some(Start { missed, has_gap: false, last, receiver })
    }
}

/// What is behind the lock stays whole whatever a thread that held it did: each change is one step.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A line break would end the field and let a name forge another.
fn one_line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}
