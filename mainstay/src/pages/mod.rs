//! The pages of the house itself: each reads through the same use cases as the API, and works without script.

mod assets;
mod audit;
mod channels;
pub mod facts;
mod find;
mod findings;
mod home;
mod live;
mod mail;
mod maintenance;
mod messages;
mod own;
mod policies;
mod runs;
mod settings;
mod sign_in;
mod work;

use axum::Router;
use mainstay_face::Door;

/// The pages of the house itself; rooms bring their own.
pub fn routes() -> Router<Door> {
    Router::new()
        .merge(sign_in::routes())
        .merge(home::routes())
        .merge(assets::routes())
        .merge(findings::routes())
        .merge(work::routes())
        .merge(maintenance::routes())
        .merge(runs::routes())
        .merge(policies::routes())
        .merge(settings::routes())
        .merge(audit::routes())
        .merge(mail::routes())
        .merge(messages::routes())
        .merge(channels::routes())
        .merge(own::routes())
        .merge(find::routes())
        .merge(live::routes())
}
