//! Reading JSON bodies, so that what is wrong is named.

use axum::body::Bytes;
use mainstay_kernel::Fault;
use serde::de::DeserializeOwned;

/// A body as its type.
///
/// # Errors
/// `Invalid` on `body` with the place where it stops making sense.
pub fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Fault> {
    serde_json::from_slice(body).map_err(|error| {
        Fault::invalid("body", "malformed", format!("this is not the JSON that is expected here: {error}"))
    })
}
