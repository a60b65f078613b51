//! Light, dark, or as the reader's system has it: a cookie and a form, no script needed.

use axum::Router;
use axum::extract::Form;
use axum::http::header::{COOKIE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::Deserialize;

/// Which colours a page is drawn in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the reader's system says.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

const NAME: &str = "theme";

impl Theme {
    /// The value of `data-theme` on the page; none follows the system.
    pub const fn forced(self) -> Option<&'static str> {
        match self {
            Self::System => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }

    fn named(name: &str) -> Self {
        match name {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }

    /// Reads the reader's choice from the request.
    pub fn from_headers(headers: &HeaderMap) -> Self {
        cookie(headers, NAME).map(Self::named).unwrap_or_default()
    }
}

/// The value of a cookie.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(';')).find_map(|pair| {
        let (key, value) = pair.trim().split_once('=')?;
        (key == name).then_some(value)
    })
}

/// An address on this server to go back to: a path, never another site. Anything else leads home.
pub fn local_path(path: &str) -> &str {
    let is_local = path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_local { path } else { "/" }
}

#[derive(Deserialize)]
struct Chosen {
    theme: String,
    #[serde(default)]
    back: String,
}

/// `POST /theme` keeps the choice for a year and returns to where it was made.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/theme", post(choose))
}

async fn choose(Form(chosen): Form<Chosen>) -> Response {
    let cookie = match Theme::named(&chosen.theme).forced() {
        Some(theme) => format!("{NAME}={theme}; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly"),
        None => format!("{NAME}=; Path=/; Max-Age=0; SameSite=Lax; HttpOnly"),
    };
    let to = local_path(&chosen.back).to_owned();
    (StatusCode::SEE_OTHER, [(LOCATION, to), (SET_COOKIE, cookie)]).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_stays_on_this_server() {
        for path in ["/assets?after=x", "/"] {
            assert_eq!(local_path(path), path);
        }
        for path in
            ["//evil.example", "https://evil.example", "", "/\\evil.example", "/a\nb", "javascript:x", "/a b"]
        {
            assert_eq!(local_path(path), "/", "{path:?}");
        }
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let headers = HeaderMap::from_iter([(COOKIE, "a=1; theme=dark; xtheme=light".parse().unwrap())]);
        assert_eq!(Theme::from_headers(&headers), Theme::Dark);
        let headers = HeaderMap::from_iter([(COOKIE, "xtheme=light".parse().unwrap())]);
        assert_eq!(Theme::from_headers(&headers), Theme::System);
    }
}
