//! The product tree: which package of which system a product id stands for.

use std::collections::HashMap;

use serde::Deserialize;

use super::super::osv::nullable;
use crate::ecosystem;
use crate::purl::Purl;
use crate::stream;

#[derive(Deserialize, Default)]
pub(super) struct Tree {
    #[serde(default, deserialize_with = "nullable")]
    branches: Vec<Branch>,
    #[serde(default, deserialize_with = "nullable")]
    full_product_names: Vec<Product>,
    #[serde(default, deserialize_with = "nullable")]
    relationships: Vec<Relationship>,
}

#[derive(Deserialize)]
struct Branch {
    #[serde(default, deserialize_with = "nullable")]
    branches: Vec<Branch>,
    product: Option<Product>,
}

#[derive(Deserialize)]
struct Product {
    #[serde(default, deserialize_with = "nullable")]
    name: String,
    product_id: String,
    #[serde(default, deserialize_with = "nullable")]
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

/// What a product id stands for; the version is empty where the publisher speaks of all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Component {
    pub(super) ecosystem: String,
    pub(super) name: String,
    pub(super) version: String,
    pub(super) module: String,
}

/// Products by their id.
pub(super) struct Products<'t> {
    plain: HashMap<&'t str, &'t Product>,
    joined: HashMap<&'t str, &'t Relationship>,
}

/// Chains of relationships are short (package of a module of a platform); a circle ends here.
const LONGEST_CHAIN: usize = 8;

impl<'t> Products<'t> {
    pub(super) fn new(tree: &'t Tree) -> Self {
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

    pub(super) fn is_known(&self, id: &str) -> bool {
        self.plain.contains_key(id) || self.joined.contains_key(id)
    }

    /// Follows `component of platform`. Nothing comes of products that are no packages: platforms themselves, modules,
    /// container images.
    pub(super) fn component(&self, id: &str) -> Option<Component> {
        let (mut id, mut platform, mut module) = (id, String::new(), String::new());
        for _ in 0..LONGEST_CHAIN {
            let Some(joined) = self.joined.get(id) else { break };
            let outer = joined.relates_to_product_reference.as_str();
            // A module on a platform is itself `module of platform`.
            let inner = self.joined.get(outer).map_or(outer, |joined| joined.product_reference.as_str());
            if let Some(stream) = self.purl(inner).as_ref().and_then(stream_of_module) {
                module = stream;
            }
            if platform.is_empty() {
                platform = self.platform(outer);
            }
            id = joined.product_reference.as_str();
        }
        let mut component = match self.purl(id) {
            Some(purl) => of_purl(&purl)?,
            None => self.of_name(id, &platform)?,
        };
        if component.module.is_empty() {
            component.module = module;
        }
        if !platform.is_empty() {
            component.ecosystem = platform;
        }
        Some(component)
    }

    fn product(&self, id: &str) -> Option<&'t Product> {
        self.plain.get(id).copied().or_else(|| Some(&self.joined.get(id)?.full_product_name))
    }

    fn purl(&self, id: &str) -> Option<Purl> {
        self.product(id)?.product_identification_helper.purl.as_deref()?.parse().ok()
    }

    /// RPM publishers often give no package URL, but the package's file name, or its bare name where they speak of
    /// every version.
    fn of_name(&self, id: &str, platform: &str) -> Option<Component> {
        if ecosystem::scheme(platform) != Some(crate::Scheme::Rpm) {
            return None;
        }
        let product = self.product(id)?;
        let name = if product.name.is_empty() { id } else { &product.name };
        // The name may tell more than the package (`openssl as a component of …`); the id never does.
        let name = if name.contains(char::is_whitespace) { id } else { name };
        let (module, name) = name.rsplit_once('/').unwrap_or(("", name));
        let (name, version) = split_file_name(name).unwrap_or((name, String::new()));
        let is_package = !name.is_empty() && !name.contains(char::is_whitespace);
        is_package.then(|| Component {
            name: name.to_owned(),
            version,
            module: module.to_owned(),
            ..Component::default()
        })
    }

    /// The ecosystem a platform is, by its CPE, else by its name; empty when it is none we know.
    fn platform(&self, id: &str) -> String {
        let mut id = id;
        for _ in 0..LONGEST_CHAIN {
            let Some(joined) = self.joined.get(id) else { break };
            id = joined.relates_to_product_reference.as_str();
        }
        let Some(product) = self.plain.get(id) else { return String::new() };
        let cpe = product.product_identification_helper.cpe.as_deref().unwrap_or("");
        let name = product.name.trim();
        let suse = |publisher: &str| Some(format!("{publisher}:{}", name.strip_prefix(publisher)?.trim()));
        match cpe.split_once("redhat:") {
            Some((_, parts)) => format!("Red Hat:{}", parts.trim_end_matches([':', '*', '-'])),
            None => suse("openSUSE").or_else(|| suse("SUSE")).unwrap_or_default(),
        }
    }
}

fn of_purl(purl: &Purl) -> Option<Component> {
    // `pkg:rpmmod/redhat/ruby:2.6/ruby` is the package `ruby` of that module; without the middle it is the module.
    if purl.kind == "rpmmod" {
        let (_, module) = purl.namespace.split_once('/')?;
        let (ecosystem, name) = ecosystem::of_purl("rpm", "redhat", &purl.name, None)?;
        return Some(Component { ecosystem, name, module: module.to_owned(), version: String::new() });
    }
    let (ecosystem, name) =
        ecosystem::of_purl(&purl.kind, &purl.namespace, &purl.name, purl.qualifier("distro"))?;
    let version = match purl.qualifier("epoch") {
        Some(epoch) if !purl.version.is_empty() && !purl.version.contains(':') => {
            format!("{epoch}:{}", purl.version)
        }
        _ => purl.version.clone(),
    };
    let module = purl.qualifier("rpmmod").map_or("", stream::of_label).to_owned();
    Some(Component { ecosystem, name, version, module })
}

/// `pkg:rpmmod/redhat/nodejs@18:8090…` is stream `nodejs:18`.
fn stream_of_module(purl: &Purl) -> Option<String> {
    let stream = purl.version.split(':').next().unwrap_or("");
    (purl.kind == "rpmmod").then(|| format!("{}:{stream}", purl.name))
}

const ARCHITECTURES: [&str; 14] = [
    "x86_64", "aarch64", "ppc64le", "s390x", "noarch", "src", "nosrc", "i686", "i586", "i386", "ppc64",
    "ppc", "ia64", "armv7hl",
];

/// `openssl-1:1.1.1k-12.el8.x86_64`: name, then version and release; without an architecture at its end, a text is a
/// file name only where its last but one part starts with a digit.
fn split_file_name(text: &str) -> Option<(&str, String)> {
    let bare = text.rsplit_once('.').filter(|(_, last)| ARCHITECTURES.contains(last)).map(|(bare, _)| bare);
    let (rest, release) = bare.unwrap_or(text).rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    let is_version = |part: &str| part.starts_with(|c: char| c.is_ascii_digit());
    let is_file_name = bare.is_some() || (is_version(version) && is_version(release));
    (is_file_name && !name.is_empty()).then(|| (name, format!("{version}-{release}")))
}
