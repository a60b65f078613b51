//! The style sheet, scripts, icons and font, embedded at build time and served to be kept for ever: a name holds
//! the hash of its content, so a changed file is a new address.

use axum::Router;
use axum::body::Body;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use axum::routing::get;

use crate::etag;

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// One embedded file.
#[derive(Debug)]
pub struct Asset {
    /// The address it is served under, hash included.
    pub path: &'static str,
    /// Its `Content-Type`.
    pub media: &'static str,
    /// A strong entity tag, quotes included.
    pub etag: &'static str,
    /// The file as it is.
    pub plain: &'static [u8],
    /// Compressed with Brotli, where that makes it smaller.
    pub brotli: Option<&'static [u8]>,
    /// Compressed with gzip, where that makes it smaller.
    pub gzip: Option<&'static [u8]>,
}

/// Routes for every embedded file; merge them into the application's router.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    ALL.iter().fold(Router::new(), |router, asset| {
        router.route(asset.path, get(move |headers: HeaderMap| async move { answer(asset, &headers) }))
    })
}

fn answer(asset: &'static Asset, headers: &HeaderMap) -> Response<Body> {
    let (encoding, body) = choose(asset, headers.get(ACCEPT_ENCODING));
    let mut response = Response::new(Body::empty());
    let own = response.headers_mut();
    own.insert(ETAG, HeaderValue::from_static(asset.etag));
    own.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    own.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if headers.get(IF_NONE_MATCH).is_some_and(|tags| etag::matches_weakly(tags, asset.etag)) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    own.insert(CONTENT_TYPE, HeaderValue::from_static(asset.media));
    if let Some(encoding) = encoding {
        own.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    *response.body_mut() = Body::from(body);
    response
}

/// Brotli before gzip before the plain file, as far as the reader takes it (RFC 9110, 12.5.3).
fn choose(asset: &Asset, accepted: Option<&HeaderValue>) -> (Option<&'static str>, &'static [u8]) {
    let accepted = accepted.and_then(|value| value.to_str().ok()).unwrap_or("");
    if let Some(body) = asset.brotli.filter(|_| accepts(accepted, "br")) {
        return (Some("br"), body);
    }
    if let Some(body) = asset.gzip.filter(|_| accepts(accepted, "gzip")) {
        return (Some("gzip"), body);
    }
    (None, asset.plain)
}

/// Whether a list like `gzip;q=0.5, br` takes a coding: a weight of nought is a no, and a coding's own entry
/// counts before `*`.
pub(crate) fn accepts(list: &str, coding: &str) -> bool {
    let weight = |name: &str| {
        list.split(',').find_map(|entry| {
            let mut parts = entry.split(';').map(str::trim);
            let same = parts.next()?.eq_ignore_ascii_case(name);
            let quality = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
            same.then(|| quality.map_or(1.0, |q| q.trim().parse::<f32>().unwrap_or(0.0)))
        })
    };
    weight(coding).or_else(|| weight("*")).is_some_and(|quality| quality > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_of_nought_is_a_no() {
        assert!(accepts("gzip, deflate, br", "br"));
        assert!(accepts("GZIP;q=0.2", "gzip"));
        assert!(accepts("*", "br"));
        assert!(!accepts("*;q=0", "br"));
        assert!(!accepts("*, br;q=0", "br"));
        assert!(!accepts("identity", "br"));
        assert!(!accepts("", "gzip"));
    }

    /// The budget of the whole house: scripts under 40 kB and styles under 20 kB, compressed.
    #[test]
    fn pages_stay_light() {
        let packed = |asset: &Asset| asset.gzip.map_or(asset.plain.len(), <[u8]>::len);
        let script = packed(&HTMX) + packed(&APP);
        assert!(script < 40_000, "scripts are {script} bytes with gzip");
        assert!(packed(&CSS) < 20_000, "styles are {} bytes with gzip", packed(&CSS));
        assert!(FONT.plain.len() < 110_000, "the font is {} bytes", FONT.plain.len());
    }

    #[test]
    fn nothing_embedded_asks_for_another_place() {
        for asset in [&CSS, &APP, &HTMX] {
            let text = std::str::from_utf8(asset.plain).unwrap();
            assert!(!text.contains("sourceMappingURL"), "{}", asset.path);
            assert!(!text.contains("url(http") && !text.contains("@import"), "{}", asset.path);
        }
    }
}
