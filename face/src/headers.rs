//! The headers that keep a browser on our side: what a page may load, who may frame it, what leaks to others.

use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::middleware::map_response;
use axum::response::Response;

/// Everything comes from us, nothing is evaluated, nobody frames us, forms stay here.
pub const POLICY: &str =
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

/// Passkeys and copying are ours to use; the rest of the machine is not.
const PERMISSIONS: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), \
     magnetometer=(), microphone=(), midi=(), payment=(), usb=(), clipboard-write=(self), \
     publickey-credentials-create=(self), publickey-credentials-get=(self)";

/// How people reach this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Plain HTTP: loopback, or behind something that ends TLS without saying so.
    Plain,
    /// TLS, here or at a trusted proxy: browsers are told to stay with it for a year.
    Tls,
}

/// Adds the headers to every answer of these routes. What an answer says itself about caching stays.
pub fn secured<S: Clone + Send + Sync + 'static>(routes: Router<S>, transport: Transport) -> Router<S> {
    routes.layer(map_response(move |response: Response| async move { dressed(response, transport) }))
}

fn dressed(mut response: Response, transport: Transport) -> Response {
    const FIXED: [(HeaderName, &str); 8] = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        // Not `no-referrer`: with it browsers send `Origin: null` with our own forms.
        (REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("permissions-policy"), PERMISSIONS),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("x-permitted-cross-domain-policies"), "none"),
    ];
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if transport == Transport::Tls {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    // A page shows what one person may see: it is for no cache unless it says so itself.
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
