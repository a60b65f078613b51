//! The Prometheus HTTP API.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use mainstay_metrics::api::{self, Parameters};
use mainstay_metrics::matcher::Matcher;
use mainstay_metrics::promql::{self, Fault, Range};
use serde_json::json;

use crate::{Promd, now_ms};

const MOST_POINTS: i64 = 11_000;

pub async fn api(
    State(promd): State<Arc<Promd>>,
    Path(path): Path<String>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Response {
    let mut parameters = Parameters::parse(query.as_deref().unwrap_or(""));
    if let Ok(form) = std::str::from_utf8(&body) {
        parameters.extend(Parameters::parse(form));
    }
    let answered = tokio::task::spawn_blocking(move || answer(&promd, &path, &parameters)).await;
    let (status, body) = answered.unwrap_or_else(|fault| (500, fault.to_string().into_bytes()));
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, "application/json")], Body::from(body)).into_response()
}

fn answer(promd: &Promd, path: &str, parameters: &Parameters) -> (u16, Vec<u8>) {
    let result = match path {
        "query" => instant(promd, parameters),
        "query_range" => range(promd, parameters),
        "series" => series(promd, parameters),
        "labels" => labels(promd, parameters, None),
        "metadata" => Ok(api::metadata(&promd.store.metadata())),
        "query_exemplars" => exemplars(promd, parameters),
        "rules" => {
            Ok(api::success(&promd.rules.lock().unwrap_or_else(std::sync::PoisonError::into_inner).as_json()))
        }
        "alerts" => Ok(api::success(
            &promd.rules.lock().unwrap_or_else(std::sync::PoisonError::into_inner).alerts_as_json(),
        )),
        "targets" => {
            Ok(api::success(&promd.targets.lock().unwrap_or_else(std::sync::PoisonError::into_inner)))
        }
        "status/buildinfo" => Ok(api::success(&json!({ "version": "3.8.0", "application": "mainstay" }))),
        "status/config" => Ok(api::success(&json!({ "yaml": promd.config }))),
        "status/flags" => Ok(api::success(&json!({}))),
        "status/runtimeinfo" => Ok(api::success(&json!({ "timeSeriesCount": promd.store.status().series }))),
        "status/tsdb" => Ok(promd.store.with_index(|index| {
            api::status(&promd.store.status(), &index.series_by_value("__name__"), &index.cardinality())
        })),
        "admin/compact" => {
            promd.store.compact_all().map(|()| api::success(&json!({}))).map_err(|f| bad(&f.to_string()))
        }
        _ => match path.strip_prefix("label/").and_then(|p| p.strip_suffix("/values")) {
            Some(name) => labels(promd, parameters, Some(name)),
            None => {
                return (
                    404,
                    b"{\"status\":\"error\",\"errorType\":\"not_found\",\"error\":\"no such endpoint\"}"
                        .to_vec(),
                );
            }
        },
    };
    match result {
        Ok(body) => (200, body),
        Err(fault) => {
            let failure = api::failure(&fault);
            (failure.status, failure.body)
        }
    }
}

fn bad(reason: &str) -> Fault {
    Fault::Parse { position: "1:1".into(), reason: reason.to_owned() }
}

fn options(promd: &Promd, parameters: &Parameters) -> Result<promql::Options, Fault> {
    let mut options = promd.options.clone();
    let timeout =
        parameters.get("timeout").map_or(Ok(120_000), |t| api::duration_ms(t).map_err(|r| bad(&r)))?;
    options.deadline = Some(Instant::now() + Duration::from_millis(u64::try_from(timeout).unwrap_or(0)));
    if let Some(lookback) = parameters.get("lookback_delta") {
        options.lookback_ms = api::duration_ms(lookback).map_err(|r| bad(&r))?;
    }
    Ok(options)
}

fn time(parameters: &Parameters, name: &str, default: i64) -> Result<i64, Fault> {
    parameters.get(name).map_or(Ok(default), |t| api::time_ms(t).map_err(|r| bad(&r)))
}

