//! Settings, Channels: webhooks and push topics of everybody, each with its test, its log and why it stands still.

use axum::Router;
use axum::extract::{Form as Posted, Path};
use axum::routing::{get, post};
use mainstay_face::ui::{
    Act, Choice, Column, Field, Form, Icon, Page, State as Mark, Table, Toast, banner, card, checkbox, code,
    empty, field, form, hidden, link, pad, plain_card, select, stack, tag, textarea,
};
use mainstay_face::{Answer, Caller, Door, door};
use mainstay_kernel::access::{MANAGE_SETTINGS, Scope};
use mainstay_kernel::id::ChannelId;
use mainstay_kernel::notify::{self, Channel, ChannelKind, NewChannel, Receipt};
use mainstay_kernel::outbound::OutboundSetting;
use mainstay_kernel::{Fault, Problem, settings};
use maud::{Markup, html};
use serde::Deserialize;

use mainstay_face::frame;

use super::messages;
use crate::tell;

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/settings/channels", get(list).post(make))
        .route("/settings/channels/allow", post(allow))
        .route("/settings/channels/{id}", get(one).post(change))
        .route("/settings/channels/{id}/test", post(test))
        .route("/settings/channels/{id}/enable", post(enable))
        .route("/settings/channels/{id}/disable", post(disable))
        .route("/settings/channels/{id}/key", post(renew_key))
        .route("/settings/channels/{id}/remove", post(remove))
}

fn page(title: &str) -> Page {
    Page::new(title).section("settings").crumb("Settings", "/settings")
}

/// What a form brought; the box of causes comes as the same name several times.
#[derive(Clone, Default, Deserialize)]
struct Given {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    url: String,
    #[serde(default)]
    token: String,
    #[serde(default)]
    causes: Vec<String>,
}

/// One known cause per box, so that nothing else is kept.
fn known(causes: &[String]) -> Vec<String> {
    let is_chosen = |word: &str| causes.iter().any(|chosen| chosen == word);
    tell::CAUSES.iter().filter(|c| is_chosen(c.word)).map(|c| c.word.to_owned()).collect()
}

async fn list(caller: Caller) -> Answer {
    let all = tell::CAUSES.iter().map(|cause| cause.word.to_owned()).collect();
    shown_list(&caller, &Given { kind: "webhook".to_owned(), causes: all, ..Given::default() }, None, &[])
        .await
}

async fn shown_list(caller: &Caller, given: &Given, allowed: Option<&str>, problems: &[Problem]) -> Answer {
    let (channels, outbound) = caller
        .read(|tx, cx| {
            let mut channels = Vec::new();
            for channel in notify::channels(tx, cx)? {
                let last = notify::log(tx, cx, channel.kind.word(), &channel.id.to_string(), 1)?.pop();
                channels.push((channel, last));
            }
            Ok((channels, settings::get::<OutboundSetting>(tx, cx.org)?))
        })
        .await?;
    let words = frame::words(caller);
    let columns = [
        Column::new("Name"),
        Column::new("Kind"),
        Column::new("Address"),
        Column::new("State"),
        Column::new("Last message"),
    ];
    let table = channels.iter().fold(Table::new("Channels", columns), |table, (channel, last)| {
        table.line([
            html! { (link(&channel.name, &format!("/settings/channels/{}", channel.id))) },
            html! { (channel.kind.word()) },
            html! { span.mono { (channel.url) } },
            state(channel),
            last.as_ref().map_or(html! { span.dim { "none yet" } }, |last| messages::state_of(last, &words)),
        ])
    });
    let kinds =
        [Choice::new("webhook", "Webhook: signed JSON"), Choice::new("push", "Push topic: as ntfy takes it")];
    let fault = |name: &str| problems.iter().find(|p| p.field == name).map(|p| p.detail.clone());
    let fields = html! {
        (select(&Field::new("kind", "Kind").value(&given.kind), &kinds))
        (fields(given, problems))
        (field(&Field::new("token", "Access token").kind("password").autocomplete("off").optional()
            .fault(fault("token")).hint("For a push server that asks for one. Kept sealed. A webhook gets a signing key of ours.")))
    };
    let acts = vec![Act::submit("Make it").primary()];
    let new = form(&Form { to: "/settings/channels".into(), faults: Vec::new(), fields, acts });
    let main = stack(html! {
        @if table.is_empty() {
            (plain_card(empty(Icon::Message, "No channels yet", "A webhook or a push topic hears of what you choose, beside the people who are told by mail.", html! {})))
        } @else { (plain_card(table)) }
        (card("A new channel", "", pad(new)))
        @if caller.cx.may(&MANAGE_SETTINGS, Scope::Org).is_ok() { (allow_card(&outbound, allowed, fault("allow"))) }
    });
    let lead = "Places that hear of what happens, beside people's mail and push.";
    frame::framed(caller, page("Channels").lead(lead).main(main)).await
}

