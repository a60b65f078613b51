//! Settings, Agents: the hosts that report, and how to end one.

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use mainstay_face::ui::{Act, Column, Table, Toast, acts, card, link, pad, stack};
use mainstay_face::{Answer, Caller, Door, door, frame};
use mainstay_kernel::Fault;
use mainstay_kernel::access::Scope;
use mainstay_record::{agent, rights};
use maud::html;

use super::page;

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/settings/agents", get(list))
        .route("/settings/agents/{id}/revoke", get(ask_to_revoke).post(revoke))
}

async fn list(caller: Caller) -> Answer {
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

async fn revoke(caller: Caller, Path(id): Path<String>) -> Answer {
    let id = id.parse()?;
    caller.write(move |tx, cx| agent::revoke(tx, cx, id)).await?;
    Ok(door::done("/settings/agents", Some(&Toast::new("Removed. Its key is no longer good."))))
}
