//! Faults as machines read them: `application/problem+json` (RFC 9457).

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

/// Where our documentation explains the codes.
const EXPLAINED_AT: &str = "/docs/problems#";

/// A fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Where it is explained.
    #[serde(rename = "type")]
    pub kind: String,
    /// What sort of fault it is; the same words for the same code.
    pub title: String,
    /// The status of the answer.
    pub status: u16,
    /// What happened this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// For programs: stable, `snake_case`.
    pub code: String,
    /// What is wrong with which field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldFault>,
    /// What to name when asking for help.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    #[serde(skip)]
    retry_after_s: Option<u32>,
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
    pub fn new(status: StatusCode, code: impl Into<String>, title: impl Into<String>) -> Self {
        let code = code.into();
        Self {
            kind: format!("{EXPLAINED_AT}{code}"),
            title: title.into(),
            status: status.as_u16(),
            detail: None,
            code,
            errors: Vec::new(),
            request_id: None,
            retry_after_s: None,
        }
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
    pub fn request_id(mut self, id: impl Into<String>) -> Self {
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

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).expect("a problem holds only strings and numbers");
        let mut response = (status, body).into_response();
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
        let json = serde_json::to_string(&problem).unwrap();
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
