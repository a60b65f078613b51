//! The API: JSON under `/api/v1`, the same use cases as the pages.

mod agent;
mod body;

use axum::Router;
use mainstay_face::Door;

/// Every route of the API.
pub fn routes() -> Router<Door> {
    agent::routes()
}
