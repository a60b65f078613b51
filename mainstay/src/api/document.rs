//! The API written down: OpenAPI 3.1. A frozen copy is `docs/openapi.json`; a test holds both together.

use std::sync::OnceLock;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use mainstay_face::Door;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Content, OpenApi as Document, Ref, ResponseBuilder};
use utoipa::{Modify, OpenApi, ToSchema};

use crate::house::ROOMS;

use super::{asset, audit, finding, people, plan, role, team, work};

pub(super) fn routes() -> Router<Door> {
    Router::new().route("/api/v1/openapi.json", get(shown))
}

async fn shown() -> Response {
    static TEXT: OnceLock<String> = OnceLock::new();
    ([(CONTENT_TYPE, "application/json")], TEXT.get_or_init(text).as_str()).into_response()
}

/// The document as it is frozen in `docs/openapi.json`.
pub fn text() -> String {
    let mut document = ROOMS.iter().fold(Api::openapi(), |all, room| all.merge_from((room.document)()));
    Everywhere.modify(&mut document);
    let mut text = document.to_pretty_json().expect("the document holds only strings, numbers and lists");
    text.push('\n');
    text
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Mainstay",
        version = "1",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
        contact(),
        description = "Ids are typed strings, moments are RFC 3339 in UTC. Lists go on with `after`. Unknown fields are refused in requests; \
ignore unknown fields in answers: new ones may come. Faults are problem documents (RFC 9457), explained at /docs/problems. \
Send Idempotency-Key with every POST; a repeat gets the first answer. The agents' protocol is not part of this document."
    ),
    paths(
        asset::list,
        asset::one,
        asset::edit,
        asset::facts,
        asset::section,
        finding::list,
        finding::one,
        finding::accept,
        finding::withdraw,
        work::list,
        work::one,
        work::create,
        work::edit,
        work::note,
        plan::list,
        plan::one,
        plan::cancel,
        plan::runs,
        plan::one_run,
        plan::output,
        audit::list,
        people::list,
        people::add,
        people::one,
        people::change,
        people::disable,
        people::enable,
        team::list,
        team::one,
        team::make,
        team::rename,
        team::add_member,
        team::remove_member,
        team::remove,
        role::list,
        role::one,
        role::make,
        role::change,
        role::remove,
        role::grants,
        role::give,
        role::revoke,
    ),
    components(schemas(Problem, FieldFault))
)]
struct Api;

/// A fault (RFC 9457).
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its shape is told; mainstay_face::Problem writes it")]
struct Problem {
    /// Where the code is explained.
    r#type: String,
    title: String,
    status: u16,
    #[schema(required = false)]
    detail: Option<String>,
    /// For programs; stable.
    code: String,
    #[schema(required = false)]
    errors: Option<Vec<FieldFault>>,
    /// What to name when asking for help.
    #[schema(required = false)]
    request_id: Option<String>,
}

/// What is wrong with a field.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its shape is told; mainstay_face::problem::FieldFault writes it")]
struct FieldFault {
    field: String,
    code: String,
    detail: String,
}

/// What holds for every operation: who may ask, how faults look, and a name of its own.
struct Everywhere;

impl Modify for Everywhere {
    fn modify(&self, document: &mut Document) {
        if let Some(components) = document.components.as_mut() {
            let bearer = HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .description(Some("An API token: mst_…"))
                .build();
            components.add_security_scheme("token", SecurityScheme::Http(bearer));
            components.add_security_scheme(
                "session",
                SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new("ms"))),
            );
        }
        for (path, item) in &mut document.paths.paths {
            let operations = [("get", &mut item.get), ("post", &mut item.post), ("patch", &mut item.patch)];
            for (method, operation) in operations {
                if let Some(operation) = operation {
                    complete(operation, method, path);
                }
            }
        }
    }
}

fn complete(operation: &mut Operation, method: &str, path: &str) {
    let fault = Content::new(Some(Ref::from_schema_name("Problem")));
    let fault =
        ResponseBuilder::new().description("A fault").content("application/problem+json", fault).build();
    operation.responses.responses.insert("default".to_owned(), fault.into());
    operation.security = Some(vec![
        SecurityRequirement::new("token", Vec::<String>::new()),
        SecurityRequirement::new("session", Vec::<String>::new()),
    ]);
    let noun: String = path
        .trim_start_matches("/api/v1/")
        .chars()
        .filter_map(|c| match c {
            '/' => Some('_'),
            '{' | '}' => None,
            c => Some(c),
        })
        .collect();
    operation.operation_id = Some(format!("{method}_{noun}"));
    operation.tags = path.split('/').nth(3).map(|room| vec![room.to_owned()]);
}
