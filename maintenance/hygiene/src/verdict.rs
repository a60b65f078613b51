//! What one rule says after one look, and how that is put to the law of findings.

use mainstay_kernel::store::Tx;
use mainstay_kernel::{Cx, Fault};
use mainstay_record::AssetId;
use mainstay_record::finding::{self, Finding, Look, Sighting, State};
use mainstay_wire::{Seen, Unseen};

use crate::Deadlines;

/// What a rule saw, and what was hidden from it.
pub struct Verdict {
    /// `hygiene.rule`.
    pub rule: &'static str,
    /// Everything the rule saw.
    pub seen: Vec<Sighting>,
    pub hidden: Hidden,
}

/// What a rule could not look at.
pub enum Hidden {
    /// It saw all it looks at.
    Nothing,
    /// Any subject may stand behind the gap; the reason.
    Everything(String),
    /// Only some subjects do.
    Some { because: String, hides: Box<dyn Fn(&str) -> bool> },
}

impl Verdict {
    /// A verdict over the whole of what the rule looks at.
    pub fn whole(rule: &'static str, seen: Vec<Sighting>) -> Self {
        Self { rule, seen, hidden: Hidden::Nothing }
    }

    /// A verdict with a gap, where there is one.
    pub fn with(rule: &'static str, seen: Vec<Sighting>, gap: Option<String>) -> Self {
        Self { rule, seen, hidden: gap.map_or(Hidden::Nothing, Hidden::Everything) }
    }

    /// The rule could look at nothing.
    pub fn blind(rule: &'static str, because: impl Into<String>) -> Self {
        Self { rule, seen: Vec::new(), hidden: Hidden::Everything(because.into()) }
    }

    /// Puts it to the law of findings: what is seen opens or stays, what is visibly gone closes, what may stand
    /// behind a gap stays and says so.
    pub(crate) fn file(
        self,
        tx: &mut Tx<'_>,
        cx: &Cx,
        place: Place<'_>,
        deadlines: &Deadlines,
    ) -> Result<(), Fault> {
        let due = |severity, first_ms| deadlines.due(severity, first_ms);
        let Place { asset, scope, at_ms } = place;
        let look = || Look { rule: self.rule, asset, scope, at_ms, due: &due };
        let because = match &self.hidden {
            Hidden::Nothing => return finding::observe(tx, cx, look(), &self.seen).map(drop),
            Hidden::Everything(because) | Hidden::Some { because, .. } => because,
        };
        let known: Vec<Finding> = finding::of_asset(tx, cx, asset)?
            .into_iter()
            .filter(|known| known.rule == self.rule && known.state != State::Gone)
            .collect();
        let is_seen = |known: &Finding| self.seen.iter().any(|seen| seen.subject == known.subject);
        let (kept, closed): (Vec<_>, Vec<_>) =
            known.iter().filter(|known| !is_seen(known)).partition(|known| self.hidden.hides(&known.subject));
        if kept.is_empty() && !self.seen.is_empty() {
            return finding::observe(tx, cx, look(), &self.seen).map(drop);
        }
        // Observing and then marking stale tells events; it is done only when the look brought something new.
        let is_new = |seen: &Sighting| {
            !known.iter().any(|known| known.subject == seen.subject && known.severity == seen.severity)
        };
        if !closed.is_empty() || self.seen.iter().any(is_new) {
            let all: Vec<Sighting> =
                self.seen.iter().cloned().chain(kept.into_iter().map(as_sighting)).collect();
            finding::observe(tx, cx, look(), &all)?;
        }
        finding::unseen(tx, cx, look(), because).map(drop)
    }
}

/// Where and when the look was.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub asset: AssetId,
    /// The word of the section.
    pub scope: &'a str,
    pub at_ms: i64,
}

impl Hidden {
    /// Whether a subject may stand behind the gap.
    pub fn hides(&self, subject: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Everything(_) => true,
            Self::Some { hides, .. } => hides(subject),
        }
    }
}

/// A finding that stays, as it was last seen.
fn as_sighting(known: &Finding) -> Sighting {
    Sighting {
        subject: known.subject.clone(),
        severity: known.severity,
        title: known.title.clone(),
        reason: known.reason.clone(),
        detail: known.detail.clone(),
    }
}

/// Why a look is not the whole of what a rule looks at. Gaps whose name begins with a word of `beside` do not concern
/// the rule; one that is not known is taken to concern it.
pub(crate) fn gap<T>(seen: &Seen<T>, beside: &[&str]) -> Option<String> {
    let concerns = |gap: &&Unseen| !beside.iter().any(|word| gap.what.starts_with(word));
    let found: Vec<&Unseen> = seen.unseen.iter().filter(concerns).collect();
    match found.as_slice() {
        [] => None,
        [one] => Some(said(one)),
        [first, rest @ ..] => Some(format!("{} (and {} more)", said(first), rest.len())),
    }
}

/// Why there is no value at all.
pub(crate) fn nothing<T>(seen: &Seen<T>) -> String {
    seen.unseen.first().map_or_else(|| "the agent brought nothing and gave no reason".to_owned(), said)
}

fn said(gap: &Unseen) -> String {
    format!("{}: {}", gap.what, gap.because)
}
