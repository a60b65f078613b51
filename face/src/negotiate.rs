//! What the asker wants: a whole page, a fragment of it, or JSON.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::ACCEPT;
use axum::http::request::Parts;

/// Answers that depend on it carry this `Vary`, so that no cache mixes them up.
pub const VARY: &str = "accept, hx-request, hx-request-type";

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    /// A document with its frame.
    Page,
    /// The element that the request's target names, and nothing around it.
    Fragment,
    /// JSON.
    Json,
}

impl Wants {
    /// Reads `HX-Request`, `HX-Request-Type` and `Accept`. htmx asks with `HX-Request: true`, and says `full`
    /// when the answer takes the place of the whole page. Without a preference a page is the answer.
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let is = |name: &str, value: &str| headers.get(name).is_some_and(|own| own == value);
        if is("hx-request", "true") && !is("hx-request-type", "full") {
            return Self::Fragment;
        }
        let accept: Vec<&str> =
            headers.get_all(ACCEPT).iter().filter_map(|line| line.to_str().ok()).collect();
        let accept = accept.join(",");
        let json = weight(&accept, "application", "json").max(weight(&accept, "application", "problem+json"));
        if json > weight(&accept, "text", "html") { Self::Json } else { Self::Page }
    }
}

impl<S: Sync> FromRequestParts<S> for Wants {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::from_headers(&parts.headers))
    }
}

/// How much a media type is wanted, 0 to 1000: the most specific entry counts (RFC 9110, 12.5.1).
fn weight(accept: &str, main: &str, sub: &str) -> u32 {
    let entries = accept.split(',').filter_map(|entry| {
        let mut parts = entry.split(';').map(str::trim);
        let (own_main, own_sub) = parts.next()?.split_once('/')?;
        let rank = match (own_main, own_sub) {
            (m, s) if m.eq_ignore_ascii_case(main) && s.eq_ignore_ascii_case(sub) => 3,
            (m, "*") if m.eq_ignore_ascii_case(main) => 2,
            ("*", "*") => 1,
            _ => return None,
        };
        let quality = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
        Some((rank, quality.map_or(1000, thousandths)))
    });
    entries.max().map_or(0, |(_, quality)| quality)
}

/// `0.8` as 800; what cannot be read is not wanted.
fn thousandths(quality: &str) -> u32 {
    let (whole, part) = quality.split_once('.').unwrap_or((quality, ""));
    let digits: String = part.chars().chain("000".chars()).take(3).collect();
    match (whole, digits.parse::<u32>()) {
        ("0", Ok(part)) => part,
        ("1", Ok(_)) => 1000,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wants(headers: &[(&'static str, &str)]) -> Wants {
        let map = headers
            .iter()
            .map(|(name, value)| (axum::http::HeaderName::from_static(name), value.parse().unwrap()));
        Wants::from_headers(&map.collect())
    }

    #[test]
    fn browsers_get_pages_and_programs_what_they_ask_for() {
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
        assert_eq!(wants(&[("accept", browser)]), Wants::Page);
        assert_eq!(wants(&[("accept", "*/*")]), Wants::Page);
        assert_eq!(wants(&[]), Wants::Page);
        assert_eq!(wants(&[("accept", "application/json")]), Wants::Json);
        assert_eq!(wants(&[("accept", "application/problem+json")]), Wants::Json);
        assert_eq!(wants(&[("accept", "application/json;q=0.5, text/html;q=0.4")]), Wants::Json);
        assert_eq!(wants(&[("accept", "application/json;q=0, text/html;q=0.4")]), Wants::Page);
        assert_eq!(wants(&[("accept", "application/*, text/html;q=0.9")]), Wants::Json);
        assert_eq!(wants(&[("accept", "application/json;q=x")]), Wants::Page);
    }

    #[test]
    fn htmx_gets_fragments_unless_it_takes_the_whole_page() {
        assert_eq!(wants(&[("hx-request", "true"), ("accept", "text/html")]), Wants::Fragment);
        assert_eq!(wants(&[("hx-request", "true"), ("hx-request-type", "partial")]), Wants::Fragment);
        assert_eq!(wants(&[("hx-request", "true"), ("hx-request-type", "full")]), Wants::Page);
    }
}
