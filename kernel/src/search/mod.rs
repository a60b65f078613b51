//! Search over everything: an index of this process's own, derived from the store, fed by the event feed, thrown away
//! and built again at will. What it finds is loaded from the store and checked again, so that nothing stale or
//! forbidden is shown.

mod feed;
mod index;
mod query;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Mutex;

use crate::access::{Right, Scope, Scopes};
use crate::id::{OrgId, Ref, TeamId};
use crate::store::{Db, Tx};
use crate::{Cx, Fault};
use feed::Feed;
use index::Sight;

/// Fewer exact hits than this, and words with a typo are looked for as well.
const FEW: usize = 3;

/// What can be found of one thing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    pub id: i64,
    /// The team that owns it, for the right that guards it.
    pub team: Option<TeamId>,
    pub title: String,
    pub body: String,
    /// For `#2431`.
    pub number: Option<i64>,
    /// For `state:open`.
    pub state: String,
    pub at_ms: i64,
}

/// How one kind of thing is found. Its room writes an event with the thing as subject whenever its text changes.
#[derive(Clone, Copy, Debug)]
pub struct Finds {
    /// The word of its [`Ref`]: `work`, `asset` …
    pub kind: &'static str,
    /// Who may find it: this right at the scope of its team.
    pub right: &'static Right,
    /// Loads those of these ids that exist.
    pub load: Load,
}

/// Loads documents by their ids, in any order.
pub type Load = fn(&mut Tx<'_>, OrgId, &[i64]) -> Result<Vec<Document>, Fault>;

/// Something found, as the store has it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    pub of: Ref,
    pub document: Document,
    /// Found by a word with a typo.
    pub is_guess: bool,
}

/// The index of this process. Cheap to clone.
#[derive(Clone)]
pub struct Search {
    folder: Arc<PathBuf>,
    finds: Arc<Vec<Finds>>,
    feed: Arc<Mutex<Option<Feed>>>,
}

impl Search {
    /// Keeps its index in this folder, which no other process uses; opened when first needed.
    pub fn at(folder: &Path, finds: Vec<Finds>) -> Self {
        Self { folder: Arc::new(folder.to_path_buf()), finds: Arc::new(finds), feed: Arc::default() }
    }

    /// Finds what fits, best first: words, `"a phrase"`, `-without`, `begin*`, `state:open`, `#2431`. All must fit.
    ///
    /// # Errors
    /// `Broken` when the index cannot be read even after it was made anew.
    pub async fn find(&self, db: &Db, cx: &Cx, text: &str, limit: usize) -> Result<Vec<Hit>, Fault> {
        let asked = query::read(text);
        let sights = self.sights(cx);
        if asked.is_empty() || sights.is_empty() || limit == 0 {
            return Ok(Vec::new());
        }
        let index = {
            let mut feed = self.feed.lock().await;
            self.opened(&mut feed)?.index.clone()
        };
        let org = cx.org;
        let look = move || -> Result<Vec<(Ref, bool)>, Fault> {
            let mut found: Vec<(Ref, bool)> = index
                .find(org, &sights, &asked, false, limit * 2)?
                .into_iter()
                .map(|of| (of, false))
                .collect();
            if found.len() < FEW && asked.iter().any(query::Part::may_be_mistyped) {
                for of in index.find(org, &sights, &asked, true, limit)? {
                    if !found.iter().any(|(known, _)| *known == of) {
                        found.push((of, true));
                    }
                }
            }
            Ok(found)
        };
        let found = tokio::task::spawn_blocking(look).await.map_err(Fault::broken)??;
        self.load(db, cx, found, limit).await
    }

    /// Brings the index up to what has been committed; answers how many things were looked at.
    pub async fn catch_up(&self, db: &Db) -> Result<usize, Fault> {
        let mut feed = self.feed.lock().await;
        self.opened(&mut feed)?.catch_up(db, &self.finds).await
    }

    /// Throws the index away and builds it again from the first event on; answers how many things were looked at.
    pub async fn rebuild(&self, db: &Db) -> Result<usize, Fault> {
        let mut feed = self.feed.lock().await;
        *feed = None;
        index::throw_away(&self.folder)?;
        self.opened(&mut feed)?.catch_up(db, &self.finds).await
    }

    /// Keeps the index up to date until told to stop.
    pub async fn follow(self, db: Db, stop: tokio::sync::watch::Receiver<bool>) {
        feed::follow(self, db, stop).await;
    }

    /// Gives the writer's memory back; the next change opens it again.
    async fn rest(&self) {
        if let Some(feed) = self.feed.lock().await.as_mut() {
            feed.rest();
        }
    }

    fn opened<'f>(&self, feed: &'f mut Option<Feed>) -> Result<&'f mut Feed, Fault> {
        if feed.is_none() {
            *feed = Some(Feed::open(&self.folder)?);
        }
        Ok(feed.as_mut().expect("opened above"))
    }

    /// What the caller may see of each kind.
    fn sights(&self, cx: &Cx) -> Vec<Sight> {
        let sight = |finds: &Finds| match cx.scopes(finds.right) {
            Scopes::Teams(teams) if teams.is_empty() => None,
            scopes => Some(Sight { kind: finds.kind, scopes }),
        };
        self.finds.iter().filter_map(sight).collect()
    }

    async fn load(&self, db: &Db, cx: &Cx, found: Vec<(Ref, bool)>, limit: usize) -> Result<Vec<Hit>, Fault> {
        let (finds, cx, order) = (self.finds.clone(), cx.clone(), found);
        let read = move |tx: &mut Tx<'_>| {
            let mut hits = Vec::new();
            for kind in finds.iter() {
                let ids: Vec<i64> =
                    order.iter().filter(|(of, _)| of.kind == kind.kind).map(|(of, _)| of.id).collect();
                if ids.is_empty() {
                    continue;
                }
                for document in (kind.load)(tx, cx.org, &ids)? {
                    let of = Ref::new(kind.kind, document.id);
                    let place = order.iter().position(|(found, _)| *found == of);
                    if let (Some(place), Ok(())) = (place, cx.may(kind.right, Scope::Team(document.team))) {
                        hits.push((place, Hit { of, document, is_guess: order[place].1 }));
                    }
                }
            }
            hits.sort_by_key(|(place, _)| *place);
            Ok(hits.into_iter().take(limit).map(|(_, hit)| hit).collect())
        };
        db.read(read).await
    }
}
