//! A ground to stand on for the tests of every crate above: fresh store, set clock, one organisation.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::events::{Hearer, Hears};
use crate::files::Files;
use crate::id::{Ids, OrgId};
use crate::jobs::Kind;
use crate::outbound::Outbound;
use crate::search::Search;
use crate::secrets::Keys;
use crate::store::testing::on_both;
use crate::store::{Db, Schema};
use crate::{Clock, Cx, Ground, access, tenancy};

/// 2026-11-23T09:00:00Z, where every story begins.
pub const MONDAY_MS: i64 = 1_795_424_400_000;

/// What a story has at hand.
#[derive(Clone)]
pub struct House {
    pub ground: Arc<Ground>,
    pub org: OrgId,
}

impl House {
    /// The circumstances of a call by the house itself.
    pub fn cx(&self) -> Cx {
        self.ground.cx(self.org, "test")
    }

    /// The store.
    pub fn db(&self) -> &Db {
        &self.ground.db
    }

    /// Moves the clock, and runs whatever becomes due by it.
    ///
    /// # Panics
    /// When jobs cannot be read.
    pub async fn forward(&self, by: std::time::Duration) -> usize {
        self.ground.clock.forward(by);
        crate::jobs::run_due(&self.ground).await.expect("jobs can be read")
    }
}

/// Tells one story on each engine that is here.
#[expect(clippy::needless_pass_by_value, reason = "a story names its hearers and kinds where it is told")]
pub fn story<F, S>(schemas: &'static [Schema], hearers: Vec<Hearer>, kinds: Vec<Kind>, tell: F)
where
    F: Fn(House) -> S,
    S: Future<Output = ()>,
{
    on_both(schemas, |db| {
        let (hearers, kinds) = (hearers.clone(), kinds.clone());
        let tell = &tell;
        async move {
            let clock = Clock::set_at(MONDAY_MS);
            let ids = Ids::new(clock.clone(), 1);
            let (c, i) = (clock.clone(), ids.clone());
            let org = db
                .write(move |tx| tenancy::create(tx, &i, &c, "story", "Story"))
                .await
                .expect("a fresh store takes an organisation");
            let folder = scratch_folder();
            let ground = Ground {
                db,
                clock,
                ids,
                hears: Arc::new(Hears::new(hearers)),
                kinds,
                files: Files::open(&folder).expect("the temporary folder can be written"),
                search: Search::at(&folder.join("search"), vec![]),
                outbound: Outbound::new(&[]),
                keys: Keys::known([7; 32]),
                rights: access::RIGHTS.to_vec(),
            };
            tell(House { ground: Arc::new(ground), org }).await;
            drop(std::fs::remove_dir_all(folder));
        }
    });
}

fn scratch_folder() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("mainstay-story-{}-{next}", std::process::id()))
}
