//! The API of plans that install updates, and of the way back.

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use mainstay_face::body::Given;
use mainstay_face::idempotency::once;
use mainstay_face::said::{Plan, Window};
use mainstay_face::{Answer, Caller, Door};
use mainstay_record::{AssetId, PlanId, plan};
use serde::Deserialize;
use utoipa::{OpenApi, ToSchema};

use crate::{Which, desk, prepare_back};

pub fn routes() -> Router<Door> {
    Router::new()
        .route("/api/v1/plans", post(prepare))
        .route("/api/v1/plans/{id}/approve", post(approve))
        .route("/api/v1/plans/{id}/roll_back", post(roll_back))
}

/// These routes written down.
pub fn document() -> utoipa::openapi::OpenApi {
    Api::openapi()
}

#[derive(OpenApi)]
#[openapi(paths(prepare, approve, roll_back))]
struct Api;

/// For which host, and which updates.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPlan {
    #[schema(value_type = String)]
    asset: AssetId,
    /// `security` or `everything`.
    #[schema(value_type = String)]
    which: Which,
}

/// Prepares a plan: the host is asked what would happen; nothing is changed on it.
#[utoipa::path(post, path = "/api/v1/plans", params(("Idempotency-Key" = Option<String>, Header)), request_body = NewPlan, responses((status = 201, body = Plan)))]
async fn prepare(caller: Caller, headers: HeaderMap, Given { value: new, bytes }: Given<NewPlan>) -> Answer {
    once(&caller, &headers, "POST plans", &bytes, StatusCode::CREATED, move |tx, cx| {
        let id = desk::prepare(tx, cx, new.asset, new.which)?;
        plan::get(tx, cx, id).map(Plan::from)
    })
    .await
}

/// Exactly what was simulated, at once or in a window.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Approval {
    /// The `simulation_hash` that was read.
    hash: String,
    window: Option<Window>,
}

/// Approves exactly what was simulated; 412 when the simulation is another by now.
#[utoipa::path(post, path = "/api/v1/plans/{id}/approve", params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = Approval, responses((status = 200, body = Plan)))]
async fn approve(
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<String>,
    Given { value: said, bytes }: Given<Approval>,
) -> Answer {
    let (plan_id, window_ms): (PlanId, _) = (id.parse()?, said.window.map(|w| (w.from.0, w.until.0)));
    once(&caller, &headers, &format!("POST plans/{id}/approve"), &bytes, StatusCode::OK, move |tx, cx| {
        desk::approve(tx, cx, plan_id, &said.hash, window_ms)?;
        plan::get(tx, cx, plan_id).map(Plan::from)
    })
    .await
}

/// Prepares the way back from a finished plan whose old packages were saved: a plan of its own, with an approval of its own.
#[utoipa::path(post, path = "/api/v1/plans/{id}/roll_back", params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)), responses((status = 201, body = Plan)))]
async fn roll_back(caller: Caller, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    let from: PlanId = id.parse()?;
    once(&caller, &headers, &format!("POST plans/{id}/roll_back"), b"", StatusCode::CREATED, move |tx, cx| {
        let made = prepare_back(tx, cx, from)?;
        plan::get(tx, cx, made).map(Plan::from)
    })
    .await
}
