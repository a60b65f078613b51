//! Search or run: what is known by these words, and what can be done.

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use mainstay_face::ui::{Found, FoundGroup, Icon, found, found_page};
use mainstay_face::{Answer, Caller, Door, Query, Wants};
use mainstay_kernel::search::Hit;
use mainstay_kernel::{Fault, id};
use serde::Deserialize;

use mainstay_face::frame;

const MOST: usize = 24;
const LONGEST_QUERY: usize = 200;

/// What can be done from anywhere.
const VERBS: [(&str, &str, Icon); 5] = [
    ("New task", "/work/new", Icon::Work),
    ("Add a host", "/assets/add", Icon::Assets),
    ("Show findings", "/findings", Icon::Assets),
    ("Show what happened (audit)", "/settings/audit", Icon::Settings),
    ("Change deadlines and policies", "/settings/policies", Icon::Settings),
];

pub(super) fn routes() -> Router<Door> {
    Router::new().route("/find", get(find))
}

#[derive(Default, Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
}

async fn find(caller: Caller, Query(asked): Query<Asked>) -> Answer {
    let query: String = asked.q.chars().take(LONGEST_QUERY).collect();
    let groups = groups(&caller, &query).await?;
    if caller.wants() == Wants::Fragment {
        return Ok(found(&query, &groups).into_response());
    }
    frame::framed(&caller, found_page(&query, &groups)).await
}

async fn groups(caller: &Caller, query: &str) -> Result<Vec<FoundGroup>, Fault> {
    let ground = caller.door.ground();
    let hits = if query.trim().is_empty() {
        Vec::new()
    } else {
        // What was written a moment ago is found as well.
        ground.search.catch_up(&ground.db).await?;
        ground.search.find(&ground.db, &caller.cx, query, MOST).await?
    };
    let words: Vec<String> = query.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let fits = |label: &str| words.iter().all(|word| label.to_lowercase().contains(word.as_str()));
    let does = VERBS.iter().filter(|(label, ..)| fits(label)).map(|(label, href, icon)| Found {
        label: (*label).to_owned(),
        more: String::new(),
        icon: *icon,
        href: (*href).to_owned(),
    });
    let of = |kind: &str| hits.iter().filter(|hit| hit.of.kind == kind).map(entry).collect::<Vec<_>>();
    let named =
        [("Do", does.collect()), ("Assets", of("asset")), ("Findings", of("finding")), ("Work", of("work"))];
    let shown = named.into_iter().filter(|(_, items): &(_, Vec<Found>)| !items.is_empty());
    Ok(shown.map(|(name, items)| FoundGroup { name: name.to_owned(), items }).collect())
}

fn entry(hit: &Hit) -> Found {
    let (href, icon) = match &*hit.of.kind {
        "work" => (format!("/work/{}", hit.document.number.unwrap_or_default()), Icon::Work),
        "finding" => (format!("/findings/{}", id::spell("fnd", hit.of.id)), Icon::Assets),
        _ => (format!("/assets/{}", id::spell("ast", hit.of.id)), Icon::Assets),
    };
    let number = hit.document.number.map_or(String::new(), |number| format!("#{number} "));
    let guess = if hit.is_guess { ", perhaps" } else { "" };
    Found {
        label: hit.document.title.clone(),
        more: format!("{number}{}{guess}", hit.document.state),
        icon,
        href,
    }
}