fn instant(promd: &Promd, parameters: &Parameters) -> Result<Vec<u8>, Fault> {
    let at = time(parameters, "time", now_ms())?;
    let query = parameters.get("query").unwrap_or("");
    promql::instant(&promd.store, query, at, &options(promd, parameters)?)
        .map(|outcome| api::answer(&outcome))
}

fn range(promd: &Promd, parameters: &Parameters) -> Result<Vec<u8>, Fault> {
    let start_ms = time(parameters, "start", 0)?;
    let end_ms = time(parameters, "end", 0)?;
    let step_ms = api::duration_ms(parameters.get("step").unwrap_or("")).map_err(|r| bad(&r))?;
    if end_ms < start_ms {
        return Err(bad("end timestamp must not be before start time"));
    }
    if step_ms <= 0 {
        return Err(bad(
            "zero or negative query resolution step widths are not accepted. Try a positive integer",
        ));
    }
    if (end_ms - start_ms) / step_ms > MOST_POINTS {
        return Err(bad(
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
        ));
    }
    let query = parameters.get("query").unwrap_or("");
    let range = Range { start_ms, end_ms, step_ms };
    promql::range(&promd.store, query, range, &options(promd, parameters)?)
        .map(|outcome| api::answer(&outcome))
}

fn selectors(parameters: &Parameters) -> Result<Vec<Vec<Matcher>>, Fault> {
    parameters.all("match[]").map(|text| promql::parse_selector(text).map_err(|f| bad(&f.reason))).collect()
}

fn series(promd: &Promd, parameters: &Parameters) -> Result<Vec<u8>, Fault> {
    let selectors = selectors(parameters)?;
    if selectors.is_empty() {
        return Err(bad("no match[] parameter provided"));
    }
    let mut found = std::collections::BTreeMap::new();
    for matchers in &selectors {
        for selected in promd.store.select(matchers) {
            found.insert(selected.labels, selected.id);
        }
    }
    let (from, to) = (time(parameters, "start", i64::MIN / 2)?, time(parameters, "end", i64::MAX / 2)?);
    let present = promd.store.present(found.values().copied(), from, to);
    let labels: Vec<_> =
        found.into_iter().filter(|(_, id)| present.contains(id)).map(|(labels, _)| labels).collect();
    Ok(api::series(&labels))
}

fn labels(promd: &Promd, parameters: &Parameters, of: Option<&str>) -> Result<Vec<u8>, Fault> {
    let selectors = selectors(parameters)?;
    let names = promd.store.with_index(|index| {
        let ids = (!selectors.is_empty()).then(|| {
            selectors.iter().map(|matchers| index.select(matchers)).reduce(|a, b| a | b).unwrap_or_default()
        });
        match of {
            Some(name) => index.label_values(name, ids.as_ref()),
            None => index.label_names(ids.as_ref()),
        }
    });
    Ok(api::label_list(&names))
}

fn exemplars(promd: &Promd, parameters: &Parameters) -> Result<Vec<u8>, Fault> {
    let query = parameters.get("query").unwrap_or("");
    let expr = promql::parse(query, promql::Experimental::Accepted).map_err(|f| bad(&f.reason))?;
    let mut selectors = Vec::new();
    expr.walk(&mut |expr| {
        if let promql::ast::Expr::Vector(selector) | promql::ast::Expr::Matrix(selector, _) = expr {
            selectors.push(selector.matchers.clone());
        }
    });
    let (from, to) = (time(parameters, "start", i64::MIN / 2)?, time(parameters, "end", i64::MAX / 2)?);
    Ok(api::exemplars(&promd.store.exemplars(&selectors, from, to)))
}

pub async fn own_metrics(State(promd): State<Arc<Promd>>) -> String {
    let status = promd.store.status();
    format!(
        "# TYPE promd_series gauge\npromd_series {}\n# TYPE promd_head_bytes gauge\npromd_head_bytes {}\n# TYPE promd_disk_bytes gauge\npromd_disk_bytes {}\n# TYPE promd_samples_appended_total counter\npromd_samples_appended_total {}\n",
        status.series, status.head_bytes, status.disk_bytes, status.samples_appended
    )
}
