//! Everything that happened.

use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use mainstay_face::{Answer, Caller, Cursor, Door, Query};
use mainstay_kernel::access::{Scope, VIEW_AUDIT};
use mainstay_kernel::events;
use mainstay_kernel::id::EventId;
use serde::Deserialize;
use utoipa::IntoParams;

use mainstay_face::body::{self, Page};
use mainstay_face::said::Happened;

pub(super) fn routes() -> Router<Door> {
    Router::new().route("/api/v1/events", get(list))
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

/// Everything that happened, newest first; needs the right `kernel.audit.view`.
#[utoipa::path(get, path = "/api/v1/events", operation_id = "list_events", params(Asked), responses((status = 200, body = Page<Happened>)))]
pub(super) async fn list(caller: Caller, Query(asked): Query<Asked>) -> Answer {
    caller.cx.may(&VIEW_AUDIT, Scope::Org)?;
    let limit = body::rows(asked.limit);
    let before: i64 = body::key(asked.after.as_ref())?.unwrap_or(i64::MAX);
    let found = caller.read(move |tx, cx| events::all(tx, cx.org, EventId(before), limit + 1)).await?;
    Ok(Json(Page::of(found, limit, |e| e.id.0, Happened::from)).into_response())
}
