//! Plans of any room and their runs; how a plan is prepared and approved is its room's.

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use mainstay_face::idempotency::once;
use mainstay_face::{Answer, Caller, Cursor, Door, Query};
use mainstay_record::{PlanId, RunId, plan, run};
use serde::Deserialize;
use utoipa::IntoParams;

use mainstay_face::body::{self, Page};
use mainstay_face::said::{Plan, Run, RunOutput};

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/api/v1/plans", get(list))
        .route("/api/v1/plans/{id}", get(one))
        .route("/api/v1/plans/{id}/cancel", post(cancel))
        .route("/api/v1/plans/{id}/runs", get(runs))
        .route("/api/v1/runs/{id}", get(one_run))
        .route("/api/v1/runs/{id}/output", get(output))
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

/// Plans, newest first.
#[utoipa::path(get, path = "/api/v1/plans", operation_id = "list_plans", params(Asked), responses((status = 200, body = Page<Plan>)))]
pub(super) async fn list(caller: Caller, Query(asked): Query<Asked>) -> Answer {
    let limit = body::rows(asked.limit);
    let before: i64 = body::key(asked.after.as_ref())?.unwrap_or(i64::MAX);
    let found = caller.read(move |tx, cx| plan::list(tx, cx, PlanId(before), limit + 1)).await?;
    Ok(Json(Page::of(found, limit, |p| p.id.0, Plan::from)).into_response())
}

/// One plan; its ETag is its revision.
#[utoipa::path(get, path = "/api/v1/plans/{id}", params(("id" = String, Path)), responses((status = 200, body = Plan), (status = 304)))]
pub(super) async fn one(caller: Caller, Path(id): Path<String>) -> Answer {
    let id: PlanId = id.parse()?;
    let found = caller.read(move |tx, cx| plan::get(tx, cx, id)).await?;
    Ok(body::tagged(&caller.headers, found.revision, &Plan::from(found)))
}

/// Gives a plan up that has not begun to change anything.
#[utoipa::path(post, path = "/api/v1/plans/{id}/cancel", params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)), responses((status = 200, body = Plan)))]
pub(super) async fn cancel(caller: Caller, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    let plan_id: PlanId = id.parse()?;
    once(&caller, &headers, &format!("POST plans/{id}/cancel"), b"", StatusCode::OK, move |tx, cx| {
        plan::cancel(tx, cx, plan_id)?;
        plan::get(tx, cx, plan_id).map(Plan::from)
    })
    .await
}

/// The runs of a plan, in order.
#[utoipa::path(get, path = "/api/v1/plans/{id}/runs", params(("id" = String, Path)), responses((status = 200, body = Page<Run>)))]
pub(super) async fn runs(caller: Caller, Path(id): Path<String>) -> Answer {
    let id: PlanId = id.parse()?;
    let found = caller
        .read(move |tx, cx| {
            plan::get(tx, cx, id)?;
            run::of_plan(tx, cx, id)
        })
        .await?;
    Ok(Json(Page { items: found.into_iter().map(Run::from).collect(), next: None }).into_response())
}

/// One run.
#[utoipa::path(get, path = "/api/v1/runs/{id}", params(("id" = String, Path)), responses((status = 200, body = Run)))]
pub(super) async fn one_run(caller: Caller, Path(id): Path<String>) -> Answer {
    let id: RunId = id.parse()?;
    let found = caller.read(move |tx, cx| run::get(tx, cx, id)).await?;
    Ok(Json(Run::from(found)).into_response())
}

/// From where on.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Offset {
    /// 0, or `next` of the answer before.
    #[serde(default)]
    from: u32,
}

/// Output of a run so far.
#[utoipa::path(get, path = "/api/v1/runs/{id}/output", params(("id" = String, Path), Offset), responses((status = 200, body = RunOutput)))]
pub(super) async fn output(caller: Caller, Path(id): Path<String>, Query(asked): Query<Offset>) -> Answer {
    let id: RunId = id.parse()?;
    let said = caller.read(move |tx, cx| {
        let run = run::get(tx, cx, id)?;
        let (text, next) = run::output(tx, cx, id, i64::from(asked.from))?;
        Ok(RunOutput { text, next, is_over: run.is_over() })
    });
    Ok(Json(said.await?).into_response())
}
