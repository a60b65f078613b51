//! Any text as a query: parsed, and evaluated over a few series.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use mainstay_metrics::histogram::{CUSTOM_SCHEMA, Histogram};
use mainstay_metrics::matcher::Matcher;
use mainstay_metrics::promql::{self, Experimental, Options, Source};
use mainstay_metrics::sample::{Samples, Value};
use mainstay_metrics::store::rollup::Column;
use mainstay_metrics::store::select::{Coarse, Selected};

/// Two series of floats, one of native histograms, one that changes its mind.
struct Two;

fn exponential(v: f64) -> Arc<Histogram> {
    let (positive, negative) = (vec![(-1, v), (3, v)], vec![(0, v / 2.0)]);
    let (count, sum) = (2.5 * v, v * 7.0);
    Arc::new(Histogram { schema: 1, count, sum, zero_threshold: 0.001, positive, negative, ..Histogram::default() })
}

fn given(v: f64) -> Arc<Histogram> {
    let (positive, bounds) = (vec![(0, v), (2, v)], vec![1.0, 5.0]);
    Arc::new(Histogram { schema: CUSTOM_SCHEMA, count: 2.0 * v, sum: v, positive, bounds, ..Histogram::default() })
}

impl Source for Two {
    fn select(&self, _: &[Matcher], _: i64, _: i64) -> Result<Vec<Selected>, String> {
        let labels = |v: &str| mainstay_metrics::labels::Labels::from_pairs([("__name__", "x"), ("a", v), ("le", v)]);
        Ok(["1", "+Inf", "h", "g"].iter().zip(0..).map(|(v, id)| Selected { id, labels: labels(v) }).collect())
    }

    fn read(
        &self,
        series: &Selected,
        _: i64,
        _: i64,
        _: Column,
        out: &mut Samples,
        _: &mut dyn FnMut(String),
    ) -> Result<Coarse, String> {
        out.clear();
        for i in 0..20 {
            let v = (i * i64::from(series.id + 1)) as f64;
            out.push(i * 10_000, match series.id {
                2 => Value::Histogram(exponential(v)),
                3 if i % 2 == 0 => Value::Histogram(given(v)),
                _ => Value::Float(v),
            });
        }
        Ok(Coarse::default())
    }
}

fuzz_target!(|text: &str| {
    let options = Options { experimental: Experimental::Accepted, most_samples: 100_000, ..Options::default() };
    let _ = promql::instant(&Two, text, 100_000, &options);
    let range = promql::Range { start_ms: 0, end_ms: 200_000, step_ms: 20_000 };
    let _ = promql::range(&Two, text, range, &options);
});
