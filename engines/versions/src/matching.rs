//! The decision: one installed package against what one advisory says about its name.

use serde::Serialize;

use crate::advisory::{Affected, EventKind, RangeKind, Status};
use crate::compare::{Fault, Scheme};
use crate::ecosystem;
use crate::range::{Place, place};
use crate::stream;

/// An installed package, under the name and version its publisher's advisories use: source package and source version
/// for Debian and Ubuntu, origin for Alpine, binary package and EVR for RPM, registry name for language packages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Package {
    /// As OSV names it, with the release: `Debian:12`.
    pub ecosystem: String,
    /// The name advisories use.
    pub name: String,
    /// The version advisories use.
    pub version: String,
    /// What is installed under that name, for people: the binary package.
    pub binary: String,
    /// The source RPM's name, where it is known. Red Hat names it, not its packages, where it speaks of every version.
    pub source: String,
    /// RPM module and stream, or the whole label as `rpm` prints it; empty for ordinary packages.
    pub module: String,
    /// Publisher when it is not the one of the ecosystem (`nodesource`, `backports`): its packages are *unknown*.
    pub foreign: String,
    /// The system package that owns these files; then a language advisory only enriches.
    pub owner: String,
}

impl Package {
    /// The source RPM under whose name more may be said of this package.
    pub(crate) fn source_rpm(&self, scheme: Option<Scheme>) -> Option<&str> {
        let has_source = scheme == Some(Scheme::Rpm) && !self.source.is_empty() && self.source != self.name;
        has_source.then_some(self.source.as_str())
    }
}

/// The states of a package in respect of an advisory. Nothing but a comparison that could be made, or a publisher's
/// explicit word, leads to [`State::NotAffected`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// The installed version is inside a range.
    Affected,
    /// It could not be decided; the reason says why.
    Undecidable,
    /// The publisher does not know yet.
    UnderInvestigation,
    /// Nobody whose word counts has spoken of this package.
    Unknown,
    /// The publisher's advisories are here, complete, and none names this package. Not the same as a no.
    NothingKnown,
    /// A comparison or the publisher says no.
    NotAffected,
}

/// Why a state was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "because")]
pub enum Reason<'a> {
    /// Inside a range.
    InRange {
        /// First affected version; `0` is the beginning.
        introduced: &'a str,
        /// First version that is not affected.
        fixed: Option<&'a str>,
        /// Last affected version, where only that is known.
        last_affected: Option<&'a str>,
    },
    /// One of the versions listed as affected.
    Listed {
        /// As the advisory writes it.
        version: &'a str,
    },
    /// At or above the fix.
    Fixed {
        /// The fix.
        fixed: &'a str,
    },
    /// Outside every range, without a fix below it.
    OutOfRange,
    /// Not one of the versions listed, and there are no ranges.
    NotListed,
    /// The publisher's own statement.
    Statement,
    /// The advisory was taken back.
    Withdrawn,
    /// Built for a module stream other than the installed one.
    OtherModule {
        /// The advisory's stream, or `-` for none.
        module: &'a str,
    },
    /// The installed version is not one.
    BadVersion {
        /// What is wrong with it.
        fault: &'static str,
    },
    /// An event of the advisory is not a version.
    BadEvent {
        /// The text.
        event: &'a str,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// No comparator for this ecosystem.
    NoScheme,
    /// The advisory has neither ranges nor versions that could be compared.
    NoVersions,
    /// Modular package, and one side does not tell the stream.
    StreamUnknown,
    /// The package comes from somebody else than the publisher of these advisories.
    ForeignPublisher,
    /// No imported source covers this ecosystem.
    NotCovered,
    /// A source of this ecosystem has records that could not be read; one of them may name this package.
    SourceIncomplete,
    /// No advisory of the publisher names this package.
    NoAdvisory,
}

