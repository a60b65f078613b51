//! Coming in and going out: one-time link, address with password and code, and the list of one's own devices.

use axum::Router;
use axum::extract::{ConnectInfo, Form as Posted, Path, State};
use axum::http::header::{SET_COOKIE, USER_AGENT};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use mainstay_face::theme::{Theme, local_path};
use mainstay_face::ui::{
    Act, Column, Field, Form, Page, Table, Toast, card, code, field, form, gate, hidden, pad, stack,
};
use mainstay_face::{Answer, Caller, Door, Query, door, frame};
use mainstay_kernel::id::SessionId;
use mainstay_kernel::people::sign_in::{self, Attempt, From, SignedIn};
use mainstay_kernel::people::{self, totp};
use mainstay_kernel::tenancy::{self, Org};
use mainstay_kernel::{Fault, session};
use maud::{Markup, html};
use serde::Deserialize;

use super::own::{self, Typed};
use crate::door::Peer;
use crate::organisations;

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/sign-in", get(ask).post(check))
        .route("/in/{code}", get(offer).post(redeem))
        .route("/sign-out", post(sign_out))
        .route("/me", get(me))
        .route("/me/sessions/{id}/end", post(end))
        .route("/me/password", post(password))
        .route("/me/totp", post(totp_start))
        .route("/me/totp/confirm", post(totp_confirm))
}

#[derive(Default, Deserialize)]
struct After {
    #[serde(default)]
    next: String,
    /// The short name of an organisation.
    #[serde(default)]
    org: String,
}

/// Every organisation, for the question which one.
async fn all_orgs(at: &Door) -> Result<Vec<Org>, Fault> {
    at.ground().db.read(tenancy::list).await
}

fn from(headers: &HeaderMap, peer: Peer) -> From {
    let device = headers
        .get(USER_AGENT)
        .and_then(|v| v.to_str().ok())
        .unwrap_or("unknown")
        .chars()
        .take(200)
        .collect();
    From { device, address: peer.0.ip().to_string() }
}

async fn ask(State(at): State<Door>, headers: HeaderMap, Query(after): Query<After>) -> Answer {
    let asks_org = all_orgs(&at).await?.len() > 1;
    let typed = Credentials { next: after.next, org: after.org, ..Credentials::default() };
    Ok(gate_page(&headers, &typed, asks_org, None, false).into_response())
}

fn gate_page(
    headers: &HeaderMap,
    typed: &Credentials,
    asks_org: bool,
    fault: Option<&str>,
    needs_code: bool,
) -> Markup {
    let fields = html! {
        (hidden("next", &typed.next))
        @if asks_org {
            (field(&Field::new("org", "Organisation").value(&typed.org).autocomplete("organization").optional().hint("Its short name, as in the link you were given.")))
        }
        (field(&Field::new("email", "E-mail").kind("email").value(&typed.email).autocomplete("username").first()))
        (field(&Field::new("password", "Password").kind("password").autocomplete("current-password").fault(fault)))
        @if needs_code {
            (field(&Field::new("code", "Code of your authenticator, or a recovery code").autocomplete("one-time-code").mono()))
        }
    };
    let body = html! {
        (form(&Form { to: "/sign-in".into(), faults: Vec::new(), fields, acts: vec![Act::submit("Sign in").primary()] }))
        p.sm.dim { "No password yet? The line " code { "mainstay up" } " printed holds a one-time link." }
    };
    gate("Sign in", Theme::from_headers(headers), &body)
}

#[derive(Default, Deserialize)]
struct Credentials {
    #[serde(default)]
    org: String,
    email: String,
    password: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    next: String,
}

