//! CSAF 2.0 VEX documents: product status of vulnerabilities.

#![expect(clippy::struct_field_names, reason = "the fields have the names the standard gives them")]

use std::collections::HashMap;

use serde::Deserialize;

use crate::advisory::{Advisory, Affected, Event, EventKind, Range, RangeKind, Severity, Status};
use crate::ecosystem;
use crate::purl::Purl;

/// Reads a CSAF document: one advisory per vulnerability.
///
/// # Errors
/// When it is no CSAF document.
pub fn advisories(json: &[u8]) -> Result<Vec<Advisory>, String> {
    let document: Document = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    let products = Products::new(&document.product_tree);
    let tracking = document.document.tracking;
    let mut all = Vec::with_capacity(document.vulnerabilities.len());
    for (at, flaw) in document.vulnerabilities.into_iter().enumerate() {
        let id = flaw.cve.clone().or_else(|| flaw.ids.first().map(|id| id.text.clone()));
        let id = id.unwrap_or_else(|| format!("{}#{}", tracking.id, at + 1));
        all.push(Advisory {
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
            affected: flaw.product_status.affected(&products),
            ..Advisory::default()
        });
    }
    Ok(all)
}

#[derive(Deserialize)]
struct Document {
    document: Head,
    #[serde(default)]
    product_tree: Tree,
    #[serde(default)]
    vulnerabilities: Vec<Flaw>,
}

#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    title: String,
    tracking: Tracking,
    aggregate_severity: Option<Word>,
}

#[derive(Deserialize)]
struct Tracking {
    id: String,
    #[serde(default)]
    initial_release_date: String,
    #[serde(default)]
    current_release_date: String,
}

#[derive(Deserialize)]
struct Word {
    text: String,
}

#[derive(Deserialize, Default)]
struct Tree {
    #[serde(default)]
    branches: Vec<Branch>,
    #[serde(default)]
    full_product_names: Vec<Product>,
    #[serde(default)]
    relationships: Vec<Relationship>,
}

#[derive(Deserialize)]
struct Branch {
    #[serde(default)]
    branches: Vec<Branch>,
    product: Option<Product>,
}

#[derive(Deserialize)]
struct Product {
    #[serde(default)]
    name: String,
    product_id: String,
    #[serde(default)]
    product_identification_helper: Helper,
}

#[derive(Deserialize, Default)]
struct Helper {
    cpe: Option<String>,
    purl: Option<String>,
}

#[derive(Deserialize)]
struct Relationship {
    full_product_name: Product,
    product_reference: String,
    relates_to_product_reference: String,
}

#[derive(Deserialize)]
struct Flaw {
    cve: Option<String>,
    title: Option<String>,
    #[serde(default)]
    ids: Vec<Word>,
    #[serde(default)]
    product_status: ProductStatus,
    #[serde(default)]
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
    #[serde(rename = "vectorString", default)]
    vector: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ProductStatus {
    known_affected: Vec<String>,
    first_affected: Vec<String>,
    last_affected: Vec<String>,
    known_not_affected: Vec<String>,
    fixed: Vec<String>,
    first_fixed: Vec<String>,
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

/// What a product id stands for.
#[derive(Clone, Default)]
struct Component {
    ecosystem: String,
    name: String,
    version: String,
    module: String,
}

struct Products<'t> {
    plain: HashMap<&'t str, &'t Product>,
    joined: HashMap<&'t str, &'t Relationship>,
}

impl<'t> Products<'t> {
    fn new(tree: &'t Tree) -> Self {
        let mut plain: HashMap<&str, &Product> = HashMap::new();
        let mut open: Vec<&Branch> = tree.branches.iter().collect();
        while let Some(branch) = open.pop() {
            plain.extend(branch.product.as_ref().map(|product| (product.product_id.as_str(), product)));
            open.extend(&branch.branches);
        }
        plain.extend(tree.full_product_names.iter().map(|product| (product.product_id.as_str(), product)));
        let joined =
            tree.relationships.iter().map(|one| (one.full_product_name.product_id.as_str(), one)).collect();
        Products { plain, joined }
    }

