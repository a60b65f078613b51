//! One run with its output, which grows as it is written.

use axum::Router;
use axum::extract::Path;
use axum::response::IntoResponse;
use axum::routing::get;
use mainstay_face::ui::{Icon, More, Page, card, empty, facts, link, output, pad, tag};
use mainstay_face::{Answer, Caller, Door, Query};
use mainstay_record::run;
use mainstay_record::{RunId, asset};
use maud::html;
use serde::Deserialize;

use mainstay_face::{frame, look};

pub(super) fn routes() -> Router<Door> {
    Router::new().route("/maintenance/runs/{id}", get(one)).route("/maintenance/runs/{id}/output", get(more))
}

#[derive(Default, Deserialize)]
struct From {
    #[serde(default)]
    from: i64,
}

async fn one(caller: Caller, Path(id): Path<String>, Query(asked): Query<From>) -> Answer {
    let id: RunId = id.parse()?;
    let from = asked.from.max(0);
    let (run, host, text, offset) = caller
        .read(move |tx, cx| {
            let run = run::get(tx, cx, id)?;
            let host = asset::get(tx, cx, run.asset)?;
            let (text, offset) = run::output(tx, cx, id, from)?;
            Ok((run, host, text, offset))
        })
        .await?;
    let words = frame::words(&caller);
    let here = format!("/maintenance/runs/{id}");
    let has_more = offset < run.output_bytes;
    let reload = match (run.is_over(), has_more) {
        (_, true) => Some(format!("{here}?from={offset}")),
        (false, false) => Some(here.clone()),
        (true, false) => None,
    };
    let said = match (run.is_over(), has_more) {
        (_, true) => "there is more",
        (true, false) => "complete",
        (false, false) => "as it is written",
    };
    let summary = run.outcome.as_ref().map_or_else(
        || match run.state.as_str() {
            "given" => "The agent has it and is at work.".to_owned(),
            _ => "Waiting for the agent to fetch it.".to_owned(),
        },
        |o| o.summary.clone(),
    );
    let topics = format!("output.{},run.{}", id.0, id.0);
    let more = More { href: format!("{here}/output"), offset, topics };
    let main = html! {
        @if run.is_over() && run.output_bytes == 0 {
            (card("Output", "complete", empty(Icon::Terminal, "It wrote nothing", "What came of it is said above.", html! {})))
        } @else { (output("Output", said, &text, &more, reload.as_deref())) }
    };
    let mut known =
        vec![("Step", run.step.clone()), ("Ordered", words.exact_text(frame::at(run.created_ms)))];
    known.extend(run.ended_ms.map(|ms| ("Ended", words.exact_text(frame::at(ms)))));
    let aside = html! {
        (card("About it", "", pad(facts(known))))
        (card("Host", "", pad(html! { (link(&host.name, &format!("/assets/{}", host.id))) })))
        @if let Some(plan) = run.plan { (card("Plan", "", pad(html! { a.link href={ "/maintenance/plans/" (plan) } { "The plan it belongs to" } }))) }
    };
    let page = Page::new(format!("{} on {}", run.step, host.name))
        .section("maintenance")
        .crumb("Maintenance", "/maintenance")
        .marks(tag(look::run_state(&run), look::run_word(&run)))
        .lead(summary)
        .live(format!("run.{}", id.0))
        .live(format!("output.{}", id.0))
        .refreshes_at(here, [format!("run.{}", id.0)])
        .main(main)
        .aside(aside);
    frame::framed(&caller, page).await
}

/// The output from an offset on as plain text; `x-next` says where it ends.
async fn more(caller: Caller, Path(id): Path<String>, Query(asked): Query<From>) -> Answer {
    let id: RunId = id.parse()?;
    let (text, next) = caller
        .read(move |tx, cx| {
            run::get(tx, cx, id)?;
            run::output(tx, cx, id, asked.from.max(0))
        })
        .await?;
    let kind = ("content-type", "text/plain; charset=utf-8".to_owned());
    let mut answer = ([kind, ("x-next", next.to_string())], text).into_response();
    frame::private(&mut answer);
    Ok(answer)
}