async fn check(
    State(at): State<Door>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    Posted(mut given): Posted<Credentials>,
) -> Answer {
    let orgs = all_orgs(&at).await?;
    let password = std::mem::take(&mut given.password);
    // Who names no organisation of ours waits as long as who names a wrong password, and hears the same.
    let (org, email) = match organisations::named(&orgs, &given.org) {
        Ok(org) => (org, given.email.as_str()),
        Err(_) => (organisations::named(&orgs, "")?, ""),
    };
    let second = (!given.code.trim().is_empty()).then(|| given.code.trim().to_owned());
    let tried = sign_in::by_password(at.ground(), org, email, password, second, from(&headers, peer)).await;
    let again = |status, fault: Option<&str>, needs_code| {
        Ok((status, gate_page(&headers, &given, orgs.len() > 1, fault, needs_code)).into_response())
    };
    match tried {
        Ok(Attempt::In(signed)) => Ok(welcome(&at, &signed, local_path(&given.next))),
        Ok(Attempt::CodeNeeded) => again(StatusCode::OK, None, true),
        Err(Fault::SignIn) => again(
            StatusCode::UNAUTHORIZED,
            Some(if orgs.len() > 1 {
                "Organisation, address, password or code do not fit together."
            } else {
                "Address, password or code do not fit together."
            }),
            !given.code.is_empty(),
        ),
        Err(Fault::TooMany { retry_after_s }) => {
            let words = format!("Too many tries. Try again in {retry_after_s} s.");
            again(StatusCode::TOO_MANY_REQUESTS, Some(&words), false)
        }
        Err(other) => Err(other.into()),
    }
}

fn welcome(at: &Door, signed: &SignedIn, to: &str) -> Response {
    let mut answer = door::done(if to.is_empty() { "/" } else { to }, None);
    answer.headers_mut().append(SET_COOKIE, at.session_cookie(&signed.cookie));
    answer
}

/// A preview of a message must not use the link up: the click on the button does.
async fn offer(headers: HeaderMap, Path(code): Path<String>, Query(asked): Query<After>) -> Markup {
    let fields = html! { p { "This link signs you in once." } };
    let acts = vec![Act::submit("Sign in").primary()];
    let plain =
        |text: &str| text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect::<String>();
    let of = if asked.org.is_empty() { String::new() } else { format!("?org={}", plain(&asked.org)) };
    let to = format!("/in/{}{of}", plain(&code));
    gate("Sign in", Theme::from_headers(&headers), &form(&Form { to, faults: Vec::new(), fields, acts }))
}

async fn redeem(
    State(at): State<Door>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    Path(code): Path<String>,
    Query(asked): Query<After>,
) -> Answer {
    let orgs = all_orgs(&at).await?;
    // A code of another organisation than is named fits nowhere.
    let org = organisations::named(&orgs, &asked.org).or_else(|_| organisations::named(&orgs, ""))?;
    match sign_in::by_link(at.ground(), org, &code, from(&headers, peer)).await {
        Ok(signed) => Ok(welcome(&at, &signed, "/")),
        Err(Fault::SignIn) => {
            let words = html! { p { "This link was used before, or its 15 minutes are over. Start " code { "mainstay up" } " again for a new one, or sign in with your password." } p { a.link href="/sign-in" { "Sign in with a password" } } };
            Ok((
                StatusCode::UNAUTHORIZED,
                gate("This link does not sign in", Theme::from_headers(&headers), &words),
            )
                .into_response())
        }
        Err(other) => Err(other.into()),
    }
}

async fn sign_out(caller: Caller) -> Answer {
    if let (Some(id), Some(person)) = (caller.session, caller.cx.who.person()) {
        caller.write(move |tx, cx| session::end(tx, cx, person, id)).await?;
    }
    let mut answer = door::done("/sign-in", None);
    answer.headers_mut().append(SET_COOKIE, caller.door.session_cookie(""));
    Ok(answer)
}

async fn me(caller: Caller) -> Answer {
    shown_me(&caller, &Typed::default()).await
}