    /// Follows `component of platform`; modules nest one level deeper. Chains are short; a circle ends.
    fn component(&self, id: &str) -> Option<Component> {
        let (mut id, mut platform, mut module) = (id, None, String::new());
        for _ in 0..8 {
            let Some(joined) = self.joined.get(id) else { break };
            let outer = joined.relates_to_product_reference.as_str();
            if let Some(stream) = self.purl(outer).filter(|purl| purl.kind == "rpmmod") {
                module = stream_name(&stream);
            }
            platform = Some(self.platform(outer)).filter(|name| !name.is_empty()).or(platform);
            id = joined.product_reference.as_str();
        }
        let purl = self.purl(id)?;
        let (bare, name) =
            ecosystem::of_purl(&purl.kind, &purl.namespace, &purl.name, purl.qualifier("distro"))?;
        if let Some(stream) = purl.qualifier("rpmmod") {
            module = stream.split(':').take(2).collect::<Vec<_>>().join(":");
        }
        let version = match purl.qualifier("epoch") {
            Some(epoch) if !purl.version.is_empty() && !purl.version.contains(':') => {
                format!("{epoch}:{}", purl.version)
            }
            _ => purl.version.clone(),
        };
        Some(Component { ecosystem: platform.unwrap_or(bare), name, version, module })
    }

    fn purl(&self, id: &str) -> Option<Purl> {
        let product =
            self.plain.get(id).copied().or_else(|| Some(&self.joined.get(id)?.full_product_name))?;
        product.product_identification_helper.purl.as_deref()?.parse().ok()
    }

    /// The ecosystem a platform is, by its CPE, else by its name; empty when it is none we know.
    fn platform(&self, id: &str) -> String {
        let mut id = id;
        for _ in 0..8 {
            let Some(joined) = self.joined.get(id) else { break };
            id = joined.relates_to_product_reference.as_str();
        }
        let Some(product) = self.plain.get(id) else { return String::new() };
        let cpe = product.product_identification_helper.cpe.as_deref().unwrap_or("");
        match cpe.split_once("redhat:") {
            Some((_, parts)) => format!("Red Hat:{}", parts.trim_end_matches([':', '*'])),
            None if product.name.starts_with("SUSE ") => {
                format!("SUSE:{}", product.name.trim_start_matches("SUSE "))
            }
            None if product.name.starts_with("openSUSE ") => {
                format!("openSUSE:{}", product.name.trim_start_matches("openSUSE "))
            }
            None => String::new(),
        }
    }
}

/// `pkg:rpmmod/redhat/nodejs@18:8090…` is stream `nodejs:18`.
fn stream_name(purl: &Purl) -> String {
    format!("{}:{}", purl.name, purl.version.split(':').next().unwrap_or(""))
}

impl ProductStatus {
    fn affected(&self, products: &Products<'_>) -> Vec<Affected> {
        let mut all: Vec<Affected> = Vec::new();
        for id in self.first_fixed.iter().chain(&self.fixed) {
            add(&mut all, products, id, Status::ByVersion, |version| Some(fixed_at(version?)));
        }
        for id in &self.known_affected {
            add(&mut all, products, id, Status::ByVersion, |version| match version {
                Some(_) => None,
                None => Some(vec![event(EventKind::Introduced, "0")]),
            });
        }
        for id in &self.first_affected {
            add(&mut all, products, id, Status::ByVersion, |version| {
                Some(vec![event(EventKind::Introduced, version?)])
            });
        }
        for id in &self.last_affected {
            add(&mut all, products, id, Status::ByVersion, |version| {
                Some(vec![event(EventKind::Introduced, "0"), event(EventKind::LastAffected, version?)])
            });
        }
        for id in &self.known_not_affected {
            add(&mut all, products, id, Status::NotAffected, |_| None);
        }
        for id in &self.under_investigation {
            add(&mut all, products, id, Status::UnderInvestigation, |_| None);
        }
        all
    }
}

/// One entry per product id; where no events come of it, the version itself is listed.
fn add(
    all: &mut Vec<Affected>,
    products: &Products<'_>,
    id: &str,
    status: Status,
    events: impl Fn(Option<&str>) -> Option<Vec<Event>>,
) {
    let Some(component) = products.component(id) else { return };
    let version = Some(component.version.as_str()).filter(|version| !version.is_empty());
    let events = events(version);
    let entry = Affected {
        ecosystem: component.ecosystem,
        name: component.name,
        status,
        versions: if events.is_none() {
            version.map(str::to_owned).into_iter().collect()
        } else {
            Vec::new()
        },
        ranges: events.map(|events| Range { kind: RangeKind::Ecosystem, events }).into_iter().collect(),
        module: component.module,
        urgency: String::new(),
    };
    if !all.contains(&entry) {
        all.push(entry);
    }
}

fn fixed_at(version: &str) -> Vec<Event> {
    vec![event(EventKind::Introduced, "0"), event(EventKind::Fixed, version)]
}

fn event(kind: EventKind, version: &str) -> Event {
    Event { kind, version: version.to_owned() }
}
