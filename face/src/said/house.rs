//! What happened, and people.

use mainstay_kernel::events::Event;
use mainstay_kernel::id::{self, PersonId};
use mainstay_kernel::people;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::Moment;

/// What something happened to.
#[derive(Serialize, ToSchema)]
pub struct Subject {
    pub kind: String,
    pub id: String,
}

/// Something that happened.
#[derive(Serialize, ToSchema)]
pub struct Happened {
    #[schema(value_type = String)]
    pub id: id::EventId,
    pub at: Moment,
    /// `person:per_…`, `token:…`, `agent:…` or `house:…`.
    pub actor: String,
    /// `finding.opened`, `plan.approved` …
    pub verb: String,
    pub subject: Subject,
    #[schema(value_type = Object)]
    pub body: Value,
}

impl From<Event> for Happened {
    fn from(e: Event) -> Self {
        let prefix = match &*e.subject.kind {
            "asset" => "ast",
            "agent" => "agt",
            "finding" => "fnd",
            "work" => "wrk",
            "plan" => "pln",
            "run" => "run",
            "evidence" => "evd",
            "person" => "per",
            "team" => "tem",
            "role" => "rol",
            "session" => "ses",
            "token" => "tok",
            "channel" => "chn",
            "notice" => "ntc",
            _ => "",
        };
        let id = if prefix.is_empty() { e.subject.id.to_string() } else { id::spell(prefix, e.subject.id) };
        Self {
            id: e.id,
            at: Moment(e.at_ms),
            actor: e.actor,
            verb: e.verb,
            subject: Subject { kind: e.subject.kind.into_owned(), id },
            body: e.body,
        }
    }
}

/// Somebody of the organisation.
#[derive(Serialize, ToSchema)]
pub struct Person {
    #[schema(value_type = String)]
    pub id: PersonId,
    pub name: String,
    pub email: String,
    /// `staff` or `requester`.
    #[schema(value_type = String)]
    pub kind: people::Kind,
    pub is_active: bool,
    pub created_at: Moment,
    pub revision: i64,
}

impl From<people::Person> for Person {
    fn from(p: people::Person) -> Self {
        Self {
            id: p.id,
            name: p.name,
            email: p.email,
            kind: p.kind,
            is_active: p.is_active,
            created_at: Moment(p.created_ms),
            revision: p.revision,
        }
    }
}
