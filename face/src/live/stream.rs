//! One listener's stream of events (WHATWG HTML, "Server-sent events").

use std::collections::{HashSet, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use bytes::Bytes;
use futures_util::stream::{self, Stream};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::hub::{Change, Entry, Hub};
use crate::problem::Problem;

/// Proxies commonly cut a connection that is silent for a minute, some after thirty seconds.
const HEARTBEAT: Duration = Duration::from_secs(20);
const MOST_TOPICS: usize = 32;
const LONGEST_TOPIC: usize = 80;

/// What a page wants to hear of: the parameter `topics`, apart by commas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topics(HashSet<String>);

impl Topics {
    /// Reads `work,asset.ast_01h`. At most 32 topics of at most 80 characters each.
    pub fn parse(list: &str) -> Result<Self, Problem> {
        let wrong = |detail: String| Problem::bad_parameter("topics", detail);
        let topics: HashSet<String> =
            list.split(',').filter(|topic| !topic.is_empty()).map(str::to_owned).collect();
        if topics.is_empty() || topics.len() > MOST_TOPICS {
            return Err(wrong(format!("between 1 and {MOST_TOPICS} topics, apart by commas")));
        }
        match topics.iter().find(|topic| !is_topic(topic)) {
            Some(topic) => Err(wrong(format!("`{topic}` is not a topic"))),
            None => Ok(Self(topics)),
        }
    }
}

fn is_topic(topic: &str) -> bool {
    topic.len() <= LONGEST_TOPIC
        && topic
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-'))
}

type May = Box<dyn Fn(&Change) -> bool + Send + Sync>;
type Lasts = Box<dyn Fn() -> Pin<Box<dyn Future<Output = bool> + Send>> + Send + Sync>;

/// Who listens, to what, and what they may know.
pub struct Listener {
    org: String,
    topics: Topics,
    may: May,
    lasts: Option<Lasts>,
}

impl Listener {
    /// A listener. `may` is asked at every change.
    pub fn new(
        org: impl Into<String>,
        topics: Topics,
        may: impl Fn(&Change) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self { org: org.into(), topics, may: Box::new(may), lasts: None }
    }

    /// Ends the stream within twenty seconds after `lasts` says no: a session that ends while a page stays open ends
    /// what that page hears. The browser comes again, and is asked at the door.
    #[must_use]
    pub fn as_long_as<F>(mut self, lasts: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = bool> + Send + 'static,
    {
        self.lasts = Some(Box::new(move || Box::pin(lasts())));
        self
    }

    fn hears(&self, change: &Change) -> bool {
        change.org == self.org && self.topics.0.contains(&change.topic) && (self.may)(change)
    }
}

/// The answer to `GET /live?topics=…&since=…`. `since` is the position the page was made at; a browser that comes
/// back says in `Last-Event-ID` where it was. 503 once the hub is closed.
pub fn listen(hub: &Hub, headers: &HeaderMap, since: Option<&str>, listener: Listener) -> Response<Body> {
    let known = headers.get("last-event-id").and_then(|id| id.to_str().ok()).filter(|id| !id.is_empty());
    let Some(start) = hub.start(known.or(since)) else {
        return Problem::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", "The server is stopping")
            .retry_after(2)
            .into_response();
    };
    let greeting = if start.has_gap {
        format!("id: {}\nevent: missed\ndata: \n\n", hub.position_of(start.last))
    } else {
        format!(": listening\nid: {}\n\n", hub.position_of(start.last - start.missed.len() as u64))
    };
    let mut beat = interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let stream = State {
        hub: hub.clone(),
        listener,
        greeting: Some(greeting.into()),
        waiting: start.missed.into(),
        last: start.last,
        receiver: start.receiver,
        beat,
    };
    let mut response = Response::new(Body::from_stream(stream.into_stream()));
    let own = response.headers_mut();
    own.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    own.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // nginx would otherwise hold messages back until its buffer is full.
    own.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

struct State {
    hub: Hub,
    listener: Listener,
    greeting: Option<Bytes>,
    waiting: VecDeque<Arc<Entry>>,
    last: u64,
    receiver: broadcast::Receiver<Arc<Entry>>,
    beat: Interval,
}

impl State {
    fn into_stream(self) -> impl Stream<Item = Result<Bytes, std::convert::Infallible>> {
        stream::unfold(self, |mut state| async move {
            let bytes = state.next().await?;
            Some((Ok(bytes), state))
        })
    }

    /// The next bytes to send; none when the hub is closed.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(greeting) = self.greeting.take() {
            return Some(greeting);
        }
        loop {
            while let Some(entry) = self.waiting.pop_front() {
                if self.listener.hears(&entry.change) {
                    return Some(entry.bytes.clone());
                }
            }
            tokio::select! {
                heard = self.receiver.recv() => match heard {
                    Ok(entry) => {
                        self.last = entry.number;
                        self.waiting.push_back(entry);
                    }
                    // This reader was too slow: what it shows is fetched anew rather than guessed.
                    Err(RecvError::Lagged(lost)) => {
                        self.last += lost;
                        return Some(format!("id: {}\nevent: missed\ndata: \n\n", self.position()).into());
                    }
                    Err(RecvError::Closed) => return None,
                },
                _ = self.beat.tick() => {
                    if let Some(lasts) = &self.listener.lasts
                        && !lasts().await
                    {
                        return None;
                    }
                    // The id moves on even where nothing concerned this listener, so that coming back stays cheap.
                    return Some(format!(": still here\nid: {}\n\n", self.position()).into());
                }
            }
        }
    }

    fn position(&self) -> String {
        self.hub.position_of(self.last)
    }
}
