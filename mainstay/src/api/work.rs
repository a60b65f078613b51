//! Work items.

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use mainstay_face::etag::Expected;
use mainstay_face::idempotency::once;
use mainstay_face::{Answer, Caller, Cursor, Door, Query};
use mainstay_kernel::Fault;
use mainstay_kernel::id::{PersonId, TeamId};
use mainstay_record::work::{self, State, Which};
use mainstay_record::{AssetId, FindingId, WorkId};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use mainstay_face::body::{self, Given, Page};
use mainstay_face::said::{Moment, Work};

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/api/v1/work", get(list).post(create))
        .route("/api/v1/work/{number}", get(one).patch(edit))
        .route("/api/v1/work/{number}/notes", post(note))
}

/// Which work.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// `open` when absent, `mine` or `all`.
    #[param(value_type = Option<String>)]
    which: Option<Listed>,
    #[param(value_type = Option<String>)]
    after: Option<Cursor>,
    /// 50 when absent, at most 200.
    limit: Option<u32>,
}

/// Which list.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Listed {
    Open,
    Mine,
    All,
}

/// Work items, newest first.
#[utoipa::path(get, path = "/api/v1/work", params(Asked), responses((status = 200, body = Page<Work>)))]
pub(super) async fn list(caller: Caller, Query(asked): Query<Asked>) -> Answer {
    let limit = body::rows(asked.limit);
    let before: i64 = body::key(asked.after.as_ref())?.unwrap_or(i64::MAX);
    let which = match (asked.which, caller.cx.who.person()) {
        (Some(Listed::All), _) => Which::All,
        (Some(Listed::Mine), Some(person)) => Which::Mine(person),
        _ => Which::Open,
    };
    let found = caller.read(move |tx, cx| work::list(tx, cx, which, WorkId(before), limit + 1)).await?;
    Ok(Json(Page::of(found, limit, |w| w.id.0, Work::from)).into_response())
}

/// A number as people write it; anything else is no work item.
fn number(text: &str) -> Result<i64, Fault> {
    text.parse().map_err(|_| Fault::NotFound { what: "work item" })
}

/// One work item by its number; its ETag is its revision.
#[utoipa::path(get, path = "/api/v1/work/{number}", params(("number" = i64, Path)), responses((status = 200, body = Work), (status = 304)))]
pub(super) async fn one(caller: Caller, Path(text): Path<String>) -> Answer {
    let number = number(&text)?;
    let found = caller.read(move |tx, cx| work::by_number(tx, cx, number)).await?;
    Ok(body::tagged(&caller.headers, found.revision, &Work::from(found)))
}

/// A work item to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewWork {
    title: String,
    #[serde(default)]
    body: String,
    /// 1 urgent, 2 normal (when absent), 3 low.
    priority: Option<i64>,
    #[schema(value_type = Option<String>)]
    assignee: Option<PersonId>,
    #[schema(value_type = Option<String>)]
    team: Option<TeamId>,
    #[schema(value_type = Option<String>)]
    asset: Option<AssetId>,
    #[schema(value_type = Option<String>)]
    finding: Option<FindingId>,
    due_at: Option<Moment>,
}

/// Opens a task.
#[utoipa::path(post, path = "/api/v1/work", params(("Idempotency-Key" = Option<String>, Header)), request_body = NewWork, responses((status = 201, body = Work)))]
pub(super) async fn create(
    caller: Caller,
    headers: HeaderMap,
    Given { value: w, bytes }: Given<NewWork>,
) -> Answer {
    let new = work::New {
        kind: "task".to_owned(),
        title: w.title,
        body: w.body,
        priority: w.priority.unwrap_or(2),
        assignee: w.assignee,
        team: w.team,
        asset: w.asset,
        finding: w.finding,
        due_ms: w.due_at.map(|at| at.0),
    };
    once(&caller, &headers, "POST work", &bytes, StatusCode::CREATED, move |tx, cx| {
        let (id, _) = work::create(tx, cx, &new)?;
        work::get(tx, cx, id).map(Work::from)
    })
    .await
}

/// A merge patch: what is absent stays, `null` empties.
#[expect(clippy::option_option, reason = "absent, null and a value are three things in a merge patch")]
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WorkPatch {
    title: Option<String>,
    body: Option<String>,
    /// `open`, `waiting`, `done` or `cancelled`.
    #[schema(value_type = Option<String>)]
    state: Option<State>,
    priority: Option<i64>,
    #[serde(default, deserialize_with = "body::some")]
    #[schema(value_type = Option<String>)]
    assignee: Option<Option<PersonId>>,
    #[serde(default, deserialize_with = "body::some")]
    #[schema(value_type = Option<Moment>)]
    due_at: Option<Option<Moment>>,
}

/// Changes a work item as it was read: If-Match is needed, several people write its text.
#[utoipa::path(patch, path = "/api/v1/work/{number}", params(("number" = i64, Path), ("If-Match" = String, Header)), request_body = WorkPatch, responses((status = 200, body = Work)))]
pub(super) async fn edit(
    caller: Caller,
    headers: HeaderMap,
    Path(text): Path<String>,
    Given { value: patch, .. }: Given<WorkPatch>,
) -> Answer {
    let (number, expected) = (number(&text)?, Expected::from_headers(&headers));
    if expected == Expected::Anything {
        return Ok(body::if_match_needed());
    }
    let changed = caller
        .write(move |tx, cx| {
            let before = work::by_number(tx, cx, number)?;
            let seen = body::still(&expected, before.revision)?;
            let edit = work::Edit {
                title: patch.title.clone().unwrap_or(before.title),
                body: patch.body.clone().unwrap_or(before.body),
                state: patch.state.unwrap_or(before.state),
                priority: patch.priority.unwrap_or(before.priority),
                assignee: patch.assignee.unwrap_or(before.assignee),
                due_ms: patch.due_at.map_or(before.due_ms, |due| due.map(|at| at.0)),
            };
            work::edit(tx, cx, before.id, seen, &edit)?;
            work::get(tx, cx, before.id)
        })
        .await?;
    Ok(body::tagged(&HeaderMap::new(), changed.revision, &Work::from(changed)))
}

/// A line for the timeline.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewNote {
    text: String,
}

/// Adds a note to the timeline; answers the item.
#[utoipa::path(post, path = "/api/v1/work/{number}/notes", params(("number" = i64, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = NewNote, responses((status = 201, body = Work)))]
pub(super) async fn note(
    caller: Caller,
    headers: HeaderMap,
    Path(text): Path<String>,
    Given { value: new, bytes }: Given<NewNote>,
) -> Answer {
    let number = number(&text)?;
    once(
        &caller,
        &headers,
        &format!("POST work/{number}/notes"),
        &bytes,
        StatusCode::CREATED,
        move |tx, cx| {
            let item = work::by_number(tx, cx, number)?;
            work::note(tx, cx, item.id, &new.text)?;
            Ok(Work::from(item))
        },
    )
    .await
}
