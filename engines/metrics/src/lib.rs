//! A metric store that needs no second server.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "samples are f64 by definition and lengths, counts and milliseconds are turned into them throughout"
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
