//! Maintenance: the plans of every room, and what ran.

use axum::Router;
use axum::routing::get;
use mainstay_face::ui::{
    Column, Icon, Page, Row, Table, card, empty, link, live_rows, plain_card, rows, stack, tag,
};
use mainstay_face::{Answer, Caller, Door, frame, look};
use mainstay_record::{PlanId, asset, plan, run};
use maud::html;

pub(super) fn routes() -> Router<Door> {
    Router::new().route("/maintenance", get(list))
}

async fn list(caller: Caller) -> Answer {
    let (plans, runs) = caller
        .read(|tx, cx| {
            let plans = plan::list(tx, cx, PlanId(i64::MAX), 50)?;
            let mut named = Vec::new();
            for run in run::latest(tx, cx, 30)? {
                let name = asset::get(tx, cx, run.asset)?.name;
                named.push((run, name));
            }
            Ok((plans, named))
        })
        .await?;
    let words = frame::words(&caller);
    let mut table = Table::new("Plans", [Column::new("Plan"), Column::new("State"), Column::new("Prepared")]);
    for p in &plans {
        table = table.line_of(
            p.id,
            [
                html! { (link(&p.title, &format!("/maintenance/plans/{}", p.id))) " " span.num.dim { "#" (p.number) } },
                tag(look::plan_state(p.state), p.state.word()),
                words.when(frame::at(p.created_ms)),
            ],
        );
    }
    let ran: Vec<Row> = runs.iter().map(|(r, name)| Row::new(html! { (link(format!("{} on {name}", r.step), &format!("/maintenance/runs/{}", r.id))) " " span.dim { (r.outcome.as_ref().map_or("", |o| o.summary.as_str())) } }).state(look::run_state(r)).when(words.when(frame::at(r.created_ms))).id(r.id)).collect();
    let main = stack(html! {
        @if plans.is_empty() { (plain_card(empty(Icon::Maintenance, "No plans yet", "A plan takes the updates of one host: simulated first, applied only as approved, verified by looking again.", html! { a.btn href="/assets" { "Choose a host" } }))) }
        @else { (plain_card(live_rows("plan,run", "/maintenance", table))) }
        (card("Runs", "newest first", if ran.is_empty() { empty(Icon::Maintenance, "Nothing ran yet", "Every run keeps its output.", html! {}) } else { live_rows("run", "/maintenance", rows(&ran)) }))
    });
    frame::framed(
        &caller,
        Page::new("Maintenance").section("maintenance").live("plan").live("run").main(main),
    )
    .await
}
