//! Home: what needs somebody, in one ranked list; the state of the estate in one line; what ran.

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use mainstay_face::ui::{
    Act, Fact, Icon, Need, Page, Row as UiRow, State, card, empty, link, need, plain_card, region, rows,
    stack, strip,
};
use mainstay_face::{Answer, Caller, Door, Query};
use mainstay_kernel::store::Tx;
use mainstay_kernel::{Cx, Fault};
use mainstay_record::finding::Finding;
use mainstay_record::{FindingId, agent, asset, finding, plan, rights, run, work};
use maud::{Markup, html};
use serde::Deserialize;

use crate::home::{Facts, MOST_ROWS, Row, Step, When, rank};
use crate::ticks::SILENT_MS;
use mainstay_face::{frame, look};

const SOON_MS: i64 = 7 * 24 * 3_600_000;

pub(super) fn routes() -> Router<Door> {
    Router::new().route("/", get(home))
}

struct Everything {
    facts: Facts,
    counts: finding::Counts,
    /// What nothing found does not speak of: by any rule, and by those of updates.
    blind: (finding::Blind, finding::Blind),
    assets: i64,
    open_work: i64,
    runs: Vec<(run::Run, String)>,
    /// Where there are more findings than Home reads: how many updates wait at least, counted by source package.
    beyond: Option<i64>,
}

const UPDATES: &str = "patches.update_waiting";
const FINDINGS_READ: u32 = 500;
/// So many groups are enough for a list of [`MOST_ROWS`], whatever else stands in it.
const GROUPS_READ: usize = 2 * MOST_ROWS;
/// Beyond this it is told only that there are more.
const MOST_COUNTED: u32 = 10_000;

/// The most pressing findings, and whether they are all. Where they are not, each group that is told is whole, so that
/// its figures are true.
fn pressing(tx: &mut Tx<'_>, cx: &Cx) -> Result<(Vec<Finding>, bool), Fault> {
    let (mut after, mut groups, mut read) = ((-1, FindingId(0)), Vec::new(), Vec::new());
    while groups.len() < GROUPS_READ {
        let found = finding::open(tx, cx, after, FINDINGS_READ)?;
        let is_end = found.len() < FINDINGS_READ as usize;
        after = found.last().map_or(after, |(rank, last)| (*rank, last.id));
        for (_, one) in found {
            let group = (one.rule.clone(), one.asset);
            if !groups.contains(&group) {
                groups.push(group);
            }
            read.push(one);
        }
        if is_end {
            return Ok((read, true));
        }
    }
    let mut whole = Vec::new();
    for (rule, asset) in groups.iter().take(GROUPS_READ) {
        whole.extend(finding::of_rule(tx, cx, rule, *asset)?);
    }
    Ok((whole, false))
}

fn gather(tx: &mut Tx<'_>, cx: &Cx) -> Result<Everything, Fault> {
    let now_ms = cx.now_ms();
    let (findings, is_all) = pressing(tx, cx)?;
    let facts = Facts {
        findings,
        work: work::due(tx, cx, now_ms + SOON_MS, 30)?,
        plans: plan::open(tx, cx)?,
        silent: agent::silent(tx, cx, now_ms - SILENT_MS)?,
    };
    let mut runs = Vec::new();
    for run in run::latest(tx, cx, 6)? {
        let name = asset::get(tx, cx, run.asset)?.name;
        runs.push((run, name));
    }
    Ok(Everything {
        facts,
        counts: finding::counts(tx, cx)?,
        blind: (finding::blind(tx, cx, "")?, finding::blind(tx, cx, UPDATES)?),
        assets: asset::count(tx, cx)?,
        open_work: work::open_count(tx, cx)?,
        runs,
        beyond: if is_all { None } else { Some(finding::count_of_rule(tx, cx, UPDATES, MOST_COUNTED)?) },
    })
}

#[derive(Default, Deserialize)]
struct Asked {
    #[serde(default)]
    all: u8,
    /// `needs`: only the list, for the page that refreshes it.
    #[serde(default)]
    part: String,
}

