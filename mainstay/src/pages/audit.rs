//! The audit page: everything that happened, and whether it is as it was.

use axum::Router;
use axum::routing::get;
use mainstay_face::ui::{Page, Pager, State, banner, card, pager, stack, timeline};
use mainstay_face::{Answer, Caller, Cursor, Door, Query};
use mainstay_kernel::access::{Scope, VIEW_AUDIT};
use mainstay_kernel::events::{self, Verdict};
use mainstay_kernel::id::EventId;
use maud::html;
use serde::Deserialize;

use mainstay_face::{frame, told};

const PAGE: u32 = 50;

pub(super) fn routes() -> Router<Door> {
    Router::new().route("/settings/audit", get(audit))
}

#[derive(Default, Deserialize)]
struct Asked {
    after: Option<Cursor>,
    #[serde(default)]
    verify: u8,
}

async fn audit(caller: Caller, Query(asked): Query<Asked>) -> Answer {
    caller.cx.may(&VIEW_AUDIT, Scope::Org)?;
    let before: i64 = asked.after.as_ref().and_then(Cursor::key).unwrap_or(i64::MAX);
    let is_to_verify = asked.verify == 1;
    let (told, last, verdict) = caller
        .read(move |tx, cx| {
            let verdict = if is_to_verify { Some(events::verify(tx, cx)?) } else { None };
            let mut found = events::all(tx, cx.org, EventId(before), PAGE + 1)?;
            let is_more = found.len() > PAGE as usize;
            found.truncate(PAGE as usize);
            let last = found.last().filter(|_| is_more).map(|last| last.id.0);
            Ok((told::of_many(tx, cx, found)?, last, verdict))
        })
        .await?;
    let words = frame::words(&caller);
    let older = last.map(|last| format!("/settings/audit?after={}", Cursor::of(&last)));
    let moments = told.moments(&words);
    let verdict = verdict.map(|verdict| match verdict {
        Verdict::Whole { sealed, open } => banner(
            State::Ok,
            format!("{sealed} events are as they were sealed; {open} are not yet sealed."),
            None,
        ),
        Verdict::Broken(broken) => banner(
            State::Bad,
            format!("Event {} {}. What came before it is whole.", broken.event, broken.what),
            None,
        ),
    });
    let main = stack(html! {
        @if let Some(verdict) = verdict { (verdict) }
        (card("Events", "newest first", timeline(&moments)))
        (pager(&Pager { words: format!("{} shown", moments.len()), newer: asked.after.is_some().then(|| "/settings/audit".to_owned()), older }))
    });
    let page = Page::new("Audit")
        .section("settings")
        .crumb("Settings", "/settings")
        .lead("Everything that happened, kept for good and chained by hashes.")
        .act(mainstay_face::ui::Act::link("Verify the chain", "/settings/audit?verify=1").primary())
        .main(main);
    frame::framed(&caller, page).await
}
