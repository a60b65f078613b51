//! Settings for mail: where it leaves, and a test message that says what the server answered.

use axum::Router;
use axum::extract::Form as Posted;
use axum::routing::get;
use mainstay_face::ui::{
    Act, Choice, Field, Form, Page, State, Toast, banner, card, field, form, hidden, pad, select, stack,
};
use mainstay_face::{Answer, Caller, Door, door};
use mainstay_kernel::access::{MANAGE_SETTINGS, Scope};
use mainstay_kernel::notify::{self, MailSetting, PASSWORD, Tls};
use mainstay_kernel::{Fault, Problem, secrets, settings};
use maud::{Markup, html};
use serde::Deserialize;

use mainstay_face::frame;

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/settings/mail", get(show).post(save))
        .route("/settings/mail/test", axum::routing::post(test))
}

async fn show(caller: Caller) -> Answer {
    caller.cx.may(&MANAGE_SETTINGS, Scope::Org)?;
    let now = caller.read(|tx, cx| settings::get::<MailSetting>(tx, cx.org)).await?;
    shown(&caller, now.revision, &now.value, &[], None).await
}

async fn shown(
    caller: &Caller,
    revision: i64,
    mail: &MailSetting,
    problems: &[Problem],
    said: Option<Markup>,
) -> Answer {
    let fault = |name: &str| problems.iter().find(|p| p.field == name).map(|p| p.detail.clone());
    let tls = match mail.tls {
        Tls::Whole => "whole",
        Tls::StartTls => "start_tls",
        Tls::Off => "off",
    };
    let choices = [
        Choice::new("whole", "TLS from the first byte (465)"),
        Choice::new("start_tls", "STARTTLS (587)"),
        Choice::new("off", "None, for a relay on this machine (25)"),
    ];
    let port = if mail.port == 0 { 465 } else { mail.port };
    let fields = html! {
        (hidden("revision", revision))
        (field(&Field::new("host", "Server").value(&mail.host).fault(fault("host")).first()))
        (field(&Field::new("port", "Port").kind("number").value(port.to_string()).fault(fault("port"))))
        (select(&Field::new("tls", "Protection").value(tls).fault(fault("tls")), &choices))
        (field(&Field::new("from", "Sender").value(&mail.from).fault(fault("from")).hint("Mainstay <mainstay@example.org>")))
        (field(&Field::new("user", "User").value(&mail.user).fault(fault("user")).autocomplete("off").optional()))
        (field(&Field::new("password", "Password").kind("password").autocomplete("new-password").optional()
            .hint("Kept sealed. Empty keeps the one that is there.")))
    };
    let acts = vec![Act::submit("Save").primary()];
    let setting = form(&Form { to: "/settings/mail".into(), faults: Vec::new(), fields, acts });
    let to = field(&Field::new("to", "To").kind("email").fault(fault("to")));
    let acts = vec![Act::submit("Send a test message")];
    let test = form(&Form { to: "/settings/mail/test".into(), faults: Vec::new(), fields: to, acts });
    let main = stack(html! {
        @if let Some(said) = said { (said) }
        @if mail.host.is_empty() { (banner(State::Unknown, "No mail leaves yet: name a server.", None)) }
        (card("Mail", "", pad(setting)))
        (card("Test", "", pad(test)))
    });
    let page = Page::new("Mail").section("settings").crumb("Settings", "/settings").main(main);
    frame::framed(caller, page).await
}

#[derive(Deserialize)]
struct Given {
    revision: i64,
    host: String,
    port: u16,
    tls: String,
    from: String,
    #[serde(default)]
    user: String,
    #[serde(default)]
    password: String,
}

async fn save(caller: Caller, Posted(given): Posted<Given>) -> Answer {
    let tls = match given.tls.as_str() {
        "start_tls" => Tls::StartTls,
        "off" => Tls::Off,
        _ => Tls::Whole,
    };
    let before = caller.read(|tx, cx| settings::get::<MailSetting>(tx, cx.org)).await?.value;
    let mail = MailSetting {
        host: given.host.trim().to_owned(),
        port: given.port,
        tls,
        user: given.user.trim().to_owned(),
        from: given.from.trim().to_owned(),
        authority: before.authority,
    };
    let (wanted, revision, password) = (mail.clone(), given.revision, given.password);
    let saved = caller.write(move |tx, cx| {
        settings::set(tx, cx, revision, &wanted)?;
        if password.is_empty() { Ok(()) } else { secrets::put(tx, cx, PASSWORD, &password) }
    });
    match saved.await {
        Ok(()) => Ok(door::done("/settings/mail", Some(&Toast::new("Saved. Send a test message next.")))),
        Err(Fault::Invalid(problems)) => shown(&caller, given.revision, &mail, &problems, None).await,
        Err(other) => Err(other.into()),
    }
}

#[derive(Deserialize)]
struct Test {
    to: String,
}

async fn test(caller: Caller, Posted(given): Posted<Test>) -> Answer {
    let sent = notify::test_mail(caller.door.ground(), &caller.cx, given.to.trim()).await;
    let now = caller.read(|tx, cx| settings::get::<MailSetting>(tx, cx.org)).await?;
    let said = match sent {
        Ok(answer) => banner(State::Ok, format!("The server took it: {answer}"), None),
        Err(Fault::SignIn) => return Err(Fault::SignIn.into()),
        Err(fault @ Fault::Denied { .. }) => return Err(fault.into()),
        Err(fault) => banner(State::Bad, format!("It was not sent: {fault}"), None),
    };
    shown(&caller, now.revision, &now.value, &[], Some(said)).await
}
