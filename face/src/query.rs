//! The parameters of an address, read into a type; what cannot be read is named.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;

use crate::negotiate::Wants;
use crate::problem::Problem;
use crate::ui::{FaultPage, fault_page};

/// The parameters as `T`. Repeated ones fill a list; `#[serde(deny_unknown_fields)]` refuses strangers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Query<T>(pub T);

/// Parameters that could not be read: which one and why, as the asker reads it.
#[derive(Debug)]
pub struct Unreadable {
    /// Which and why.
    pub problem: Problem,
    wants: Wants,
}

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Unreadable;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Unreadable> {
        let query = parts.uri.query().unwrap_or("");
        let is_api = parts.uri.path().starts_with("/api/");
        let wants = || if is_api { Wants::Json } else { Wants::from_headers(&parts.headers) };
        read(query).map(Self).map_err(|problem| Unreadable { problem, wants: wants() })
    }
}

/// Reads the part of an address after the `?`.
pub fn read<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let pairs = form_urlencoded::parse(query.as_bytes());
    serde_path_to_error::deserialize(serde_html_form::Deserializer::new(pairs)).map_err(|fault| {
        let path = fault.path().to_string();
        let words = fault.inner().to_string();
        Problem::bad_parameter(named(&path, &words), words)
    })
}

/// A missing or unknown field is named in the words alone.
fn named(path: &str, words: &str) -> String {
    let is_path = !path.is_empty() && path != ".";
    let quoted = || words.split('`').nth(1).map(str::to_owned);
    if is_path { path.to_owned() } else { quoted().unwrap_or_default() }
}

impl IntoResponse for Unreadable {
    fn into_response(self) -> Response {
        if self.wants == Wants::Json {
            return self.problem.into_response();
        }
        let mut page = FaultPage::of_status(self.problem.status.as_u16());
        if let Some(error) = self.problem.errors.first() {
            page.words = format!(
                "The parameter “{}” cannot be read: {}. Nothing was changed.",
                error.field, error.detail
            );
        }
        (self.problem.status, fault_page(&page, None)).into_response()
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Wanted {
        limit: u32,
        #[serde(default)]
        tag: Vec<String>,
        open: Option<bool>,
    }

    fn wrong(query: &str) -> String {
        let problem = read::<Wanted>(query).unwrap_err();
        assert_eq!(problem.status, axum::http::StatusCode::BAD_REQUEST);
        problem.errors[0].field.clone()
    }

    #[test]
    fn the_wrong_parameter_is_named() {
        assert_eq!(wrong("limit=many"), "limit");
        assert_eq!(wrong("limit=-1"), "limit");
        assert_eq!(wrong("limit=1&open=perhaps"), "open");
        assert_eq!(wrong("tag=a"), "limit");
        assert_eq!(wrong("limit=1&colour=red"), "colour");
        assert_eq!(wrong("limit=1&limit=2"), "limit");
    }

    #[test]
    fn repeated_parameters_fill_a_list() {
        let read = |query| read::<Wanted>(query).unwrap();
        assert_eq!(read("limit=5&tag=a%20b&tag=c").tag, ["a b", "c"]);
        assert_eq!(read("limit=5"), Wanted { limit: 5, tag: vec![], open: None });
    }
}
