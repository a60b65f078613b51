//! Assets: the list, and one asset with its facts, findings, history and what could not be seen.

use axum::Router;
use axum::extract::{Form as Posted, Path};
use axum::routing::get;
use mainstay_face::ui::{
    Act, Choice, Column, Field, Form, Icon, Page, Pager, Row, State, Table, Toast, banner, card, copy_line,
    empty, facts, field, form, hidden, link, live_rows, outline_tag, pad, pager, plain_card, rows, select,
    stack, tabs, tag, timeline,
};
use mainstay_face::{Answer, Caller, Cursor, Door, Query, door};
use mainstay_kernel::access::Scope;
use mainstay_kernel::{Fault, access, people};
use mainstay_record::fact::Fact;
use mainstay_record::finding::Finding;
use mainstay_record::{AssetId, agent, asset, evidence, fact, finding, plan, rights};
use mainstay_wire::{Section, Unseen};
use maud::{Markup, html};
use serde::Deserialize;

use super::{frame, told};

const PAGE: usize = 50;
/// One more tells whether there is another page.
const TO_READ: u32 = 51;

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/assets", get(list))
        .route("/assets/add", get(add).post(invite))
        .route("/assets/{id}", get(overview))
        .route("/assets/{id}/findings", get(findings))
        .route("/assets/{id}/facts/{section}", get(one_fact))
        .route("/assets/{id}/history", get(history))
        .route("/assets/{id}/edit", get(edit_form).post(edit))
}

#[derive(Default, Deserialize)]
struct After {
    after: Option<Cursor>,
}

async fn list(caller: Caller, Query(asked): Query<After>) -> Answer {
    let key: (String, i64) = asked.after.as_ref().and_then(Cursor::key).unwrap_or_default();
    let is_first = asked.after.is_none();
    let (found, standings) = caller
        .read(move |tx, cx| {
            let found = asset::list(tx, cx, (&key.0, AssetId(key.1)), TO_READ)?;
            let ids: Vec<AssetId> = found.iter().map(|one| one.id).collect();
            Ok((found, finding::standings(tx, cx, &ids)?))
        })
        .await?;
    let words = frame::words(&caller);
    let mut table = Table::new(
        "Assets",
        [
            Column::new("Name"),
            Column::new("Kind"),
            Column::new("What it is"),
            Column::new("Environment"),
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
                standing(one, standings.get(&one.id).copied()),
                one.seen_ms.map_or(html! { "never" }, |ms| words.ago(frame::at(ms))),
            ],
        );
    }
    let older = found
        .get(PAGE - 1)
        .filter(|_| found.len() > PAGE)
        .map(|last| format!("/assets?after={}", Cursor::of(&(&last.name, last.id.0))));
    let newer = (!is_first).then(|| "/assets".to_owned());
    let main = if found.is_empty() {
        plain_card(empty(
            Icon::Assets,
            "No assets yet",
            "They appear when an agent reports from a host.",
            html! { a.btn href="/assets/add" { "Add a host" } },
        ))
    } else {
        html! { (plain_card(live_rows("asset", &caller.path, table))) (pager(&Pager { words: format!("{} shown", found.len().min(PAGE)), newer, older })) }
    };
    let page = Page::new("Assets")
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
            let state = if s.stale == s.open { State::Unknown } else { frame::severity_state(s.worst) };
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

struct One {
    asset: asset::Asset,
    facts: Vec<Fact>,
    unseen: Vec<(Section, Unseen)>,
    findings: Vec<Finding>,
    neighbours: Vec<asset::Neighbour>,
    plans: Vec<plan::Plan>,
    agent: Option<agent::Agent>,
    owner: Option<String>,
}

async fn gather(caller: &Caller, id: &str) -> Result<One, Fault> {
    let id: AssetId = id.parse()?;
    caller
        .read(move |tx, cx| {
            let asset = asset::get(tx, cx, id)?;
            let owner = asset.owner.and_then(|owner| people::get(tx, cx.org, owner).ok()).map(|p| p.name);
            Ok(One {
                facts: fact::all(tx, cx, id)?,
                unseen: fact::unseen(tx, cx, id)?,
                findings: finding::of_asset(tx, cx, id)?,
                neighbours: asset::neighbours(tx, cx, id)?,
                plans: plan::of_asset(tx, cx, id)?,
                agent: agent::of_asset(tx, cx, id)?,
                owner,
                asset,
            })
        })
        .await
}

