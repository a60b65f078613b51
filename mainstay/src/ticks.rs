//! The clocks of one process: sealing events, returning accepted risks, holding its number, telling browsers.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mainstay_face::live::{Change, Hub};
use mainstay_kernel::events::{Settling, Tail};
use mainstay_kernel::id::{self, EventId, NoticeId, OrgId};
use mainstay_kernel::store::{Signal, Tx};
use mainstay_kernel::{Fault, Ground, JUMP_MS, Ref, events, jobs, node, notify, tenancy};
use mainstay_record::{RunId, finding, silence, touch};
use tokio::sync::watch;

/// An agent that has not spoken for so long is silent; it speaks at least once a minute.
pub const SILENT_MS: i64 = 10 * 60_000;
/// What is written within so short a time is read at once: on a busy server every commit rings.
const TOGETHER: Duration = Duration::from_millis(20);
const EVENTS_AT_ONCE: u32 = 500;
/// What becomes of messages is followed for so long after they were written; most end within seconds.
const MESSAGES_FOLLOWED_MS: i64 = 10 * 60_000;

async fn pause(time: Duration, stop: &mut watch::Receiver<bool>) -> bool {
    drop(tokio::time::timeout(time, stop.wait_for(|stopped| *stopped)).await);
    !*stop.borrow()
}

async fn orgs(ground: &Ground) -> Vec<OrgId> {
    match ground.db.read(tenancy::list).await {
        Ok(orgs) => orgs.into_iter().map(|org| org.id).collect(),
        Err(fault) => {
            tracing::warn!(%fault, "organisations cannot be read");
            Vec::new()
        }
    }
}

/// Compares the clock with time as it passes, which nobody can set.
struct Watch {
    at: Instant,
    clock_ms: i64,
}

impl Watch {
    fn new(ground: &Ground) -> Self {
        Self { at: Instant::now(), clock_ms: ground.clock.now_ms() }
    }

    /// How far the clock jumped since the last look, milliseconds, and how long ago that look was.
    fn look(&mut self, ground: &Ground) -> (i64, Duration) {
        let (passed, before_ms) = (self.at.elapsed(), self.clock_ms);
        *self = Self::new(ground);
        (self.clock_ms - before_ms - i64::try_from(passed.as_millis()).unwrap_or(i64::MAX), passed)
    }
}

/// What was written by a clock that has since been set back must not have to wait for it.
async fn set_back(ground: &Ground, by_ms: i64) {
    tracing::warn!(by_ms, "the clock was set back; what was due is done now");
    for org in orgs(ground).await {
        let cx = ground.cx(org, "clock");
        let moved = ground.db.write(move |tx| {
            jobs::set_back(tx, &cx, by_ms)?;
            silence::set_back(tx, &cx)
        });
        if let Err(fault) = moved.await {
            tracing::warn!(%fault, "what was due before the clock was set back has to wait");
        }
    }
}

/// Sets our clock by the database's, and seals settled events, every few seconds.
pub async fn seal(ground: Arc<Ground>, mut stop: watch::Receiver<bool>) {
    let mut settling: HashMap<OrgId, Settling> = HashMap::new();
    let mut watch = Watch::new(&ground);
    while pause(Duration::from_secs(5), &mut stop).await {
        match ground.db.set_clock(&ground.clock).await {
            Ok(off_ms) if off_ms.abs() > JUMP_MS => {
                tracing::warn!(off_ms, "a clock jumped, ours or the database's; the database's counts");
            }
            Ok(_) => {}
            Err(fault) => tracing::warn!(%fault, "the database's clock cannot be read"),
        }
        let (jump_ms, _) = watch.look(&ground);
        if jump_ms < -JUMP_MS {
            set_back(&ground, -jump_ms).await;
        }
        for org in orgs(&ground).await {
            let settling = settling.entry(org).or_insert_with(|| Settling::from(EventId(0)));
            if let Err(fault) = seal_settled(&ground, org, settling).await {
                tracing::warn!(%fault, "events could not be sealed; trying again");
            }
        }
    }
}

async fn seal_settled(ground: &Ground, org: OrgId, settling: &mut Settling) -> Result<(), Fault> {
    let newest = ground.db.read(move |tx| events::newest(tx, org)).await?;
    let upto = settling.note(Instant::now(), newest);
    loop {
        let cx = ground.cx(org, "sealer");
        let sealed = ground.db.write(move |tx| events::seal(tx, &cx, upto)).await?;
        if sealed < events::ROWS_PER_SEAL as usize {
            return Ok(());
        }
    }
}

