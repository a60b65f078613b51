//! Teams and who is in them.

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use mainstay_face::etag::Expected;
use mainstay_face::idempotency::once;
use mainstay_face::{Answer, Caller, Door};
use mainstay_kernel::access::{self, Scope, VIEW_PEOPLE};
use mainstay_kernel::id::{PersonId, TeamId};
use mainstay_kernel::store::Tx;
use mainstay_kernel::{Cx, Fault};
use serde::Deserialize;
use utoipa::ToSchema;

use mainstay_face::body::{self, Given, Page};
use mainstay_face::said::Team;

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/api/v1/teams", get(list).post(make))
        .route("/api/v1/teams/{id}", get(one).patch(rename))
        .route("/api/v1/teams/{id}/members", post(add_member))
        .route("/api/v1/teams/{id}/members/{person}/remove", post(remove_member))
        .route("/api/v1/teams/{id}/remove", post(remove))
}

fn whole(tx: &mut Tx<'_>, cx: &Cx, id: TeamId) -> Result<Team, Fault> {
    cx.may(&VIEW_PEOPLE, Scope::Org)?;
    let team = access::team(tx, cx.org, id)?;
    Ok(Team::of(team, access::members(tx, cx.org, id)?))
}

/// All teams by name.
#[utoipa::path(get, path = "/api/v1/teams", responses((status = 200, body = Page<Team>)))]
pub(super) async fn list(caller: Caller) -> Answer {
    let items = caller
        .read(|tx, cx| access::teams(tx, cx)?.into_iter().map(|team| whole(tx, cx, team.id)).collect())
        .await?;
    Ok(Json(Page::<Team> { items, next: None }).into_response())
}

/// One team; its ETag is its revision.
#[utoipa::path(get, path = "/api/v1/teams/{id}", params(("id" = String, Path)), responses((status = 200, body = Team)))]
pub(super) async fn one(caller: Caller, Path(id): Path<String>) -> Answer {
    let id: TeamId = id.parse()?;
    let team = caller.read(move |tx, cx| whole(tx, cx, id)).await?;
    // No 304 here: who is in it changes without its revision.
    Ok(body::tagged(&HeaderMap::new(), team.revision, &team))
}

/// A team to be, or its new name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TeamName {
    name: String,
}

/// Makes a team.
#[utoipa::path(post, path = "/api/v1/teams", params(("Idempotency-Key" = Option<String>, Header)), request_body = TeamName, responses((status = 201, body = Team)))]
pub(super) async fn make(
    caller: Caller,
    headers: HeaderMap,
    Given { value: new, bytes }: Given<TeamName>,
) -> Answer {
    once(&caller, &headers, "POST teams", &bytes, StatusCode::CREATED, move |tx, cx| {
        let id = access::make_team(tx, cx, &new.name)?;
        whole(tx, cx, id)
    })
    .await
}

/// Renames a team. With If-Match only as it was read.
#[utoipa::path(patch, path = "/api/v1/teams/{id}", params(("id" = String, Path)), request_body = TeamName, responses((status = 200, body = Team)))]
pub(super) async fn rename(
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<String>,
    Given { value: new, .. }: Given<TeamName>,
) -> Answer {
    let (id, expected): (TeamId, _) = (id.parse()?, Expected::from_headers(&headers));
    let team = caller
        .write(move |tx, cx| {
            let seen = body::still(&expected, whole(tx, cx, id)?.revision)?;
            access::rename_team(tx, cx, id, seen, &new.name)?;
            whole(tx, cx, id)
        })
        .await?;
    Ok(body::tagged(&HeaderMap::new(), team.revision, &team))
}

/// Who shall be in it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Member {
    #[schema(value_type = String)]
    person: PersonId,
}

/// Puts somebody of the staff into a team; nothing happens when they are in it.
#[utoipa::path(post, path = "/api/v1/teams/{id}/members", params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = Member, responses((status = 200, body = Team)))]
pub(super) async fn add_member(
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<String>,
    Given { value: new, bytes }: Given<Member>,
) -> Answer {
    let team: TeamId = id.parse()?;
    once(&caller, &headers, &format!("POST teams/{id}/members"), &bytes, StatusCode::OK, move |tx, cx| {
        access::add_member(tx, cx, team, new.person)?;
        whole(tx, cx, team)
    })
    .await
}

/// Takes somebody out of a team; nothing happens when they are not in it.
#[utoipa::path(post, path = "/api/v1/teams/{id}/members/{person}/remove", params(("id" = String, Path), ("person" = String, Path), ("Idempotency-Key" = Option<String>, Header)), responses((status = 200, body = Team)))]
pub(super) async fn remove_member(
    caller: Caller,
    headers: HeaderMap,
    Path((id, person)): Path<(String, String)>,
) -> Answer {
    let (team, who): (TeamId, PersonId) = (id.parse()?, person.parse()?);
    let what = format!("POST teams/{id}/members/{person}/remove");
    once(&caller, &headers, &what, b"", StatusCode::OK, move |tx, cx| {
        access::remove_member(tx, cx, team, who)?;
        whole(tx, cx, team)
    })
    .await
}

/// Removes a team and what was given to it; answers it as it was.
#[utoipa::path(post, path = "/api/v1/teams/{id}/remove", params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)), responses((status = 200, body = Team)))]
pub(super) async fn remove(caller: Caller, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    let team: TeamId = id.parse()?;
    once(&caller, &headers, &format!("POST teams/{id}/remove"), b"", StatusCode::OK, move |tx, cx| {
        let before = whole(tx, cx, team)?;
        access::remove_team(tx, cx, team)?;
        Ok(before)
    })
    .await
}
