//! The pages: each reads through the same use cases as the API, and works without script.

mod assets;
mod audit;
mod channels;
pub mod facts;
mod find;
mod findings;
mod frame;
mod home;
mod live;
mod mail;
mod messages;
mod own;
mod plans;
mod policies;
mod runs;
mod settings;
mod sign_in;
mod told;
mod work;

use axum::Router;
use mainstay_face::Door;

/// Every page.
pub fn routes() -> Router<Door> {
    Router::new()
        .merge(sign_in::routes())
        .merge(home::routes())
        .merge(assets::routes())
        .merge(findings::routes())
        .merge(work::routes())
        .merge(plans::routes())
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