/// What is due every half minute: the lease of our number, risks whose acceptance ended.
pub async fn minute(ground: Arc<Ground>, own: (u16, String), mut stop: watch::Receiver<bool>) {
    let turn = Duration::from_millis(node::LEASE_MS.unsigned_abs() / 4);
    let (mut listening, mut watch) = (Instant::now(), Watch::new(&ground));
    while pause(turn, &mut stop).await {
        let (jump_ms, passed) = watch.look(&ground);
        if jump_ms.abs() > JUMP_MS || passed > turn * 4 {
            // After a jump, or when this process stood still, the last words seem older than they are.
            listening = Instant::now();
        }
        let (clock, (number, holder)) = (ground.clock.clone(), own.clone());
        match ground.db.write(move |tx| node::renew(tx, &clock, number, &holder)).await {
            Ok(true) => {}
            Ok(false) => {
                // Two processes with one number could make the same id: better none.
                tracing::error!(node = own.0, "another process holds our number; stopping");
                std::process::exit(70);
            }
            Err(fault) => tracing::warn!(%fault, "the lease of our number could not be renewed"),
        }
        for org in orgs(&ground).await {
            let cx = ground.cx(org, "clock");
            if let Err(fault) = ground.db.write(move |tx| finding::return_accepted(tx, &cx)).await {
                tracing::warn!(%fault, "accepted risks could not be looked at");
            }
            // Who has only just begun to listen cannot say that somebody is silent.
            if listening.elapsed() >= Duration::from_millis(SILENT_MS.unsigned_abs()) {
                notice_silence(&ground, org).await;
            }
        }
    }
}

async fn notice_silence(ground: &Ground, org: OrgId) {
    let cx = ground.cx(org, "clock");
    let since_ms = cx.now_ms() - SILENT_MS;
    if let Err(fault) = ground.db.write(move |tx| silence::notice(tx, &cx, since_ms)).await {
        tracing::warn!(%fault, "silent agents could not be looked for");
    }
}

/// Removes what has run out, every hour.
pub async fn sweep(ground: Arc<Ground>, mut stop: watch::Receiver<bool>) {
    while pause(Duration::from_hours(1), &mut stop).await {
        if let Err(fault) = ground.sweep().await {
            tracing::warn!(%fault, "what has run out could not be removed; trying again in an hour");
        }
    }
}

/// Tells browsers what happened, whichever process wrote it, and keeps our ids above what others wrote.
pub async fn publish(ground: Arc<Ground>, hub: Hub, mut stop: watch::Receiver<bool>) {
    let mut followed: HashMap<OrgId, Followed> = HashMap::new();
    while !*stop.borrow() {
        for org in orgs(&ground).await {
            if let Err(fault) = tell(&ground, &hub, org, &mut followed).await {
                tracing::debug!(%fault, "browsers could not be told");
            }
        }
        tokio::select! {
            () = ground.db.wait(Signal::Events, Duration::from_secs(1)) => tokio::time::sleep(TOGETHER).await,
            _ = stop.changed() => {}
        }
    }
}

async fn tell(
    ground: &Ground,
    hub: &Hub,
    org: OrgId,
    followed: &mut HashMap<OrgId, Followed>,
) -> Result<(), Fault> {
    let one = match followed.entry(org) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(new) => {
            let tail = Tail::behind(ground.db.read(move |tx| events::newest(tx, org)).await?);
            new.insert(Followed { tail, outputs: HashMap::new(), messages: BTreeMap::new() })
        }
    };
    loop {
        let news = one.tail.next(&ground.db, org, EVENTS_AT_ONCE).await?;
        ground.ids.above(one.tail.newest().0);
        if news.is_empty() {
            break;
        }
        for event in &news {
            announce(hub, org, &event.subject);
        }
        let subjects: Vec<Ref> = news.into_iter().map(|event| event.subject).collect();
        let around = ground.db.read(move |tx: &mut Tx<'_>| touch::around(tx, org, &subjects)).await?;
        for thing in around {
            hub.publish(Change::new(org.to_string(), topic(&thing), thing.id.to_string()));
        }
    }
    let growing = ground.db.read(move |tx| touch::growing(tx, org)).await?;
    for (run, bytes) in &growing {
        if one.outputs.get(run) != Some(bytes) {
            hub.publish(Change::new(org.to_string(), format!("output.{}", run.0), bytes.to_string()));
        }
    }
    one.outputs = growing.into_iter().collect();
    let since = NoticeId(id::floor_at(ground.clock.now_ms() - MESSAGES_FOLLOWED_MS));
    let messages = ground.db.read(move |tx| notify::standing(tx, org, since)).await?;
    for notice in
        messages.iter().filter(|(notice, now)| one.messages.get(notice) != Some(now)).map(|(id, _)| id)
    {
        announce(hub, org, &Ref::new("notice", notice.0));
    }
    one.messages = messages;
    Ok(())
}

/// How far browsers have heard: of events, of the output of each run that is under way, and of what became of messages.
struct Followed {
    tail: Tail,
    outputs: HashMap<RunId, i64>,
    messages: BTreeMap<NoticeId, (i64, i64)>,
}

fn topic(thing: &Ref) -> String {
    format!("{}.{}", thing.kind, thing.id)
}

fn announce(hub: &Hub, org: OrgId, thing: &Ref) {
    let (org, id) = (org.to_string(), thing.id.to_string());
    hub.publish(Change::new(&org, topic(thing), &id));
    hub.publish(Change::new(&org, thing.kind.to_string(), &id));
    hub.publish(Change::new(&org, "all", id));
}
