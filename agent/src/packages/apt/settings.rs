//! The part of apt's configuration that decides what an upgrade does.

use super::config::Config;
use super::garbage::Automatic;
use super::phased::Phasing;
use super::record::Kind;
use crate::Host;
use crate::packages::stanza::{Stanza, stanzas};

/// What decides what an upgrade does.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of apt's own, independent of the others")]
pub struct Settings {
    pub default_release: String,
    pub ignores_holds: bool,
    pub upgrades_by_source: bool,
    pub with_recommends: bool,
    pub with_suggests: bool,
    /// Sections whose packages' recommendations are followed even when they are switched off.
    pub recommends_sections: Vec<String>,
    /// Sections of packages that only lead to others.
    pub sections_handing_on: Vec<String>,
    /// Sections of packages that stand for a whole selection.
    pub sections_keeping: Vec<String>,
    /// What something wanted recommends, or suggests, is not needless.
    pub keeps_recommended: bool,
    pub keeps_suggested: bool,
    pub phasing: Phasing,
    pub automatic: Automatic,
}

impl Settings {
    /// Reads them out of the configuration.
    pub fn read(config: &Config, host: &Host) -> Self {
        Self {
            default_release: config.get("APT::Default-Release").unwrap_or_default().to_owned(),
            ignores_holds: config.is_on("APT::Ignore-Hold", false),
            upgrades_by_source: config.is_on("APT::Get::Upgrade-By-Source-Package", true),
            with_recommends: config.is_on("APT::Install-Recommends", true),
            with_suggests: config.is_on("APT::Install-Suggests", false),
            recommends_sections: config.list("APT::Install-Recommends-Sections"),
            sections_handing_on: config.list("APT::Move-Autobit-Sections"),
            sections_keeping: config.list("APT::Never-MarkAuto-Sections"),
            keeps_recommended: config.is_on("APT::AutoRemove::RecommendsImportant", true),
            keeps_suggested: config.is_on("APT::AutoRemove::SuggestsImportant", true),
            phasing: Phasing::read(config, host),
            automatic: automatic(host, config),
        }
    }

    /// Whether a relation that is not critical is to be met all the same.
    pub fn wants(&self, kind: Kind, section: &str) -> bool {
        match kind {
            Kind::Recommends => self.with_recommends || is_in_sections(&self.recommends_sections, section),
            Kind::Suggests => self.with_suggests,
            _ => true,
        }
    }
}

/// Whether a list of sections names this one: whole, by what follows its slash, or with a slash for one without.
pub fn is_in_sections(sections: &[String], section: &str) -> bool {
    let is_listed = |known: &String| {
        known == section
            || match section.rsplit_once('/') {
                Some((_, last)) => known == last,
                None => known.strip_prefix('/') == Some(section),
            }
    };
    !section.is_empty() && sections.iter().any(is_listed)
}

/// Packages apt installed only for others.
fn automatic(host: &Host, config: &Config) -> Automatic {
    let path = config.place("Dir::State::extended_states");
    let text = host.read(path).unwrap_or_default();
    let stanzas = stanzas(&text);
    let automatic =
        stanzas.iter().map(|stanza| Stanza(stanza)).filter(|stanza| stanza.or_empty("Auto-Installed") == "1");
    automatic
        .map(|stanza| (stanza.or_empty("Package").into(), stanza.or_empty("Architecture").into()))
        .collect()
}

/// The files of a `….d` folder that count: plain names, one of the endings (or none where `conf` or `pref`
/// is asked for), sorted.
pub fn in_parts(host: &Host, folder: &str, endings: &[&str]) -> Vec<String> {
    let may_be_bare = endings.iter().any(|ending| ["conf", "pref"].contains(ending));
    let counts = |name: &String| {
        let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte));
        let ending = name.rsplit_once('.').map(|(_, ending)| ending);
        is_plain && !name.starts_with('.') && ending.map_or(may_be_bare, |ending| endings.contains(&ending))
    };
    host.list(folder).unwrap_or_default().into_iter().filter(counts).collect()
}
