//! A metric store that needs no second server: months of samples in one folder, answered with PromQL.
//!
//! ```
//! use mainstay_metrics::promql::{self, Answer};
//! use mainstay_metrics::store::{Options, Store};
//!
//! let folder = tempfile::tempdir()?;
//! let store = Store::open(folder.path(), Options::default())?;
//! let mut appender = store.appender();
//! let id = appender.series(&[("__name__", "requests_total"), ("instance", "web-7")])?;
//! for minute in 0..10 {
//!     appender.float(id, minute * 60_000, minute as f64 * 120.0);
//! }
//! assert!(appender.commit()?.is_complete()); // on disk now
//!
//! let outcome = promql::instant(&store, "rate(requests_total[5m])", 540_000, &promql::Options::default())?;
//! let Answer::Vector(lines) = outcome.answer else { panic!("rate gives a vector") };
//! assert_eq!(lines[0].labels.to_string(), r#"{instance="web-7"}"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Words
//! - **Series**: a set of [`labels`]; its **samples** are floats or native [`histogram`]s at times in milliseconds.
//! - **Head**: the newest samples of a series, in memory and in the **log** (`wal/`) until they fill a **chunk**.
//! - **Partition**: the chunks that begin on one day (UTC). Over, it is sorted into one file and rolled up into rows
//!   of five minutes and of an hour. Retention removes whole partitions.
//! - **Source**: anything PromQL can read from; [`store::Store`] is one, a remote server may be another.
//!
//! # Behaviour worth knowing
//! - One store is one organisation: limits, retention, backup and deletion are per folder. Only one process may have
//!   a folder open.
//! - [`store::Appender::commit`] returns when the samples are on disk; commits that wait together share one fsync.
//! - Nothing here looks at the clock (deadlines aside): call [`store::Store::maintain`] every few seconds with the
//!   time. Nothing runs by itself either; only a query over many series reads them with a few threads of its own.
//! - Memory: a head holds up to 480 samples of 12 bytes (5.8 kB) per series up to 30,000 series, 240 up to 200,000,
//!   120 (1.4 kB) above, little more than half on average; labels and index take some 400 bytes per series more. A million
//!   active series with eleven labels were measured at 0.58 kB each when new and 0.82 kB with 16 samples; with full
//!   heads that comes to 1.2 GB on average and 1.9 GB at most.
//! - Chunks that queries decoded stay in memory up to 64 MiB a store (`Options::cache_bytes`), so that a dashboard that
//!   asks again is answered in a part of the time. What is replaced or removed is never answered from there. The times
//!   of chunks that were scraped together are decoded once and shared.
//! - Why files of chunks and not SQLite: 42,000 chunks of 700 bytes took 5 % more than their content as a file and
//!   27 % more as a `WITHOUT ROWID` table with 8 KiB pages; writing them 0.8 s against 5.7 s, reading a recent range of
//!   800 series 46 ms against 97 ms (same machine, both with fsync per 500 chunks).
//!
//! # Not as in Prometheus 3
//! - Scrapes take text, OpenMetrics and protobuf (native histograms with `scrape_native_histograms`, as there); created
//!   timestamps are passed over. A page that does not say what it is counts as text without `fallback_scrape_protocol`.
//!   Targets are static; `oauth2` and `proxy_url` are refused.
//! - Last digits. Powers, hyperbolic functions and bounds of exponential buckets are those of the platform, which round
//!   better than Go's; series are added up in the order of their labels. Of 12,762 generated queries against Prometheus
//!   2.42 eight differ for such reasons, where `%`, `sin`, `round` or a label makes a last digit large: five by powers and
//!   `cosh`, one by the order in a variance, two because 2.42 averages and adds infinities as versions before 3 did. Of
//!   20,181 others 22 differ; those looked at, by last digits.
//! - Not understood: `fill` modifiers, delayed removal of names, `format_query`, remote read, deleting series. The
//!   experimental trim operators `</` and `>/` cut buckets in a straight line and estimate the sum.
//! - Samples may come an hour late (`Options::late_ms`), where Prometheus takes none unless told to.
//! - An exemplar is kept among the newest ten thousand of the store, not per series.
//! - Texts of labels that are no longer used stay in memory until the next start or the next removal of a day.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "samples are f64 by definition and lengths, counts and milliseconds are turned into them throughout"
)]
#![expect(
    clippy::float_cmp,
    clippy::many_single_char_names,
    clippy::assigning_clones,
    reason = "fields read from the wire are set once; PromQL compares floats exactly, and its formulas are read beside their sources"
)]

pub mod api;
pub mod decode;
pub mod histogram;
pub mod kahan;
pub mod labels;
pub mod matcher;
pub mod promql;
pub mod rules;
pub mod sample;
pub mod scrape;
pub mod store;
mod wire;
mod yaml;
