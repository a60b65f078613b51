//! What a program hands in: JSON bodies, conditions on revisions; and how one thing is handed out.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::{CONTENT_TYPE, ETAG};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use mainstay_kernel::Fault;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use crate::etag::{self, Expected};
use crate::{Cursor, Problem};

/// A body as its type.
///
/// # Errors
/// `Invalid` on the field that is missing or unknown, or on `body` with the place where it stops making sense.
pub fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Fault> {
    serde_json::from_slice(body).map_err(|error| {
        let words = error.to_string();
        let is_named = words.starts_with("unknown field") || words.starts_with("missing field");
        let field = words.split('`').nth(1).filter(|_| is_named).unwrap_or("body").to_owned();
        Fault::invalid(field, "malformed", format!("this is not the JSON that is expected here: {words}"))
    })
}

/// A JSON body, with its bytes for the key that makes repeats harmless.
pub struct Given<T> {
    pub value: T,
    pub bytes: Bytes,
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Given<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let kind = request
            .headers()
            .get(CONTENT_TYPE)
            .map(|value| value.to_str().unwrap_or_default().to_ascii_lowercase());
        // A form of a browser can send text without asking; JSON it cannot.
        if kind.is_some_and(|kind| {
            !kind.starts_with("application/json") && !kind.starts_with("application/merge-patch+json")
        }) {
            let problem =
                Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "This takes JSON");
            return Err(problem.detail("send it with Content-Type: application/json").into_response());
        }
        let bytes = Bytes::from_request(request, state).await.map_err(IntoResponse::into_response)?;
        let value = read(&bytes).map_err(|fault| crate::Refusal(fault).into_response())?;
        Ok(Self { value, bytes })
    }
}

/// One thing with its revision as tag; 304 when the reader has it already.
pub fn tagged(headers: &HeaderMap, revision: i64, value: &impl Serialize) -> Response {
    let tag = etag::of_revision(revision);
    if etag::is_unchanged(headers, &tag) {
        return (StatusCode::NOT_MODIFIED, [(ETAG, tag)]).into_response();
    }
    ([(ETAG, tag)], Json(value)).into_response()
}

/// A change goes ahead only on what the caller read; answers the revision the change is made on.
pub fn still(expected: &Expected, revision: i64) -> Result<i64, Fault> {
    if expected.allows(revision) { Ok(revision) } else { Err(Fault::Stale) }
}

/// Texts that several people write are changed only by who says which revision was read.
pub fn if_match_needed() -> Response {
    let problem =
        Problem::new(StatusCode::PRECONDITION_REQUIRED, "if_match_required", "Say which revision you read");
    problem
        .detail(
            "send If-Match with the ETag of the answer you read; then nobody's text is overwritten unseen",
        )
        .into_response()
}

/// The sort key of a cursor; one of another list is refused, not taken for the beginning.
pub fn key<K: DeserializeOwned>(after: Option<&Cursor>) -> Result<Option<K>, Fault> {
    let wrong =
        || Fault::invalid("after", "unreadable", "this cursor is of another list; start again without it");
    after.map(|cursor| cursor.key().ok_or_else(wrong)).transpose()
}

/// A field of a merge patch: absent is left, `null` is emptied.
pub fn some<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// One page of a list.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Hand it back as `after` for what follows; `null` at the end.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// The rows that were read, one more than `limit` at most, as their shape in JSON.
    pub fn of<R, K: Serialize>(
        mut rows: Vec<R>,
        limit: u32,
        key: impl Fn(&R) -> K,
        shape: impl Fn(R) -> T,
    ) -> Self {
        let most = limit as usize;
        let has_more = rows.len() > most;
        rows.truncate(most);
        let next = rows.last().filter(|_| has_more).map(|last| Cursor::of(&key(last)).to_string());
        Self { items: rows.into_iter().map(shape).collect(), next }
    }
}

/// How many rows to show: 50 when nobody says, 200 at most.
pub fn rows(limit: Option<u32>) -> u32 {
    crate::Paging { limit, ..Default::default() }.rows()
}
