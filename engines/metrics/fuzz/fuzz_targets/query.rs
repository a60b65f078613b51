//! Any text as a query: parsed, and evaluated over an empty source.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mainstay_metrics::matcher::Matcher;
use mainstay_metrics::promql::{self, Experimental, Options, Source};
use mainstay_metrics::sample::{Samples, Value};
use mainstay_metrics::store::rollup::Column;
use mainstay_metrics::store::select::{Coarse, Selected};

struct Two;

impl Source for Two {
    fn select(&self, _: &[Matcher], _: i64, _: i64) -> Result<Vec<Selected>, String> {
        let labels = |v: &str| mainstay_metrics::labels::Labels::from_pairs([("__name__", "x"), ("a", v), ("le", v)]);
        Ok(vec![Selected { id: 0, labels: labels("1") }, Selected { id: 1, labels: labels("+Inf") }])
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
            out.push(i * 10_000, Value::Float((i * i64::from(series.id + 1)) as f64));
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
