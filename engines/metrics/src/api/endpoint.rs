//! The endpoints of the Prometheus HTTP API that need nothing but a store: parameters in, status and JSON out.
//! Routes are for the caller, who passes the (decoded) path behind `/api/v1/`.

use std::time::{Duration, Instant};

use super::answer::{self, Failure};
use super::parameters::{Parameters, duration_ms, time_ms};
use super::selection;
use crate::matcher::Matcher;
use crate::promql::{self, Experimental, Fault, Options, Range};
use crate::sample::{Samples, is_stale};
use crate::store::Store;
use crate::store::rollup::Column;

/// A range query has at most this many points per series.
const MOST_POINTS: i64 = 11_000;
/// How long a query may take unless it asks for less.
const LONGEST_QUERY_MS: i64 = 120_000;

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ApiFault {
    /// A parameter is missing or cannot be read.
    #[error("{0}")]
    BadData(String),
    #[error(transparent)]
    Query(#[from] Fault),
}

impl ApiFault {
    pub fn bad(reason: impl Into<String>) -> Self {
        Self::BadData(reason.into())
    }

    /// As Prometheus names a bad parameter.
    pub fn parameter(name: &str, reason: impl std::fmt::Display) -> Self {
        Self::BadData(format!("invalid parameter {name:?}: {reason}"))
    }

    /// Status and body.
    pub fn answer(&self) -> Failure {
        match self {
            Self::BadData(reason) => answer::error(400, "bad_data", reason),
            Self::Query(fault) => answer::failure(fault),
        }
    }
}

type Result<T> = std::result::Result<T, ApiFault>;

/// First and last time asked for.
#[derive(Clone, Copy)]
pub(super) struct Window {
    pub from: i64,
    pub to: i64,
}

const EVER: Window = Window { from: i64::MIN / 8, to: i64::MAX / 8 };

impl Window {
    pub fn is_everything(self) -> bool {
        self.from <= EVER.from && self.to >= EVER.to
    }

    fn of(parameters: &Parameters) -> Result<Self> {
        Ok(Self { from: time(parameters, "start", EVER.from)?, to: time(parameters, "end", EVER.to)? })
    }
}

/// A store, and how it is asked.
pub struct Api<'a> {
    pub store: &'a Store,
    pub options: &'a Options,
    pub now_ms: i64,
}

