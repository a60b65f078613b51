//! Settings: what there is to set, and who may do what.

mod agents;
mod grants;
mod held;
mod organisation;
mod people;
mod person;
mod roles;
mod teams;
mod tokens;

use axum::Router;
use axum::routing::get;
use mainstay_face::told::{self, Told};
use mainstay_face::ui::{Page, Row, card, link, rows};
use mainstay_face::{Answer, Caller, Door, frame};
use mainstay_kernel::access::{Scope, VIEW_AUDIT, VIEW_PEOPLE};
use mainstay_kernel::id::Ref;
use mainstay_kernel::store::Tx;
use mainstay_kernel::{Cx, Fault, Problem};
use maud::html;

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/settings", get(index))
        .merge(organisation::routes())
        .merge(people::routes())
        .merge(person::routes())
        .merge(teams::routes())
        .merge(roles::routes())
        .merge(grants::routes())
        .merge(tokens::routes())
        .merge(agents::routes())
}

pub(super) fn page(title: &str) -> Page {
    Page::new(title).section("settings").crumb("Settings", "/settings")
}

async fn index(caller: Caller) -> Answer {
    caller.cx.may(&VIEW_PEOPLE, Scope::Org)?;
    let entries = [
        ("Organisation", "/settings/organisation", "What it is called"),
        ("People", "/settings/people", "Who works here, and their ways in"),
        ("Teams", "/settings/teams", "Who owns things together"),
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

/// What happened to a thing, for those who may see everything that happened.
fn history(tx: &mut Tx<'_>, cx: &Cx, of: &Ref) -> Result<Option<Told>, Fault> {
    match cx.may(&VIEW_AUDIT, Scope::Org) {
        Ok(()) => told::past(tx, cx, of, 30).map(Some),
        Err(_) => Ok(None),
    }
}

/// What a form can say itself: wrong fields under them, and above it a state in which it cannot be done.
fn problems_of(fault: Fault) -> Result<Vec<Problem>, Fault> {
    match fault {
        Fault::Invalid(problems) => Ok(problems),
        Fault::Conflict { code, detail } => Ok(vec![Problem { field: String::new(), code, detail }]),
        other => Err(other),
    }
}

/// What is wrong with one field.
fn fault_of(problems: &[Problem], field: &str) -> Option<String> {
    problems.iter().find(|problem| problem.field == field).map(|problem| problem.detail.clone())
}

/// What is wrong with the whole of a form: what belongs to none of its fields.
fn faults_beside(problems: &[Problem], fields: &[&str]) -> Vec<String> {
    problems
        .iter()
        .filter(|problem| !fields.contains(&problem.field.as_str()))
        .map(|problem| problem.detail.clone())
        .collect()
}
