//! The Prometheus HTTP API over HTTP: parameters from query string and form, the library's answers back.

use std::io::Write;
use std::sync::{Arc, PoisonError};

use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use mainstay_metrics::api::{self, Api, ApiFault, Parameters};
use mainstay_metrics::rules::Wanted;
use serde_json::json;

use crate::{Promd, now_ms, status};

/// Shorter answers are sent as they are.
const WORTH_ZIPPING: usize = 1400;

pub async fn api(
    State(promd): State<Arc<Promd>>,
    Path(path): Path<String>,
    method: Method,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let takes_forms =
        matches!(path.as_str(), "query" | "query_range" | "query_exemplars" | "labels" | "series")
            || path.starts_with("admin/");
    match method {
        Method::OPTIONS => return StatusCode::NO_CONTENT.into_response(),
        Method::GET | Method::HEAD => {}
        Method::POST if takes_forms => {}
        _ => return StatusCode::METHOD_NOT_ALLOWED.into_response(),
    }
    let takes_gzip = headers.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).is_some_and(|list| {
        list.split(',')
            .map(str::trim)
            .any(|one| one == "gzip" || one.starts_with("gzip;") && !one.ends_with("q=0"))
    });
    let mut parameters = Parameters::default();
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
    if content_type.starts_with("application/x-www-form-urlencoded")
        && let Ok(form) = std::str::from_utf8(&body)
    {
        parameters = Parameters::parse(form);
    }
    parameters.extend(Parameters::parse(query.as_deref().unwrap_or("")));
    let answered = tokio::task::spawn_blocking(move || answer(&promd, &path, &parameters)).await;
    let (status, body) = answered.unwrap_or_else(|fault| {
        let failure = api::error(500, "internal", &fault.to_string());
        (failure.status, failure.body)
    });
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let zipped = (body.len() > WORTH_ZIPPING && takes_gzip).then(|| zipped(&body)).and_then(Result::ok);
    let is_zipped = zipped.is_some();
    let body = zipped.unwrap_or(body);
    let mut response =
        (status, [(header::CONTENT_TYPE, "application/json")], Body::from(body)).into_response();
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    if is_zipped {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

fn zipped(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    encoder.write_all(body)?;
    encoder.finish()
}

fn answer(promd: &Promd, path: &str, parameters: &Parameters) -> (u16, Vec<u8>) {
    let result = own(promd, path, parameters).or_else(|| {
        let api = Api { store: &promd.store, options: &promd.options, now_ms: now_ms() };
        api.answer(path, parameters)
    });
    let failure = match result {
        Some(Ok(body)) => return (200, body),
        Some(Err(fault)) => fault.answer(),
        None => api::error(404, "not_found", "there is no such endpoint"),
    };
    (failure.status, failure.body)
}

/// What a store alone cannot answer.
fn own(promd: &Promd, path: &str, parameters: &Parameters) -> Option<Result<Vec<u8>, ApiFault>> {
    let rules = || promd.rules.lock().unwrap_or_else(PoisonError::into_inner);
    Some(match path {
        "rules" => Wanted::read(parameters)
            .map(|wanted| api::success(&rules().as_json(&wanted)))
            .map_err(|(name, reason)| ApiFault::parameter(name, reason)),
        "alerts" => Ok(api::success(&rules().alerts_as_json())),
        "targets" => Ok(api::success(&status::targets(promd, parameters))),
        "alertmanagers" => {
            Ok(api::success(&json!({ "activeAlertmanagers": [], "droppedAlertmanagers": [] })))
        }
        "admin/tsdb/compact" => promd
            .store
            .compact_all()
            .map(|()| api::success(&json!({})))
            .map_err(|fault| ApiFault::BadData(fault.to_string())),
        _ => return status::about(promd, path).map(Ok),
    })
}

/// The newest samples of the selected series as a page that can be scraped.
pub async fn federate(State(promd): State<Arc<Promd>>, RawQuery(query): RawQuery) -> Response {
    let parameters = Parameters::parse(query.as_deref().unwrap_or(""));
    let made = tokio::task::spawn_blocking(move || {
        let setup = promd.setup.read().unwrap_or_else(PoisonError::into_inner);
        let api = Api { store: &promd.store, options: &promd.options, now_ms: now_ms() };
        api.federate(&parameters, &setup.config.external_labels)
    });
    match made.await {
        Ok(Ok(page)) => ([(header::CONTENT_TYPE, status::TEXT_FORMAT)], page).into_response(),
        Ok(Err(fault)) => (StatusCode::BAD_REQUEST, format!("{fault}\n")).into_response(),
        Err(fault) => (StatusCode::INTERNAL_SERVER_ERROR, fault.to_string()).into_response(),
    }
}