async fn home(caller: Caller, Query(asked): Query<Asked>) -> Answer {
    caller.cx.may(&rights::VIEW, mainstay_kernel::access::Scope::Org).or_else(|fault| match fault {
        Fault::Denied { .. } => Ok(()), // a team's member sees the team's part
        other => Err(other),
    })?;
    let all = caller.read(gather).await?;
    let now_ms = caller.cx.now_ms();
    let ranked = rank(&all.facts, now_ms);
    let total = ranked.len();
    let now_count = ranked.iter().filter(|row| row.when == When::Now).count();
    let shown: Vec<Row> = if asked.all == 1 { ranked } else { ranked.into_iter().take(MOST_ROWS).collect() };
    let needs = region("needs", "finding,plan,work,agent,asset", "/?part=needs", list(&shown, &all));
    if asked.part == "needs" {
        return Ok(needs.into_response());
    }
    let strip = region("strip", "finding,plan,work,agent,asset", "/?part=strip", facts(&all));
    if asked.part == "strip" {
        return Ok(strip.into_response());
    }
    let words = frame::words(&caller);
    if asked.part == "ran" {
        return Ok(region("ran", "run", "/?part=ran", stack(beside(&all, &words))).into_response());
    }
    let mut page = Page::new(title(now_count, total, all.beyond.is_none()))
        .section("home")
        .lead(format!("{}. Ranked by deadline and severity.", words.heading()))
        .live("finding")
        .live("plan")
        .live("work")
        .live("agent")
        .live("asset")
        .live("run");
    if total > shown.len() {
        page = page.act(Act::link("Everything", "/?all=1").count(total.to_string()));
    }
    let page = page
        .act(Act::link("New", "/work/new").primary().key("c"))
        .above(strip)
        .main(needs)
        .aside(region("ran", "run", "/?part=ran", stack(beside(&all, &words))));
    frame::framed(&caller, page).await
}

/// What the list comes to. Where not all was read, a figure is the least it can be.
fn title(now: usize, total: usize, is_all: bool) -> String {
    let least = if is_all { "" } else { "at least " };
    match (now, total) {
        (0, 0) => "Nothing needs you".to_owned(),
        (0, 1) => "Nothing is urgent, 1 thing is waiting".to_owned(),
        (0, n) => format!("Nothing is urgent, {least}{n} things are waiting"),
        (1, _) => "1 thing needs you now".to_owned(),
        (n, _) if least.is_empty() => format!("{n} things need you now"),
        (n, _) => format!("At least {n} things need you now"),
    }
}

/// How many updates wait, and its words.
fn updates(all: &Everything) -> (i64, String, &'static str) {
    if let Some(count) = all.beyond {
        let more = if count >= i64::from(MOST_COUNTED) { "+" } else { "" };
        return (count, format!("{count}{more}"), " sources wait");
    }
    let of_updates = all.facts.findings.iter().filter(|f| f.rule == UPDATES);
    let packages: usize = of_updates.map(|f| f.detail["packages"].as_array().map_or(1, Vec::len)).sum();
    let words = if packages == 1 { " waits" } else { " wait" };
    (i64::try_from(packages).unwrap_or(i64::MAX), packages.to_string(), words)
}

fn facts(all: &Everything) -> Markup {
    let counts = all.counts;
    let (waiting, updates, updates_words) = updates(all);
    let silent = i64::try_from(all.facts.silent.len()).unwrap_or(0);
    // Nothing found is good news only where everything was looked at.
    let is_old = all.assets == 0 || silent > 0 || counts.stale > 0;
    let fine_by =
        |blind: finding::Blind| if is_old || !blind.sees_all() { State::Unknown } else { State::Ok };
    let (fine, fine_updates) = (fine_by(all.blind.0), fine_by(all.blind.1));
    let bad = |n: i64| if n > 0 { State::Bad } else { fine };
    let warn = |n: i64| if n > 0 { State::Warn } else { fine };
    let host_state = match (silent, all.assets == 0 || all.blind.0.is_waiting) {
        (1.., _) => State::Bad,
        (_, true) => State::Unknown,
        _ => State::Ok,
    };
    strip(
        "State of the estate",
        &[
            Fact::new(
                "Assets",
                all.assets.to_string(),
                if all.assets == 1 { " is here" } else { " are here" },
            )
            .state(host_state)
            .extra(hosts_extra(silent, all.blind.0.is_waiting))
            .href("/assets"),
            Fact::new("Findings", counts.open.to_string(), " open")
                .state(warn(counts.open))
                .extra(findings_extra(counts.stale, all.blind.0.has_gaps))
                .href("/findings"),
            Fact::new("Critical, high", (counts.critical + counts.high).to_string(), " open")
                .state(bad(counts.critical + counts.high))
                .href("/findings"),
            Fact::new("Updates", updates, updates_words)
                .state(if waiting > 0 { State::Warn } else { fine_updates })
                .extra(if all.blind.1.sees_all() { String::new() } else { ", not all seen".to_owned() })
                .href("/maintenance"),
            Fact::new("Work", all.open_work.to_string(), " open").state(State::Unknown).href("/work"),
            Fact::new("Plans", all.facts.plans.len().to_string(), " under way")
                .state(if all.facts.plans.is_empty() { State::Unknown } else { State::Work })
                .href("/maintenance"),
        ],
    )
}

