//! How the index learns what happened: it reads the events of every organisation behind a mark ([`Tail`]). After a
//! start it reads the last quarter of a minute before its mark again, for what was committed late meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tantivy::IndexWriter;
use tokio::sync::watch;

use super::index::{Index, Marks};
use super::{Document, Finds, Search};
use crate::events::{Event, Tail};
use crate::id::{self, EventId, OrgId, Ref};
use crate::store::{Db, Signal, Tx};
use crate::{Fault, events, tenancy};

const OVERLAP_MS: i64 = 15_000;
const PAGE: u32 = 500;
/// Changes of this long go into one commit.
const TOGETHER: Duration = Duration::from_millis(200);
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// A commit that failed with less than this free failed for that.
const LEAST_FREE_BYTES: u64 = 4 << 20;
/// After so many looks without a change the writer's memory is given back.
const IDLE_LOOKS: u32 = 5;

/// The index with its place in the feed.
pub(super) struct Feed {
    pub(super) index: Index,
    folder: PathBuf,
    writer: Option<IndexWriter>,
    marks: Marks,
    tails: BTreeMap<i64, Tail>,
}

type News = Vec<(Ref, Option<Document>)>;

impl Feed {
    pub(super) fn open(folder: &Path) -> Result<Self, Fault> {
        let index = Index::open(folder)?;
        let marks = index.marks()?;
        Ok(Self { index, folder: folder.to_owned(), writer: None, marks, tails: BTreeMap::new() })
    }

    pub(super) fn rest(&mut self) {
        self.writer = None;
    }

    /// Takes in what has happened; what could not be written (a full disk) is taken in by a later call.
    pub(super) async fn catch_up(&mut self, db: &Db, finds: &[Finds]) -> Result<usize, Fault> {
        let done = self.take_in_all(db, finds).await;
        if done.is_err() {
            // The writer is of no use any more, and what it had not committed is lost: back to what the folder knows.
            self.writer = None;
            self.tails.clear();
            self.marks = self.index.marks()?;
        }
        done.map_err(|fault| self.when_full(fault))
    }

    /// The index says only that a thread of it ended; the disk says why.
    fn when_full(&self, fault: Fault) -> Fault {
        let free_bytes = rustix::fs::statvfs(&self.folder)
            .map_or(u64::MAX, |disk| disk.f_bavail.saturating_mul(disk.f_frsize));
        if !matches!(fault, Fault::Broken(_)) || free_bytes > LEAST_FREE_BYTES {
            return fault;
        }
        let (folder, free_mb) = (self.folder.display(), free_bytes >> 20);
        let what = format!("the disk of {folder} has only {free_mb} MB free, and the search index");
        Fault::Away { what, retry_after_s: 30 }
    }

    async fn take_in_all(&mut self, db: &Db, finds: &[Finds]) -> Result<usize, Fault> {
        let mut count = 0;
        for org in db.read(tenancy::list).await? {
            // The tail is put back only after what it read is in the index.
            let mut tail = self.tail(db, org.id).await?;
            loop {
                let events = tail.next(db, org.id, PAGE).await?;
                if events.is_empty() {
                    break;
                }
                count += self.take_in(db, finds, org.id, events).await?;
                self.marks.insert(org.id.0, tail.newest().0);
            }
            self.tails.insert(org.id.0, tail);
        }
        if let Some(writer) = self.writer.as_mut().filter(|_| count > 0) {
            self.index.commit(writer, &self.marks)?;
        }
        Ok(count)
    }

    async fn tail(&mut self, db: &Db, org: OrgId) -> Result<Tail, Fault> {
        let newest = db.read(move |tx| events::newest(tx, org)).await?;
        if self.marks.get(&org.0).is_some_and(|mark| *mark > newest.0) {
            // The store is older than the index: it was restored from a backup.
            self.marks.remove(&org.0);
            self.tails.remove(&org.0);
        }
        if let Some(tail) = self.tails.remove(&org.0) {
            return Ok(tail);
        }
        let mark = self.marks.get(&org.0).copied().unwrap_or(0);
        let floor = id::floor_at(id::made_ms(mark) - OVERLAP_MS).min(mark);
        Ok(Tail::catching_up(EventId(floor), newest))
    }

    /// Puts what has become of the things these events are about into the index; answers how many things.
    async fn take_in(
        &mut self,
        db: &Db,
        finds: &[Finds],
        org: OrgId,
        events: Vec<Event>,
    ) -> Result<usize, Fault> {
        let refs: BTreeSet<Ref> = events.into_iter().map(|event| event.subject).collect();
        let finds = finds.to_vec();
        let news = db.read(move |tx| load(tx, org, &finds, &refs)).await?;
        if self.writer.is_none() && !news.is_empty() {
            self.writer = Some(self.index.writer()?);
        }
        if let Some(writer) = &self.writer {
            for (of, document) in &news {
                self.index.put(writer, org, of, document.as_ref())?;
            }
        }
        Ok(news.len())
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
