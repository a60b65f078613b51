//! What somebody may do: permission words, granted at a scope.

use std::collections::BTreeMap;

use crate::id::TeamId;

/// One permission word, `room.noun.verb`, with what it lets a person do.
#[derive(Debug)]
pub struct Right {
    pub word: &'static str,
    /// For the settings page: "Assign requests".
    pub about: &'static str,
}

impl Right {
    /// A permission word of a room.
    pub const fn new(word: &'static str, about: &'static str) -> Self {
        Self { word, about }
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
#[derive(Clone, Debug, Default)]
pub struct Rights(BTreeMap<String, Scopes>);

impl Rights {
    /// Adds a word at a scope (`None`: the whole organisation).
    pub fn grant(&mut self, word: &str, team: Option<TeamId>) {
        let held = self.0.entry(word.to_owned()).or_insert_with(|| Scopes::Teams(Vec::new()));
        match (team, &mut *held) {
            (None, _) => *held = Scopes::All,
            (Some(_), Scopes::All) => {}
            (Some(team), Scopes::Teams(teams)) => teams.push(team),
        }
    }

    /// Only those words that `keep` names too: what a token may do of what its person may do.
    #[must_use]
    pub fn narrowed(mut self, keep: &[String]) -> Self {
        self.0.retain(|word, _| keep.iter().any(|kept| kept == word));
        self
    }

    /// Whether this right is held there.
    pub fn has(&self, right: &Right, scope: Scope) -> bool {
        match (self.0.get(right.word), scope) {
            (Some(Scopes::All), _) => true,
            (Some(Scopes::Teams(teams)), Scope::Team(Some(team))) => teams.contains(&team),
            _ => false,
        }
    }

    /// Where this right is held.
    pub fn scopes(&self, right: &Right) -> Scopes {
        self.0.get(right.word).cloned().unwrap_or(Scopes::Teams(Vec::new()))
    }

    /// The words that are held somewhere.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}
