//! What somebody may do: permission words, granted at a scope.
//!
//! A role is a named set of words; it is granted to a person or a team, for the whole organisation or for what one
//! team owns. Three roles come with every organisation: `owner` may do everything, now and in later builds; `operator`
//! everything but what is kept for owners; `viewer` may look. Nobody can give away what they do not hold.

mod grants;
mod roles;
mod store;
mod teams;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use grants::{Grant, Grantee, grant, grants, holders, keep_an_owner, revoke, rights_of, within};
pub use roles::{BuiltIn, Role, built_in, change_role, make_role, remove_role, role, roles};
pub use teams::{
    Team, add_member, make_team, members, remove_member, remove_team, rename_team, team, teams, teams_of,
};

use crate::id::TeamId;

/// Roles, grants and teams.
pub static MANAGE_ACCESS: Right =
    Right::for_owners("kernel.access.manage", "Give and take roles, manage teams");
/// People and their ways in.
pub static MANAGE_PEOPLE: Right =
    Right::for_owners("kernel.people.manage", "Add and disable people, help them to sign in");
/// Who is here.
pub static VIEW_PEOPLE: Right = Right::new("kernel.people.view", "See people, teams and roles");
/// What the organisation has set, mail included.
pub static MANAGE_SETTINGS: Right = Right::for_owners("kernel.settings.manage", "Change settings");
/// Everything that happened.
pub static VIEW_AUDIT: Right = Right::new("kernel.audit.view", "See everything that happened");
/// Webhooks and push topics.
pub static MANAGE_CHANNELS: Right =
    Right::for_owners("kernel.channels.manage", "Set up webhooks and push topics, send notices again");
/// A token for a program of one's own.
pub static MAKE_TOKENS: Right = Right::new("kernel.token.make", "Make API tokens for oneself");
/// Background work that was given up.
pub static MANAGE_JOBS: Right = Right::new("kernel.job.manage", "Try again what was given up");

/// The words of the ground floor.
pub static RIGHTS: &[&Right] = &[
    &MANAGE_ACCESS,
    &MANAGE_PEOPLE,
    &VIEW_PEOPLE,
    &MANAGE_SETTINGS,
    &VIEW_AUDIT,
    &MANAGE_CHANNELS,
    &MAKE_TOKENS,
    &MANAGE_JOBS,
];

/// One permission word, `room.noun.verb`, with what it lets a person do.
#[derive(Debug)]
pub struct Right {
    pub word: &'static str,
    /// For the settings page: "Assign requests".
    pub about: &'static str,
    /// Kept out of the built-in role of operators.
    pub is_for_owners: bool,
}

impl Right {
    /// A permission word of a room.
    pub const fn new(word: &'static str, about: &'static str) -> Self {
        Self { word, about, is_for_owners: false }
    }

    /// A permission word that the built-in operator does not have.
    pub const fn for_owners(word: &'static str, about: &'static str) -> Self {
        Self { word, about, is_for_owners: true }
    }

    /// Whether it only lets people look: its verb is `view`. The built-in viewer has all of these.
    pub fn is_view(&self) -> bool {
        self.word.rsplit('.').next() == Some("view")
    }
}

/// Where something lies: in the organisation as a whole, or with the team that owns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Org,
    Team(Option<TeamId>),
}

/// Where somebody has a right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scopes {
    All,
    Teams(Vec<TeamId>),
}

impl Scopes {
    /// For `($n = 1 OR team_id IN {list $m})`: whether all is seen, and the teams as a JSON array.
    pub fn parameters(&self) -> (bool, String) {
        match self {
            Self::All => (true, "[]".to_owned()),
            Self::Teams(teams) => {
                let numbers: Vec<String> = teams.iter().map(|team| team.0.to_string()).collect();
                (false, format!("[{}]", numbers.join(",")))
            }
        }
    }
}

/// Everything one caller may do, loaded once per call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// An owner's: every word there is.
    is_everything: bool,
    words: BTreeMap<String, Scopes>,
}

impl Rights {
    /// An owner's rights: every word, everywhere.
    pub fn everything() -> Self {
        Self { is_everything: true, words: BTreeMap::new() }
    }

    /// Adds a word at a scope (`None`: the whole organisation).
    pub fn grant(&mut self, word: &str, team: Option<TeamId>) {
        let held = self.words.entry(word.to_owned()).or_insert_with(|| Scopes::Teams(Vec::new()));
        match (team, &mut *held) {
            (None, _) => *held = Scopes::All,
            (Some(team), Scopes::Teams(teams)) if !teams.contains(&team) => teams.push(team),
            (Some(_), _) => {}
        }
    }

    /// Only those words that `keep` names too: what a token may do of what its person may do.
    #[must_use]
    pub fn narrowed(mut self, keep: &[String]) -> Self {
        if self.is_everything {
            let words = keep.iter().map(|word| (word.clone(), Scopes::All)).collect();
            return Self { is_everything: false, words };
        }
        self.words.retain(|word, _| keep.iter().any(|kept| kept == word));
        self
    }

    /// Whether this right is held there.
    pub fn has(&self, right: &Right, scope: Scope) -> bool {
        self.has_word(right.word, scope)
    }

    /// Whether this word is held there.
    pub fn has_word(&self, word: &str, scope: Scope) -> bool {
        match (self.words.get(word), scope) {
            _ if self.is_everything => true,
            (Some(Scopes::All), _) => true,
            (Some(Scopes::Teams(teams)), Scope::Team(Some(team))) => teams.contains(&team),
            _ => false,
        }
    }

    /// Where this right is held.
    pub fn scopes(&self, right: &Right) -> Scopes {
        if self.is_everything {
            return Scopes::All;
        }
        self.words.get(right.word).cloned().unwrap_or(Scopes::Teams(Vec::new()))
    }

    /// Whether every word is held, everywhere.
    pub fn is_everything(&self) -> bool {
        self.is_everything
    }

    /// The words that are held somewhere; ask [`Rights::is_everything`] first.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.words.keys().map(String::as_str)
    }

    /// Whether all of `other` is held here too.
    pub fn covers(&self, other: &Self) -> bool {
        let covers_word = |(word, scopes): (&String, &Scopes)| match scopes {
            Scopes::All => self.has_word(word, Scope::Org),
            Scopes::Teams(teams) => teams.iter().all(|team| self.has_word(word, Scope::Team(Some(*team)))),
        };
        self.is_everything || !other.is_everything && other.words.iter().all(covers_word)
    }
}

/// Words as a column holds them: separated by spaces.
pub(crate) fn split(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}
