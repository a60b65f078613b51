//! The form that changes an asset.

use axum::Router;
use axum::extract::{Form as Posted, Path};
use axum::routing::get;
use mainstay_face::ui::{Act, Choice, Field, Form, Page, Toast, card, field, form, hidden, pad, select};
use mainstay_face::{Answer, Caller, Door, door, frame};
use mainstay_kernel::{Fault, access, people};
use mainstay_record::asset;
use maud::html;
use serde::Deserialize;

use super::{One, gather};

pub(super) fn routes() -> Router<Door> {
    Router::new().route("/assets/{id}/edit", get(ask).post(change))
}

async fn ask(caller: Caller, Path(id): Path<String>) -> Answer {
    let one = gather(&caller, &id).await?;
    shown_form(
        &caller,
        &one,
        &asset::Edit {
            name: one.asset.name.clone(),
            environment: one.asset.environment.clone(),
            criticality: one.asset.criticality.clone(),
            team: one.asset.team,
            owner: one.asset.owner,
        },
        &[],
    )
    .await
}

async fn shown_form(
    caller: &Caller,
    one: &One,
    edit: &asset::Edit,
    problems: &[mainstay_kernel::Problem],
) -> Answer {
    let (teams, staff) = caller
        .read(|tx, cx| {
            Ok((
                access::teams(tx, cx)?,
                people::list(tx, cx, Some(people::Kind::Staff), &people::Page::default())?,
            ))
        })
        .await?;
    let fault = |name: &str| problems.iter().find(|p| p.field == name).map(|p| p.detail.clone());
    let with_none = |label: &str, rest: Vec<Choice>| {
        std::iter::once(Choice::new("", label)).chain(rest).collect::<Vec<_>>()
    };
    let fields = html! {
        (hidden("revision", one.asset.revision))
        (field(&Field::new("name", "Name").value(&edit.name).fault(fault("name")).first()))
        (field(&Field::new("environment", "Environment").value(&edit.environment).hint("production, test …").optional()))
        (select(&Field::new("criticality", "Criticality").value(&edit.criticality).fault(fault("criticality")), &[Choice::new("low", "Low"), Choice::new("normal", "Normal"), Choice::new("high", "High")]))
        (select(&Field::new("team", "Team").value(edit.team.map(|t| t.to_string()).unwrap_or_default()), &with_none("No team", teams.iter().map(|t| Choice::new(t.id.to_string(), &t.name)).collect())))
        (select(&Field::new("owner", "Owner").value(edit.owner.map(|p| p.to_string()).unwrap_or_default()), &with_none("Nobody", staff.iter().map(|p| Choice::new(p.id.to_string(), &p.name)).collect())))
    };
    let to = format!("/assets/{}/edit", one.asset.id);
    let acts = vec![Act::submit("Save").primary(), Act::link("Cancel", format!("/assets/{}", one.asset.id))];
    let body = form(&Form { to, faults: Vec::new(), fields, acts });
    frame::framed(
        caller,
        Page::new(format!("Edit {}", one.asset.name))
            .section("assets")
            .crumb("Assets", "/assets")
            .main(card("Asset", "", pad(body))),
    )
    .await
}

#[derive(Deserialize)]
struct Edited {
    revision: i64,
    name: String,
    #[serde(default)]
    environment: String,
    criticality: String,
    #[serde(default)]
    team: String,
    #[serde(default)]
    owner: String,
}

async fn change(caller: Caller, Path(id): Path<String>, Posted(given): Posted<Edited>) -> Answer {
    let one = gather(&caller, &id).await?;
    let picked = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let edit = asset::Edit {
        name: given.name,
        environment: given.environment,
        criticality: given.criticality,
        team: picked(&given.team).map(|t| t.parse()).transpose()?,
        owner: picked(&given.owner).map(|t| t.parse()).transpose()?,
    };
    let (id, seen, wanted) = (one.asset.id, given.revision, edit.clone());
    match caller.write(move |tx, cx| asset::edit(tx, cx, id, seen, &wanted)).await {
        Ok(()) => Ok(door::done(&format!("/assets/{id}"), Some(&Toast::new("Saved")))),
        Err(Fault::Invalid(problems)) => shown_form(&caller, &one, &edit, &problems).await,
        Err(other) => Err(other.into()),
    }
}
