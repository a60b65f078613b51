//! Assets: the list, and one asset with its facts, findings, history and what could not be seen.

mod edit;
mod list;
mod parts;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use mainstay_face::ui::{
    Act, Icon, Page, Row, State, banner, card, empty, facts, link, outline_tag, pad, rows, stack, tabs, tag,
    timeline,
};
use mainstay_face::{Answer, Caller, Door, frame, look, told};
use mainstay_kernel::store::Tx;
use mainstay_kernel::{Cx, Fault, access, people};
use mainstay_record::fact::Fact;
use mainstay_record::finding::Finding;
use mainstay_record::{AssetId, agent, asset, fact, finding, plan};
use mainstay_wire::{Section, Unseen};
use maud::html;

use parts::{fact_state, finding_rows, neighbours, plans, unseen};

pub(super) use parts::title;

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .merge(list::routes())
        .merge(edit::routes())
        .route("/assets/{id}", get(overview))
        .route("/assets/{id}/findings", get(findings))
        .route("/assets/{id}/facts/{section}", get(one_fact))
        .route("/assets/{id}/history", get(history))
}

struct One {
    asset: asset::Asset,
    facts: Vec<Fact>,
    unseen: Vec<(Section, Unseen)>,
    findings: Vec<Finding>,
    neighbours: Vec<asset::Neighbour>,
    plans: Vec<plan::Plan>,
    agent: Option<agent::Agent>,
    /// Team and person, as far as there are any.
    owners: Vec<String>,
}

/// Who answers for an asset, by name.
fn owners(tx: &mut Tx<'_>, cx: &Cx, asset: &asset::Asset) -> Result<Vec<String>, Fault> {
    let person = asset.owner.map(|id| people::get(tx, cx.org, id).map(|person| person.name));
    let team = asset.team.map(|id| access::team(tx, cx.org, id).map(|team| team.name));
    let mut names = Vec::new();
    for name in [team, person].into_iter().flatten() {
        match name {
            Ok(name) => names.push(name),
            // A team that was removed owns nothing any more.
            Err(Fault::NotFound { .. }) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(names)
}

async fn gather(caller: &Caller, id: &str) -> Result<One, Fault> {
    let id: AssetId = id.parse()?;
    caller
        .read(move |tx, cx| {
            let asset = asset::get(tx, cx, id)?;
            Ok(One {
                facts: fact::all(tx, cx, id)?,
                unseen: fact::unseen(tx, cx, id)?,
                findings: finding::of_asset(tx, cx, id)?,
                neighbours: asset::neighbours(tx, cx, id)?,
                plans: plan::of_asset(tx, cx, id)?,
                agent: agent::of_asset(tx, cx, id)?,
                owners: owners(tx, cx, &asset)?,
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
    let (state, said) = match worst.map(look::severity_state) {
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
        .lead(match &*one.owners {
            [] => "Nobody owns it yet.".to_owned(),
            names => format!("Owned by {}.", names.join(", ")),
        })
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
