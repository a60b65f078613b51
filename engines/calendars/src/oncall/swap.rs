//! Swaps: two people exchange time, with the consent of both.

use serde::{Deserialize, Serialize};

use crate::moment::Span;
use crate::oncall::board::Board;
use crate::oncall::schedule::{Override, OverrideKind};

/// `giver` hands `given` to `taker` and, in a true exchange, takes `returned` back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Swap {
    /// On call for all of `given`.
    pub giver: String,
    /// Not on call at any time of `given`.
    pub taker: String,
    /// What changes hands; an empty or reversed span is no swap.
    pub given: Span,
    /// What comes back in exchange.
    #[serde(default)]
    pub returned: Option<Span>,
    /// Who has agreed so far.
    #[serde(default)]
    pub agreed: Vec<String>,
}

/// Why a swap cannot take effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SwapFault {
    /// The giver or the taker has not agreed yet.
    NoConsent(String),
    /// That person is not on call for all of that time.
    NotOnCall(String, Span),
    /// That person is on call already in that time, so would be needed twice.
    AlreadyOnCall(String, Span),
    /// The span is empty or reversed, or giver and taker are the same person.
    Nothing,
}

impl std::fmt::Display for SwapFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoConsent(person) => write!(f, "{person} has not agreed"),
            Self::NotOnCall(person, span) => {
                write!(f, "{person} is not on call all the time from {} to {}", span.start, span.end)
            }
            Self::AlreadyOnCall(person, span) => {
                write!(f, "{person} is on call already between {} and {}", span.start, span.end)
            }
            Self::Nothing => f.write_str("there is nothing to swap"),
        }
    }
}

impl std::error::Error for SwapFault {}

impl Swap {
    /// The overrides that carry the swap out; add them at the end of the schedule's list. `Err` when one has not
    /// agreed, is not on call for all of it, or an empty or reversed span is to change hands.
    pub fn overrides(&self, board: &Board) -> Result<Vec<Override>, SwapFault> {
        if self.giver == self.taker || self.given.is_empty() || self.returned.is_some_and(Span::is_empty) {
            return Err(SwapFault::Nothing);
        }
        if let Some(missing) = [&self.giver, &self.taker].into_iter().find(|name| !self.agreed.contains(name))
        {
            return Err(SwapFault::NoConsent(missing.clone()));
        }
        let mut overrides = vec![hand(board, &self.giver, &self.taker, self.given)?];
        if let Some(returned) = self.returned {
            overrides.push(hand(board, &self.taker, &self.giver, returned)?);
        }
        Ok(overrides)
    }
}

fn hand(board: &Board, from: &str, to: &str, span: Span) -> Result<Override, SwapFault> {
    let time = board.time_of_people(span);
    if !time.get(from).is_some_and(|time| time.covers(span)) {
        return Err(SwapFault::NotOnCall(from.to_owned(), span));
    }
    if time.contains_key(to) {
        return Err(SwapFault::AlreadyOnCall(to.to_owned(), span));
    }
    Ok(Override {
        from: span.start,
        to: span.end,
        kind: OverrideKind::Replace,
        person: Some(to.to_owned()),
        instead_of: Some(from.to_owned()),
    })
}
