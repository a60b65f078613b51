//! The clocks of one process: sealing events, returning accepted risks, holding its number, telling browsers.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use mainstay_face::live::{Change, Hub};
use mainstay_kernel::events::Event;
use mainstay_kernel::id::{EventId, OrgId};
use mainstay_kernel::store::Signal;
use mainstay_kernel::{Fault, Ground, events, id, node, tenancy};
use mainstay_record::finding;
use tokio::sync::watch;

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
        }
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
    let mut told: HashMap<OrgId, HashSet<EventId>> = HashMap::new();
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
    told: &mut HashSet<EventId>,
) -> Result<(), Fault> {
    let behind = EventId(id::floor_at(ground.clock.now_ms() - LATE_MS)).max(started);
    told.retain(|event| *event >= behind);
    let mut after = behind;
    loop {
        let news = ground.db.read(move |tx| events::since(tx, org, after, EVENTS_AT_ONCE)).await?;
        for event in &news {
            if told.insert(event.id) {
                announce(hub, org, event);
            }
        }
        match news.last() {
            Some(last) if news.len() >= EVENTS_AT_ONCE as usize => after = last.id,
            _ => return Ok(()),
        }
    }
}

fn announce(hub: &Hub, org: OrgId, event: &Event) {
    let (org, kind, id) = (org.to_string(), event.subject.kind.to_string(), event.subject.id.to_string());
    hub.publish(Change::new(&org, format!("{kind}.{id}"), &id));
    hub.publish(Change::new(&org, kind, &id));
    hub.publish(Change::new(&org, "all", id));
}
