//! Settings, Messages: what was told, to whom, what became of it, and where its links lead.

use axum::Router;
use axum::extract::{Form as Posted, Path};
use axum::routing::{get, post};
use mainstay_face::ui::{
    Act, Column, Field, Form, Icon, Page, Pager, Row, State as Mark, Table, Toast, card, code, empty, facts,
    field, form, hidden, link, pad, pager, plain_card, rows, stack, tag,
};
use mainstay_face::{Answer, Caller, Cursor, Door, Query, door};
use mainstay_kernel::access::{MANAGE_SETTINGS, Scope};
use mainstay_kernel::id::{ChannelId, NoticeId};
use mainstay_kernel::notify::{self, AddressSetting, Notice, Receipt, State};
use mainstay_kernel::{Fault, Problem, settings};
use maud::{Markup, html};
use serde::Deserialize;

use crate::tell;
use mainstay_face::frame;

const PAGE: usize = 30;
const TO_READ: u32 = 31;

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/settings/messages", get(list))
        .route("/settings/messages/address", post(set_address))
        .route("/settings/messages/{id}", get(one))
        .route("/settings/messages/{id}/again", post(again))
}

/// How a message stands, in a mark and a word.
pub(super) fn stands(state: State) -> (Mark, &'static str) {
    match state {
        State::Waiting => (Mark::Work, "waiting"),
        State::Sending => (Mark::Work, "being sent"),
        State::Sent => (Mark::Ok, "sent"),
        State::Refused => (Mark::Bad, "refused"),
        State::GivenUp => (Mark::Bad, "not sent"),
        State::Unsure => (Mark::Warn, "not confirmed"),
    }
}

/// Where a message goes, as people say it.
fn way(receipt: &Receipt) -> String {
    match receipt.channel.as_str() {
        "mail" if notify::is_address(&receipt.recipient) => format!("mail to {}", receipt.recipient),
        other => other.to_owned(),
    }
}

/// The receipts of one notice in one tag: the worst of them.
fn sum(receipts: &[Receipt]) -> Markup {
    if receipts.is_empty() {
        return tag(Mark::Unknown, "nobody to tell");
    }
    let count = |state: State| receipts.iter().filter(|r| r.state == state).count();
    let parts: Vec<String> =
        [State::GivenUp, State::Refused, State::Unsure, State::Waiting, State::Sending, State::Sent]
            .into_iter()
            .filter(|state| count(*state) > 0)
            .map(|state| format!("{} {}", count(state), stands(state).1))
            .collect();
    let worst = [State::GivenUp, State::Refused, State::Unsure, State::Waiting, State::Sending]
        .into_iter()
        .find(|state| count(*state) > 0)
        .unwrap_or(State::Sent);
    tag(stands(worst).0, parts.join(", "))
}

#[derive(Default, Deserialize)]
struct After {
    after: Option<Cursor>,
}

async fn list(caller: Caller, Query(asked): Query<After>) -> Answer {
    let before = asked.after.as_ref().and_then(Cursor::key).unwrap_or(i64::MAX);
    shown_list(&caller, before, None, &[]).await
}

async fn shown_list(caller: &Caller, before: i64, typed: Option<&str>, problems: &[Problem]) -> Answer {
    let (told, address) = caller
        .read(move |tx, cx| {
            let told = notify::list(tx, cx, NoticeId(before), TO_READ)?;
            Ok((told, settings::get::<AddressSetting>(tx, cx.org)?))
        })
        .await?;
    let words = frame::words(caller);
    let shown: Vec<Row> = told
        .iter()
        .take(PAGE)
        .map(|(notice, receipts)| {
            let href = format!("/settings/messages/{}", notice.id);
            Row::new(html! { (link(&notice.title, &href)) " " span.dim { (tell::about(&notice.cause)) } })
                .when(words.when(frame::at(notice.created_ms)))
                .after(sum(receipts))
        })
        .collect();
    let older = told
        .get(PAGE - 1)
        .filter(|_| told.len() > PAGE)
        .map(|(last, _)| format!("/settings/messages?after={}", Cursor::of(&last.id.0)));
    let newer = (before != i64::MAX).then(|| "/settings/messages".to_owned());
    let main = stack(html! {
        @if shown.is_empty() {
            (plain_card(empty(Icon::Work, "Nothing was told yet", "New critical or high findings, plans that wait for approval, failures and silent agents are told here, with what became of each message.", html! { a.btn href="/settings/mail" { "Set up mail" } })))
        } @else {
            (plain_card(rows(&shown)))
            (pager(&Pager { words: String::new(), newer, older }))
        }
        @if caller.cx.may(&MANAGE_SETTINGS, Scope::Org).is_ok() { (address_card(&address, typed, problems)) }
    });
    let page = Page::new("Messages")
        .section("settings")
        .crumb("Settings", "/settings")
        .lead("One notice for each cause, and a receipt for each who hears of it.")
        .live("notice")
        .main(main);
    // What was typed and is wrong stays until it is sent again.
    let page = if problems.is_empty() { page.refreshes(&caller.path) } else { page };
    frame::framed(caller, page).await
}

