//! Who asks, for which organisation, and with what at hand: the first argument of every use case.

use std::sync::Arc;

use crate::access::{Right, Rights, Scope, Scopes};
use crate::events::Hears;
use crate::id::{Ids, OrgId, PersonId, TokenId};
use crate::secrets::Keys;
use crate::{Clock, Fault};

/// The circumstances of one call. Cheap to clone into closures.
#[derive(Clone)]
pub struct Cx {
    pub org: OrgId,
    pub who: Who,
    pub rights: Arc<Rights>,
    pub clock: Clock,
    pub ids: Ids,
    pub hears: Arc<Hears>,
    /// Opens what is sealed.
    pub keys: Keys,
}

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// Nobody has signed in.
    Nobody,
    Person {
        id: PersonId,
        name: String,
    },
    /// A program with a person's token.
    Token {
        id: TokenId,
        person: PersonId,
        name: String,
    },
    /// An agent, by the asset it runs on.
    Agent {
        asset_id: i64,
    },
    /// The house itself: a clock, a rule, a start.
    House(&'static str),
}

impl Who {
    /// How events name the actor: `person:per_…`, `agent:…`, `house:sealer`.
    pub fn word(&self) -> String {
        match self {
            Self::Nobody => "nobody".to_owned(),
            Self::Person { id, .. } => format!("person:{id}"),
            Self::Token { id, person, .. } => format!("token:{id}:{person}"),
            Self::Agent { asset_id } => format!("agent:{asset_id}"),
            Self::House(part) => format!("house:{part}"),
        }
    }

    /// The person behind this call, if there is one.
    pub fn person(&self) -> Option<PersonId> {
        match self {
            Self::Person { id, .. } | Self::Token { person: id, .. } => Some(*id),
            _ => None,
        }
    }
}

impl Cx {
    /// The present moment, in milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Whether the caller may do this there.
    ///
    /// # Errors
    /// `SignIn` for nobody, `Denied` with the right that is missing.
    pub fn may(&self, right: &'static Right, scope: Scope) -> Result<(), Fault> {
        match &self.who {
            Who::House(_) => Ok(()),
            Who::Nobody => Err(Fault::SignIn),
            _ if self.rights.has(right, scope) => Ok(()),
            _ => Err(Fault::Denied { right: right.word }),
        }
    }

    /// Where the caller has this right; a list puts it into its SQL.
    pub fn scopes(&self, right: &'static Right) -> Scopes {
        match &self.who {
            Who::House(_) => Scopes::All,
            Who::Nobody => Scopes::Teams(Vec::new()),
            _ => self.rights.scopes(right),
        }
    }

    /// The same call made by the house, for what follows from it.
    #[must_use]
    pub fn as_house(&self, part: &'static str) -> Self {
        Self { who: Who::House(part), ..self.clone() }
    }
}