fn state(channel: &Channel) -> Markup {
    match (channel.is_active, channel.causes.is_empty()) {
        (true, false) => tag(Mark::Ok, "on"),
        (true, true) => tag(Mark::Unknown, "hears of nothing"),
        (false, _) if channel.why.is_empty() => tag(Mark::Unknown, "disabled"),
        (false, _) => html! { (tag(Mark::Bad, "disabled by the house")) " " span.sm.dim { (channel.why) } },
    }
}

fn fields(given: &Given, problems: &[Problem]) -> Markup {
    let fault = |name: &str| problems.iter().find(|p| p.field == name).map(|p| p.detail.clone());
    let is_chosen = |word: &str| given.causes.iter().any(|chosen| chosen == word);
    html! {
        (field(&Field::new("name", "Name").value(&given.name).fault(fault("name"))))
        (field(&Field::new("url", "Address").kind("url").mono().value(&given.url).fault(fault("url"))
            .hint("https://host/path. For a push topic: the server with the topic, like https://ntfy.example.org/ops.")))
        fieldset { legend { "What it hears of" }
            @for cause in tell::CAUSES { (checkbox("causes", cause.word, cause.about, is_chosen(cause.word))) }
            @if let Some(words) = fault("causes") { (banner(Mark::Bad, words, None)) }
        }
    }
}

fn allow_card(
    outbound: &settings::Set<OutboundSetting>,
    typed: Option<&str>,
    fault: Option<String>,
) -> Markup {
    let now = outbound.value.allow.join("\n");
    let fields = html! {
        (hidden("revision", outbound.revision))
        (textarea(&Field::new("allow", "Private addresses that may be reached").mono().optional()
            .value(typed.unwrap_or(&now)).fault(fault)
            .hint("One host name, address or range like 10.1.0.0/16 on each line. Everything else inside a private network or on this machine is refused.")))
    };
    let to = "/settings/channels/allow".to_owned();
    let acts = vec![Act::submit("Save")];
    card("Inside your network", "", pad(form(&Form { to, faults: Vec::new(), fields, acts })))
}

async fn make(caller: Caller, body: String) -> Answer {
    let given: Given = mainstay_face::query::read(&body)?;
    let kind = if given.kind == "push" { ChannelKind::Push } else { ChannelKind::Webhook };
    let new = NewChannel {
        kind,
        name: given.name.clone(),
        url: given.url.clone(),
        causes: known(&given.causes),
        token: Some(given.token.trim().to_owned()).filter(|token| !token.is_empty()),
    };
    match caller.write(move |tx, cx| notify::make(tx, cx, &new)).await {
        Ok((id, key)) => shown(&caller, id, None, &[], key.as_deref().map(key_card)).await,
        Err(Fault::Invalid(problems)) => shown_list(&caller, &given, None, &problems).await,
        Err(other) => Err(other.into()),
    }
}

fn key_card(key: &str) -> Markup {
    card(
        "Its signing key",
        "shown only now",
        pad(stack(html! {
            p { "The receiver checks each message with it, after the Standard Webhooks specification." }
            (code("Signing key", key))
        })),
    )
}

#[derive(Deserialize)]
struct Allowed {
    revision: i64,
    #[serde(default)]
    allow: String,
}

async fn allow(caller: Caller, Posted(given): Posted<Allowed>) -> Answer {
    let lines = given.allow.split([',', '\n']).map(|line| line.trim().to_owned());
    let wanted = OutboundSetting { allow: lines.filter(|line| !line.is_empty()).collect() };
    match caller.write(move |tx, cx| settings::set(tx, cx, given.revision, &wanted)).await {
        Ok(_) => Ok(door::done("/settings/channels", Some(&Toast::new("Saved")))),
        Err(Fault::Invalid(problems)) => {
            shown_list(&caller, &Given::default(), Some(&given.allow), &problems).await
        }
        Err(other) => Err(other.into()),
    }
}

async fn one(caller: Caller, Path(id): Path<String>) -> Answer {
    shown(&caller, id.parse()?, None, &[], None).await
}

