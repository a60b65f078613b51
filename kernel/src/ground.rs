//! What a running server stands on: made once at the start, shared by all doors and jobs.

use std::sync::Arc;

use crate::access::{Right, Rights};
use crate::cx::{Cx, Who};
use crate::events::Hears;
use crate::files::Files;
use crate::id::{Ids, OrgId};
use crate::jobs::Kind;
use crate::outbound::Outbound;
use crate::search::Search;
use crate::secrets::Keys;
use crate::store::Db;
use crate::{Clock, Fault, events, files, id, jobs, people, tenancy};

/// A clock that is off by more than this was set, it did not drift.
pub const JUMP_MS: i64 = 2_000;

/// The ground floor of one process.
pub struct Ground {
    pub db: Db,
    pub clock: Clock,
    pub ids: Ids,
    pub hears: Arc<Hears>,
    /// How the rooms' kinds of jobs are done.
    pub kinds: Vec<Kind>,
    /// The root key of this installation.
    pub keys: Keys,
    /// The bytes of files.
    pub files: Files,
    /// The one HTTP client.
    pub outbound: Outbound,
    /// What can be found.
    pub search: Search,
    /// The permission words of the whole house, the ground floor's included.
    pub rights: Vec<&'static Right>,
}

impl Ground {
    /// The circumstances of a call by the house itself.
    pub fn cx(&self, org: OrgId, part: &'static str) -> Cx {
        self.call(org, Who::House(part), Rights::default())
    }

    /// Sets our clock by the database's and keeps our ids above all that was written: a clock that was set back since
    /// must not put new events before old ones. To be done before the first write.
    pub async fn keep_order(&self) -> Result<(), Fault> {
        self.db.set_clock(&self.clock).await?;
        for org in self.db.read(tenancy::list).await? {
            let newest = self.db.read(move |tx| events::newest(tx, org.id)).await?;
            self.ids.above(newest.0);
            let back_ms = id::made_ms(newest.0) - self.clock.now_ms();
            if back_ms > JUMP_MS {
                let cx = self.cx(org.id, "clock");
                self.db.write(move |tx| jobs::set_back(tx, &cx, back_ms)).await?;
            }
        }
        Ok(())
    }

    /// Removes what has run out in every organisation: sessions, links, pauses of sign-in, files that nothing holds.
    /// Answers how many rows and files went; run it hourly.
    pub async fn sweep(&self) -> Result<u64, Fault> {
        let mut count = 0;
        for org in self.db.read(tenancy::list).await? {
            let cx = self.cx(org.id, "sweep");
            count += self.db.write(move |tx| Ok(people::sweep(tx, &cx)? + files::sweep(tx, &cx)?)).await?;
        }
        Ok(count + self.files.sweep(&self.db, &self.clock).await?)
    }

    /// The circumstances of a call by somebody.
    pub fn call(&self, org: OrgId, who: Who, rights: Rights) -> Cx {
        Cx {
            org,
            who,
            rights: Arc::new(rights),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            hears: self.hears.clone(),
            keys: self.keys.clone(),
        }
    }
}
