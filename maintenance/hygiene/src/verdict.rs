//! What one rule says after one look, and how that is put to the law of findings.

use mainstay_kernel::store::Tx;
use mainstay_kernel::{Cx, Fault};
use mainstay_record::AssetId;
use mainstay_record::deadlines::Deadlines;
use mainstay_record::finding::{self, Gap, Look, Sighting};
use mainstay_wire::{Seen, Unseen};

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
        let due = |severity, first_ms| deadlines.due_ms(severity, first_ms);
        let Place { asset, scope, at_ms } = place;
        let look = || Look { rule: self.rule, asset, scope, at_ms, due: &due };
        let because = match &self.hidden {
            Hidden::Nothing => return finding::observe(tx, cx, look(), &self.seen).map(drop),
            Hidden::Everything(because) | Hidden::Some { because, .. } => because,
        };
        let gap = Gap { because, hides: &|subject| self.hidden.hides(subject) };
        finding::observe_partly(tx, cx, look(), &self.seen, gap).map(drop)
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