impl<'a> Reason<'a> {
    /// The version to move to, where one is known.
    pub fn fix(&self) -> Option<&'a str> {
        match self {
            Reason::InRange { fixed, .. } => *fixed,
            Reason::Fixed { fixed } => Some(fixed),
            _ => None,
        }
    }
}

/// A state with its reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judgement<'a> {
    /// The state.
    pub state: State,
    /// Why.
    pub reason: Reason<'a>,
}

pub(crate) const fn judged(state: State, reason: Reason<'_>) -> Judgement<'_> {
    Judgement { state, reason }
}

/// What an advisory says about a package, wherever it is stored.
pub trait Statement<'a> {
    /// As imported.
    fn ecosystem(&self) -> &'a str;
    /// The publisher's word.
    fn status(&self) -> Status;
    /// Module and stream, or empty.
    fn module(&self) -> &'a str;
    /// Versions listed one by one.
    fn versions(&self) -> impl Iterator<Item = &'a str> + Clone;
    /// Ranges and their events.
    fn ranges(&self)
    -> impl Iterator<Item = (RangeKind, impl Iterator<Item = (EventKind, &'a str)> + Clone)>;
}

impl<'a> Statement<'a> for &'a Affected {
    fn ecosystem(&self) -> &'a str {
        &self.ecosystem
    }

    fn status(&self) -> Status {
        self.status
    }

    fn module(&self) -> &'a str {
        &self.module
    }

    fn versions(&self) -> impl Iterator<Item = &'a str> + Clone {
        self.versions.iter().map(String::as_str)
    }

    fn ranges(
        &self,
    ) -> impl Iterator<Item = (RangeKind, impl Iterator<Item = (EventKind, &'a str)> + Clone)> {
        self.ranges
            .iter()
            .map(|range| (range.kind, range.events.iter().map(|event| (event.kind, event.version.as_str()))))
    }
}

/// Whether a statement holds for every version: only then a source RPM's name may stand for its packages, whose versions
/// can differ from its own.
pub(crate) fn speaks_of_all<'a>(statement: &impl Statement<'a>) -> bool {
    let is_start = |(kind, version): (EventKind, &str)| kind == EventKind::Introduced && version == "0";
    statement.versions().next().is_none() && statement.ranges().all(|(_, mut events)| events.all(is_start))
}

/// An installed version that was looked at once and is compared often.
#[derive(Debug, Clone, Copy)]
pub struct Installed<'p> {
    scheme: Option<Scheme>,
    version: &'p str,
    module: &'p str,
    fault: Option<Fault>,
}

impl<'p> Installed<'p> {
    /// Looks at a version of an ecosystem.
    pub fn new(ecosystem: &str, version: &'p str, module: &'p str) -> Self {
        let scheme = ecosystem::scheme(ecosystem);
        let fault = match scheme {
            Some(scheme) => scheme.check(version).err(),
            None if version.trim().is_empty() => Some(Fault::Empty),
            None => None,
        };
        Installed { scheme, version, module: stream::of_label(module), fault }
    }

    /// The comparator in use.
    pub fn scheme(&self) -> Option<Scheme> {
        self.scheme
    }

