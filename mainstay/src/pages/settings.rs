//! Settings: people, roles, tokens, agents.

use axum::Router;
use axum::extract::{Form as Posted, Path};
use axum::routing::{get, post};
use mainstay_face::ui::{
    Act, Choice, Column, Field, Form, Icon, Page, Row, Table, Toast, acts, banner, card, checkbox, code,
    copy_line, empty, field, form, link, pad, plain_card, rows, select, stack,
};
use mainstay_face::{Answer, Caller, Door, door};
use mainstay_kernel::access::{self, Grantee, Scope, VIEW_PEOPLE};
use mainstay_kernel::id::PersonId;
use mainstay_kernel::people::{self, Kind, New, token};
use mainstay_kernel::{Fault, Problem, notify};
use mainstay_record::{agent, rights};
use maud::{Markup, html};
use serde::Deserialize;

use mainstay_face::frame;

use crate::organisations;

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/settings", get(index))
        .route("/settings/people", get(list_people).post(add_person))
        .route("/settings/people/{id}/link", post(issue_link))
        .route("/settings/people/{id}/disable", post(disable))
        .route("/settings/people/{id}/enable", post(enable))
        .route("/settings/roles", get(list_roles))
        .route("/settings/tokens", get(list_tokens).post(make_token))
        .route("/settings/tokens/{id}/revoke", post(revoke_token))
        .route("/settings/agents", get(list_agents))
        .route("/settings/agents/{id}/revoke", get(ask_to_revoke).post(revoke_agent))
}

pub(super) fn page(title: &str) -> Page {
    Page::new(title).section("settings").crumb("Settings", "/settings")
}

async fn index(caller: Caller) -> Answer {
    caller.cx.may(&VIEW_PEOPLE, Scope::Org)?;
    let entries = [
        ("People", "/settings/people", "Who works here, and their ways in"),
        ("Roles", "/settings/roles", "Named sets of rights"),
        ("Tokens", "/settings/tokens", "For programs that speak the API"),
        ("Agents", "/settings/agents", "The hosts that report, and how to end one"),
        ("Mail", "/settings/mail", "Where mail leaves, and a test message"),
        ("Channels", "/settings/channels", "Webhooks and push topics that hear of what happens"),
        ("Messages", "/settings/messages", "What was told, to whom, and what became of it"),
        ("Policies", "/settings/policies", "How long findings may stay open, and what hosts may fetch"),
        ("Audit", "/settings/audit", "Everything that happened"),
    ];
    let main = card(
        "Settings",
        "",
        rows(
            &entries
                .map(|(name, href, about)| Row::new(html! { (link(name, href)) " " span.dim { (about) } })),
        ),
    );
    frame::framed(&caller, Page::new("Settings").section("settings").main(main)).await
}

async fn list_people(caller: Caller) -> Answer {
    shown_people(&caller, ["", ""], &[], None).await
}

async fn shown_people(
    caller: &Caller,
    given: [&str; 2],
    problems: &[Problem],
    code_for: Option<(String, String)>,
) -> Answer {
    let (people, roles, grants) = caller
        .read(|tx, cx| {
            Ok((
                people::list(tx, cx, None, &people::Page::default())?,
                access::roles(tx, cx)?,
                access::grants(tx, cx)?,
            ))
        })
        .await?;
    let mut table = Table::new(
        "People",
        [
            Column::new("Name"),
            Column::new("E-mail"),
            Column::new("Role"),
            Column::new("State"),
            Column::acts("Do"),
        ],
    );
    for p in &people {
        let held: Vec<&str> = grants
            .iter()
            .filter(|g| g.to == Grantee::Person(p.id))
            .filter_map(|g| roles.iter().find(|r| r.id == g.role))
            .map(|r| r.name.as_str())
            .collect();
        let state = match (p.is_active, p.has_password, p.has_totp) {
            (false, ..) => "disabled",
            (_, true, true) => "password and code",
            (_, true, false) => "password",
            _ => "link only",
        };
        let to = |word: &str| format!("/settings/people/{}/{word}", p.id);
        let acts = if p.is_active {
            acts(&[
                Act::post("Sign-in link", to("link")).small(),
                Act::post("Disable", to("disable")).small().danger(),
            ])
        } else {
            acts(&[Act::post("Let in again", to("enable")).small()])
        };
        table = table.line([
            html! { (p.name) },
            html! { @if notify::is_address(&p.email) { (p.email) } @else { span.dim { "none given" } } },
            html! { (held.join(", ")) },
            html! { (state) },
            acts,
        ]);
    }
    let fault = |name: &str| problems.iter().find(|p| p.field == name).map(|p| p.detail.clone());
    let choices: Vec<Choice> = roles.iter().rev().map(|r| Choice::new(r.id.to_string(), &r.name)).collect();
    let fields = html! {
        (field(&Field::new("name", "Name").value(given[0]).fault(fault("name"))))
        (field(&Field::new("email", "E-mail").kind("email").value(given[1]).fault(fault("email"))))
        (select(&Field::new("role", "Role"), &choices))
    };
    let main = stack(html! {
        @if let Some((name, link)) = code_for { (card(html! { "Link for " (name) }, "once, within 15 minutes", pad(copy_line(&link)))) }
        (card("People", "", html! { (table) }))
        (card("Somebody new", "", pad(form(&Form { to: "/settings/people".into(), faults: Vec::new(), fields, acts: vec![Act::submit("Add").primary()] }))))
    });
    frame::framed(caller, page("People").main(main)).await
}

