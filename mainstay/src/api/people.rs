//! People of the organisation.

use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use mainstay_face::idempotency::once;
use mainstay_face::{Answer, Caller, Cursor, Door, Query};
use mainstay_kernel::access::{self, Grantee};
use mainstay_kernel::id::{PersonId, RoleId};
use mainstay_kernel::people::{self, Kind};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use mainstay_face::body::{self, Given, Page};
use mainstay_face::said::Person;

pub(super) fn routes() -> Router<Door> {
    Router::new().route("/api/v1/people", get(list).post(add))
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
