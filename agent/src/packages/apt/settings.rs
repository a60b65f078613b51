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
            phasing: Phasing::read(config, host),
            automatic: automatic(host, config),
        }
    }

    /// Whether a relation that is not critical is to be met all the same.
    pub fn wants(&self, kind: Kind, section: &str) -> bool {
        match kind {
            Kind::Recommends => {
                let last = section.rsplit('/').next().unwrap_or(section);
                let is_listed = |known: &String| known == section || known == last;
                self.with_recommends
                    || (!section.is_empty() && self.recommends_sections.iter().any(is_listed))
            }
            Kind::Suggests => self.with_suggests,
            _ => true,
        }
    }
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