    /// The judgement that follows from the installed version alone, when it is none.
    pub fn bad_version(&self) -> Option<Judgement<'static>> {
        let fault = self.fault?;
        Some(judged(State::Undecidable, Reason::BadVersion { fault: fault.code() }))
    }

    /// Judges one statement about this package's name.
    pub fn judge<'a>(&self, statement: &impl Statement<'a>) -> Judgement<'a> {
        if let Some(undecidable) = self.bad_version() {
            return undecidable;
        }
        if self.scheme == Some(Scheme::Rpm)
            && let Some(judgement) = stream::judge(self.version, self.module, statement)
        {
            return judgement;
        }
        match statement.status() {
            Status::ByVersion => {}
            status => return self.word(status, statement),
        }
        let by_range = by_ranges(self.scheme, self.version, statement);
        if let Some(listed) = statement.versions().find(|version| *version == self.version) {
            // A range that says the same knows more: since when, and fixed by what.
            let listed = judged(State::Affected, Reason::Listed { version: listed });
            return by_range.filter(|judgement| judgement.state == State::Affected).unwrap_or(listed);
        }
        match (by_range, self.scheme) {
            (Some(judgement), _) if judgement.state == State::Affected => judgement,
            (outside, Some(scheme)) => self.by_list(scheme, statement, outside),
            (outside, None) => outside.unwrap_or(judged(State::Undecidable, Reason::NoScheme)),
        }
    }

    /// The publisher's word counts for the versions it names, or for all.
    fn word<'a>(&self, status: Status, statement: &impl Statement<'a>) -> Judgement<'a> {
        let mut versions = statement.versions().peekable();
        let speaks_of_all = versions.peek().is_none();
        if speaks_of_all || versions.any(|version| self.is_same(version)) {
            return judged(
                if status == Status::NotAffected { State::NotAffected } else { State::UnderInvestigation },
                Reason::Statement,
            );
        }
        judged(State::Undecidable, Reason::NoVersions)
    }

    fn is_same(&self, version: &str) -> bool {
        version == self.version
            || self
                .scheme
                .is_some_and(|scheme| scheme.compare(version, self.version) == Ok(std::cmp::Ordering::Equal))
    }

    /// A version may be listed under another spelling (`1.0` for `1.0.0`).
    fn by_list<'a>(
        &self,
        scheme: Scheme,
        statement: &impl Statement<'a>,
        by_range: Option<Judgement<'a>>,
    ) -> Judgement<'a> {
        let mut has_list = false;
        for version in statement.versions() {
            has_list = true;
            if scheme.compare(version, self.version) == Ok(std::cmp::Ordering::Equal) {
                return judged(State::Affected, Reason::Listed { version });
            }
        }
        match by_range {
            Some(judgement) => judgement,
            None if has_list => judged(State::NotAffected, Reason::NotListed),
            None => judged(State::Undecidable, Reason::NoVersions),
        }
    }
}

fn by_ranges<'a>(
    scheme: Option<Scheme>,
    version: &str,
    statement: &impl Statement<'a>,
) -> Option<Judgement<'a>> {
    let mut answer: Option<Judgement<'a>> = None;
    for (kind, events) in statement.ranges() {
        if kind == RangeKind::Git {
            continue;
        }
        let judgement = by_range(scheme, kind, version, events);
        if judgement.state == State::Affected {
            return Some(judgement);
        }
        answer = match answer {
            Some(earlier) if earlier.state == State::Undecidable => Some(earlier),
            Some(earlier) if judgement.reason == Reason::OutOfRange => Some(earlier),
            _ => Some(judgement),
        };
    }
    answer
}

/// A range of the type SEMVER has an order of its own, which holds where the ecosystem has none.
fn by_range<'a>(
    scheme: Option<Scheme>,
    kind: RangeKind,
    version: &str,
    events: impl Iterator<Item = (EventKind, &'a str)> + Clone,
) -> Judgement<'a> {
    let scheme = match scheme {
        Some(scheme) => scheme,
        None if kind != RangeKind::Semver => return judged(State::Undecidable, Reason::NoScheme),
        None => match Scheme::Semver.check(version) {
            Ok(()) => Scheme::Semver,
            Err(fault) => {
                return judged(State::Undecidable, Reason::BadVersion { fault: fault.code() });
            }
        },
    };
    match place(scheme, version, events) {
        Place::Inside { introduced, fixed, last_affected } => {
            judged(State::Affected, Reason::InRange { introduced, fixed, last_affected })
        }
        Place::Undecidable { event, fault } => {
            judged(State::Undecidable, Reason::BadEvent { event, fault: fault.code() })
        }
        Place::Outside { fixed: Some(fixed) } => judged(State::NotAffected, Reason::Fixed { fixed }),
        Place::Outside { fixed: None } => judged(State::NotAffected, Reason::OutOfRange),
    }
}
