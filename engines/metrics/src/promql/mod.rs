//! PromQL as in Prometheus 3: parsing and evaluation over any source of series.

pub mod ast;
mod check;
pub(crate) mod eval;
pub mod functions;
pub mod lex;
mod notes;
pub mod parse;
mod selector;
mod span;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

pub use notes::{Notes, line_and_column};
pub use parse::{Experimental, ParseFault, parse, parse_selector};

use crate::labels::Labels;
use crate::matcher::Matcher;
use crate::sample::{Samples, Value};
use crate::store::Store;
use crate::store::rollup::Column;
use crate::store::select::{Coarse, Selected};

/// Where series come from: the own store, or another server.
pub trait Source: Sync {
    /// Series all matchers accept; those without samples between the times may be left out.
    fn select(&self, matchers: &[Matcher], from: i64, to: i64) -> Result<Vec<Selected>, String>;

    /// Samples of a series with `from <= t <= to`. What could not be read is told to `warn`.
    fn read(
        &self,
        series: &Selected,
        from: i64,
        to: i64,
        column: Column,
        out: &mut Samples,
        warn: &mut dyn FnMut(String),
    ) -> Result<Coarse, String>;
}

impl Source for Store {
    fn select(&self, matchers: &[Matcher], _from: i64, _to: i64) -> Result<Vec<Selected>, String> {
        Ok(Store::select(self, matchers))
    }

    fn read(
        &self,
        series: &Selected,
        from: i64,
        to: i64,
        column: Column,
        out: &mut Samples,
        warn: &mut dyn FnMut(String),
    ) -> Result<Coarse, String> {
        Ok(Store::read(self, series.id, from, to, column, out, &mut |damage| {
            warn(format!("{} at byte {}: {}", damage.file.display(), damage.offset, damage.reason));
        }))
    }
}

/// When to evaluate. For one moment `start == end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    pub start_ms: i64,
    pub end_ms: i64,
    /// At least 1.
    pub step_ms: i64,
}

impl Range {
    pub fn instant(at_ms: i64) -> Self {
        Self { start_ms: at_ms, end_ms: at_ms, step_ms: 1 }
    }

    /// Number of moments.
    pub fn steps(&self) -> usize {
        if self.end_ms < self.start_ms {
            return 0;
        }
        usize::try_from((self.end_ms - self.start_ms) / self.step_ms.max(1) + 1).unwrap_or(0)
    }
}

/// How queries are understood and what they may cost.
#[derive(Clone)]
pub struct Options {
    /// How long a sample counts as the current one.
    pub lookback_ms: i64,
    /// Samples a query may hold at once and results it may have.
    pub most_samples: usize,
    /// Threads that read series when there are many.
    pub threads: usize,
    /// When to give up.
    pub deadline: Option<Instant>,
    /// Set from elsewhere to stop a query.
    pub cancelled: Option<Arc<AtomicBool>>,
    pub experimental: Experimental,
    /// Step of subqueries that name none.
    pub default_step_ms: i64,
    /// Compute as Prometheus did before version 3: samples exactly at the start of a range count, and a counter's
    /// zero point is looked for before the distance to the start of the range is cut.
    pub is_version_2: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            lookback_ms: 300_000,
            most_samples: 50_000_000,
            threads: std::thread::available_parallelism().map_or(1, |n| n.get().min(4)),
            deadline: None,
            cancelled: None,
            experimental: Experimental::Refused,
            default_step_ms: 60_000,
            is_version_2: false,
        }
    }
}

/// Why there is no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("invalid parameter \"query\": {position}: parse error: {reason}")]
    Parse { position: String, reason: String },
    /// The query is understood, but not fit for what it is used for.
    #[error("invalid parameter \"query\": {0}")]
    Invalid(String),
    #[error("{0}")]
    Execution(String),
    #[error("query processing would load too many samples into memory in query execution")]
    TooManySamples,
    #[error("query timed out in expression evaluation")]
    Timeout,
    #[error("query was canceled in expression evaluation")]
    Cancelled,
}

impl Fault {
    pub(crate) fn parse(query: &str, fault: ParseFault) -> Self {
        Self::Parse { position: line_and_column(query, fault.position), reason: fault.reason }
    }
}

/// A series with its values at the steps that have one.
#[derive(Clone, Debug)]
pub struct Line {
    pub labels: Labels,
    pub points: Vec<(i64, Value)>,
}

/// What a query came to.
#[derive(Clone, Debug)]
pub enum Answer {
    /// One number per step.
    Scalar(Vec<(i64, f64)>),
    Text(i64, String),
    /// At one moment: one point per line, in the order the expression gives.
    Vector(Vec<Line>),
    /// Over a range (sorted by labels), or the raw samples of a range vector.
    Matrix(Vec<Line>),
}

/// A result with what there is to say about it.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub answer: Answer,
    pub notes: Notes,
    /// Samples that were looked at.
    pub samples: usize,
    /// The most that were held at once.
    pub peak_samples: usize,
}

impl Outcome {
    /// Keeps the first lines, if there are more than `limit` (0 for all), and says so.
    pub fn truncate(&mut self, limit: usize) {
        if let Answer::Vector(lines) | Answer::Matrix(lines) = &mut self.answer
            && limit > 0
            && lines.len() > limit
        {
            lines.truncate(limit);
            self.notes.truncated();
        }
    }
}

/// Evaluates a query at one moment.
pub fn instant(source: &dyn Source, query: &str, at_ms: i64, options: &Options) -> Result<Outcome, Fault> {
    eval::run(source, query, Range::instant(at_ms), true, options)
}

/// Evaluates a query at every step of a range.
pub fn range(source: &dyn Source, query: &str, range: Range, options: &Options) -> Result<Outcome, Fault> {
    eval::run(source, query, range, false, options)
}
