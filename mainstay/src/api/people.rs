//! People of the organisation.

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use mainstay_face::etag::Expected;
use mainstay_face::idempotency::once;
use mainstay_face::{Answer, Caller, Cursor, Door, Query};
use mainstay_kernel::access::{self, Grantee, Scope, VIEW_PEOPLE};
use mainstay_kernel::id::{PersonId, RoleId};
use mainstay_kernel::people::{self, Kind};
use mainstay_kernel::store::Tx;
use mainstay_kernel::{Cx, Fault};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use mainstay_face::body::{self, Given, Page};
use mainstay_face::said::Person;

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/api/v1/people", get(list).post(add))
        .route("/api/v1/people/{id}", get(one).patch(change))
        .route("/api/v1/people/{id}/disable", post(disable))
        .route("/api/v1/people/{id}/enable", post(enable))
}

/// Where a list goes on.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    #[param(value_type = Option<String>)]
    after: Option<Cursor>,
    /// 50 when absent, at most 200.
    limit: Option<u32>,
}

/// People by name.
#[utoipa::path(get, path = "/api/v1/people", operation_id = "list_people", params(Asked), responses((status = 200, body = Page<Person>)))]
pub(super) async fn list(caller: Caller, Query(asked): Query<Asked>) -> Answer {
    let limit = body::rows(asked.limit);
    let key: Option<(String, i64)> = body::key(asked.after.as_ref())?;
    let page = people::Page { after: key.map(|(name, id)| (name, PersonId(id))), limit: limit + 1 };
    let found = caller.read(move |tx, cx| people::list(tx, cx, None, &page)).await?;
    Ok(Json(Page::of(found, limit, |p| (p.name.clone(), p.id.0), Person::from)).into_response())
}

/// Somebody to be on the staff.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPerson {
    name: String,
    email: String,
    /// A role for the whole organisation.
    #[schema(value_type = Option<String>)]
    role: Option<RoleId>,
}

/// Adds somebody to the staff; they come in by a link or a password.
#[utoipa::path(post, path = "/api/v1/people", operation_id = "add_person", params(("Idempotency-Key" = Option<String>, Header)), request_body = NewPerson, responses((status = 201, body = Person)))]
pub(super) async fn add(
    caller: Caller,
    headers: HeaderMap,
    Given { value: who, bytes }: Given<NewPerson>,
) -> Answer {
    let new = people::New { name: who.name, email: who.email, kind: Kind::Staff };
    once(&caller, &headers, "POST people", &bytes, StatusCode::CREATED, move |tx, cx| {
        let id = people::add(tx, cx, &new)?;
        if let Some(role) = who.role {
            access::grant(tx, cx, role, Grantee::Person(id), None)?;
        }
        people::get(tx, cx.org, id).map(Person::from)
    })
    .await
}

fn seen(tx: &mut Tx<'_>, cx: &Cx, id: PersonId) -> Result<people::Person, Fault> {
    cx.may(&VIEW_PEOPLE, Scope::Org)?;
    people::get(tx, cx.org, id)
}

/// One person; the ETag is the revision.
#[utoipa::path(get, path = "/api/v1/people/{id}", params(("id" = String, Path)), responses((status = 200, body = Person), (status = 304)))]
pub(super) async fn one(caller: Caller, Path(id): Path<String>) -> Answer {
    let id: PersonId = id.parse()?;
    let person = caller.read(move |tx, cx| seen(tx, cx, id)).await?;
    Ok(body::tagged(&caller.headers, person.revision, &Person::from(person)))
}

/// A merge patch: what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonPatch {
    name: Option<String>,
    email: Option<String>,
}

/// Changes name or address. With If-Match only as it was read.
#[utoipa::path(patch, path = "/api/v1/people/{id}", params(("id" = String, Path)), request_body = PersonPatch, responses((status = 200, body = Person)))]
pub(super) async fn change(
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<String>,
    Given { value: patch, .. }: Given<PersonPatch>,
) -> Answer {
    let (id, expected): (PersonId, _) = (id.parse()?, Expected::from_headers(&headers));
    let person = caller
        .write(move |tx, cx| {
            let before = seen(tx, cx, id)?;
            let revision = body::still(&expected, before.revision)?;
            let name = patch.name.clone().unwrap_or(before.name);
            let email = patch.email.clone().unwrap_or(before.email);
            people::change(tx, cx, id, revision, &people::New { name, email, kind: before.kind })?;
            people::get(tx, cx.org, id)
        })
        .await?;
    Ok(body::tagged(&HeaderMap::new(), person.revision, &Person::from(person)))
}

/// Shuts somebody out: sessions end and tokens are revoked in the same moment. Nothing they did goes.
#[utoipa::path(post, path = "/api/v1/people/{id}/disable", params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)), responses((status = 200, body = Person)))]
pub(super) async fn disable(caller: Caller, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    let person: PersonId = id.parse()?;
    once(&caller, &headers, &format!("POST people/{id}/disable"), b"", StatusCode::OK, move |tx, cx| {
        people::disable(tx, cx, person)?;
        people::get(tx, cx.org, person).map(Person::from)
    })
    .await
}

/// Lets somebody in again; their tokens stay revoked.
#[utoipa::path(post, path = "/api/v1/people/{id}/enable", params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)), responses((status = 200, body = Person)))]
pub(super) async fn enable(caller: Caller, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    let person: PersonId = id.parse()?;
    once(&caller, &headers, &format!("POST people/{id}/enable"), b"", StatusCode::OK, move |tx, cx| {
        people::enable(tx, cx, person)?;
        people::get(tx, cx.org, person).map(Person::from)
    })
    .await
}
