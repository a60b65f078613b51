//! Text goes out compressed, unless its length could tell a stranger something.
//!
//! Whoever can make a reader's browser ask for pages with words of their choice, and can see how long the answers are,
//! can guess at what stands beside those words (BREACH). So nothing is compressed that another site asked for, nothing
//! that answers a form, nothing that sets a cookie, and nothing of the pages where people sign in. A stream is never
//! compressed: each of its messages has to arrive at once.

use std::io::Write as _;

use axum::Router;
use axum::body::{Body, HttpBody as _, to_bytes};
use axum::extract::Request;
use axum::http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, SET_COOKIE, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, Response};
use axum::middleware::{Next, from_fn};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::assets::accepts;
use crate::headers::Transport;

/// Smaller than this, a packet is a packet.
const LEAST_BYTES: u64 = 800;
/// A larger answer is not made in memory twice.
const MOST_BYTES: u64 = 8 << 20;
const MEDIA: [&str; 5] =
    ["text/html", "text/plain", "application/json", "application/problem+json", "text/css"];
/// Secrets on these pages are shown once or asked for.
const NEVER: [&str; 3] = ["/sign-in", "/in/", "/me"];

/// Compresses what these routes answer.
pub fn packed<S: Clone + Send + Sync + 'static>(routes: Router<S>, transport: Transport) -> Router<S> {
    routes.layer(from_fn(move |request: Request, next: Next| async move {
        let may = may_pack(&request, transport);
        let answer = next.run(request).await;
        if may { pack(answer).await } else { answer }
    }))
}

fn may_pack(request: &Request, transport: Transport) -> bool {
    let headers = request.headers();
    let accepted = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or("");
    let path = request.uri().path();
    request.method() == Method::GET
        && accepts(accepted, "gzip")
        && !NEVER.iter().any(|page| path.starts_with(page))
        && is_asked_from_here(headers, transport)
}

/// Without TLS there is nothing to guess: whoever sees the length sees the page.
fn is_asked_from_here(headers: &HeaderMap, transport: Transport) -> bool {
    match headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
        Some(site) => site == b"same-origin" || site == b"none",
        None => transport == Transport::Plain || headers.contains_key(AUTHORIZATION),
    }
}

async fn pack(answer: Response<Body>) -> Response<Body> {
    let headers = answer.headers();
    let media = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let is_text = MEDIA.iter().any(|kind| media.split(';').next().is_some_and(|own| own.trim() == *kind));
    // A strong tag stands for these very bytes, and If-Match has to find them.
    let is_bound = [CONTENT_ENCODING, SET_COOKIE, ETAG].iter().any(|name| headers.contains_key(name));
    let size = answer.body().size_hint().exact();
    if !is_text || is_bound || size.is_none_or(|size| !(LEAST_BYTES..=MOST_BYTES).contains(&size)) {
        return answer;
    }
    let (mut head, body) = answer.into_parts();
    let most = usize::try_from(MOST_BYTES).unwrap_or(usize::MAX);
    let plain = match to_bytes(body, most).await {
        Ok(plain) => plain,
        // The size was known, so this does not happen; an empty answer would hide it.
        Err(error) => return Response::from_parts(head, Body::from(error.to_string())),
    };
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 4), Compression::new(5));
    let Ok(smaller) = encoder.write_all(&plain).and_then(|()| encoder.finish()) else {
        return Response::from_parts(head, Body::from(plain));
    };
    head.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    head.headers.append(VARY, HeaderValue::from_static("accept-encoding"));
    head.headers.remove(CONTENT_LENGTH);
    Response::from_parts(head, Body::from(smaller))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use axum::response::{IntoResponse, Sse};
    use axum::routing::{get, post};
    use tower::ServiceExt as _;

    use super::*;

    fn page() -> impl IntoResponse {
        ([(CONTENT_TYPE, "text/html; charset=utf-8")], "<p>the same again</p>".repeat(200))
    }

    fn routes(transport: Transport) -> Router {
        let with_cookie = || async { ([(SET_COOKIE, "toast=; Max-Age=0")], page()) };
        let stream = || async { Sse::new(futures_util::stream::empty::<Result<_, std::io::Error>>()) };
        let routes = Router::new()
            .route("/work", get(|| async { page() }))
            .route("/sign-in", get(|| async { page() }))
            .route("/tokens", post(|| async { page() }))
            .route("/toast", get(with_cookie))
            .route("/small", get(|| async { ([(CONTENT_TYPE, "text/html")], "short") }))
            .route("/live", get(stream));
        packed(routes, transport)
    }

    async fn ask(transport: Transport, method: &str, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
        let mut request = Request::builder().method(method).uri(path).header("accept-encoding", "gzip, br");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        routes(transport).oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    fn is_packed(answer: &Response<Body>) -> bool {
        answer.headers().get(CONTENT_ENCODING).is_some_and(|coding| coding == "gzip")
    }

    #[tokio::test]
    async fn a_page_arrives_small_and_reads_as_it_was() {
        let answer = ask(Transport::Plain, "GET", "/work", &[]).await;
        assert!(is_packed(&answer));
        assert_eq!(answer.headers()[VARY], "accept-encoding");
        let bytes = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        assert!(bytes.len() < 400, "{} bytes", bytes.len());
        let mut text = String::new();
        flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
        assert_eq!(text, "<p>the same again</p>".repeat(200));
    }

    #[tokio::test]
    async fn what_a_stranger_could_measure_is_not_compressed() {
        let by = |site| [("sec-fetch-site", site)];
        assert!(is_packed(&ask(Transport::Tls, "GET", "/work", &by("same-origin")).await));
        assert!(is_packed(&ask(Transport::Tls, "GET", "/work", &[("authorization", "Bearer x")]).await));
        assert!(!is_packed(&ask(Transport::Tls, "GET", "/work", &by("cross-site")).await));
        assert!(!is_packed(&ask(Transport::Plain, "GET", "/work", &by("cross-site")).await));
        assert!(!is_packed(&ask(Transport::Tls, "GET", "/work", &[]).await));
        assert!(!is_packed(&ask(Transport::Plain, "GET", "/sign-in", &[]).await));
        assert!(!is_packed(&ask(Transport::Plain, "POST", "/tokens", &[]).await));
        assert!(!is_packed(&ask(Transport::Plain, "GET", "/toast", &[]).await));
    }

    #[tokio::test]
    async fn a_stream_a_trifle_and_a_reader_without_gzip_get_what_is_there() {
        assert!(!is_packed(&ask(Transport::Plain, "GET", "/live", &[]).await));
        assert!(!is_packed(&ask(Transport::Plain, "GET", "/small", &[]).await));
        let request = Request::get("/work").body(Body::empty()).unwrap();
        assert!(!is_packed(&routes(Transport::Plain).oneshot(request).await.unwrap()));
    }
}
