//! CSAF 2.0 VEX documents: product status of vulnerabilities. A field that is `null` reads as absent.

#![expect(clippy::struct_field_names, reason = "the fields have the names the standard gives them")]

use std::collections::HashSet;

use serde::Deserialize;

use super::osv::nullable;
use super::{Outcome, Sink};
use crate::advisory::{Advisory, Affected, Event, EventKind, Range, RangeKind, Severity, Status};

mod products;

use products::{Component, Products, Tree};

/// Reads a CSAF document: one advisory per vulnerability. A status of a product that the document does not describe is
/// damage, because nobody can tell whom it touches.
///
/// # Errors
/// When it is no CSAF document.
pub fn advisories(json: &[u8], sink: &mut Sink<'_>) -> Result<(), String> {
    let document: Document = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    let products = Products::new(&document.product_tree);
    let tracking = document.document.tracking;
    for (at, flaw) in document.vulnerabilities.into_iter().enumerate() {
        let id = flaw.cve.clone().or_else(|| flaw.ids.first().map(|id| id.text.clone()));
        let id = id.unwrap_or_else(|| format!("{}#{}", tracking.id, at + 1));
        let affected = flaw.product_status.affected(&products, &id, &mut sink.outcome);
        sink.advisory(Advisory {
            related: if tracking.id == id { Vec::new() } else { vec![tracking.id.clone()] },
            id,
            source: "csaf".to_owned(),
            summary: flaw.title.clone().unwrap_or_else(|| document.document.title.clone()),
            published: tracking.initial_release_date.clone(),
            modified: tracking.current_release_date.clone(),
            severities: flaw.severities(),
            urgency: document
                .document
                .aggregate_severity
                .as_ref()
                .map_or_else(String::new, |word| word.text.clone()),
            affected,
            ..Advisory::default()
        });
    }
    Ok(())
}

#[derive(Deserialize)]
struct Document {
    document: Head,
    #[serde(default, deserialize_with = "nullable")]
    product_tree: Tree,
    #[serde(default, deserialize_with = "nullable")]
    vulnerabilities: Vec<Flaw>,
}

#[derive(Deserialize)]
struct Head {
    #[serde(default, deserialize_with = "nullable")]
    title: String,
    tracking: Tracking,
    aggregate_severity: Option<Word>,
}

#[derive(Deserialize)]
struct Tracking {
    id: String,
    #[serde(default, deserialize_with = "nullable")]
    initial_release_date: String,
    #[serde(default, deserialize_with = "nullable")]
    current_release_date: String,
}

#[derive(Deserialize)]
struct Word {
    #[serde(default, deserialize_with = "nullable")]
    text: String,
}

#[derive(Deserialize)]
struct Flaw {
    cve: Option<String>,
    title: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    ids: Vec<Word>,
    #[serde(default, deserialize_with = "nullable")]
    product_status: ProductStatus,
    #[serde(default, deserialize_with = "nullable")]
    scores: Vec<Score>,
}

#[derive(Deserialize)]
struct Score {
    cvss_v2: Option<Vector>,
    cvss_v3: Option<Vector>,
    cvss_v4: Option<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    #[serde(rename = "vectorString", default, deserialize_with = "nullable")]
    vector: String,
}

#[derive(Deserialize, Default)]
struct ProductStatus {
    #[serde(default, deserialize_with = "nullable")]
    known_affected: Vec<String>,
    #[serde(default, deserialize_with = "nullable")]
    first_affected: Vec<String>,
    #[serde(default, deserialize_with = "nullable")]
    last_affected: Vec<String>,
    #[serde(default, deserialize_with = "nullable")]
    known_not_affected: Vec<String>,
    #[serde(default, deserialize_with = "nullable")]
    fixed: Vec<String>,
    #[serde(default, deserialize_with = "nullable")]
    first_fixed: Vec<String>,
    #[serde(default, deserialize_with = "nullable")]
    recommended: Vec<String>,
    #[serde(default, deserialize_with = "nullable")]
    under_investigation: Vec<String>,
}

