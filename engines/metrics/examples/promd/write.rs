//! Taking samples in over HTTP.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use mainstay_metrics::decode::{DecodeFault, otlp as otlp_decoder, remote_write as decoder};
use mainstay_metrics::store::Receipt;

use crate::Promd;

const MOST_BYTES: usize = 128 << 20;

pub async fn remote_write(State(promd): State<Arc<Promd>>, headers: HeaderMap, body: Bytes) -> Response {
    let is_second = headers
        .get("content-type")
        .and_then(|v| v.to_str().ok())
        .is_some_and(|v| v.contains("io.prometheus.write.v2.Request"));
    let result = tokio::task::spawn_blocking(move || {
        let body = decoder::decompress(&body, MOST_BYTES)?;
        let mut appender = promd.store.appender();
        if is_second {
            decoder::version_2(&body, &mut appender)?;
        } else {
            decoder::version_1(&body, &mut appender)?;
        }
        Ok::<_, DecodeFault>(appender.commit())
    })
    .await;
    respond(result, StatusCode::NO_CONTENT)
}

pub async fn otlp(State(promd): State<Arc<Promd>>, body: Bytes) -> Response {
    let result = tokio::task::spawn_blocking(move || {
        let mut appender = promd.store.appender();
        let mut totals = promd.totals.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        otlp_decoder::decode(&body, &mut totals, &mut appender)?;
        drop(totals);
        Ok::<_, DecodeFault>(appender.commit())
    })
    .await;
    respond(result, StatusCode::OK)
}

type Outcome = Result<Result<std::io::Result<Receipt>, DecodeFault>, tokio::task::JoinError>;

fn respond(result: Outcome, success: StatusCode) -> Response {
    match result {
        Ok(Ok(Ok(receipt))) => {
            let headers = [
                (
                    "x-prometheus-remote-write-samples-written",
                    (receipt.accepted + receipt.duplicates - receipt.histograms.min(receipt.accepted))
                        .to_string(),
                ),
                ("x-prometheus-remote-write-histograms-written", receipt.histograms.to_string()),
                ("x-prometheus-remote-write-exemplars-written", receipt.exemplars.to_string()),
            ];
            if receipt.is_complete() {
                return (success, headers).into_response();
            }
            let reasons: Vec<String> = receipt.reasons.iter().map(ToString::to_string).collect();
            let text = format!(
                "{} conflicting, {} too old, {} refused: {}\n",
                receipt.conflicts,
                receipt.too_old,
                receipt.refused,
                reasons.join("; ")
            );
            (StatusCode::BAD_REQUEST, headers, text).into_response()
        }
        Ok(Ok(Err(fault))) => (StatusCode::SERVICE_UNAVAILABLE, fault.to_string()).into_response(),
        Ok(Err(fault)) => (StatusCode::BAD_REQUEST, fault.to_string()).into_response(),
        Err(fault) => (StatusCode::INTERNAL_SERVER_ERROR, fault.to_string()).into_response(),
    }
}