impl Api<'_> {
    /// The answer to a request for `path`; `None` where the path is no endpoint of a store.
    pub fn answer(&self, path: &str, parameters: &Parameters) -> Option<Result<Vec<u8>>> {
        Some(match path {
            "query" => self.query(parameters),
            "query_range" => self.query_range(parameters),
            "query_exemplars" => self.exemplars(parameters),
            "series" => self.series(parameters),
            "labels" => self.labels(parameters),
            "metadata" => self.metadata(parameters),
            _ => {
                let name = path.strip_prefix("label/")?.strip_suffix("/values")?;
                self.label_values(name, parameters)
            }
        })
    }

    fn query(&self, parameters: &Parameters) -> Result<Vec<u8>> {
        let limit = count(parameters, "limit")?;
        let at = time(parameters, "time", self.now_ms)?;
        let options = self.limits(parameters)?;
        let started = Instant::now();
        let mut outcome = promql::instant(self.store, query(parameters), at, &options)?;
        outcome.truncate(limit);
        Ok(answer::answer_with(&outcome, stats(parameters, started)))
    }

    fn query_range(&self, parameters: &Parameters) -> Result<Vec<u8>> {
        let limit = count(parameters, "limit")?;
        let start_ms = required_time(parameters, "start")?;
        let end_ms = required_time(parameters, "end")?;
        if end_ms < start_ms {
            return Err(ApiFault::parameter("end", "end timestamp must not be before start time"));
        }
        let step_ms = duration_ms(parameters.get("step").unwrap_or(""))
            .map_err(|reason| ApiFault::parameter("step", reason))?;
        if step_ms <= 0 {
            let reason =
                "zero or negative query resolution step widths are not accepted. Try a positive integer";
            return Err(ApiFault::parameter("step", reason));
        }
        if (end_ms - start_ms) / step_ms > MOST_POINTS {
            return Err(ApiFault::bad(
                "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
            ));
        }
        let options = self.limits(parameters)?;
        let started = Instant::now();
        let range = Range { start_ms, end_ms, step_ms };
        let mut outcome = promql::range(self.store, query(parameters), range, &options)?;
        outcome.truncate(limit);
        Ok(answer::answer_with(&outcome, stats(parameters, started)))
    }

    fn limits(&self, parameters: &Parameters) -> Result<Options> {
        let mut options = self.options.clone();
        let timeout = match parameters.get("timeout").filter(|text| !text.is_empty()) {
            Some(text) => duration_ms(text).map_err(|reason| ApiFault::parameter("timeout", reason))?,
            None => LONGEST_QUERY_MS,
        };
        let timeout = u64::try_from(timeout.min(LONGEST_QUERY_MS)).unwrap_or(0);
        options.deadline = Some(Instant::now() + Duration::from_millis(timeout));
        if let Some(lookback) = parameters.get("lookback_delta").filter(|text| !text.is_empty()) {
            options.lookback_ms =
                duration_ms(lookback).map_err(|reason| ApiFault::parameter("lookback_delta", reason))?;
        }
        Ok(options)
    }

    fn series(&self, parameters: &Parameters) -> Result<Vec<u8>> {
        let limit = count(parameters, "limit")?;
        let (window, selectors) = (Window::of(parameters)?, selectors(parameters)?);
        let found = selection::series(self.store, &selectors, window, limit)?;
        Ok(answer::series(&found.items, found.is_cut))
    }

    fn labels(&self, parameters: &Parameters) -> Result<Vec<u8>> {
        let limit = count(parameters, "limit")?;
        let (window, selectors) = (Window::of(parameters)?, selectors(parameters)?);
        let found = selection::names(self.store, &selectors, window, limit);
        Ok(answer::label_list(&found.items, found.is_cut))
    }

    fn label_values(&self, name: &str, parameters: &Parameters) -> Result<Vec<u8>> {
        let name = label_name(name)?;
        let limit = count(parameters, "limit")?;
        let (window, selectors) = (Window::of(parameters)?, selectors(parameters)?);
        let found = selection::values(self.store, &name, &selectors, window, limit);
        Ok(answer::label_list(&found.items, found.is_cut))
    }

    fn metadata(&self, parameters: &Parameters) -> Result<Vec<u8>> {
        let whole = |name: &str| match parameters.get(name).filter(|text| !text.is_empty()) {
            None => Ok(usize::MAX),
            Some(text) => match text.parse::<i64>() {
                Ok(limit) => Ok(usize::try_from(limit).unwrap_or(usize::MAX)),
                Err(_) => Err(ApiFault::bad(format!("{name} must be a number"))),
            },
        };
        let (limit, per_metric) = (whole("limit")?, whole("limit_per_metric")?.max(1));
        let mut all = self.store.metadata();
        if let Some(metric) = parameters.get("metric").filter(|text| !text.is_empty()) {
            all.retain(|name, _| name == metric);
        }
        let mut kept: std::collections::BTreeMap<_, _> = all.into_iter().take(limit).collect();
        for versions in kept.values_mut() {
            versions.truncate(per_metric);
        }
        Ok(answer::metadata(&kept))
    }

    /// The newest samples of the series that `match[]` selects, as a page to be scraped. Labels that say which server
    /// this is are added where a series has none of that name.
    pub fn federate(
        &self,
        parameters: &Parameters,
        external: &std::collections::BTreeMap<String, String>,
    ) -> Result<String> {
        let mut lines = Vec::new();
        let mut samples = Samples::default();
        for matchers in selectors(parameters)? {
            for series in self.store.select(&matchers) {
                let from = self.now_ms - self.options.lookback_ms;
                self.store.read(series.id, from, self.now_ms, Column::Last, &mut samples, &mut |_| {});
                let Some(at) = samples.len().checked_sub(1).filter(|at| !is_stale(samples.v[*at])) else {
                    continue;
                };
                let missing = external.iter().filter(|(name, _)| series.labels.get(name).is_empty());
                let labels = missing.fold(series.labels.clone(), |labels, (n, v)| labels.with(n, v));
                lines.push(promql::Line { labels, points: vec![(samples.t[at], samples.value(at))] });
            }
        }
        Ok(super::exposition(&lines, &self.store.metadata()))
    }

    fn exemplars(&self, parameters: &Parameters) -> Result<Vec<u8>> {
        let window = Window::of(parameters)?;
        if window.to < window.from {
            return Err(ApiFault::bad("end timestamp must not be before start timestamp"));
        }
        let query = query(parameters);
        let expr =
            promql::parse(query, Experimental::Accepted).map_err(|fault| Fault::parse(query, fault))?;
        let mut selectors = Vec::new();
        expr.walk(&mut |expr| {
            if let promql::ast::Expr::Vector(selector) | promql::ast::Expr::Matrix(selector, _) = expr {
                selectors.push(selector.matchers.clone());
            }
        });
        Ok(answer::exemplars(&self.store.exemplars(&selectors, window.from, window.to)))
    }
}