impl Flaw {
    fn severities(&self) -> Vec<Severity> {
        let mut all = Vec::new();
        for score in &self.scores {
            for (kind, vector) in
                [("CVSS_V4", &score.cvss_v4), ("CVSS_V3", &score.cvss_v3), ("CVSS_V2", &score.cvss_v2)]
            {
                let Some(vector) = vector.as_ref().filter(|vector| !vector.vector.is_empty()) else {
                    continue;
                };
                let severity = Severity { kind: kind.to_owned(), score: vector.vector.clone() };
                if !all.contains(&severity) {
                    all.push(severity);
                }
            }
        }
        all
    }
}

impl ProductStatus {
    /// One entry per product id that stands for a package. SUSE names its fixes as recommended versions.
    fn affected(&self, products: &Products<'_>, flaw: &str, outcome: &mut Outcome) -> Vec<Affected> {
        let until = |version: &str| Some(fixed_at(version));
        let since = |version: &str| Some(vec![event(EventKind::Introduced, version)]);
        let through = |version: &str| {
            Some(vec![event(EventKind::Introduced, "0"), event(EventKind::LastAffected, version)])
        };
        let mut list = List { all: Vec::new(), products, flaw, outcome };
        for fixes in [&self.first_fixed, &self.fixed, &self.recommended] {
            list.add(fixes, Status::ByVersion, until);
        }
        list.add_affected(&self.known_affected);
        list.add(&self.first_affected, Status::ByVersion, since);
        list.add(&self.last_affected, Status::ByVersion, through);
        list.add(&self.known_not_affected, Status::NotAffected, |_| None);
        list.add(&self.under_investigation, Status::UnderInvestigation, |_| None);
        list.all
    }
}

/// What a flaw's product status comes to.
struct List<'l, 't> {
    all: Vec<Affected>,
    products: &'l Products<'t>,
    flaw: &'l str,
    outcome: &'l mut Outcome,
}

impl List<'_, '_> {
    /// Where no events come of a version, or there is none, the version itself is listed.
    fn add(&mut self, ids: &[String], status: Status, events: impl Fn(&str) -> Option<Vec<Event>>) {
        let mut seen = HashSet::new();
        for id in ids {
            self.add_one(
                id,
                &mut seen,
                status,
                |version| if version.is_empty() { None } else { events(version) },
            );
        }
    }

    /// Affected without a version is affected in every version.
    fn add_affected(&mut self, ids: &[String]) {
        let mut seen = HashSet::new();
        for id in ids {
            let everything =
                |version: &str| version.is_empty().then(|| vec![event(EventKind::Introduced, "0")]);
            self.add_one(id, &mut seen, Status::ByVersion, everything);
        }
    }

    /// The same package is often named once for each architecture.
    fn add_one(
        &mut self,
        id: &str,
        seen: &mut HashSet<Component>,
        status: Status,
        events: impl Fn(&str) -> Option<Vec<Event>>,
    ) {
        if !self.products.is_known(id) {
            return self.outcome.damage(self.flaw, format!("product {id:?} is not in the document"));
        }
        let Some(component) = self.products.component(id) else { return };
        if !seen.insert(component.clone()) {
            return;
        }
        let events = events(&component.version);
        let is_listed = events.is_none() && !component.version.is_empty();
        let entry = Affected {
            ecosystem: component.ecosystem,
            name: component.name,
            status,
            versions: if is_listed { vec![component.version] } else { Vec::new() },
            ranges: events.map(|events| Range { kind: RangeKind::Ecosystem, events }).into_iter().collect(),
            module: component.module,
            urgency: String::new(),
        };
        self.all.push(entry);
    }
}

fn fixed_at(version: &str) -> Vec<Event> {
    vec![event(EventKind::Introduced, "0"), event(EventKind::Fixed, version)]
}

fn event(kind: EventKind, version: &str) -> Event {
    Event { kind, version: version.to_owned() }
}
