//! Faults as machines read them: `application/problem+json` (RFC 9457).

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

/// Where our documentation explains the codes: the `type` of a problem.
const EXPLAINED_AT: &str = "/docs/problems#";

/// A fault. Kept small enough to travel in a `Result`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What sort of fault it is; the same words for the same code.
    pub title: &'static str,
    /// The status of the answer.
    pub status: StatusCode,
    /// What happened this time.
    pub detail: Option<String>,
    /// For programs: stable, `snake_case`.
    pub code: &'static str,
    /// What is wrong with which field.
    pub errors: Vec<FieldFault>,
    /// What to name when asking for help.
    pub request_id: Option<Box<str>>,
    /// After how many seconds it is worth trying again.
    pub retry_after_s: Option<u32>,
}

/// As it stands in an answer.
#[derive(Serialize)]
struct Said<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    code: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldFault],
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldFault {
    /// Which: `targets[2].path`.
    pub field: String,
    /// For programs.
    pub code: String,
    /// For people.
    pub detail: String,
}

impl Problem {
    /// A fault with its code and title.
    pub const fn new(status: StatusCode, code: &'static str, title: &'static str) -> Self {
        Self { title, status, detail: None, code, errors: Vec::new(), request_id: None, retry_after_s: None }
    }

    /// 400: a parameter of the address cannot be read.
    pub fn bad_parameter(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_parameter", "A parameter cannot be read").error(
            name,
            "unreadable",
            detail,
        )
    }

    /// 422: fields are wrong; add them with [`Problem::error`].
    pub fn invalid() -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "Some fields are wrong")
    }

    /// What happened this time.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// One more wrong field.
    #[must_use]
    pub fn error(
        mut self,
        field: impl Into<String>,
        code: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        self.errors.push(FieldFault { field: field.into(), code: code.into(), detail: detail.into() });
        self
    }

    /// What to name when asking for help.
    #[must_use]
    pub fn request_id(mut self, id: impl Into<Box<str>>) -> Self {
        self.request_id = Some(id.into());
        self
    }

    /// After how many seconds it is worth trying again (429, 503).
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }
}

impl Problem {
    /// The document: `{"type": …, "title": …, "status": …, …}`.
    pub fn to_json(&self) -> String {
        let said = Said {
            r#type: format!("{EXPLAINED_AT}{}", self.code),
            title: self.title,
            status: self.status.as_u16(),
            detail: self.detail.as_deref(),
            code: self.code,
            errors: &self.errors,
            request_id: self.request_id.as_deref(),
        };
        serde_json::to_string(&said).expect("a problem holds only strings and numbers")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.to_json()).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_the_shape_of_the_standard_and_nothing_empty() {
        let problem = Problem::invalid().error("name", "too_long", "At most 80 characters").retry_after(3);
        let json = problem.to_json();
        assert_eq!(
            json,
            r#"{"type":"/docs/problems#invalid","title":"Some fields are wrong","status":422,"code":"invalid","errors":[{"field":"name","code":"too_long","detail":"At most 80 characters"}]}"#
        );
        let response = problem.into_response();
        assert_eq!(response.status(), 422);
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
        assert_eq!(response.headers()[RETRY_AFTER], "3");
    }
}
