//! What somebody sets for themselves beside signing in: name and address, what they are told of and how, their push
//! topic.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::Form as Posted;
use axum::routing::post;
use mainstay_face::ui::{
    Act, Column, Field, Form, State as Mark, Table, Toast, acts, banner, card, field, form, hidden, pad,
    stack, tag,
};
use mainstay_face::{Answer, Caller, Door, door};
use mainstay_kernel::access::{MANAGE_PEOPLE, Scope};
use mainstay_kernel::notify::{self, Channel, Ways};
use mainstay_kernel::people::{self, New, Person};
use mainstay_kernel::{Fault, Problem};
use maud::{Markup, html};
use serde::Deserialize;

use super::{channels, sign_in};
use crate::tell::{self, Cause};

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/me/name", post(rename))
        .route("/me/notices", post(choose))
        .route("/me/push", post(set_push))
        .route("/me/push/test", post(test_push))
        .route("/me/push/remove", post(remove_push))
}

/// What was typed and is wrong, or what was said back, when a form of this page is shown again.
#[derive(Default)]
pub(super) struct Typed {
    pub(super) problems: Vec<Problem>,
    pub(super) name: Option<String>,
    pub(super) email: Option<String>,
    pub(super) push: Option<String>,
    /// What a test brought back.
    pub(super) said: Option<Markup>,
}

impl Typed {
    fn fault(&self, name: &str) -> Option<String> {
        self.problems.iter().find(|p| p.field == name).map(|p| p.detail.clone())
    }
}

/// What these cards show.
pub(super) struct Own {
    person: Person,
    push: Option<Channel>,
    ways: BTreeMap<String, Ways>,
    has_mail: bool,
}

pub(super) async fn read(caller: &Caller) -> Result<Own, Fault> {
    let person = caller.cx.who.person().ok_or(Fault::SignIn)?;
    caller
        .read(move |tx, cx| {
            let mail = mainstay_kernel::settings::get::<notify::MailSetting>(tx, cx.org)?.value;
            Ok(Own {
                person: people::get(tx, cx.org, person)?,
                push: notify::own_push(tx, cx)?,
                ways: notify::wishes(tx, cx.org, person)?,
                has_mail: !mail.host.is_empty(),
            })
        })
        .await
}

/// The cards, for the page of the person.
pub(super) fn cards(caller: &Caller, own: &Own, typed: &Typed) -> Markup {
    html! {
        @if let Some(said) = &typed.said { (said) }
        (card("You", "", pad(name_form(caller, &own.person, typed))))
        (card("What you are told of", "", html! { (notices(caller, own)) }))
        (card("Your push topic", "", push(own, typed)))
    }
}

fn name_form(caller: &Caller, person: &Person, typed: &Typed) -> Markup {
    let may_move = caller.cx.may(&MANAGE_PEOPLE, Scope::Org).is_ok();
    let email = typed.email.clone().unwrap_or_else(|| {
        if notify::is_address(&person.email) { person.email.clone() } else { String::new() }
    });
    let fields = html! {
        (hidden("revision", person.revision))
        (field(&Field::new("name", "Name").autocomplete("name").value(typed.name.as_ref().unwrap_or(&person.name)).fault(typed.fault("name"))))
        @if may_move {
            (field(&Field::new("email", "E-mail").kind("email").autocomplete("email").value(email).fault(typed.fault("email"))
                .hint("You sign in with it, and messages go there.")))
        } @else {
            p.sm.dim { "Messages go to " (person.email) ". Somebody who manages people can change it." }
        }
    };
    form(&Form { to: "/me/name".into(), faults: Vec::new(), fields, acts: vec![Act::submit("Save")] })
}

/// The causes that this person's roles let them hear of.
fn mine(caller: &Caller) -> Vec<&'static Cause> {
    let has = |cause: &&'static Cause| {
        caller.cx.scopes(cause.right) != mainstay_kernel::access::Scopes::Teams(Vec::new())
    };
    tell::CAUSES.into_iter().filter(has).collect()
}

