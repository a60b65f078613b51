//! Words about what has just been done, with the way back. A toast travels over the redirect after a form in a
//! cookie of one minute, so that it needs neither script nor server memory.

use axum::http::HeaderMap;
use axum::http::HeaderValue;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use maud::{Markup, html};
use serde::{Deserialize, Serialize};

use super::act::key_cap;
use crate::theme::{cookie, local_path};

const NAME: &str = "done";
/// A cookie must stay small; longer words are cut when they are kept.
const MOST_CHARS: usize = 300;

/// What was done, and how to take it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Toast {
    /// `Access of 3 accounts removed`
    pub words: String,
    /// Where a post takes it back.
    pub undo: Option<String>,
}

impl Toast {
    /// Words only.
    pub fn new(words: impl Into<String>) -> Self {
        Self { words: words.into(), undo: None }
    }

    /// With the address whose POST takes the act back.
    #[must_use]
    pub fn undo(mut self, to: impl Into<String>) -> Self {
        self.undo = Some(to.into());
        self
    }

    /// The `Set-Cookie` value that shows the toast on the next page.
    pub fn keep(&self) -> HeaderValue {
        let words = self.words.chars().take(MOST_CHARS).collect();
        let small = Self { words, undo: self.undo.clone() };
        let json = serde_json::to_vec(&small).expect("two strings are always JSON");
        let value =
            format!("{NAME}={}; Path=/; Max-Age=60; SameSite=Lax; HttpOnly", URL_SAFE_NO_PAD.encode(json));
        HeaderValue::from_str(&value).expect("base64 is plain ASCII")
    }

    /// The toast the last answer left. Send [`Toast::forget`] with the page that shows it.
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let json = URL_SAFE_NO_PAD.decode(cookie(headers, NAME)?).ok()?;
        let mut toast: Self = serde_json::from_slice(&json).ok()?;
        // The cookie is the reader's own, yet nothing in it may lead to another site.
        toast.undo = toast.undo.filter(|to| to != "/" && local_path(to) == to);
        Some(toast)
    }

    /// The `Set-Cookie` value that ends a toast.
    pub fn forget() -> HeaderValue {
        HeaderValue::from_static("done=; Path=/; Max-Age=0; SameSite=Lax; HttpOnly")
    }
}

/// A toast as it floats at the foot of the page.
pub fn toast(toast: &Toast) -> Markup {
    html! {
        div.toast {
            span { (toast.words) }
            @if let Some(undo) = &toast.undo {
                form method="post" action=(undo) { button data-key="z" { "Undo" (key_cap("z")) } }
            }
            button type="button" data-close="toast" aria-label="Close" hidden { "×" }
        }
    }
}

/// A toast as part of a fragment's answer: it joins those on screen.
pub fn toast_fragment(words: &Toast) -> Markup {
    html! { hx-partial hx-target="#toasts" hx-swap="beforeend" { (toast(words)) } }
}

#[cfg(test)]
mod tests {
    use axum::http::header::COOKIE;

    use super::*;

    fn carried(toast: &Toast) -> Option<Toast> {
        let kept = toast.keep();
        let pair = kept.to_str().unwrap().split(';').next().unwrap().to_owned();
        Toast::from_headers(&HeaderMap::from_iter([(COOKIE, pair.parse().unwrap())]))
    }

    #[test]
    fn a_toast_survives_the_redirect() {
        let toast = Toast::new("Access of 3 accounts removed, „Ümlaut“; really").undo("/access/undo/7");
        assert_eq!(carried(&toast), Some(toast));
        assert_eq!(carried(&Toast::new("x".repeat(9_000))).unwrap().words.len(), MOST_CHARS);
    }

    #[test]
    fn a_toast_never_leads_elsewhere() {
        assert_eq!(carried(&Toast::new("x").undo("//evil.example")).unwrap().undo, None);
        assert_eq!(carried(&Toast::new("x").undo("https://evil.example")).unwrap().undo, None);
        let junk = HeaderMap::from_iter([(COOKIE, "done=%%%".parse().unwrap())]);
        assert_eq!(Toast::from_headers(&junk), None);
    }
}