#[derive(Deserialize)]
struct Person {
    name: String,
    email: String,
    role: String,
}

async fn add_person(caller: Caller, Posted(given): Posted<Person>) -> Answer {
    let role = given.role.parse()?;
    let new = New { name: given.name.clone(), email: given.email.clone(), kind: Kind::Staff };
    let added = caller
        .write(move |tx, cx| {
            let id = people::add(tx, cx, &new)?;
            access::grant(tx, cx, role, Grantee::Person(id), None)
        })
        .await;
    match added {
        Ok(_) => Ok(door::done(
            "/settings/people",
            Some(&Toast::new(format!("{} added; issue a sign-in link next", given.name))),
        )),
        Err(Fault::Invalid(problems)) => {
            shown_people(&caller, [&given.name, &given.email], &problems, None).await
        }
        Err(other) => Err(other.into()),
    }
}

async fn issue_link(caller: Caller, Path(id): Path<String>) -> Answer {
    let id = id.parse()?;
    let (name, code, of) = caller
        .write(move |tx, cx| {
            let code = people::link::issue(tx, cx, id)?;
            Ok((people::get(tx, cx.org, id)?.name, code, organisations::door_of(tx, cx.org)?))
        })
        .await?;
    let host = caller.headers.get("host").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let scheme = if caller.door.cookie_name().starts_with("__Host") { "https" } else { "http" };
    shown_people(&caller, ["", ""], &[], Some((name, format!("{scheme}://{host}/in/{code}{of}")))).await
}

async fn disable(caller: Caller, Path(id): Path<String>) -> Answer {
    let id: PersonId = id.parse()?;
    caller.write(move |tx, cx| people::disable(tx, cx, id)).await?;
    let undo = Toast::new("Disabled. Sessions and tokens ended at once.")
        .undo(format!("/settings/people/{id}/enable"));
    Ok(door::done("/settings/people", Some(&undo)))
}

async fn enable(caller: Caller, Path(id): Path<String>) -> Answer {
    let id = id.parse()?;
    caller.write(move |tx, cx| people::enable(tx, cx, id)).await?;
    Ok(door::done("/settings/people", Some(&Toast::new("May sign in again. Their tokens stay revoked."))))
}

async fn list_roles(caller: Caller) -> Answer {
    let roles = caller.read(access::roles).await?;
    let about =
        |word: &str| caller.door.ground().rights.iter().find(|r| r.word == word).map_or("", |r| r.about);
    let main = stack(html! { @for role in &roles {
        (card(role.name.clone(), if role.built_in.is_some() { "comes with the house" } else { "" }, if role.words.is_empty() {
            pad(html! { p { "Everything, also what later versions bring." } })
        } else {
            rows(&role.words.iter().map(|w| Row::new(html! { span.mono { (w) } " " span.dim { (about(w)) } })).collect::<Vec<_>>())
        }))
    } });
    frame::framed(&caller, page("Roles").main(main)).await
}

async fn list_tokens(caller: Caller) -> Answer {
    shown_tokens(&caller, &[], None).await
}

