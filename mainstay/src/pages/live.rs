//! The stream that tells open pages what changed.

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use mainstay_face::live::{self, Listener, Topics};
use mainstay_face::{Caller, Door, Query, Refusal, theme};
use mainstay_kernel::access::Scopes;
use mainstay_kernel::people::sign_in;
use mainstay_record::rights;
use serde::Deserialize;

pub(super) fn routes() -> Router<Door> {
    Router::new().route("/live", get(listen))
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    topics: String,
    since: Option<String>,
}

/// A change names only a thing, never what is in it; whoever may see nothing at all hears nothing.
async fn listen(caller: Caller, Query(asked): Query<Asked>) -> Result<Response, Refusal> {
    let topics = Topics::parse(&asked.topics)?;
    let sees_something = caller.cx.scopes(&rights::VIEW) != Scopes::Teams(Vec::new());
    let mut listener = Listener::new(caller.cx.org.to_string(), topics, move |_| sees_something);
    if let Some(cookie) = theme::cookie(&caller.headers, caller.door.cookie_name()) {
        let (door, cookie) = (caller.door.clone(), cookie.to_owned());
        listener = listener.as_long_as(move || {
            let (ground, cookie) = (door.ground().clone(), cookie.clone());
            // While the database is away nobody is signed out.
            async move { sign_in::still_in(&ground, &cookie).await.unwrap_or(true) }
        });
    }
    Ok(live::listen(caller.door.hub(), &caller.headers, asked.since.as_deref(), listener).into_response())
}
