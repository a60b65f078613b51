//! Search or run: what is known by this name, and what can be done.

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use mainstay_face::ui::{Found, FoundGroup, Icon, found, found_page};
use mainstay_face::{Answer, Caller, Door, Query, Wants};
use mainstay_record::{AssetId, FindingId, WorkId, asset, finding, work};
use serde::Deserialize;

use super::frame;

const MOST: usize = 8;

pub(super) fn routes() -> Router<Door> {
    Router::new().route("/find", get(find))
}

#[derive(Default, Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
}

async fn find(caller: Caller, Query(asked): Query<Asked>) -> Answer {
    let query: String = asked.q.chars().take(200).collect();
    let groups = groups(&caller, &query).await?;
    if caller.wants() == Wants::Fragment {
        return Ok(found(&query, &groups).into_response());
    }
    frame::framed(&caller, found_page(&query, &groups)).await
}

async fn groups(caller: &Caller, query: &str) -> Result<Vec<FoundGroup>, mainstay_kernel::Fault> {
    let words: Vec<String> = query.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let (number, needles) = (query.trim().trim_start_matches('#').parse::<i64>().ok(), words.clone());
    let fits = move |text: &str| {
        let text = text.to_lowercase();
        needles.iter().all(|needle| text.contains(needle.as_str()))
    };
    let things = caller
        .read(move |tx, cx| {
            let item = number.and_then(|number| work::by_number(tx, cx, number).ok());
            let assets: Vec<_> = asset::list(tx, cx, ("", AssetId(0)), 500)?
                .into_iter()
                .filter(|a| fits(&format!("{} {} {}", a.name, a.kind, a.summary)))
                .take(MOST)
                .collect();
            let findings: Vec<_> = finding::open(tx, cx, (-1, FindingId(0)), 500)?
                .into_iter()
                .map(|(_, f)| f)
                .filter(|f| fits(&format!("{} {} {}", f.title, f.asset_name, f.subject)))
                .take(MOST)
                .collect();
            let items: Vec<_> = work::list(tx, cx, work::Which::Open, WorkId(i64::MAX), 200)?
                .into_iter()
                .filter(|w| fits(&w.title))
                .take(MOST)
                .collect();
            Ok((item, assets, findings, items))
        })
        .await?;
    let (item, assets, findings, items) = things;
    let go =
        |label: &str, more: String, icon, href: String| Found { label: label.to_owned(), more, icon, href };
    let mut groups = Vec::new();
    let verbs = [
        ("New task", "/work/new", Icon::Work),
        ("Add a host", "/assets/add", Icon::Assets),
        ("Audit", "/settings/audit", Icon::Settings),
        ("Findings", "/findings", Icon::Assets),
    ];
    let does: Vec<Found> = verbs
        .into_iter()
        .filter(|(label, ..)| words.iter().all(|w| label.to_lowercase().contains(w.as_str())))
        .map(|(label, href, icon)| go(label, String::new(), icon, href.to_owned()))
        .collect();
    groups.push(("Do", does));
    let mut works: Vec<Found> = item
        .into_iter()
        .chain(items)
        .map(|w| go(&w.title, format!("#{}", w.number), Icon::Work, format!("/work/{}", w.number)))
        .collect();
    works.dedup_by(|a, b| a.href == b.href);
    groups.push((
        "Assets",
        assets
            .iter()
            .map(|a| go(&a.name, a.kind.clone(), Icon::Assets, format!("/assets/{}", a.id)))
            .collect(),
    ));
    groups.push((
        "Findings",
        findings
            .iter()
            .map(|f| go(&f.title, f.asset_name.clone(), Icon::Assets, format!("/findings/{}", f.id)))
            .collect(),
    ));
    groups.push(("Work", works));
    Ok(groups
        .into_iter()
        .filter(|(_, items)| !items.is_empty())
        .map(|(name, items)| FoundGroup { name: name.to_owned(), items })
        .collect())
}