fn hosts_extra(silent: i64, is_waiting: bool) -> String {
    match (silent, is_waiting) {
        (1.., _) => format!(", {silent} silent"),
        (_, true) => ", first look".to_owned(),
        _ => String::new(),
    }
}

fn findings_extra(stale: i64, has_gaps: bool) -> String {
    match (stale, has_gaps) {
        (1.., _) => format!(", {stale} stale"),
        (_, true) => ", not all seen".to_owned(),
        _ => String::new(),
    }
}

fn list(shown: &[Row], all: &Everything) -> Markup {
    if all.assets == 0 || shown.is_empty() && all.blind.0.is_waiting {
        return plain_card(empty(
            Icon::Assets,
            "Looking at this machine",
            "Its first facts arrive within seconds. Nothing is changed by looking.",
            html! {},
        ));
    }
    if shown.is_empty() {
        let gaps = if all.blind.0.has_gaps {
            " Not everything could be seen: the pages of the assets say what."
        } else {
            ""
        };
        let words = match all.assets {
            1 => format!("1 asset was looked at and no deadline ends this week.{gaps}"),
            n => format!("{n} assets were looked at and no deadline ends this week.{gaps}"),
        };
        return plain_card(empty(
            Icon::Home,
            "Nothing needs you",
            words,
            html! { a.btn href="/findings" { "See what was found" } },
        ));
    }
    let of = |when: When| shown.iter().filter(|row| row.when == when).map(row).collect::<Vec<_>>();
    html! {
        (need("Now", "", &of(When::Now)))
        (need("Today", "", &of(When::Today)))
        (need("Before it happens", "", &of(When::Before)))
    }
}

fn row(row: &Row) -> Need {
    let (href, act) = match &row.next {
        Step::OpenFinding(id) => (format!("/findings/{id}"), Act::link("Open", format!("/findings/{id}"))),
        Step::OpenFindings(asset) => {
            (format!("/assets/{asset}/findings"), Act::link("Open", format!("/assets/{asset}/findings")))
        }
        Step::PlanUpdates(asset) => (
            format!("/assets/{asset}/findings"),
            Act::post("Plan updates", "/maintenance/plans")
                .field("asset", asset.to_string())
                .field("which", "security"),
        ),
        Step::OpenPlan(id) => {
            (format!("/maintenance/plans/{id}"), Act::link("Review", format!("/maintenance/plans/{id}")))
        }
        Step::OpenWork(number) => (format!("/work/{number}"), Act::link("Open", format!("/work/{number}"))),
        Step::OpenAsset(id) => (format!("/assets/{id}"), Act::link("Look into it", format!("/assets/{id}"))),
    };
    // What only waits to be approved is planned, not unknown.
    let state = match (&row.next, look::severity_state(row.severity)) {
        (Step::OpenPlan(_), State::Unknown) => State::Work,
        (_, state) => state,
    };
    Need { state, what: row.what.clone(), href, why: row.why.clone(), act: act.small() }
}

fn beside(all: &Everything, words: &mainstay_face::ui::Words) -> Markup {
    let ran: Vec<UiRow> = all
        .runs
        .iter()
        .map(|(run, name)| {
            let state = match run.state.as_str() {
                "succeeded" => State::Ok,
                "waiting" | "given" => State::Work,
                _ => State::Bad,
            };
            UiRow::new(
                html! { (link(format!("{} on {name}", run.step), &format!("/maintenance/runs/{}", run.id))) },
            )
            .state(state)
            .when(words.when(frame::at(run.created_ms)))
        })
        .collect();
    html! {
        @if ran.is_empty() {
            (card("What ran", "", html! { (empty(Icon::Maintenance, "Nothing yet", "Plans that you approve run here and keep their output.", html! {})) }))
        } @else { (card("What ran", html! { a href="/maintenance" { "All" } }, rows(&ran))) }
        @if all.assets <= 1 {
            (card("Another machine", "", html! { div.pad { p.mid { "One line brings it in; it shows up within ten seconds." } p { a.btn href="/assets/add" { "Add a host" } } } }))
        }
    }
}
