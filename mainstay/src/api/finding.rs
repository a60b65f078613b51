//! Findings, and accepting their risk.

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use mainstay_face::etag::Expected;
use mainstay_face::idempotency::once;
use mainstay_face::{Answer, Caller, Cursor, Door, Query};
use mainstay_record::finding::{self, State};
use mainstay_record::{AssetId, FindingId, asset};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use mainstay_face::body::{self, Given, Page};
use mainstay_face::said::{Finding, Moment};

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/api/v1/findings", get(list))
        .route("/api/v1/findings/{id}", get(one))
        .route("/api/v1/findings/{id}/accept", post(accept))
        .route("/api/v1/findings/{id}/withdraw", post(withdraw))
}

/// Which findings.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    #[param(value_type = Option<String>)]
    asset: Option<AssetId>,
    rule: Option<String>,
    /// `open`, `planned`, `accepted` or `gone`; open and planned when absent.
    #[param(value_type = Option<String>)]
    state: Option<Where>,
    #[param(value_type = Option<String>)]
    after: Option<Cursor>,
    /// 50 when absent, at most 200.
    limit: Option<u32>,
}

/// A state as a filter.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Where {
    Open,
    Planned,
    Accepted,
    Gone,
}

fn states(asked: Option<Where>) -> Vec<State> {
    match asked {
        None => vec![State::Open, State::Planned],
        Some(Where::Open) => vec![State::Open],
        Some(Where::Planned) => vec![State::Planned],
        Some(Where::Accepted) => vec![State::Accepted],
        Some(Where::Gone) => vec![State::Gone],
    }
}

/// Findings, the most pressing first.
#[utoipa::path(get, path = "/api/v1/findings", params(Asked), responses((status = 200, body = Page<Finding>)))]
pub(super) async fn list(caller: Caller, Query(asked): Query<Asked>) -> Answer {
    let limit = body::rows(asked.limit);
    let key: (i64, i64) = body::key(asked.after.as_ref())?.unwrap_or((-1, 0));
    let filter = finding::Filter { asset: asked.asset, rule: asked.rule, states: states(asked.state) };
    let found = caller
        .read(move |tx, cx| {
            filter.asset.map(|on| asset::get(tx, cx, on)).transpose()?;
            finding::filtered(tx, cx, &filter, (key.0, FindingId(key.1)), limit + 1)
        })
        .await?;
    Ok(Json(Page::of(found, limit, |(rank, f)| (*rank, f.id.0), |(_, f)| Finding::from(f))).into_response())
}

/// One finding; its ETag is its revision.
#[utoipa::path(get, path = "/api/v1/findings/{id}", params(("id" = String, Path)), responses((status = 200, body = Finding), (status = 304)))]
pub(super) async fn one(caller: Caller, Path(id): Path<String>) -> Answer {
    let id: FindingId = id.parse()?;
    let found = caller.read(move |tx, cx| finding::get(tx, cx, id)).await?;
    Ok(body::tagged(&caller.headers, found.revision, &Finding::from(found)))
}

/// Why the risk is acceptable, and until when.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Acceptance {
    reason: String,
    until: Moment,
}

/// Accepts the risk until a moment; then the finding is open again by itself. With If-Match only as it was read.
#[utoipa::path(post, path = "/api/v1/findings/{id}/accept", params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = Acceptance, responses((status = 200, body = Finding)))]
pub(super) async fn accept(
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<String>,
    Given { value, bytes }: Given<Acceptance>,
) -> Answer {
    let (finding_id, expected): (FindingId, _) = (id.parse()?, Expected::from_headers(&headers));
    once(&caller, &headers, &format!("POST findings/{id}/accept"), &bytes, StatusCode::OK, move |tx, cx| {
        let seen = body::still(&expected, finding::get(tx, cx, finding_id)?.revision)?;
        finding::accept(tx, cx, finding_id, seen, &value.reason, value.until.0)?;
        finding::get(tx, cx, finding_id).map(Finding::from)
    })
    .await
}

/// Takes an acceptance back: the finding is open again.
#[utoipa::path(post, path = "/api/v1/findings/{id}/withdraw", params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)), responses((status = 200, body = Finding)))]
pub(super) async fn withdraw(caller: Caller, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    let finding_id: FindingId = id.parse()?;
    once(&caller, &headers, &format!("POST findings/{id}/withdraw"), b"", StatusCode::OK, move |tx, cx| {
        finding::withdraw(tx, cx, finding_id)?;
        finding::get(tx, cx, finding_id).map(Finding::from)
    })
    .await
}