fn head(one: &One, current: &str) -> Page {
    let id = one.asset.id;
    let open: Vec<&Finding> = one.findings.iter().filter(|f| f.state != finding::State::Gone).collect();
    let worst = open.iter().filter(|f| f.state == finding::State::Open).map(|f| f.severity).max();
    let is_blind = !one.unseen.is_empty() || open.iter().any(|f| f.stale.is_some());
    let (state, said) = match worst.map(frame::severity_state) {
        Some(State::Bad) => (State::Bad, "Needs attention"),
        Some(State::Warn) => (State::Warn, "To look at"),
        Some(state) => (state, "Minor findings"),
        // Nothing found is good news only where everything was looked at.
        None if one.facts.is_empty() => (State::Unknown, "Not looked at yet"),
        None if is_blind => (State::Unknown, "Nothing found, not all seen"),
        None => (State::Ok, "Nothing found"),
    };
    let marks = html! {
        (tag(state, said)) (outline_tag(&one.asset.kind))
        @if !one.asset.environment.is_empty() { (outline_tag(&one.asset.environment)) }
        span.sm.dim { (one.asset.summary) }
    };
    let entries = [
        ("Overview", None, format!("/assets/{id}")),
        ("Findings", Some(open.len() as u64), format!("/assets/{id}/findings")),
        ("History", None, format!("/assets/{id}/history")),
    ];
    Page::new(one.asset.name.clone())
        .section("assets")
        .crumb("Assets", "/assets")
        .marks(marks)
        .lead(one.owner.as_ref().map_or("Nobody owns it yet.".to_owned(), |name| format!("Owned by {name}.")))
        .act(Act::link("Edit", format!("/assets/{id}/edit")))
        .act(
            Act::post("Plan updates", "/maintenance/plans")
                .field("asset", id.to_string())
                .field("which", "everything")
                .primary()
                .key("r"),
        )
        .above(tabs(&one.asset.name, &entries, current))
        .live(format!("asset.{}", id.0))
}

async fn overview(caller: Caller, Path(id): Path<String>) -> Answer {
    let one = gather(&caller, &id).await?;
    let words = frame::words(&caller);
    let silent = one.agent.as_ref().filter(|a| caller.cx.now_ms() - a.seen_ms > 10 * 60_000);
    let fact_rows: Vec<Row> = one.facts.iter().map(|f| {
        let gaps = one.unseen.iter().filter(|(section, _)| *section == f.section).count();
        let row = Row::new(html! { (link(title(&f.section), &format!("/assets/{}/facts/{}", one.asset.id, f.section))) " " span.dim { (super::facts::summary(f)) } });
        // A section that was seen is not for that fine: its findings judge it.
        row.state(fact_state(&one, &f.section)).after(html! { @if gaps > 0 { (tag(State::Unknown, "not all visible")) } span.sm.dim { "looked at " (words.ago(frame::at(f.looked_ms))) } })
    }).collect();
    let main = stack(html! {
        @if let Some(agent) = silent {
            (banner(State::Bad, html! { "No word from " (one.asset.name) " since " (words.when(frame::at(agent.seen_ms))) ". What you see is that old." }, None))
        }
        (card(html! { "Findings" }, html! { a href={ "/assets/" (one.asset.id) "/findings" } { "All" } }, finding_rows(&one, &words, 8)))
        (card("Facts", "as they were last seen", if fact_rows.is_empty() { empty(Icon::Assets, "Nothing was seen yet", "Facts arrive when its agent reports.", html! {}) } else { rows(&fact_rows) }))
    });
    let aside = html! {
        (card("Not visible", if one.facts.is_empty() { String::new() } else { one.unseen.len().to_string() }, if one.facts.is_empty() { pad(html! { p.mid { "Nothing was looked at yet." } }) } else { unseen(&one.unseen) }))
        (card("Agent", "", pad(facts(match &one.agent {
            Some(agent) => vec![("Version", agent.version.clone()), ("Last word", words.when_text(frame::at(agent.seen_ms)))],
            None => vec![("Agent", "none".to_owned())],
        }))))
        @if !one.neighbours.is_empty() { (card("Around it", "", neighbours(&one.neighbours))) }
        @if !one.plans.is_empty() { (card("Plans", "", plans(&one.plans))) }
    };
    frame::framed(&caller, head(&one, "Overview").refreshes(&caller.path).main(main).aside(aside)).await
}

