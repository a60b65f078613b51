//! Waking those who wait: told after the commit, in this process at once, to other processes as a hint.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::Notify;

/// Who has something to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    /// A job was written or became due.
    Jobs,
    /// An event was written.
    Events,
}

/// The signals of one transaction.
#[derive(Clone, Debug, Default)]
pub struct Signals(BTreeSet<Signal>);

impl Signals {
    pub(super) fn add(&mut self, signal: Signal) {
        self.0.insert(signal);
    }

    pub(super) fn join(&mut self, other: &Self) {
        self.0.extend(other.0.iter().copied());
    }
}

/// The bells of this process.
#[derive(Clone, Debug, Default)]
pub struct Bells(Arc<(Notify, Notify, Notify)>);

impl Bells {
    /// Rings for every signal; whoever waits wakes, whoever comes next finds it rung.
    pub(super) fn ring(&self, signals: &Signals) {
        self.ring_inward(signals);
        if !signals.0.is_empty() {
            self.outward().notify_one();
        }
    }

    /// Rings in this process only.
    pub(super) fn ring_inward(&self, signals: &Signals) {
        for signal in &signals.0 {
            self.bell(*signal).notify_waiters();
            self.bell(*signal).notify_one();
        }
    }

    pub(super) fn bell(&self, signal: Signal) -> &Notify {
        match signal {
            Signal::Jobs => &self.0.0,
            Signal::Events => &self.0.1,
        }
    }

    /// Rung whenever other processes should hear of it too.
    pub(super) fn outward(&self) -> &Notify {
        &self.0.2
    }
}
