//! The package lists a host holds: their release files, and a stream of their stanzas.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use super::config::Config;
use super::sources::{Source, list_name};
use crate::Host;
use crate::packages::dates;
use crate::packages::stanza::{Stanza, stanzas};
use crate::wire::packages::{Origin, PackageList};

/// Endings of lists, in the order apt looks for them.
const ENDINGS: [&str; 5] = ["", ".zst", ".lz4", ".gz", ".xz"];
/// Endings apt can read and this program cannot.
const UNREADABLE: [&str; 2] = [".bz2", ".lzma"];
/// A release file longer than this is none.
const MOST_RELEASE_BYTES: u64 = 16 << 20;

/// One package list.
#[derive(Clone, Debug, Default)]
pub struct List {
    pub path: PathBuf,
    pub ending: &'static str,
    pub told: PackageList,
    pub is_not_automatic: bool,
    pub is_upgrades_automatic: bool,
    /// dpkg's status file, which no archive offers.
    pub is_status: bool,
}

/// What the release files say about lists, and what is missing.
#[derive(Debug, Default)]
pub struct Lists {
    pub found: Vec<List>,
    /// Sources without any list: `uri suite`.
    pub absent: Vec<String>,
    /// Lists that are there and cannot be read, with the reason.
    pub unreadable: Vec<String>,
}

/// Finds the lists of all sources, in apt's order, each once.
pub fn find(host: &Host, config: &Config, sources: &[Source], archs: &[String]) -> Lists {
    let folder = config.place("Dir::State::lists");
    let mut all = Lists::default();
    for source in sources {
        let is_flat = source.suite.ends_with('/');
        let suite = if source.suite == "/" { "" } else { source.suite.as_str() };
        let base =
            if is_flat { format!("{}{suite}", source.uri) } else { format!("{}dists/{suite}/", source.uri) };
        let release = release(host, &folder, &base, source);
        let mut own = source.archs.clone();
        own.retain(|arch| archs.contains(arch));
        own.push("all".to_owned());
        let mut is_there = false;
        let components: &[String] = if is_flat { &[String::new()] } else { &source.components };
        for component in components {
            let own: &[String] = if is_flat { &own[..1] } else { &own };
            for arch in own {
                let name = if is_flat { String::new() } else { format!("{component}/binary-{arch}/") };
                let name = list_name(&format!("{base}{name}Packages"));
                is_there |= locate(
                    host,
                    &format!("{}/{name}", folder.trim_end_matches('/')),
                    &release,
                    component,
                    arch,
                    &mut all,
                );
            }
        }
        if !is_there {
            all.absent.push(format!("{} {}", source.uri, source.suite));
        }
    }
    all
}

fn locate(host: &Host, path: &str, release: &List, component: &str, arch: &str, all: &mut Lists) -> bool {
    for ending in ENDINGS {
        let place = host.path(format!("{path}{ending}"));
        if !place.is_file() {
            continue;
        }
        if all.found.iter().all(|known| known.path != place) {
            let mut list = List { path: place, ending, ..release.clone() };
            component.clone_into(&mut list.told.origin.component);
            arch.clone_into(&mut list.told.arch);
            all.found.push(list);
        }
        return true;
    }
    for ending in UNREADABLE {
        if host.exists(format!("{path}{ending}")) {
            all.unreadable.push(format!("{path}{ending}: this compression is not understood"));
            return true;
        }
    }
    false
}

/// The part of a list that its release file tells. Without a release file only the place is known.
fn release(host: &Host, folder: &str, base: &str, source: &Source) -> List {
    let site =
        source.uri.split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or_default());
    let site = site.rsplit_once('@').map_or(site, |(_, site)| site);
    let mut list = List { ..List::default() };
    list.told.uri.clone_from(&source.uri);
    site.clone_into(&mut list.told.origin.site);
    for name in ["InRelease", "Release"] {
        let path = format!("{}/{}", folder.trim_end_matches('/'), list_name(&format!("{base}{name}")));
        let Ok(text) = host.read_limited(&path, MOST_RELEASE_BYTES) else { continue };
        let stanzas = stanzas(unsigned(&text));
        let Some(stanza) = stanzas.first().map(|stanza| Stanza(stanza)) else { continue };
        let word = |name: &str| stanza.or_empty(name).into_owned();
        let is_yes = |name: &str| stanza.or_empty(name).eq_ignore_ascii_case("yes");
        list.told.origin = Origin {
            origin: word("Origin"),
            label: word("Label"),
            suite: word("Suite"),
            codename: word("Codename"),
            version: word("Version"),
            component: String::new(),
            site: site.to_owned(),
        };
        list.is_not_automatic = is_yes("NotAutomatic");
        list.is_upgrades_automatic = is_yes("ButAutomaticUpgrades");
        list.told.released_at_ms = dates::parse(&word("Date"));
        list.told.valid_until_ms = dates::parse(&word("Valid-Until"));
        // The modification time is the server's; the change time is when the host wrote it.
        let changed = host.metadata(&path).map(|known| known.ctime().max(0));
        list.told.fetched_at_ms =
            changed.ok().and_then(|seconds| u64::try_from(seconds).ok()).map(|s| s * 1000);
        break;
    }
    list
}

/// The text inside a clear-signed message, or all of it.
fn unsigned(text: &[u8]) -> &[u8] {
    if !text.starts_with(b"-----BEGIN PGP SIGNED MESSAGE-----") {
        return text;
    }
    let from = memchr::memmem::find(text, b"\n\n").map_or(0, |at| at + 2);
    let until = memchr::memmem::find(text, b"\n-----BEGIN PGP SIGNATURE-----").unwrap_or(text.len());
    &text[from.min(until)..until]
}

/// Writes the whole list, decompressed, to `to`.
pub fn stream(list: &List, to: &mut impl Write) -> io::Result<()> {
    let file = File::open(&list.path)?;
    match list.ending {
        ".lz4" => pour(lz4_flex::frame::FrameDecoder::new(file), to),
        ".gz" => pour(flate2::read::MultiGzDecoder::new(io::BufReader::new(file)), to),
        ".xz" => pour(lzma_rust2::XzReader::new(io::BufReader::new(file), true), to),
        ".zst" => pour(zstd::stream::read::Decoder::new(file)?, to),
        _ => pour(file, to),
    }
}

fn pour(mut from: impl Read, to: &mut impl Write) -> io::Result<()> {
    let mut buffer = vec![0; 256 << 10];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => to.write_all(&buffer[..read])?,
            Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
            Err(fault) => return Err(fault),
        }
    }
}