/// A section is fine when everything in it could be seen and no finding stands in it.
fn fact_state(one: &One, section: &Section) -> State {
    let worst = one.findings.iter().filter(|f| f.state == finding::State::Open && f.scope == section.word());
    match worst.map(|f| f.severity).max() {
        Some(severity) => frame::severity_state(severity),
        None if one.unseen.iter().any(|(hidden, _)| hidden == section) => State::Unknown,
        None => State::Ok,
    }
}

fn neighbours(all: &[asset::Neighbour]) -> Markup {
    rows(&all.iter().map(|n| Row::new(html! { (if n.depends_on_us { "carries " } else { "is on " }) (link(&n.name, &format!("/assets/{}", n.id))) " " span.dim { (n.kind) } })).collect::<Vec<_>>())
}

fn plans(all: &[plan::Plan]) -> Markup {
    rows(
        &all.iter()
            .take(5)
            .map(|p| {
                Row::new(html! { (link(&p.title, &format!("/maintenance/plans/{}", p.id))) })
                    .after(html! { span.sm.dim { (p.state.word()) } })
            })
            .collect::<Vec<_>>(),
    )
}

fn unseen(gaps: &[(Section, Unseen)]) -> Markup {
    if gaps.is_empty() {
        return pad(html! { p.mid { "Everything its agent looks for could be seen." } });
    }
    rows(
        &gaps
            .iter()
            .map(|(_, gap)| {
                Row::new(html! {
                    b { (gap.what) } " " span.dim { (gap.because) }
                    @if let Some(command) = &gap.allow_with { (copy_line(command)) }
                })
                .state(State::Unknown)
            })
            .collect::<Vec<_>>(),
    )
}

fn finding_rows(one: &One, words: &mainstay_face::ui::Words, most: usize) -> Markup {
    if one.findings.is_empty() {
        let (title, said) = match (one.facts.is_empty(), one.unseen.is_empty()) {
            (true, _) => ("Not looked at yet", "Rules look as soon as its agent reports."),
            (_, true) => ("No findings", "Every rule looked and found nothing."),
            (_, false) => (
                "No findings",
                "What could be seen shows none. What could not be seen stands under Not visible.",
            ),
        };
        return empty(Icon::Home, title, said, html! {});
    }
    rows(
        &one.findings
            .iter()
            .take(most)
            .map(|f| {
                let body =
                    html! { (link(&f.title, &format!("/findings/{}", f.id))) " " span.dim { (f.reason) } };
                Row::new(body)
                    .state(frame::finding_state(f))
                    .after(tag(frame::finding_state(f), frame::finding_words(f, words)))
            })
            .collect::<Vec<_>>(),
    )
}

async fn findings(caller: Caller, Path(id): Path<String>) -> Answer {
    let one = gather(&caller, &id).await?;
    let words = frame::words(&caller);
    let main = card("Findings", "worst first, those that are gone last", finding_rows(&one, &words, 1000));
    frame::framed(&caller, head(&one, "Findings").refreshes(&caller.path).main(main)).await
}

async fn history(caller: Caller, Path(id): Path<String>) -> Answer {
    let one = gather(&caller, &id).await?;
    let asset = one.asset.id;
    let told = caller.read(move |tx, cx| told::past(tx, cx, &asset.into(), 50)).await?;
    let main = card("History", "newest first", timeline(&told.moments(&frame::words(&caller))));
    frame::framed(&caller, head(&one, "History").refreshes(&caller.path).main(main)).await
}

async fn one_fact(caller: Caller, Path((id, section)): Path<(String, String)>) -> Answer {
    let one = gather(&caller, &id).await?;
    let section = Section::from(section.as_str());
    let found = one.facts.iter().find(|f| f.section == section).ok_or(Fault::NotFound { what: "section" })?;
    let gaps: Vec<_> = one.unseen.iter().filter(|(s, _)| *s == section).cloned().collect();
    let words = frame::words(&caller);
    let asset = one.asset.id;
    let closes = match section {
        Section::Updates => caller.read(move |tx, cx| mainstay_patches::closes(tx, cx, asset)).await?,
        _ => Vec::new(),
    };
    let main = stack(html! {
        @if !gaps.is_empty() { (card("Not visible", "", unseen(&gaps))) }
        @if !closes.is_empty() { (super::facts::closes(&closes)) }
        (super::facts::detail(found))
    });
    let lead = html! { (title(&section)) ", changed " (words.ago(frame::at(found.changed_ms))) ", looked at " (words.ago(frame::at(found.looked_ms))) };
    frame::framed(&caller, head(&one, "Overview").lead(lead).refreshes(&caller.path).main(main)).await
}

