//! Taking samples in over HTTP.

use std::sync::{Arc, PoisonError};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use mainstay_metrics::decode::{DecodeFault, gunzip, otlp as otlp_decoder, remote_write as decoder};
use mainstay_metrics::store::Receipt;

use crate::Promd;

const MOST_BYTES: usize = 128 << 20;
const VERSION_2: &str = "io.prometheus.write.v2.Request";

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or("")
}

pub async fn remote_write(State(promd): State<Arc<Promd>>, headers: HeaderMap, body: Bytes) -> Response {
    let (content_type, encoding) = (text(&headers, "content-type"), text(&headers, "content-encoding"));
    if !matches!(encoding, "" | "snappy") {
        let text = format!("content encoding {encoding:?} is not taken; send snappy\n");
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, text).into_response();
    }
    let message = content_type.split(';').find_map(|part| part.trim().strip_prefix("proto="));
    let is_second = message == Some(VERSION_2);
    let is_known = is_second || matches!(message, None | Some("prometheus.WriteRequest"));
    if !is_known || !matches!(content_type.split(';').next(), Some("" | "application/x-protobuf")) {
        let text = format!("content type {content_type:?} is not taken; send application/x-protobuf\n");
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, text).into_response();
    }
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
    match result {
        Ok(Ok(Ok(receipt))) => {
            let headers = [
                (
                    "x-prometheus-remote-write-samples-written",
                    (receipt.accepted + receipt.duplicates).saturating_sub(receipt.histograms).to_string(),
                ),
                ("x-prometheus-remote-write-histograms-written", receipt.histograms.to_string()),
                ("x-prometheus-remote-write-exemplars-written", receipt.exemplars.to_string()),
            ];
            if receipt.is_complete() {
                return (StatusCode::NO_CONTENT, headers).into_response();
            }
            (StatusCode::BAD_REQUEST, headers, in_words(&receipt)).into_response()
        }
        Ok(Ok(Err(fault))) => unavailable(&fault),
        Ok(Err(fault)) => (StatusCode::BAD_REQUEST, format!("{fault}\n")).into_response(),
        Err(fault) => (StatusCode::INTERNAL_SERVER_ERROR, fault.to_string()).into_response(),
    }
}

pub async fn otlp(State(promd): State<Arc<Promd>>, headers: HeaderMap, body: Bytes) -> Response {
    let (content_type, encoding) = (text(&headers, "content-type"), text(&headers, "content-encoding"));
    if !content_type.is_empty() && !content_type.starts_with("application/x-protobuf") {
        let text = format!("content type {content_type:?} is not taken; send application/x-protobuf\n");
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, text).into_response();
    }
    let is_zipped = match encoding {
        "" | "identity" => false,
        "gzip" => true,
        _ => {
            let text = format!("content encoding {encoding:?} is not taken; send gzip or none\n");
            return (StatusCode::UNSUPPORTED_MEDIA_TYPE, text).into_response();
        }
    };
    let result = tokio::task::spawn_blocking(move || {
        let unzipped = if is_zipped { Some(gunzip(&body, MOST_BYTES)?) } else { None };
        let mut appender = promd.store.appender();
        let mut totals = promd.totals.lock().unwrap_or_else(PoisonError::into_inner);
        otlp_decoder::decode(unzipped.as_deref().unwrap_or(&body), &mut totals, &mut appender)?;
        drop(totals);
        Ok::<_, DecodeFault>(appender.commit())
    })
    .await;
    match result {
        Ok(Ok(Ok(receipt))) => {
            let refused = receipt.conflicts + receipt.too_old + receipt.refused;
            let body = otlp_decoder::answer(refused, &in_words(&receipt));
            ([(header::CONTENT_TYPE, "application/x-protobuf")], body).into_response()
        }
        Ok(Ok(Err(fault))) => unavailable(&fault),
        Ok(Err(fault)) => (StatusCode::BAD_REQUEST, format!("{fault}\n")).into_response(),
        Err(fault) => (StatusCode::INTERNAL_SERVER_ERROR, fault.to_string()).into_response(),
    }
}

/// The sender should try again: nothing was promised.
fn unavailable(fault: &std::io::Error) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], format!("{fault}\n")).into_response()
}

fn in_words(receipt: &Receipt) -> String {
    let reasons: Vec<String> = receipt.reasons.iter().map(ToString::to_string).collect();
    format!(
        "{} samples are there with another value, {} too old, {} refused: {}\n",
        receipt.conflicts,
        receipt.too_old,
        receipt.refused,
        reasons.join("; ")
    )
}
