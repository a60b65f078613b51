//! Following the events of an organisation while they are written.
//!
//! Ids are given before the commit, so an event may appear behind the newest one seen. Writers give no id below what
//! they have seen ([`crate::id::Ids::above`]) and no transaction lasts ten seconds: what was the newest long enough ago
//! has no unseen elder any more. *Long enough* is counted by this process's own stopwatch; no clock has a say in it.

use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use super::{Event, store};
use crate::Fault;
use crate::id::{self, EventId, OrgId};
use crate::store::Db;

/// Longer than a transaction may last, and than a writer may be without news.
const SETTLES: Duration = Duration::from_secs(15);
/// How often it is looked for what came late.
const LATE_EVERY: Duration = Duration::from_secs(1);

/// A reader that begins far behind takes what is this much older than the newest for settled.
const OLD_MS: i64 = 600_000;

/// Up to where nothing can appear any more.
#[derive(Clone, Debug)]
pub struct Settling {
    seen: VecDeque<(Instant, EventId)>,
    settled: EventId,
}

impl Settling {
    /// Nothing up to and with `settled` is awaited.
    pub fn from(settled: EventId) -> Self {
        Self { seen: VecDeque::new(), settled }
    }

    /// Notes what is the newest now; answers what has settled.
    pub fn note(&mut self, now: Instant, newest: EventId) -> EventId {
        while let Some((at, id)) = self.seen.front().copied()
            && now.duration_since(at) >= SETTLES
        {
            self.settled = self.settled.max(id);
            self.seen.pop_front();
        }
        let is_news = self
            .seen
            .back()
            .is_none_or(|(at, id)| newest > *id && now.duration_since(*at) >= Duration::from_millis(500));
        if is_news && newest > self.settled {
            self.seen.push_back((now, newest));
        }
        self.settled
    }
}

/// A reader of the events of one organisation, each once, late ones as well.
#[derive(Clone, Debug)]
pub struct Tail {
    newest: EventId,
    settling: Settling,
    /// What was read behind the newest and has not settled.
    seen: BTreeSet<EventId>,
    looked: Option<Instant>,
}

impl Tail {
    /// Begins behind `mark`; what is there at or before it is not read.
    pub fn behind(mark: EventId) -> Self {
        Self { newest: mark, settling: Settling::from(mark), seen: BTreeSet::new(), looked: None }
    }

    /// Begins behind `mark`, where `newest` is there already: for indexes that have much to read.
    pub fn catching_up(mark: EventId, newest: EventId) -> Self {
        let old = EventId(id::floor_at(id::made_ms(newest.0) - OLD_MS)).max(mark);
        Self { settling: Settling::from(old), ..Self::behind(mark) }
    }

    /// The newest event that was read.
    pub fn newest(&self) -> EventId {
        self.newest
    }

    /// The next events, `most` at most besides those that came late; none when all has been read.
    pub async fn next(&mut self, db: &Db, org: OrgId, most: u32) -> Result<Vec<Event>, Fault> {
        let now = Instant::now();
        let settled = self.settling.note(now, self.newest);
        self.seen = self.seen.split_off(&EventId(settled.0 + 1));
        let mut news = Vec::new();
        if self.looked.is_none_or(|at| now.duration_since(at) >= LATE_EVERY) && settled < self.newest {
            news = self.late(db, org, settled).await?;
            self.looked = Some(now);
        }
        let after = self.newest;
        news.extend(db.read(move |tx| store::after(tx, org, after, most)).await?);
        self.seen.extend(news.iter().map(|event| event.id));
        self.newest = news.last().map_or(after, |event| event.id.max(after));
        Ok(news)
    }

    async fn late(&self, db: &Db, org: OrgId, settled: EventId) -> Result<Vec<Event>, Fault> {
        let upto = self.newest;
        let there = db.read(move |tx| store::ids_between(tx, org, settled, upto)).await?;
        let late: Vec<i64> = there.iter().filter(|id| !self.seen.contains(id)).map(|id| id.0).collect();
        if late.is_empty() {
            return Ok(Vec::new());
        }
        db.read(move |tx| store::these(tx, org, &late)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_the_newest_long_ago_has_settled() {
        let begun = Instant::now();
        let after = |s: u64| begun + Duration::from_secs(s);
        let mut settling = Settling::from(EventId(0));
        assert_eq!(settling.note(after(0), EventId(10)), EventId(0));
        assert_eq!(settling.note(after(5), EventId(20)), EventId(0));
        assert_eq!(settling.note(after(14), EventId(20)), EventId(0));
        assert_eq!(settling.note(after(15), EventId(30)), EventId(10));
        assert_eq!(settling.note(after(21), EventId(30)), EventId(20));
        assert_eq!(settling.note(after(60), EventId(30)), EventId(30));
    }
}
