//! How the index learns what happened: it reads the events of every organisation behind a mark.
//!
//! Ids are given before the commit, so an event may appear behind the mark: the last twelve seconds, longer than a
//! transaction may last, are read again, and what was seen there already is skipped.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use tantivy::IndexWriter;
use tokio::sync::watch;

use super::index::{Index, Marks};
use super::{Document, Finds, Search};
use crate::id::{self, EventId, OrgId, Ref};
use crate::store::{Db, Signal, Tx};
use crate::{Fault, events, tenancy};

const OVERLAP_MS: i64 = 12_000;
const PAGE: u32 = 500;
/// Changes of this long go into one commit.
const TOGETHER: Duration = Duration::from_millis(200);
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// After so many looks without a change the writer's memory is given back.
const IDLE_LOOKS: u32 = 5;

/// The index with its place in the feed.
pub(super) struct Feed {
    pub(super) index: Index,
    writer: Option<IndexWriter>,
    marks: Marks,
    /// What was read of the last twelve seconds, by organisation.
    seen: BTreeMap<i64, BTreeSet<i64>>,
}

type News = Vec<(Ref, Option<Document>)>;

impl Feed {
    pub(super) fn open(folder: &Path) -> Result<Self, Fault> {
        let index = Index::open(folder)?;
        let marks = index.marks()?;
        Ok(Self { index, writer: None, marks, seen: BTreeMap::new() })
    }

    pub(super) fn rest(&mut self) {
        self.writer = None;
    }

    pub(super) async fn catch_up(&mut self, db: &Db, finds: &[Finds]) -> Result<usize, Fault> {
        let mut count = 0;
        for org in db.read(tenancy::list).await? {
            loop {
                let (fresh, news) = self.page(db, finds, org.id).await?;
                let Some(last) = fresh.last().copied() else { break };
                count += news.len();
                self.take_in(org.id, &fresh, &news, last)?;
                if fresh.len() < PAGE as usize {
                    break;
                }
            }
        }
        if let Some(writer) = self.writer.as_mut().filter(|_| count > 0) {
            self.index.commit(writer, &self.marks)?;
        }
        Ok(count)
    }

    /// The next events that were not seen, and what has become of the things they are about.
    async fn page(&mut self, db: &Db, finds: &[Finds], org: OrgId) -> Result<(Vec<i64>, News), Fault> {
        let newest = db.read(move |tx| events::all(tx, org, EventId(i64::MAX), 1)).await?;
        let newest = newest.first().map_or(0, |event| event.id.0);
        if self.marks.get(&org.0).is_some_and(|mark| *mark > newest) {
            // The store is older than the index: it was restored from a backup.
            self.marks.remove(&org.0);
            self.seen.remove(&org.0);
        }
        let mark = self.marks.get(&org.0).copied().unwrap_or(0);
        let floor = id::floor_at(id::made_ms(mark) - OVERLAP_MS).min(mark);
        let (finds, seen) = (finds.to_vec(), self.seen.get(&org.0).cloned().unwrap_or_default());
        let read = move |tx: &mut Tx<'_>| {
            let (mut fresh, mut refs, mut from) = (Vec::new(), BTreeSet::new(), floor);
            while fresh.len() < PAGE as usize {
                let page = events::since(tx, org, EventId(from), PAGE)?;
                let is_last = page.len() < PAGE as usize;
                from = page.last().map_or(from, |event| event.id.0);
                for event in page.into_iter().filter(|event| !seen.contains(&event.id.0)) {
                    fresh.push(event.id.0);
                    refs.insert(event.subject);
                }
                if is_last {
                    break;
                }
            }
            Ok((fresh, load(tx, org, &finds, &refs)?))
        };
        db.read(read).await
    }

    fn take_in(
        &mut self,
        org: OrgId,
        fresh: &[i64],
        news: &[(Ref, Option<Document>)],
        last: i64,
    ) -> Result<(), Fault> {
        if self.writer.is_none() && !news.is_empty() {
            self.writer = Some(self.index.writer()?);
        }
        if let Some(writer) = &self.writer {
            for (of, document) in news {
                self.index.put(writer, org, of, document.as_ref())?;
            }
        }
        let mark = self.marks.entry(org.0).or_insert(0);
        *mark = last.max(*mark);
        let floor = id::floor_at(id::made_ms(*mark) - OVERLAP_MS);
        let seen = self.seen.entry(org.0).or_default();
        seen.extend(fresh);
        *seen = seen.split_off(&floor);
        Ok(())
    }
}

/// What has become of these things; nothing where one is gone.
fn load(tx: &mut Tx<'_>, org: OrgId, finds: &[Finds], refs: &BTreeSet<Ref>) -> Result<News, Fault> {
    let mut news = Vec::new();
    for kind in finds {
        let ids: Vec<i64> = refs.iter().filter(|of| of.kind == kind.kind).map(|of| of.id).collect();
        if ids.is_empty() {
            continue;
        }
        let mut documents: BTreeMap<i64, Document> =
            (kind.load)(tx, org, &ids)?.into_iter().map(|document| (document.id, document)).collect();
        news.extend(ids.into_iter().map(|id| (Ref::new(kind.kind, id), documents.remove(&id))));
    }
    Ok(news)
}

/// Keeps up until told to stop.
pub(super) async fn follow(search: Search, db: Db, mut stop: watch::Receiver<bool>) {
    let mut idle_looks = 0;
    while !*stop.borrow() {
        match search.catch_up(&db).await {
            Ok(0) => idle_looks += 1,
            Ok(_) => idle_looks = 0,
            Err(fault) => tracing::warn!(%fault, "the search index cannot keep up; trying again"),
        }
        if idle_looks == IDLE_LOOKS {
            search.rest().await;
        }
        tokio::select! {
            () = db.wait(Signal::Events, LOOK_EVERY) => tokio::time::sleep(TOGETHER).await,
            _ = stop.changed() => {}
        }
    }
    search.rest().await;
}
