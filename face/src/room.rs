//! A room as a value: everything the house asks of one. `house.rs` of the binary lists them.

use axum::Router;
use mainstay_kernel::store::{Schema, Tx};
use mainstay_kernel::{Cx, Fault, events, jobs};
use mainstay_record::AssetId;
use mainstay_record::deadlines::Of;
use mainstay_wire::Section;
use maud::Markup;
use utoipa::openapi::OpenApi;

use crate::Door;

/// One room. What has no room (assets, findings, work, people, audit) belongs to the house itself.
pub struct Room {
    /// Its word, the same everywhere: folder, tables, rules, addresses, guide page.
    pub name: &'static str,
    /// Its tables; `None` while it keeps nothing of its own.
    pub schema: Option<Schema>,
    /// Lets its rules look at a section of facts that came in.
    pub assess: fn(&mut Tx<'_>, &Cx, AssetId, &Section) -> Result<(), Fault>,
    /// How its kinds of jobs are done.
    pub jobs: &'static [jobs::Kind],
    /// What it listens to.
    pub hears: fn() -> Vec<events::Hearer>,
    /// Its pages and forms.
    pub pages: fn() -> Router<Door>,
    /// Its part of the API.
    pub api: fn() -> Router<Door>,
    /// That part written down.
    pub document: fn() -> OpenApi,
    /// How long its findings may stay open, and the name of that policy on the page.
    pub deadlines: (Of, &'static str),
    /// Its other policies, as cards with forms that post to its own pages.
    pub policies: fn(&mut Tx<'_>, &Cx) -> Result<Markup, Fault>,
}