fn query(parameters: &Parameters) -> &str {
    parameters.get("query").unwrap_or("")
}

fn stats(parameters: &Parameters, started: Instant) -> Option<answer::Stats> {
    parameters.get("stats").filter(|text| !text.is_empty())?;
    Some(answer::Stats { seconds: started.elapsed().as_secs_f64() })
}

fn time(parameters: &Parameters, name: &str, default: i64) -> Result<i64> {
    match parameters.get(name).filter(|text| !text.is_empty()) {
        Some(text) => time_ms(text).map_err(|reason| {
            ApiFault::parameter(name, format!("Invalid time value for '{name}': {reason}"))
        }),
        None => Ok(default),
    }
}

fn required_time(parameters: &Parameters, name: &str) -> Result<i64> {
    time_ms(parameters.get(name).unwrap_or("")).map_err(|reason| ApiFault::parameter(name, reason))
}

/// A limit; 0 for none.
fn count(parameters: &Parameters, name: &str) -> Result<usize> {
    let Some(text) = parameters.get(name).filter(|text| !text.is_empty()) else { return Ok(0) };
    match text.parse::<i64>() {
        Ok(number) if number >= 0 => Ok(usize::try_from(number).unwrap_or(usize::MAX)),
        Ok(_) => Err(ApiFault::parameter(name, "limit must be non-negative")),
        Err(_) => Err(ApiFault::parameter(name, format!("cannot parse {text:?} to an integer"))),
    }
}

fn selectors(parameters: &Parameters) -> Result<Vec<Vec<Matcher>>> {
    let parse = |text: &str| {
        if text.split_whitespace().collect::<String>() == "{}" {
            return Err(ApiFault::parameter(
                "match[]",
                "match[] must contain at least one non-empty matcher",
            ));
        }
        promql::parse_selector(text).map_err(|fault| {
            let place = promql::line_and_column(text, fault.position);
            ApiFault::parameter("match[]", format!("{place}: parse error: {}", fault.reason))
        })
    };
    parameters.all("match[]").map(parse).collect()
}

/// A label name from a path; `U__…` spells out names that do not fit into one.
fn label_name(text: &str) -> Result<String> {
    let plain = text.strip_prefix("U__").and_then(unescape_name).unwrap_or_else(|| text.to_owned());
    if plain.is_empty() {
        return Err(ApiFault::bad(format!("invalid label name: {plain:?}")));
    }
    Ok(plain)
}

/// `a_2e_b__c` is `a.b_c`.
fn unescape_name(escaped: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = escaped;
    while let Some(at) = rest.find('_') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('_') {
            out.push('_');
            rest = after;
            continue;
        }
        let (code, after) = rest.split_once('_')?;
        out.push(char::from_u32(u32::from_str_radix(code, 16).ok()?)?);
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_names_in_paths_may_be_spelled_out() {
        assert_eq!(label_name("job").unwrap(), "job");
        assert_eq!(label_name("U__http_2e_method__x").unwrap(), "http.method_x");
        assert_eq!(label_name("http.method").unwrap(), "http.method");
        assert!(label_name("").is_err());
    }
}
