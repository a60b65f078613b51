//! The list of assets, and how a new host comes in.

use std::collections::{BTreeMap, BTreeSet};

use axum::Router;
use axum::routing::get;
use mainstay_face::ui::{
    Act, Column, Icon, Page, Pager, State, Table, card, copy_line, empty, link, live_rows, pad, pager,
    plain_card, stack, tag,
};
use mainstay_face::{Answer, Caller, Cursor, Door, Query, frame, look};
use mainstay_kernel::access::{self, Scope};
use mainstay_kernel::id::TeamId;
use mainstay_kernel::store::Tx;
use mainstay_kernel::{Cx, Fault};
use mainstay_record::{AssetId, agent, asset, finding, rights};
use maud::{Markup, html};
use serde::Deserialize;

const PAGE: usize = 50;
/// One more tells whether there is another page.
const TO_READ: u32 = 51;

pub(super) fn routes() -> Router<Door> {
    Router::new().route("/assets", get(list)).route("/assets/add", get(add).post(invite))
}

#[derive(Default, Deserialize)]
struct Asked {
    after: Option<Cursor>,
    team: Option<TeamId>,
}

/// The names of the teams that own something here. One that was removed owns nothing any more.
fn teams(
    tx: &mut Tx<'_>,
    cx: &Cx,
    ids: impl Iterator<Item = TeamId>,
) -> Result<BTreeMap<TeamId, String>, Fault> {
    let mut names = BTreeMap::new();
    for id in ids.collect::<BTreeSet<_>>() {
        match access::team(tx, cx.org, id) {
            Ok(team) => drop(names.insert(id, team.name)),
            Err(Fault::NotFound { .. }) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(names)
}

async fn list(caller: Caller, Query(asked): Query<Asked>) -> Answer {
    let key: (String, i64) = asked.after.as_ref().and_then(Cursor::key).unwrap_or_default();
    let is_first = asked.after.is_none();
    let of = asked.team;
    let (found, standings, names) = caller
        .read(move |tx, cx| {
            let found = asset::list(tx, cx, of, (&key.0, AssetId(key.1)), TO_READ)?;
            let ids: Vec<AssetId> = found.iter().map(|one| one.id).collect();
            let names = teams(tx, cx, found.iter().filter_map(|one| one.team).chain(of))?;
            Ok((found, finding::standings(tx, cx, &ids)?, names))
        })
        .await?;
    let of_name = of.map(|id| names.get(&id).ok_or(Fault::NotFound { what: "team" })).transpose()?;
    let path = of.map_or("/assets".to_owned(), |id| format!("/assets?team={id}"));
    let words = frame::words(&caller);
    let mut table = Table::new(
        "Assets",
        [
            Column::new("Name"),
            Column::new("Kind"),
            Column::new("What it is"),
            Column::new("Environment"),
            Column::new("Team"),
            Column::new("Findings"),
            Column::new("Seen"),
        ],
    );
    for one in found.iter().take(PAGE) {
        table = table.line_of(
            one.id,
            [
                html! { (link(&one.name, &format!("/assets/{}", one.id))) },
                html! { (one.kind) },
                html! { (one.summary) },
                html! { (one.environment) },
                html! { (one.team.and_then(|id| names.get(&id)).map_or("", String::as_str)) },
                standing(one, standings.get(&one.id).copied()),
                one.seen_ms.map_or(html! { "never" }, |ms| words.ago(frame::at(ms))),
            ],
        );
    }
    let older = found.get(PAGE - 1).filter(|_| found.len() > PAGE).map(|last| {
        let sign = if of.is_some() { '&' } else { '?' };
        format!("{path}{sign}after={}", Cursor::of(&(&last.name, last.id.0)))
    });
    let newer = (!is_first).then(|| path.clone());
    let main = if let (true, Some(name)) = (found.is_empty(), of_name) {
        let words = "An asset is given to a team on its own page, with Edit.";
        plain_card(empty(
            Icon::Assets,
            format!("{name} owns no assets yet"),
            words,
            html! { a.btn href="/assets" { "All assets" } },
        ))
    } else if found.is_empty() {
        plain_card(empty(
            Icon::Assets,
            "No assets yet",
            "They appear when an agent reports from a host.",
            html! { a.btn href="/assets/add" { "Add a host" } },
        ))
    } else {
        html! { (plain_card(live_rows("asset", &caller.path, table))) (pager(&Pager { words: format!("{} shown", found.len().min(PAGE)), newer, older })) }
    };
    let page = match of_name {
        None => Page::new("Assets"),
        Some(name) => Page::new(format!("Assets of {name}")).crumb("Assets", "/assets"),
    };
    let page = page
        .section("assets")
        .act(Act::link("Findings", "/findings"))
        .act(Act::link("Add a host", "/assets/add").primary())
        .live("asset")
        .main(main);
    frame::framed(&caller, page).await
}

/// How an asset stands, in the list. No finding is no good news by itself: whether everything could be looked at, the
/// asset's own page tells.
fn standing(one: &asset::Asset, standing: Option<finding::Standing>) -> Markup {
    let href = format!("/assets/{}/findings", one.id);
    match standing {
        Some(s) => {
            let state = if s.stale == s.open { State::Unknown } else { look::severity_state(s.worst) };
            html! { a href=(href) { (tag(state, format!("{} open, worst {}", s.open, s.worst.word()))) } }
        }
        None if one.seen_ms.is_none() => tag(State::Unknown, "not looked at"),
        None => html! { span.dim { "none open" } },
    }
}

async fn add(caller: Caller) -> Answer {
    caller.cx.may(&rights::MANAGE_AGENTS, Scope::Org)?;
    let body = stack(html! {
        p { "A host comes in with a line that holds a single-use token, good for 24 hours." }
        (Act::post("Make the line", "/assets/add").primary())
    });
    frame::framed(
        &caller,
        Page::new("Add a host").section("assets").crumb("Assets", "/assets").main(card(
            "A new host",
            "",
            pad(body),
        )),
    )
    .await
}

async fn invite(caller: Caller) -> Answer {
    let token = caller.write(agent::invite).await?;
    let host = caller.headers.get("host").and_then(|v| v.to_str().ok()).unwrap_or("SERVER:8420");
    let scheme = if caller.door.cookie_name().starts_with("__Host") { "https" } else { "http" };
    let line = format!("mainstay agent --server {scheme}://{host} --token {token}");
    let body = stack(html! {
        p { "Run this on the other host as root. It shows up here within ten seconds." }
        (copy_line(&line))
        p.sm.dim { "With our own certificate, add the --fingerprint that " code { "mainstay add-host" } " prints on this machine. A server on loopback cannot be reached from elsewhere: start it with --listen." }
    });
    frame::framed(
        &caller,
        Page::new("Add a host").section("assets").crumb("Assets", "/assets").main(card(
            "Single use, good for 24 hours",
            "",
            pad(body),
        )),
    )
    .await
}