async fn shown(
    caller: &Caller,
    id: ChannelId,
    typed: Option<&Given>,
    problems: &[Problem],
    said: Option<Markup>,
) -> Answer {
    let (channel, log) = caller
        .read(move |tx, cx| {
            let channel = notify::channel(tx, cx, id)?;
            let log = notify::log(tx, cx, channel.kind.word(), &id.to_string(), 50)?;
            Ok((channel, log))
        })
        .await?;
    let now = Given {
        name: channel.name.clone(),
        url: channel.url.clone(),
        causes: channel.causes.clone(),
        ..Given::default()
    };
    let to = format!("/settings/channels/{id}");
    let edit = form(&Form {
        to: to.clone(),
        faults: Vec::new(),
        fields: fields(typed.unwrap_or(&now), problems),
        acts: vec![Act::submit("Save").primary()],
    });
    let again = Act::post("Send there again", format!("{to}/enable"));
    let main = stack(html! {
        @if let Some(said) = said { (said) }
        @if !channel.is_active && channel.why.is_empty() { (banner(Mark::Unknown, "Disabled: nothing is sent there.", Some(&again))) }
        @if !channel.is_active && !channel.why.is_empty() { (banner(Mark::Bad, html! { "Disabled by the house, nothing is sent there. " (channel.why) }, Some(&again))) }
        (log_card(&log, id, &frame::words(caller)))
        (card("What it is", channel.kind.word(), pad(edit)))
    });
    let mut page = page(&channel.name)
        .crumb("Channels", "/settings/channels")
        .marks(state(&channel))
        .lead(html! { span.mono { (channel.url) } })
        .live("notice")
        .act(Act::post("Remove", format!("{to}/remove")).danger());
    if channel.kind == ChannelKind::Webhook {
        page = page.act(Act::post("New signing key", format!("{to}/key")));
    }
    if channel.is_active {
        page = page
            .act(Act::post("Disable", format!("{to}/disable")))
            .act(Act::post("Send a test", format!("{to}/test")).primary());
    }
    frame::framed(caller, page.main(main)).await
}

fn log_card(log: &[Receipt], id: ChannelId, words: &mainstay_face::ui::Words) -> Markup {
    if log.is_empty() {
        return card(
            "What was sent",
            "",
            pad(html! { p.dim { "Nothing yet. A test message is not kept here." } }),
        );
    }
    let columns =
        [Column::new("Message"), Column::new("State"), Column::new("What was answered"), Column::acts("Do")];
    let table = log.iter().fold(Table::new("What was sent", columns), |table, receipt| {
        let to = format!("/settings/messages/{}/again", receipt.notice);
        table.line([
            html! { (link(&receipt.title, &format!("/settings/messages/{}", receipt.notice))) },
            messages::state_of(receipt, words),
            html! { (receipt.answer) },
            messages::send_again(receipt, to, Some(id)),
        ])
    });
    card("What was sent", "newest first", html! { (table) })
}

async fn change(caller: Caller, Path(id): Path<String>, body: String) -> Answer {
    let id: ChannelId = id.parse()?;
    let given: Given = mainstay_face::query::read(&body)?;
    let (name, url, causes) = (given.name.clone(), given.url.clone(), known(&given.causes));
    match caller.write(move |tx, cx| notify::change(tx, cx, id, (&name, &url, &causes))).await {
        Ok(()) => Ok(door::done(&format!("/settings/channels/{id}"), Some(&Toast::new("Saved")))),
        Err(Fault::Invalid(problems)) => shown(&caller, id, Some(&given), &problems, None).await,
        Err(other) => Err(other.into()),
    }
}

/// What a test message brought back; a caller who may not is told as everywhere.
pub(super) fn tested(sent: Result<String, Fault>) -> Result<Markup, Fault> {
    match sent {
        Ok(answer) => Ok(banner(Mark::Ok, format!("It was taken: {answer}"), None)),
        Err(fault @ (Fault::SignIn | Fault::Denied { .. } | Fault::NotFound { .. })) => Err(fault),
        Err(fault) => Ok(banner(Mark::Bad, format!("It was not sent: {fault}"), None)),
    }
}

async fn test(caller: Caller, Path(id): Path<String>) -> Answer {
    let id: ChannelId = id.parse()?;
    let sent = notify::test_channel(caller.door.ground(), &caller.cx, id).await;
    shown(&caller, id, None, &[], Some(tested(sent)?)).await
}

async fn enable(caller: Caller, Path(id): Path<String>) -> Answer {
    let id: ChannelId = id.parse()?;
    caller.write(move |tx, cx| notify::enable(tx, cx, id)).await?;
    Ok(door::done(&format!("/settings/channels/{id}"), Some(&Toast::new("On again. Send a test next."))))
}

async fn disable(caller: Caller, Path(id): Path<String>) -> Answer {
    let id: ChannelId = id.parse()?;
    caller.write(move |tx, cx| notify::disable(tx, cx, id)).await?;
    let undo = Toast::new("Disabled").undo(format!("/settings/channels/{id}/enable"));
    Ok(door::done(&format!("/settings/channels/{id}"), Some(&undo)))
}

async fn renew_key(caller: Caller, Path(id): Path<String>) -> Answer {
    let id: ChannelId = id.parse()?;
    let key = caller.write(move |tx, cx| notify::renew_key(tx, cx, id)).await?;
    shown(&caller, id, None, &[], Some(key_card(&key))).await
}

async fn remove(caller: Caller, Path(id): Path<String>) -> Answer {
    let id: ChannelId = id.parse()?;
    caller.write(move |tx, cx| notify::remove(tx, cx, id)).await?;
    Ok(door::done(
        "/settings/channels",
        Some(&Toast::new("Removed with its key; what was sent there is kept.")),
    ))
}