pub(super) async fn shown_me(caller: &Caller, typed: &Typed) -> Answer {
    let of_mine = own::read(caller).await?;
    let person = caller.cx.who.person().ok_or(Fault::SignIn)?;
    let (own, sessions) = caller
        .read(move |tx, cx| Ok((people::get(tx, cx.org, person)?, session::list(tx, cx, person)?)))
        .await?;
    let words = frame::words(caller);
    let mut devices = Table::new(
        "Your devices",
        [Column::new("Device"), Column::new("Address"), Column::new("Last seen"), Column::acts("End")],
    );
    for one in &sessions {
        let is_here = Some(one.id) == caller.session;
        let end = if is_here {
            html! { "this one" }
        } else {
            html! { (Act::post("End", format!("/me/sessions/{}/end", one.id)).small()) }
        };
        devices = devices.line([
            html! { (one.device) },
            html! { (one.address) },
            words.ago(frame::at(one.seen_ms)),
            end,
        ]);
    }
    let fields = html! {
        // Password keepers want to know whose password this is.
        input type="text" name="username" autocomplete="username" value=(own.email) hidden;
        @if own.has_password { (field(&Field::new("old", "Your password now").kind("password").autocomplete("current-password"))) }
        (field(&Field::new("new", "New password").kind("password").autocomplete("new-password").hint("At least 12 characters. Other devices are signed out.")))
    };
    let password = form(&Form {
        to: "/me/password".into(),
        faults: Vec::new(),
        fields,
        acts: vec![Act::submit("Set password")],
    });
    let second = if own.has_totp {
        html! { p { "On. Codes of your authenticator are asked for with your password." } }
    } else {
        html! { p.dim { "A code from your phone beside the password." } (Act::post("Set up an authenticator", "/me/totp")) }
    };
    let main = stack(html! {
        (own::cards(caller, &of_mine, typed))
        (card("Devices", "", html! { (devices) }))
        (card("Password", "", pad(password)))
        (card("Second factor", "", pad(stack(second))))
        (card("Colours", "", pad(theme_form_of(caller))))
    });
    let page = Page::new(own.name.clone()).section("me").act(Act::post("Sign out", "/sign-out")).main(main);
    frame::framed(caller, page).await
}

fn theme_form_of(caller: &Caller) -> Markup {
    html! { form.line method="post" action="/theme" {
        (hidden("back", &caller.path))
        @for (value, label) in [("system", "As my system"), ("light", "Light"), ("dark", "Dark")] { button.btn name="theme" value=(value) { (label) } }
    } }
}

async fn end(caller: Caller, Path(id): Path<String>) -> Answer {
    let (person, id): (_, SessionId) = (caller.cx.who.person().ok_or(Fault::SignIn)?, id.parse()?);
    caller.write(move |tx, cx| session::end(tx, cx, person, id)).await?;
    Ok(door::done("/me", Some(&Toast::new("That device is signed out"))))
}

#[derive(Deserialize)]
struct Passwords {
    #[serde(default)]
    old: String,
    new: String,
}

async fn password(caller: Caller, Posted(given): Posted<Passwords>) -> Answer {
    let own = caller.session.ok_or(Fault::SignIn)?;
    sign_in::change_password(caller.door.ground(), &caller.cx, own, given.old, given.new).await?;
    Ok(door::done("/me", Some(&Toast::new("Password set. Other devices are signed out."))))
}

async fn totp_start(caller: Caller) -> Answer {
    let person = caller.cx.who.person().ok_or(Fault::SignIn)?;
    let made = caller.write(move |tx, cx| totp::enrol(tx, cx, person)).await?;
    let fields = html! {
        p { "Add this to your authenticator, then give the code it shows." }
        (code("Secret", &made.secret))
        (code("Address", &made.address))
        (field(&Field::new("code", "Code").autocomplete("one-time-code").mono().first()))
    };
    let acts = vec![Act::submit("Turn on").primary(), Act::link("Cancel", "/me")];
    let body = form(&Form { to: "/me/totp/confirm".into(), faults: Vec::new(), fields, acts });
    frame::framed(
        &caller,
        Page::new("Second factor").section("me").crumb("You", "/me").main(card(
            "Authenticator",
            "",
            pad(body),
        )),
    )
    .await
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

async fn totp_confirm(caller: Caller, Posted(given): Posted<Code>) -> Answer {
    let person = caller.cx.who.person().ok_or(Fault::SignIn)?;
    let codes = caller.write(move |tx, cx| totp::confirm(tx, cx, person, &given.code)).await?;
    let body = stack(html! {
        p { "On. Keep these recovery codes apart from your phone; each works once, and they are shown only now." }
        (code("Recovery codes", &codes.join("\n")))
        p { a.btn href="/me" { "Done" } }
    });
    frame::framed(
        &caller,
        Page::new("Second factor is on").section("me").crumb("You", "/me").main(card(
            "Recovery codes",
            "",
            pad(body),
        )),
    )
    .await
}
