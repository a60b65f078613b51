//! Advisories and what they say about packages, read in place.

use super::Index;
use super::format::Section;
use crate::advisory::{EventKind, RangeKind, Status};
use crate::matching::Statement;

/// An advisory in an index.
#[derive(Clone, Copy)]
pub struct AdvisoryView<'i> {
    pub(super) index: &'i Index,
    pub(super) at: usize,
}

impl<'i> AdvisoryView<'i> {
    fn text(&self, column: usize) -> &'i str {
        self.index.text(Section::Advisories, self.at, column)
    }

    fn list(&self, column: usize) -> impl Iterator<Item = &'i str> + Clone + use<'i> {
        let index = self.index;
        index
            .rows(Section::Advisories, self.at, column, Section::Lists)
            .map(|row| index.text(Section::Lists, row, 0))
    }

    /// Its place in the index.
    pub fn place(&self) -> usize {
        self.at
    }

    /// The publisher's id.
    pub fn id(&self) -> &'i str {
        self.text(0)
    }

    /// The source it came from.
    pub fn source(&self) -> &'i str {
        self.text(2)
    }

    /// One line.
    pub fn summary(&self) -> &'i str {
        self.text(4)
    }

    /// RFC 3339, or empty.
    pub fn published(&self) -> &'i str {
        self.text(6)
    }

    /// RFC 3339, or empty.
    pub fn modified(&self) -> &'i str {
        self.text(8)
    }

    /// When it was taken back, or empty.
    pub fn withdrawn(&self) -> &'i str {
        self.text(10)
    }

    /// The publisher's word.
    pub fn urgency(&self) -> &'i str {
        self.text(12)
    }

    /// Other names of the same flaw.
    pub fn aliases(&self) -> impl Iterator<Item = &'i str> + Clone + use<'i> {
        self.list(14)
    }

    /// Flaws it speaks of.
    pub fn related(&self) -> impl Iterator<Item = &'i str> + Clone + use<'i> {
        self.list(16)
    }

    /// Every CVE id it names.
    pub fn cves(&self) -> impl Iterator<Item = &'i str> + Clone + use<'i> {
        let own = std::iter::once(self.id());
        own.chain(self.aliases()).chain(self.related()).filter(|name| name.starts_with("CVE-"))
    }

    /// Kind and vector of each score.
    pub fn severities(&self) -> impl Iterator<Item = (&'i str, &'i str)> + use<'i> {
        let index = self.index;
        let rows = index.rows(Section::Advisories, self.at, 18, Section::Lists);
        rows.step_by(2)
            .map(|row| (index.text(Section::Lists, row, 0), index.text(Section::Lists, row + 1, 0)))
    }

    /// What it says about packages.
    pub fn affected(&self) -> impl Iterator<Item = AffectedView<'i>> + use<'i> {
        let index = self.index;
        index.rows(Section::Advisories, self.at, 20, Section::Affected).map(|at| AffectedView { index, at })
    }
}

/// What an advisory in an index says about one package.
#[derive(Clone, Copy)]
pub struct AffectedView<'i> {
    pub(super) index: &'i Index,
    pub(super) at: usize,
}

impl<'i> AffectedView<'i> {
    /// The advisory it belongs to.
    pub fn advisory(&self) -> AdvisoryView<'i> {
        AdvisoryView { index: self.index, at: self.index.word(Section::Affected, self.at, 0) as usize }
    }

    /// The package's name.
    pub fn name(&self) -> &'i str {
        self.index.text(Section::Affected, self.at, 4)
    }

    /// The package's own urgency, or empty.
    pub fn urgency(&self) -> &'i str {
        self.index.text(Section::Affected, self.at, 8)
    }
}

impl<'i> Statement<'i> for AffectedView<'i> {
    fn ecosystem(&self) -> &'i str {
        self.index.text(Section::Affected, self.at, 2)
    }

    fn status(&self) -> Status {
        match self.index.word(Section::Affected, self.at, 1) {
            1 => Status::NotAffected,
            2 => Status::UnderInvestigation,
            _ => Status::ByVersion,
        }
    }

    fn module(&self) -> &'i str {
        self.index.text(Section::Affected, self.at, 6)
    }

    fn versions(&self) -> impl Iterator<Item = &'i str> + Clone {
        let index = self.index;
        index
            .rows(Section::Affected, self.at, 12, Section::Lists)
            .map(|row| index.text(Section::Lists, row, 0))
    }

    fn ranges(
        &self,
    ) -> impl Iterator<Item = (RangeKind, impl Iterator<Item = (EventKind, &'i str)> + Clone)> {
        let index = self.index;
        index.rows(Section::Affected, self.at, 10, Section::Ranges).map(move |row| {
            let kind = match index.word(Section::Ranges, row, 0) {
                1 => RangeKind::Semver,
                2 => RangeKind::Git,
                _ => RangeKind::Ecosystem,
            };
            let events = index.rows(Section::Ranges, row, 1, Section::Events);
            (
                kind,
                events.map(|row| {
                    (event_kind(index.word(Section::Events, row, 0)), index.text(Section::Events, row, 1))
                }),
            )
        })
    }
}

fn event_kind(word: u32) -> EventKind {
    match word {
        1 => EventKind::Fixed,
        2 => EventKind::LastAffected,
        3 => EventKind::Limit,
        _ => EventKind::Introduced,
    }
}
