//! Roles, and who has which.

use std::sync::Arc;

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use mainstay_face::etag::Expected;
use mainstay_face::idempotency::once;
use mainstay_face::{Answer, Caller, Door};
use mainstay_kernel::access::{self, Grantee, Scope, VIEW_PEOPLE};
use mainstay_kernel::id::{GrantId, PersonId, RoleId, TeamId};
use mainstay_kernel::store::Tx;
use mainstay_kernel::{Cx, Fault};
use serde::Deserialize;
use utoipa::ToSchema;

use mainstay_face::body::{self, Given, Page};
use mainstay_face::said::{Grant, Role};

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/api/v1/roles", get(list).post(make))
        .route("/api/v1/roles/{id}", get(one).patch(change))
        .route("/api/v1/roles/{id}/remove", post(remove))
        .route("/api/v1/grants", get(grants).post(give))
        .route("/api/v1/grants/{id}/revoke", post(revoke))
}

fn seen(tx: &mut Tx<'_>, cx: &Cx, id: RoleId) -> Result<access::Role, Fault> {
    cx.may(&VIEW_PEOPLE, Scope::Org)?;
    access::role(tx, cx.org, id)
}

/// All roles, oldest first.
#[utoipa::path(get, path = "/api/v1/roles", responses((status = 200, body = Page<Role>)))]
pub(super) async fn list(caller: Caller) -> Answer {
    let items = caller.read(access::roles).await?.into_iter().map(Role::from).collect();
    Ok(Json(Page::<Role> { items, next: None }).into_response())
}

/// One role; its ETag is its revision.
#[utoipa::path(get, path = "/api/v1/roles/{id}", params(("id" = String, Path)), responses((status = 200, body = Role), (status = 304)))]
pub(super) async fn one(caller: Caller, Path(id): Path<String>) -> Answer {
    let id: RoleId = id.parse()?;
    let role = caller.read(move |tx, cx| seen(tx, cx, id)).await?;
    Ok(body::tagged(&caller.headers, role.revision, &Role::from(role)))
}

/// A role to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRole {
    name: String,
    /// Words such as `record.view`; only what you have yourself for the whole organisation.
    rights: Vec<String>,
}

/// Makes a role.
#[utoipa::path(post, path = "/api/v1/roles", params(("Idempotency-Key" = Option<String>, Header)), request_body = NewRole, responses((status = 201, body = Role)))]
pub(super) async fn make(
    caller: Caller,
    headers: HeaderMap,
    Given { value: new, bytes }: Given<NewRole>,
) -> Answer {
    let all = caller.door.ground().rights.clone();
    once(&caller, &headers, "POST roles", &bytes, StatusCode::CREATED, move |tx, cx| {
        let id = access::make_role(tx, cx, &all, &new.name, &new.rights)?;
        access::role(tx, cx.org, id).map(Role::from)
    })
    .await
}

/// A merge patch: what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RolePatch {
    name: Option<String>,
    /// All of them, not only the new ones.
    rights: Option<Vec<String>>,
}

/// Changes a role of your own; its holders feel it with their next call. With If-Match only as it was read.
#[utoipa::path(patch, path = "/api/v1/roles/{id}", params(("id" = String, Path)), request_body = RolePatch, responses((status = 200, body = Role)))]
pub(super) async fn change(
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<String>,
    Given { value: patch, .. }: Given<RolePatch>,
) -> Answer {
    let (id, expected): (RoleId, _) = (id.parse()?, Expected::from_headers(&headers));
    let (all, patch) = (caller.door.ground().rights.clone(), Arc::new(patch));
    let role = caller
        .write(move |tx, cx| {
            let before = seen(tx, cx, id)?;
            let revision = body::still(&expected, before.revision)?;
            let name = patch.name.clone().unwrap_or(before.name);
            let rights = patch.rights.clone().unwrap_or(before.words);
            access::change_role(tx, cx, &all, id, revision, &name, &rights)?;
            access::role(tx, cx.org, id)
        })
        .await?;
    Ok(body::tagged(&HeaderMap::new(), role.revision, &Role::from(role)))
}

/// Removes a role that nobody has; answers it as it was.
#[utoipa::path(post, path = "/api/v1/roles/{id}/remove", params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)), responses((status = 200, body = Role)))]
pub(super) async fn remove(caller: Caller, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    let role: RoleId = id.parse()?;
    once(&caller, &headers, &format!("POST roles/{id}/remove"), b"", StatusCode::OK, move |tx, cx| {
        let before = seen(tx, cx, role)?;
        access::remove_role(tx, cx, role)?;
        Ok(Role::from(before))
    })
    .await
}

/// Who has which role where, oldest first.
#[utoipa::path(get, path = "/api/v1/grants", responses((status = 200, body = Page<Grant>)))]
pub(super) async fn grants(caller: Caller) -> Answer {
    let items = caller.read(access::grants).await?.into_iter().map(Grant::from).collect();
    Ok(Json(Page::<Grant> { items, next: None }).into_response())
}

/// A role for a person or a team: exactly one of both.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewGrant {
    #[schema(value_type = String)]
    role: RoleId,
    #[schema(value_type = Option<String>)]
    person: Option<PersonId>,
    #[schema(value_type = Option<String>)]
    team: Option<TeamId>,
    /// The team for whose things it holds; absent for everything.
    #[schema(value_type = Option<String>)]
    scope: Option<TeamId>,
}

/// Gives a role.
#[utoipa::path(post, path = "/api/v1/grants", params(("Idempotency-Key" = Option<String>, Header)), request_body = NewGrant, responses((status = 201, body = Grant)))]
pub(super) async fn give(
    caller: Caller,
    headers: HeaderMap,
    Given { value: new, bytes }: Given<NewGrant>,
) -> Answer {
    let to = match (new.person, new.team) {
        (Some(person), None) => Grantee::Person(person),
        (None, Some(team)) => Grantee::Team(team),
        _ => return Err(Fault::invalid("person", "required", "say either a person or a team").into()),
    };
    once(&caller, &headers, "POST grants", &bytes, StatusCode::CREATED, move |tx, cx| {
        let id = access::grant(tx, cx, new.role, to, new.scope)?;
        find(tx, cx, id)
    })
    .await
}

fn find(tx: &mut Tx<'_>, cx: &Cx, id: GrantId) -> Result<Grant, Fault> {
    let found = access::grants(tx, cx)?.into_iter().find(|grant| grant.id == id);
    found.map(Grant::from).ok_or(Fault::NotFound { what: "grant" })
}

/// Takes a role back; answers the grant as it was.
#[utoipa::path(post, path = "/api/v1/grants/{id}/revoke", params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)), responses((status = 200, body = Grant)))]
pub(super) async fn revoke(caller: Caller, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    let grant: GrantId = id.parse()?;
    once(&caller, &headers, &format!("POST grants/{id}/revoke"), b"", StatusCode::OK, move |tx, cx| {
        let before = find(tx, cx, grant)?;
        access::revoke(tx, cx, grant)?;
        Ok(before)
    })
    .await
}
