//! What happened, people, and who may do what.

use mainstay_kernel::events::Event;
use mainstay_kernel::id::{self, GrantId, PersonId, RoleId, TeamId};
use mainstay_kernel::{access, people};
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

/// A team and who is in it.
#[derive(Serialize, ToSchema)]
pub struct Team {
    #[schema(value_type = String)]
    pub id: TeamId,
    pub name: String,
    #[schema(value_type = Vec<String>)]
    pub members: Vec<PersonId>,
    pub revision: i64,
}

impl Team {
    /// The team with its members.
    pub fn of(team: access::Team, members: Vec<PersonId>) -> Self {
        Self { id: team.id, name: team.name, members, revision: team.revision }
    }
}

/// A named set of rights.
#[derive(Serialize, ToSchema)]
pub struct Role {
    #[schema(value_type = String)]
    pub id: RoleId,
    pub name: String,
    /// `owner`, `operator` or `viewer`: comes with the house and cannot be changed. `null` for one of your own.
    #[schema(required = true)]
    pub built_in: Option<&'static str>,
    /// Empty for the owner, who has every right.
    pub rights: Vec<String>,
    pub revision: i64,
}

impl From<access::Role> for Role {
    fn from(r: access::Role) -> Self {
        let built_in = r.built_in.map(access::BuiltIn::word);
        Self { id: r.id, name: r.name, built_in, rights: r.words, revision: r.revision }
    }
}

/// A role given to a person or to everybody in a team.
#[derive(Serialize, ToSchema)]
pub struct Grant {
    #[schema(value_type = String)]
    pub id: GrantId,
    #[schema(value_type = String)]
    pub role: RoleId,
    /// One of `person` and `team`; the other is `null`.
    #[schema(value_type = Option<String>, required = true)]
    pub person: Option<PersonId>,
    #[schema(value_type = Option<String>, required = true)]
    pub team: Option<TeamId>,
    /// The team for whose things it holds; `null` for everything.
    #[schema(value_type = Option<String>, required = true)]
    pub scope: Option<TeamId>,
}

impl From<access::Grant> for Grant {
    fn from(g: access::Grant) -> Self {
        let (person, team) = match g.to {
            access::Grantee::Person(person) => (Some(person), None),
            access::Grantee::Team(team) => (None, Some(team)),
        };
        Self { id: g.id, role: g.role, person, team, scope: g.scope }
    }
}