fn notices(caller: &Caller, own: &Own) -> Markup {
    let mine = mine(caller);
    if mine.is_empty() {
        return pad(
            html! { p.dim { "Your roles let you look; you are told of nothing. Notices go to those who can do something about it." } },
        );
    }
    let columns = [Column::new("What happens"), Column::new("Mail"), Column::new("Push")];
    let table = mine.iter().fold(Table::new("What you are told of", columns), |table, cause| {
        let ways = own.ways.get(cause.word).copied().unwrap_or_default();
        let box_of = |way: &str, is_on: bool| {
            let label = format!("{}: {way}", cause.about);
            html! { label.choice { input type="checkbox" name={ (cause.word) "." (way) } value="on" checked[is_on]; span.sr { (label) } } }
        };
        table.line([
            html! { (cause.about) },
            box_of("mail", ways.mail),
            box_of("push", ways.push),
        ])
    });
    let no_mail = match (own.has_mail, notify::is_address(&own.person.email)) {
        (_, false) => Some("You have given no mail address yet: give one above."),
        (false, true) => Some("No mail server is set, so no mail leaves yet."),
        _ => None,
    };
    html! {
        @if let Some(words) = no_mail { (pad(banner(Mark::Unknown, words, None))) }
        form method="post" action="/me/notices" {
            (table)
            (pad(acts(&[Act::submit("Save")])))
        }
    }
}

fn push(own: &Own, typed: &Typed) -> Markup {
    let url = typed.push.clone().or_else(|| own.push.as_ref().map(|p| p.url.clone())).unwrap_or_default();
    let fields = html! {
        (field(&Field::new("push", "Address").kind("url").mono().value(url).fault(typed.fault("url"))
            .hint("A topic of a push server as ntfy speaks it, like https://ntfy.example.org/a-name-nobody-guesses.")))
        (field(&Field::new("token", "Access token").kind("password").autocomplete("off").optional()
            .hint("Kept sealed. Empty keeps the one that is there.")))
    };
    let set =
        form(&Form { to: "/me/push".into(), faults: Vec::new(), fields, acts: vec![Act::submit("Save")] });
    pad(stack(html! {
        (set)
        @if own.push.is_some() {
            div.line { (tag(Mark::Ok, "set")) (Act::post("Send a test", "/me/push/test").small()) (Act::post("Remove", "/me/push/remove").small().danger()) }
        }
    }))
}

#[derive(Deserialize)]
struct Named {
    revision: i64,
    name: String,
    email: Option<String>,
}

async fn rename(caller: Caller, Posted(given): Posted<Named>) -> Answer {
    let id = caller.cx.who.person().ok_or(Fault::SignIn)?;
    let (name, email) = (given.name.clone(), given.email.clone());
    let done = caller.write(move |tx, cx| {
        let before = people::get(tx, cx.org, id)?;
        let new = New { name: name.clone(), email: email.clone().unwrap_or(before.email), kind: before.kind };
        people::change(tx, cx, id, given.revision, &new)
    });
    match done.await {
        Ok(()) => Ok(door::done("/me", Some(&Toast::new("Saved")))),
        Err(Fault::Invalid(problems)) => {
            let typed = Typed { problems, name: Some(given.name), email: given.email, ..Typed::default() };
            sign_in::shown_me(&caller, &typed).await
        }
        Err(other) => Err(other.into()),
    }
}

async fn choose(caller: Caller, Posted(given): Posted<BTreeMap<String, String>>) -> Answer {
    let is_on = |cause: &Cause, way: &str| given.contains_key(&format!("{}.{way}", cause.word));
    let chosen: BTreeMap<String, Ways> = mine(&caller)
        .into_iter()
        .map(|c| (c.word.to_owned(), Ways { mail: is_on(c, "mail"), push: is_on(c, "push") }))
        .collect();
    caller.write(move |tx, cx| notify::wish(tx, cx, &chosen)).await?;
    Ok(door::done("/me", Some(&Toast::new("Saved. It holds from the next message on."))))
}

#[derive(Deserialize)]
struct Push {
    push: String,
    #[serde(default)]
    token: String,
}

async fn set_push(caller: Caller, Posted(given): Posted<Push>) -> Answer {
    let (url, token) = (given.push.clone(), Some(given.token).filter(|token| !token.is_empty()));
    match caller.write(move |tx, cx| notify::set_own_push(tx, cx, &url, token.as_deref())).await {
        Ok(_) => Ok(door::done("/me", Some(&Toast::new("Saved. Send a test message next.")))),
        Err(Fault::Invalid(problems)) => {
            let typed = Typed { problems, push: Some(given.push), ..Typed::default() };
            sign_in::shown_me(&caller, &typed).await
        }
        Err(other) => Err(other.into()),
    }
}

async fn test_push(caller: Caller) -> Answer {
    let own = caller.read(notify::own_push).await?.ok_or(Fault::NotFound { what: "channel" })?;
    let sent = notify::test_channel(caller.door.ground(), &caller.cx, own.id).await;
    let typed = Typed { said: Some(channels::tested(sent)?), ..Typed::default() };
    sign_in::shown_me(&caller, &typed).await
}

async fn remove_push(caller: Caller) -> Answer {
    caller.write(notify::remove_own_push).await?;
    Ok(door::done("/me", Some(&Toast::new("Removed"))))
}
