//! The API: JSON under `/api/v1`, the same use cases as the pages, written down at `/api/v1/openapi.json`.

mod agent;
mod asset;
mod audit;
pub mod document;
mod faults;
mod finding;
mod people;
mod plan;
mod role;
mod team;
mod work;

use axum::Router;
use axum::middleware;
use mainstay_face::Door;

use crate::house::ROOMS;

/// Every route of the API; whatever goes wrong there is told as a problem.
pub fn routes() -> Router<Door> {
    let rooms = ROOMS.iter().fold(Router::new(), |routes, room| routes.merge((room.api)()));
    rooms
        .merge(agent::routes())
        .merge(asset::routes())
        .merge(finding::routes())
        .merge(work::routes())
        .merge(plan::routes())
        .merge(audit::routes())
        .merge(people::routes())
        .merge(team::routes())
        .merge(role::routes())
        .merge(document::routes())
        .layer(middleware::map_response(faults::told))
        .merge(faults::routes())
}

/// Every code a fault can carry, with its words.
pub fn codes() -> &'static [(&'static str, &'static str)] {
    faults::CODES
}
