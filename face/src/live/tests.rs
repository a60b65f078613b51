//! Stories of listeners: what they hear, what they do not, what they get after a break.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};
use http_body_util::BodyExt as _;

use super::*;

struct Ear(axum::body::Body);

impl Ear {
    fn new(hub: &Hub, topics: &str, last: Option<&str>) -> Self {
        Self::of(hub, last, Listener::new("org-1", Topics::parse(topics).unwrap(), |_| true))
    }

    fn of(hub: &Hub, last: Option<&str>, listener: Listener) -> Self {
        let mut headers = HeaderMap::new();
        if let Some(last) = last {
            headers.insert("last-event-id", HeaderValue::from_str(last).unwrap());
        }
        Self(listen(hub, &headers, None, listener).into_body())
    }

    async fn hears(&mut self) -> Option<String> {
        let frame = self.0.frame().await?.unwrap();
        Some(String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap())
    }

    /// Everything up to now: the clock stands still, so only what is there already arrives.
    async fn hears_now(&mut self) -> Vec<String> {
        let mut heard = Vec::new();
        while let Ok(Some(text)) = tokio::time::timeout(Duration::from_millis(1), self.hears()).await {
            heard.push(text);
        }
        heard
    }
}

fn change(topic: &str, id: &str) -> Change {
    Change::new("org-1", topic, id)
}

#[tokio::test(start_paused = true)]
async fn a_listener_hears_its_topics_of_its_organisation_that_it_may_know() {
    let hub = Hub::new("b1", 100);
    let listener =
        Listener::new("org-1", Topics::parse("work,assets").unwrap(), |change| change.id != "secret");
    let mut ear = Ear::of(&hub, None, listener);
    hub.publish(change("work", "7"));
    hub.publish(change("patches", "8"));
    hub.publish(Change::new("org-2", "work", "9"));
    hub.publish(change("work", "secret"));
    hub.publish(change("assets", "a\nevent: forged"));
    assert_eq!(
        ear.hears_now().await,
        [
            ": listening\nid: b1-0\n\n",
            "id: b1-1\nevent: work\ndata: 7\n\n",
            "id: b1-5\nevent: assets\ndata: aevent: forged\n\n"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_missed_is_played_again_in_order_and_once() {
    let hub = Hub::new("b1", 100);
    for number in 1..=4 {
        hub.publish(change("work", &number.to_string()));
    }
    let mut ear = Ear::new(&hub, "work", Some("b1-2"));
    hub.publish(change("work", "5"));
    let heard = ear.hears_now().await;
    assert_eq!(heard.len(), 4, "{heard:?}");
    assert_eq!(heard[0], ": listening\nid: b1-2\n\n");
    assert!(heard[1].contains("data: 3") && heard[2].contains("data: 4") && heard[3].contains("data: 5"));
}

#[tokio::test(start_paused = true)]
async fn a_page_made_before_a_change_hears_of_it() {
    let hub = Hub::new("b1", 100);
    let made_at = hub.position();
    hub.publish(change("work", "1"));
    let listener = Listener::new("org-1", Topics::parse("work").unwrap(), |_| true);
    let mut ear = Ear(listen(&hub, &HeaderMap::new(), Some(&made_at), listener).into_body());
    assert!(ear.hears_now().await[1].contains("data: 1"));
}

#[tokio::test(start_paused = true)]
async fn who_was_away_too_long_or_comes_from_an_earlier_run_is_told_so() {
    let hub = Hub::new("b2", 3);
    for number in 1..=9 {
        hub.publish(change("work", &number.to_string()));
    }
    for last in ["b2-5", "b1-9", "b2-10", "nonsense", "b2-", "-"] {
        let heard = Ear::new(&hub, "work", Some(last)).hears_now().await;
        assert_eq!(heard, ["id: b2-9\nevent: missed\ndata: \n\n"], "{last}");
    }
    assert_eq!(Ear::new(&hub, "work", Some("b2-6")).hears_now().await.len(), 4);
    assert_eq!(Ear::new(&hub, "work", Some("b2-9")).hears_now().await, [": listening\nid: b2-9\n\n"]);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_is_too_slow_is_told_and_goes_on() {
    let hub = Hub::new("b1", 16);
    let mut ear = Ear::new(&hub, "work", None);
    for number in 1..=40 {
        hub.publish(change("work", &number.to_string()));
    }
    let heard = ear.hears_now().await;
    assert!(heard[1].contains("event: missed"), "{heard:?}");
    assert!(heard.last().unwrap().contains("data: 40"));
    // What it was told to know is what it had lost: coming back there repeats nothing and misses nothing.
    let after_loss = heard[1].strip_prefix("id: ").unwrap().lines().next().unwrap().to_owned();
    assert!(heard[2].contains("data: 25"), "{heard:?}");
    assert_eq!(after_loss, "b1-24");
}

#[tokio::test(start_paused = true)]
async fn a_quiet_stream_beats_and_moves_its_place_on() {
    let hub = Hub::new("b1", 16);
    let mut ear = Ear::new(&hub, "work", None);
    ear.hears().await.unwrap();
    hub.publish(change("patches", "1"));
    assert_eq!(ear.hears().await.unwrap(), ": still here\nid: b1-1\n\n");
}

#[tokio::test(start_paused = true)]
async fn who_is_signed_out_hears_no_more() {
    let hub = Hub::new("b1", 100);
    let is_in = Arc::new(AtomicBool::new(true));
    let asked = is_in.clone();
    let listener = Listener::new("org-1", Topics::parse("work").unwrap(), |_| true).as_long_as(move || {
        let is_in = asked.load(Ordering::Relaxed);
        async move { is_in }
    });
    let mut ear = Ear::of(&hub, None, listener);
    assert_eq!(ear.hears().await.unwrap(), ": listening\nid: b1-0\n\n");
    assert_eq!(ear.hears().await.unwrap(), ": still here\nid: b1-0\n\n");
    is_in.store(false, Ordering::Relaxed);
    assert_eq!(ear.hears().await, None);
}

#[tokio::test(start_paused = true)]
async fn closing_ends_every_stream_and_refuses_new_ones() {
    let hub = Hub::new("b1", 16);
    let mut ear = Ear::new(&hub, "work", None);
    hub.publish(change("work", "1"));
    hub.close();
    hub.publish(change("work", "2"));
    ear.hears().await.unwrap();
    assert!(ear.hears().await.unwrap().contains("data: 1"));
    assert_eq!(ear.hears().await, None);
    let listener = Listener::new("org-1", Topics::parse("work").unwrap(), |_| true);
    assert_eq!(listen(&hub, &HeaderMap::new(), None, listener).status(), 503);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_hear_of_one_change_and_leave_nothing_behind() {
    let hub = Hub::new("b1", 16);
    let mut ears: Vec<Ear> = (0..1_000).map(|_| Ear::new(&hub, "work", None)).collect();
    assert_eq!(hub.listeners(), 1_000);
    hub.publish(change("work", "7"));
    for ear in &mut ears {
        assert_eq!(ear.hears_now().await[1..], ["id: b1-1\nevent: work\ndata: 7\n\n"]);
    }
    drop(ears);
    assert_eq!(hub.listeners(), 0);
}

#[test]
fn topics_are_checked() {
    for list in ["", ",", "Work", "a b", "work\nx", &"x".repeat(81)] {
        assert!(Topics::parse(list).is_err(), "{list:?}");
    }
    let many: Vec<String> = (0..33).map(|n| format!("t{n}")).collect();
    assert!(Topics::parse(&many.join(",")).is_err());
    assert!(Topics::parse("work,asset.ast_01h").is_ok());
}
