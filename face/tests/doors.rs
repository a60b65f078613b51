//! The gallery's answers as a browser and a program get them: headers, caching, weights, nothing inline.

#![expect(clippy::unwrap_used, reason = "what a test sets up may fail it")]

#[path = "../examples/gallery/asset.rs"]
mod asset;
#[path = "../examples/gallery/home.rs"]
mod home;
#[path = "../examples/gallery/incident.rs"]
mod incident;
#[path = "../examples/gallery/pages.rs"]
mod pages;
#[path = "../examples/gallery/public.rs"]
mod public;
#[path = "../examples/gallery/states.rs"]
mod states;
#[path = "../examples/gallery/work.rs"]
mod work;

use std::io::Write as _;

use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use mainstay_face::headers::{POLICY, Transport, secured};
use mainstay_face::live::Hub;
use mainstay_face::{assets, theme};
use tower::ServiceExt as _;

const PAGES: [&str; 12] = [
    "/",
    "/work",
    "/assets",
    "/incidents",
    "/maintenance",
    "/states",
    "/forms",
    "/settings",
    "/find?q=db",
    "/status",
    "/sign-in",
    "/nowhere",
];

async fn asked(path: &str, headers: &[(&str, &str)]) -> Response<Body> {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    pages::routes(Hub::new("doors", 16)).oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn body(response: Response<Body>) -> Vec<u8> {
    response.into_body().collect().await.unwrap().to_bytes().to_vec()
}

async fn text(path: &str) -> String {
    String::from_utf8(body(asked(path, &[]).await).await).unwrap()
}

fn packed(body: &[u8]) -> usize {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap().len()
}

#[tokio::test]
async fn pages_carry_the_policy_and_are_for_no_cache() {
    for path in PAGES {
        let response = asked(path, &[]).await;
        let headers = response.headers();
        assert_eq!(headers["content-security-policy"], POLICY, "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["referrer-policy"], "same-origin", "{path}");
        assert_eq!(headers["cross-origin-opener-policy"], "same-origin", "{path}");
        assert_eq!(headers["cache-control"], "no-store", "{path}");
        assert!(!headers.contains_key("strict-transport-security"), "{path}: loopback has no TLS");
    }
    let tls = secured(axum::Router::new().merge(theme::routes()), Transport::Tls);
    let response = tls.oneshot(Request::get("/x").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.headers()["strict-transport-security"], "max-age=31536000");
}

/// What the policy would refuse must not be in the markup at all.
#[tokio::test]
async fn nothing_is_inline_and_nothing_is_evaluated() {
    for path in PAGES {
        let html = text(path).await;
        for banned in [" style=", "<style", "javascript:", " hx-on", "js:", "hx-vars", "http://", "src=\"//"]
        {
            assert!(!html.contains(banned), "{path} holds `{banned}`");
        }
        assert_eq!(
            html.matches("<script").count(),
            html.matches("<script defer src=\"/assets/").count(),
            "{path}"
        );
        let handlers = html
            .split('<')
            .filter(|tag| tag.split_whitespace().any(|word| word.starts_with("on") && word.contains("=\"")));
        assert_eq!(handlers.count(), 0, "{path} holds an event handler");
    }
}

#[tokio::test]
async fn ids_are_unique_and_references_are_answered() {
    for path in PAGES {
        let html = text(path).await;
        let values = |name: &str| -> Vec<String> {
            let marker = format!(" {name}=\"");
            html.split(&marker).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
        };
        let mut ids = values("id");
        let all = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), all, "{path}: an id stands twice");
        let references =
            ["for", "aria-describedby", "aria-controls", "aria-labelledby", "popovertarget"].map(values);
        for id in references.concat().iter().flat_map(|list| list.split(' ')) {
            assert!(ids.iter().any(|own| own == id), "{path}: `{id}` is named but not there");
        }
    }
}

#[tokio::test]
async fn pages_stay_light() {
    for path in PAGES {
        let weight = packed(text(path).await.as_bytes());
        assert!(weight < 30_000, "{path} is {weight} bytes with gzip");
    }
}

#[tokio::test]
async fn assets_are_kept_for_ever_and_come_as_the_reader_takes_them() {
    let css = &assets::CSS;
    for (accept, encoding, expected) in [
        ("br, gzip", Some("br"), css.brotli.unwrap()),
        ("gzip", Some("gzip"), css.gzip.unwrap()),
        ("identity", None, css.plain),
        ("", None, css.plain),
    ] {
        let response = asked(css.path, &[("accept-encoding", accept)]).await;
        assert_eq!(response.status(), StatusCode::OK);
        let headers = response.headers();
        assert_eq!(headers.get("content-encoding").map(|v| v.to_str().unwrap()), encoding, "{accept}");
        assert_eq!(headers["cache-control"], "public, max-age=31536000, immutable");
        assert_eq!(headers["vary"], "accept-encoding");
        assert_eq!(headers["content-type"], "text/css; charset=utf-8");
        assert_eq!(body(response).await, expected);
    }
    let again = asked(css.path, &[("if-none-match", css.etag)]).await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert!(body(again).await.is_empty());
    assert_eq!(asked("/assets/app.000000000000.css", &[]).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_page_names_only_assets_that_are_served() {
    let html = text("/incidents").await;
    for path in html.split("\"/assets/").skip(1).map(|rest| rest.split(['"', '#']).next().unwrap()) {
        let path = format!("/assets/{path}");
        assert!(assets::ALL.iter().any(|asset| asset.path == path), "{path}");
    }
    let sprite = std::str::from_utf8(assets::ICONS.plain).unwrap();
    for name in html.split(".svg#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(sprite.contains(&format!("<symbol id=\"{name}\"")), "{name}");
    }
}

#[tokio::test]
async fn the_form_of_an_answer_follows_the_asker() {
    let page = asked("/find?q=db", &[]).await;
    assert!(body(page).await.starts_with(b"<!DOCTYPE html>"));
    let fragment = asked("/find?q=db", &[("hx-request", "true")]).await;
    let fragment = String::from_utf8(body(fragment).await).unwrap();
    assert!(fragment.starts_with("<div role=\"group\"") && !fragment.contains("<html"), "{fragment}");
    let json = asked("/nowhere", &[("accept", "application/json")]).await;
    assert_eq!(json.headers()["content-type"], "application/problem+json");
    let bad = asked("/work?limit=many", &[]).await;
    assert_eq!(bad.status(), StatusCode::BAD_REQUEST);
    assert!(String::from_utf8(body(bad).await).unwrap().contains("“limit”"));
    let bad = asked("/work?limit=many", &[("accept", "application/json")]).await;
    assert!(String::from_utf8(body(bad).await).unwrap().contains(r#""field":"limit""#));
}

/// What people type comes back as text, wherever it is shown.
#[tokio::test]
async fn markup_in_a_search_stays_text() {
    let html = text("/find?q=%3Cscript%3Ealert(1)%3C%2Fscript%3E%22%27").await;
    assert!(!html.contains("<script>alert"));
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
}