/// A section's name for people.
pub(super) fn title(section: &Section) -> String {
    match section {
        Section::Sockets => "Listening ports".to_owned(),
        Section::Keys => "Authorized keys".to_owned(),
        Section::Sshd => "ssh server".to_owned(),
        Section::Privileged => "Privileged files".to_owned(),
        Section::Units => "Failed units".to_owned(),
        other => {
            let word = other.word();
            word.get(..1).unwrap_or_default().to_uppercase() + word.get(1..).unwrap_or_default()
        }
    }
}

async fn edit_form(caller: Caller, Path(id): Path<String>) -> Answer {
    let one = gather(&caller, &id).await?;
    shown_form(
        &caller,
        &one,
        &asset::Edit {
            name: one.asset.name.clone(),
            environment: one.asset.environment.clone(),
            criticality: one.asset.criticality.clone(),
            team: one.asset.team,
            owner: one.asset.owner,
        },
        &[],
    )
    .await
}

async fn shown_form(
    caller: &Caller,
    one: &One,
    edit: &asset::Edit,
    problems: &[mainstay_kernel::Problem],
) -> Answer {
    let (teams, staff) = caller
        .read(|tx, cx| {
            Ok((
                access::teams(tx, cx)?,
                people::list(tx, cx, Some(people::Kind::Staff), &people::Page::default())?,
            ))
        })
        .await?;
    let fault = |name: &str| problems.iter().find(|p| p.field == name).map(|p| p.detail.clone());
    let with_none = |label: &str, rest: Vec<Choice>| {
        std::iter::once(Choice::new("", label)).chain(rest).collect::<Vec<_>>()
    };
    let fields = html! {
        (hidden("revision", one.asset.revision))
        (field(&Field::new("name", "Name").value(&edit.name).fault(fault("name")).first()))
        (field(&Field::new("environment", "Environment").value(&edit.environment).hint("production, test …").optional()))
        (select(&Field::new("criticality", "Criticality").value(&edit.criticality).fault(fault("criticality")), &[Choice::new("low", "Low"), Choice::new("normal", "Normal"), Choice::new("high", "High")]))
        (select(&Field::new("team", "Team").value(edit.team.map(|t| t.to_string()).unwrap_or_default()), &with_none("No team", teams.iter().map(|t| Choice::new(t.id.to_string(), &t.name)).collect())))
        (select(&Field::new("owner", "Owner").value(edit.owner.map(|p| p.to_string()).unwrap_or_default()), &with_none("Nobody", staff.iter().map(|p| Choice::new(p.id.to_string(), &p.name)).collect())))
    };
    let to = format!("/assets/{}/edit", one.asset.id);
    let acts = vec![Act::submit("Save").primary(), Act::link("Cancel", format!("/assets/{}", one.asset.id))];
    let body = form(&Form { to, faults: Vec::new(), fields, acts });
    frame::framed(
        caller,
        Page::new(format!("Edit {}", one.asset.name))
            .section("assets")
            .crumb("Assets", "/assets")
            .main(card("Asset", "", pad(body))),
    )
    .await
}

#[derive(Deserialize)]
struct Edited {
    revision: i64,
    name: String,
    #[serde(default)]
    environment: String,
    criticality: String,
    #[serde(default)]
    team: String,
    #[serde(default)]
    owner: String,
}

async fn edit(caller: Caller, Path(id): Path<String>, Posted(given): Posted<Edited>) -> Answer {
    let one = gather(&caller, &id).await?;
    let picked = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let edit = asset::Edit {
        name: given.name,
        environment: given.environment,
        criticality: given.criticality,
        team: picked(&given.team).map(|t| t.parse()).transpose()?,
        owner: picked(&given.owner).map(|t| t.parse()).transpose()?,
    };
    let (id, seen, wanted) = (one.asset.id, given.revision, edit.clone());
    match caller.write(move |tx, cx| asset::edit(tx, cx, id, seen, &wanted)).await {
        Ok(()) => Ok(door::done(&format!("/assets/{id}"), Some(&Toast::new("Saved")))),
        Err(Fault::Invalid(problems)) => shown_form(&caller, &one, &edit, &problems).await,
        Err(other) => Err(other.into()),
    }
}

/// The evidence about an asset's finding or plan, as cards.
pub(super) fn evidence_rows(all: &[evidence::Evidence], words: &mainstay_face::ui::Words) -> Markup {
    html! { @for one in all { (mainstay_face::ui::evidence(&one.source, words.when(frame::at(one.at_ms)), &one.sha256, &format!("{}\n{}", one.title, one.body))) } }
}
