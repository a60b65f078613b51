//! Verdicts for people and machines: an inventory against an index, each answer with its reason.

use serde::Serialize;

use crate::compare::Scheme;
use crate::ecosystem;
use crate::index::{AdvisoryView, AffectedView, Index};
use crate::matching::{Installed, Judgement, Package, Reason, State, speaks_of_all};

/// One answer about one package; machine-readable down to the deciding event.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict<'a> {
    /// The state.
    pub state: State,
    /// The ecosystem asked about.
    pub ecosystem: &'a str,
    /// The name advisories use.
    pub package: &'a str,
    /// The binary package, where it differs.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub binary: &'a str,
    /// The installed version.
    pub installed: &'a str,
    /// The advisory; empty when no advisory is behind the state.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub advisory: &'a str,
    /// The source of the advisory.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub source: &'a str,
    /// The flaws it is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cves: Vec<&'a str>,
    /// The version to move to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed: Option<&'a str>,
    /// The comparator that was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comparator: Option<&'static str>,
    /// Why.
    pub reason: Reason<'a>,
    /// The publisher's word for the urgency.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub urgency: &'a str,
    /// False where this source may only add to what the package's own publisher says: a language advisory about files
    /// that a system package owns.
    pub decides: bool,
}

/// Everything an index says about a package: one verdict per advisory, or one that says why there is none. Withdrawn
/// advisories are left out. States that are not worth a row can be left out with `keep`; the row that tells of silence
/// is handed on all the same.
pub fn assess<'a>(index: &'a Index, package: &'a Package, keep: impl Fn(State) -> bool) -> Vec<Verdict<'a>> {
    let mut verdicts = Vec::new();
    each(index, package, |advisory, urgency, judgement, scheme| {
        if advisory.is_none() || keep(judgement.state) {
            verdicts.push(verdict(package, advisory, urgency, judgement, scheme));
        }
    });
    verdicts
}

/// The same without building verdicts: hands on the advisory, the package's own urgency in it, and the judgement.
pub fn each<'a>(
    index: &'a Index,
    package: &'a Package,
    mut take: impl FnMut(Option<AdvisoryView<'a>>, &'a str, Judgement<'a>, Option<Scheme>),
) {
    let unknown = |reason| Judgement { state: State::Unknown, reason };
    if !package.foreign.is_empty() {
        return take(None, "", unknown(Reason::ForeignPublisher), None);
    }
    let key = ecosystem::key(&package.ecosystem);
    let name = ecosystem::package_name(&package.ecosystem, &package.name);
    let installed = Installed::new(&package.ecosystem, &package.version, &package.module);
    let mut has_any = false;
    let mut hand_on = |statement: AffectedView<'a>| {
        has_any = true;
        take(
            Some(statement.advisory()),
            statement.urgency(),
            installed.judge(&statement),
            installed.scheme(),
        );
    };
    index.statements(&key, &name).for_each(&mut hand_on);
    if let Some(source) = package.source_rpm(installed.scheme()) {
        let is_said = |advisory: usize| {
            index.statements(&key, &name).any(|statement| statement.advisory().place() == advisory)
        };
        index
            .statements(&key, source)
            .filter(|statement| speaks_of_all(statement) && !is_said(statement.advisory().place()))
            .for_each(&mut hand_on);
    }
    if !has_any {
        let silence = match () {
            () if !index.covers(&key) => unknown(Reason::NotCovered),
            () if !index.is_complete() => unknown(Reason::SourceIncomplete),
            () => Judgement { state: State::NothingKnown, reason: Reason::NoAdvisory },
        };
        take(None, "", installed.bad_version().unwrap_or(silence), installed.scheme());
    }
}

fn verdict<'a>(
    package: &'a Package,
    advisory: Option<AdvisoryView<'a>>,
    urgency: &'a str,
    judgement: Judgement<'a>,
    scheme: Option<Scheme>,
) -> Verdict<'a> {
    let advisory_urgency = advisory.map_or("", |advisory| advisory.urgency());
    Verdict {
        state: judgement.state,
        ecosystem: &package.ecosystem,
        package: &package.name,
        binary: if package.binary == package.name { "" } else { &package.binary },
        installed: &package.version,
        advisory: advisory.map_or("", |advisory| advisory.id()),
        source: advisory.map_or("", |advisory| advisory.source()),
        cves: advisory.map(|advisory| advisory.cves().collect()).unwrap_or_default(),
        fixed: judgement.reason.fix(),
        comparator: scheme.filter(|_| advisory.is_some()).map(Scheme::name),
        reason: judgement.reason,
        urgency: if urgency.is_empty() { advisory_urgency } else { urgency },
        decides: package.owner.is_empty() || ecosystem::is_system(&package.ecosystem),
    }
}