fn address_card(
    address: &settings::Set<AddressSetting>,
    typed: Option<&str>,
    problems: &[Problem],
) -> Markup {
    let fault = problems.iter().find(|p| p.field == "address").map(|p| p.detail.clone());
    let fields = html! {
        (hidden("revision", address.revision))
        (field(&Field::new("address", "Links in messages begin with").kind("url").mono()
            .value(typed.unwrap_or(&address.value.url)).fault(fault)
            .hint("The address at which people reach this Mainstay. Until it is given, the one it was started at is used.")))
    };
    let acts = vec![Act::submit("Save")];
    let to = "/settings/messages/address".to_owned();
    card("Links", "", pad(form(&Form { to, faults: Vec::new(), fields, acts })))
}

#[derive(Deserialize)]
struct Address {
    revision: i64,
    address: String,
}

async fn set_address(caller: Caller, Posted(given): Posted<Address>) -> Answer {
    let wanted =
        AddressSetting { url: given.address.trim().trim_end_matches('/').to_owned(), is_given: true };
    let saved = caller.write(move |tx, cx| settings::set(tx, cx, given.revision, &wanted)).await;
    match saved {
        Ok(_) => Ok(door::done("/settings/messages", Some(&Toast::new("Saved. New messages use it.")))),
        Err(Fault::Invalid(problems)) => shown_list(&caller, i64::MAX, Some(&given.address), &problems).await,
        Err(other) => Err(other.into()),
    }
}

async fn one(caller: Caller, Path(id): Path<String>) -> Answer {
    let id: NoticeId = id.parse()?;
    let (notice, receipts) = caller.read(move |tx, cx| notify::get(tx, cx, id)).await?;
    let words = frame::words(&caller);
    let main = stack(html! {
        (card("Who hears of it", "a receipt for each", if receipts.is_empty() {
            pad(html! { p { "Nobody: no role gives the right to act on it there, or all who have it chose not to be told." } })
        } else {
            html! { (receipt_table(&notice, &receipts, &words)) }
        }))
        (card("What it says", "", pad(code("Message", &text(&notice)))))
    });
    let known = vec![
        ("Cause", tell::about(&notice.cause).to_owned()),
        ("Urgency", notice.urgency.clone()),
        ("Written", words.exact_text(frame::at(notice.created_ms))),
    ];
    let page = Page::new(notice.title.clone())
        .section("settings")
        .crumb("Settings", "/settings")
        .crumb("Messages", "/settings/messages")
        .marks(sum(&receipts))
        .live(format!("notice.{}", id.0))
        .refreshes(&caller.path)
        .main(main)
        .aside(card("About it", "", pad(facts(known))));
    frame::framed(&caller, page).await
}

fn text(notice: &Notice) -> String {
    match notice.link.as_str() {
        "" => notice.body.clone(),
        link => format!("{}\n\n{link}", notice.body),
    }
}

fn receipt_table(notice: &Notice, receipts: &[Receipt], words: &mainstay_face::ui::Words) -> Table {
    let columns = [
        Column::new("Who"),
        Column::new("How"),
        Column::new("State"),
        Column::new("What was said"),
        Column::acts("Do"),
    ];
    receipts.iter().fold(Table::new("Receipts", columns), |table, receipt| {
        let to = format!("/settings/messages/{}/again", notice.id);
        table.line([
            html! { (receipt.name) },
            html! { (way(receipt)) },
            state_of(receipt, words),
            html! { (receipt.answer) },
            send_again(receipt, to, None),
        ])
    })
}

/// The state of a message with its next try, or with when it changed last.
pub(super) fn state_of(receipt: &Receipt, words: &mainstay_face::ui::Words) -> Markup {
    let (mark, word) = stands(receipt.state);
    html! {
        (tag(mark, word)) " "
        @if let Some(next) = receipt.next_ms {
            span.sm.dim { "try " (receipt.attempts + 1) " at " (words.when(frame::at(next))) }
        } @else if receipt.attempts > 0 {
            span.sm.dim { (words.when(frame::at(receipt.changed_ms))) @if receipt.attempts > 1 { ", " (receipt.attempts) " tries" } }
        }
    }
}

/// The button of a message that has ended.
pub(super) fn send_again(receipt: &Receipt, to: String, back: Option<ChannelId>) -> Markup {
    let is_over = !matches!(receipt.state, State::Waiting | State::Sending);
    let act = Act::post("Send again", to)
        .field("channel", receipt.channel.clone())
        .field("recipient", receipt.recipient.clone())
        .field("back", back.map(|id| id.to_string()).unwrap_or_default());
    html! { @if is_over { (act.small()) } }
}

#[derive(Deserialize)]
struct Again {
    channel: String,
    recipient: String,
    #[serde(default)]
    back: String,
}

async fn again(caller: Caller, Path(id): Path<String>, Posted(given): Posted<Again>) -> Answer {
    let notice: NoticeId = id.parse()?;
    let back = match given.back.parse::<ChannelId>() {
        Ok(channel) => format!("/settings/channels/{channel}"),
        Err(_) => format!("/settings/messages/{notice}"),
    };
    caller.write(move |tx, cx| notify::again(tx, cx, notice, &given.channel, &given.recipient)).await?;
    Ok(door::done(&back, Some(&Toast::new("On its way again, marked as a repeat where it may have arrived"))))
}