async fn shown_tokens(caller: &Caller, problems: &[Problem], made: Option<&str>) -> Answer {
    let person = caller.cx.who.person().ok_or(Fault::SignIn)?;
    let tokens = caller.read(move |tx, cx| token::list(tx, cx, person)).await?;
    let words = frame::words(caller);
    let mut table = Table::new(
        "Your tokens",
        [
            Column::new("Name"),
            Column::new("Rights"),
            Column::new("Until"),
            Column::new("Last used"),
            Column::acts("Do"),
        ],
    );
    for t in &tokens {
        let revoke = if t.revoked_ms.is_some() {
            html! { "revoked" }
        } else {
            html! { (Act::post("Revoke", format!("/settings/tokens/{}/revoke", t.id)).small().danger()) }
        };
        table = table.line([
            html! { (t.name) },
            html! { (t.rights.join(", ")) },
            words.date(frame::at(t.until_ms)),
            t.seen_ms.map_or(html! { "never" }, |ms| words.ago(frame::at(ms))),
            revoke,
        ]);
    }
    let fault = |name: &str| problems.iter().find(|p| p.field == name).map(|p| p.detail.clone());
    let mine: Vec<_> =
        caller.door.ground().rights.iter().filter(|r| caller.cx.rights.has(r, Scope::Org)).collect();
    let fields: Markup = html! {
        (field(&Field::new("name", "What it is for").fault(fault("name"))))
        (field(&Field::new("days", "Valid for days").kind("number").value("90").fault(fault("until"))))
        fieldset { legend { "What it may do" } @for right in &mine { (checkbox("rights", right.word, html! { span.mono { (right.word) } " " span.dim { (right.about) } }, false)) } }
        @if let Some(words) = fault("rights") { (banner(mainstay_face::ui::State::Bad, words, None)) }
    };
    let main = stack(html! {
        @if let Some(text) = made { (card("Your new token", "shown only now", pad(code("Token", text)))) }
        @if tokens.is_empty() {
            (plain_card(empty(Icon::Key, "No tokens yet", "A program that speaks the API signs in with one, and may do what you allow it below.", html! {})))
        } @else { (card("Your tokens", "", html! { (table) })) }
        (card("A new token", "", pad(form(&Form { to: "/settings/tokens".into(), faults: Vec::new(), fields, acts: vec![Act::submit("Make it").primary()] }))))
    });
    frame::framed(caller, page("Tokens").main(main)).await
}

async fn make_token(caller: Caller, body: String) -> Answer {
    // A list of checkboxes: the same name several times.
    #[derive(Deserialize)]
    struct Given {
        name: String,
        days: i64,
        #[serde(default)]
        rights: Vec<String>,
    }
    let given: Given = mainstay_face::query::read(&body)?;
    let until_ms = caller.cx.now_ms() + given.days.clamp(0, 10_000) * 86_400_000;
    let all = caller.door.ground().rights.clone();
    let made =
        caller.write(move |tx, cx| token::make(tx, cx, &all, &given.name, &given.rights, until_ms)).await;
    match made {
        Ok((_, text)) => shown_tokens(&caller, &[], Some(&text)).await,
        Err(Fault::Invalid(problems)) => shown_tokens(&caller, &problems, None).await,
        Err(other) => Err(other.into()),
    }
}

async fn revoke_token(caller: Caller, Path(id): Path<String>) -> Answer {
    let id = id.parse()?;
    caller.write(move |tx, cx| token::revoke(tx, cx, id)).await?;
    Ok(door::done("/settings/tokens", Some(&Toast::new("Revoked"))))
}

async fn list_agents(caller: Caller) -> Answer {
    let agents = caller.read(agent::list).await?;
    let words = frame::words(&caller);
    let mut table = Table::new(
        "Agents",
        [
            Column::new("Host"),
            Column::new("Version"),
            Column::new("Enrolled"),
            Column::new("Last word"),
            Column::acts("Do"),
        ],
    );
    for a in &agents {
        let end = if a.is_revoked {
            html! { "removed" }
        } else {
            html! { (Act::link("Remove", format!("/settings/agents/{}/revoke", a.id)).small().danger()) }
        };
        table = table.line([
            html! { (link(&a.asset_name, &format!("/assets/{}", a.asset))) },
            html! { (a.version) },
            words.date(frame::at(a.enrolled_ms)),
            words.ago(frame::at(a.seen_ms)),
            end,
        ]);
    }
    let page = page("Agents").act(Act::link("Add a host", "/assets/add").primary());
    frame::framed(&caller, page.main(card("Agents", "", html! { (table) }))).await
}

/// Removing cannot be undone: the page names the host and what follows.
async fn ask_to_revoke(caller: Caller, Path(id): Path<String>) -> Answer {
    caller.cx.may(&rights::MANAGE_AGENTS, Scope::Org)?;
    let (to, id) = (format!("/settings/agents/{id}/revoke"), id.parse()?);
    let found = caller.read(move |tx, cx| agent::get(tx, cx, id)).await?;
    let of = found.filter(|found| !found.is_revoked).ok_or(Fault::NotFound { what: "agent" })?;
    let body = stack(html! {
        p { "Its key stops working at once. What is known of " (of.asset_name) " stays and grows old; plans there can no longer run. To look after it again, add it as a new host." }
        (acts(&[Act::post(format!("Remove the agent of {}", of.asset_name), to).danger(), Act::link("Cancel", "/settings/agents")]))
    });
    let page = page(&format!("Remove the agent of {}", of.asset_name)).crumb("Agents", "/settings/agents");
    frame::framed(&caller, page.main(card("What happens", "", pad(body)))).await
}

async fn revoke_agent(caller: Caller, Path(id): Path<String>) -> Answer {
    let id = id.parse()?;
    caller.write(move |tx, cx| agent::revoke(tx, cx, id)).await?;
    Ok(door::done("/settings/agents", Some(&Toast::new("Removed. Its key is no longer good."))))
}
