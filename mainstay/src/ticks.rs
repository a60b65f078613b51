//! The clocks of one process: sealing events, returning accepted risks, holding its number, telling browsers.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use mainstay_face::live::{Change, Hub};
use mainstay_kernel::events::Event;
use mainstay_kernel::id::{EventId, OrgId};
use mainstay_kernel::store::{Signal, Tx};
use mainstay_kernel::{Fault, Ground, Ref, events, id, node, tenancy};
use mainstay_record::{RunId, finding, silence, touch};
use tokio::sync::watch;

/// An agent that has not spoken for so long is silent; it speaks at least once a minute.
pub const SILENT_MS: i64 = 10 * 60_000;
/// Ids are given before the commit: what a slow transaction wrote may appear this far behind the newest.
const LATE_MS: i64 = 12_000;
const EVENTS_AT_ONCE: u32 = 500;

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

/// Seals settled events, every few seconds.
pub async fn seal(ground: Arc<Ground>, mut stop: watch::Receiver<bool>) {
    while pause(Duration::from_secs(5), &mut stop).await {
        for org in orgs(&ground).await {
            let cx = ground.cx(org, "sealer");
            if let Err(fault) = ground.db.write(move |tx| events::seal(tx, &cx)).await {
                tracing::warn!(%fault, "events could not be sealed; trying again");
            }
        }
    }
}

/// What is due every half minute: the lease of our number, risks whose acceptance ended.
pub async fn minute(ground: Arc<Ground>, own: (u16, String), mut stop: watch::Receiver<bool>) {
    let started_ms = ground.clock.now_ms();
    while pause(Duration::from_millis(node::LEASE_MS.unsigned_abs() / 4), &mut stop).await {
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
            if ground.clock.now_ms() - started_ms >= SILENT_MS {
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

/// Tells browsers what happened, whichever process wrote it.
pub async fn publish(ground: Arc<Ground>, hub: Hub, mut stop: watch::Receiver<bool>) {
    let mut told: HashMap<OrgId, Told> = HashMap::new();
    let started = EventId(id::floor_at(ground.clock.now_ms()));
    while !*stop.borrow() {
        for org in orgs(&ground).await {
            let told = told.entry(org).or_default();
            if let Err(fault) = tell(&ground, &hub, org, started, told).await {
                tracing::debug!(%fault, "browsers could not be told");
            }
        }
        tokio::select! {
            () = ground.db.wait(Signal::Events, Duration::from_secs(1)) => {}
            _ = stop.changed() => {}
        }
    }
}

async fn tell(
    ground: &Ground,
    hub: &Hub,
    org: OrgId,
    started: EventId,
    told: &mut Told,
) -> Result<(), Fault> {
    let behind = EventId(id::floor_at(ground.clock.now_ms() - LATE_MS)).max(started);
    told.events.retain(|event| *event >= behind);
    let mut after = behind;
    loop {
        let known = told.events.clone();
        let read = move |tx: &mut Tx<'_>| {
            let mut news = events::since(tx, org, after, EVENTS_AT_ONCE)?;
            let last = news.last().map(|event| event.id);
            let count = news.len();
            news.retain(|event| !known.contains(&event.id));
            let subjects: Vec<Ref> = news.iter().map(|event| event.subject.clone()).collect();
            let around = touch::around(tx, org, &subjects)?;
            Ok((news, around, last.filter(|_| count >= EVENTS_AT_ONCE as usize)))
        };
        let (news, around, more) = ground.db.read(read).await?;
        for event in &news {
            told.events.insert(event.id);
            announce(hub, org, event);
        }
        for thing in around {
            hub.publish(Change::new(org.to_string(), topic(&thing), thing.id.to_string()));
        }
        match more {
            Some(last) => after = last,
            None => break,
        }
    }
    let growing = ground.db.read(move |tx| touch::growing(tx, org)).await?;
    for (run, bytes) in &growing {
        if told.outputs.get(run) != Some(bytes) {
            hub.publish(Change::new(org.to_string(), format!("output.{}", run.0), bytes.to_string()));
        }
    }
    told.outputs = growing.into_iter().collect();
    Ok(())
}

/// What browsers heard of lately: events, and how far the output of each run that is under way had come.
#[derive(Default)]
struct Told {
    events: HashSet<EventId>,
    outputs: HashMap<RunId, i64>,
}

fn topic(thing: &Ref) -> String {
    format!("{}.{}", thing.kind, thing.id)
}

fn announce(hub: &Hub, org: OrgId, event: &Event) {
    let (org, id) = (org.to_string(), event.subject.id.to_string());
    hub.publish(Change::new(&org, topic(&event.subject), &id));
    hub.publish(Change::new(&org, event.subject.kind.to_string(), &id));
    hub.publish(Change::new(&org, "all", id));
}
