//! The routes of the gallery and the shell around its pages.

use axum::Router;
use axum::extract::State;
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use mainstay_face::headers::{Transport, secured};
use mainstay_face::live::{Hub, Listener, Topics, listen};
use mainstay_face::theme::Theme;
use mainstay_face::ui::{
    FaultPage, Found, FoundGroup, Icon, OnCall, Page, Person, SECTIONS, Shell, State as Mark, Toast, Words,
    fault_page, found, found_page,
};
use mainstay_face::{Problem, Query, Wants, assets, theme};
use maud::Markup;
use serde::Deserialize;

use crate::{asset, home, incident, public, states, work};

/// The whole gallery.
pub fn routes(hub: Hub) -> Router {
    let pages = Router::new()
        .route("/", get(|request: Request| async move { request.framed(home::page) }))
        .route("/assets", get(|request: Request| async move { request.framed(asset::page) }))
        .route("/work", get(work::list))
        .route("/incidents", get(|request: Request| async move { request.framed(incident::page) }))
        .route("/maintenance", get(|request: Request| async move { request.framed(work::run) }))
        .route("/maintenance/output", get(work::output_from))
        .route("/states", get(|request: Request| async move { request.framed(states::page) }))
        .route(
            "/settings",
            get(|request: Request| async move {
                let page = states::settings(&request.shell);
                request.framed(|_| page)
            }),
        )
        .route("/forms", get(|request: Request| async move { request.framed(states::forms) }))
        .route("/status", get(|request: Request| async move { public::page(&request.shell.words) }))
        .route("/sign-in", get(|| async { public::sign_in() }))
        .route("/fault", get(|request: Request| async move { request.fault(404) }))
        .route(
            "/fault/outside",
            get(|| async { fault_page(&FaultPage::of_status(500).request_id("7K2M"), None) }),
        )
        .route("/find", get(find))
        .route("/live", get(live))
        .route("/part/clocks", get(|| async { incident::clocks_region() }))
        .route("/undo", post(|| async { done(&Toast::new("Access of 3 accounts is back")) }))
        .route("/remove", post(|| async { done(&Toast::new("Access of 3 accounts removed").undo("/undo")) }))
        .fallback(|request: Request| async move { request.fault(404) })
        .with_state(hub)
        .merge(assets::routes())
        .merge(theme::routes());
    secured(pages, Transport::Plain)
}

/// What a page of the gallery needs of a request.
pub struct Request {
    /// The frame.
    pub shell: Shell,
    /// Page, fragment or JSON.
    pub wants: Wants,
}

impl Request {
    /// Frames a page, and ends the toast it shows.
    pub fn framed(self, make: impl FnOnce(&Words) -> Page) -> Response {
        let page = make(&self.shell.words);
        if self.wants == Wants::Fragment {
            return page.inside().into_response();
        }
        let mut response = page.render(&self.shell).into_response();
        if self.shell.toast.is_some() {
            response.headers_mut().append(SET_COOKIE, Toast::forget());
        }
        response
    }

    fn fault(&self, status: u16) -> Response {
        let code = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if self.wants == Wants::Json {
            return Problem::new(code, "not_found", "Nothing is here").into_response();
        }
        let fault = FaultPage::of_status(status).request_id("7K2M-Q9XF");
        (code, fault_page(&fault, Some(&self.shell))).into_response()
    }
}

impl axum::extract::FromRequestParts<Hub> for Request {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        hub: &Hub,
    ) -> Result<Self, Self::Rejection> {
        let shell = shell(&parts.headers, parts.uri.path(), hub);
        Ok(Self { shell, wants: Wants::from_headers(&parts.headers) })
    }
}

/// The gallery stands still at this moment, so that its pictures can be compared.
fn words() -> Words {
    let now = "2026-11-23T08:42:10Z".parse().expect("a time");
    let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(1));
    Words::new(now, zone)
}

fn shell(headers: &HeaderMap, path: &str, hub: &Hub) -> Shell {
    let mut sections = SECTIONS.to_vec();
    sections[1] = sections[1].clone().with_count(18);
    sections[2] = sections[2].clone().with_count(1).with_state(Mark::Bad);
    sections[4] = sections[4].clone().with_count(3);
    Shell {
        org: "Alder & Finch".into(),
        person: Person { name: "Ines Marlow".into(), href: "/states".into(), sign_out: "/sign-out".into() },
        sections,
        settings: Some("/settings".into()),
        on_call: Some(OnCall {
            name: "Priya Nair".into(),
            until: "17:00".into(),
            then: Some("Tomasz Brandt".into()),
        }),
        theme: Theme::from_headers(headers),
        words: words(),
        path: path.to_owned(),
        live_since: hub.position(),
        toast: Toast::from_headers(headers),
    }
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
}

async fn find(request: Request, Query(asked): Query<Asked>) -> Response {
    let groups = matching(&asked.q);
    match request.wants {
        Wants::Fragment => found(&asked.q, &groups).into_response(),
        _ => request.framed(|_| found_page(&asked.q, &groups)),
    }
}

fn matching(query: &str) -> Vec<FoundGroup> {
    let item = |label: &str, more: &str, icon, href: &str| Found {
        label: label.into(),
        more: more.into(),
        icon,
        href: href.into(),
    };
    let all = [
        ("Do", item("Patch db-01 in the next window", "", Icon::Maintenance, "/maintenance")),
        ("Do", item("Look for patches on db-01 now", "", Icon::Maintenance, "/maintenance")),
        ("Go to", item("db-01", "host, 3 patches", Icon::Assets, "/assets")),
        ("Go to", item("PostgreSQL 15.14 to 15.15", "#2436", Icon::Work, "/work")),
        ("Go to", item("How we patch databases", "KB-12", Icon::Knowledge, "/states")),
    ];
    let query = query.to_lowercase();
    let hits = |name: &str| {
        let group =
            all.iter().filter(|(group, item)| *group == name && item.label.to_lowercase().contains(&query));
        group.map(|(_, item)| item.clone()).collect()
    };
    ["Do", "Go to"].map(|name| FoundGroup { name: name.into(), items: hits(name) }).into()
}

#[derive(Deserialize)]
struct Listening {
    topics: String,
    since: Option<String>,
}

async fn live(State(hub): State<Hub>, headers: HeaderMap, Query(asked): Query<Listening>) -> Response {
    let topics = match Topics::parse(&asked.topics) {
        Ok(topics) => topics,
        Err(problem) => return problem.into_response(),
    };
    let listener = Listener::new("alder", topics, |_| true);
    listen(&hub, &headers, asked.since.as_deref(), listener)
}

fn done(toast: &Toast) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, "/states".parse().expect("a path")), (SET_COOKIE, toast.keep())])
        .into_response()
}

/// A word that opens something.
pub fn open(words: &str) -> Markup {
    mainstay_face::ui::link(words, "/assets")
}
