//! Until when a system gets security updates: our table, and the host's own distro-info-data.

use crate::Host;
use crate::wire::system::{Os, Support, SupportState};

/// Tab separated: id, release, code name, end of regular, of free long-term, of paid support.
const TABLE: &str = include_str!("../../../data/support.tsv");
const TABLE_NAME: &str = "endoflife.date of 2026-08-22 (MIT)";
const ROLLING: &[&str] =
    &["arch", "archarm", "manjaro", "opensuse-tumbleweed", "gentoo", "void", "nixos", "kali"];

/// The dates known for one release.
#[derive(Default)]
struct Dates {
    regular: Option<String>,
    long_term: Option<String>,
    paid: Option<String>,
}

/// The support of `os` on the day `today` (`YYYY-MM-DD`). Our table speaks first, for it is the newer one
/// on a host that is not kept up; the host's table fills what ours does not say.
pub fn of(host: &Host, os: &Os, today: &str) -> Support {
    let (ours, theirs) = (from_table(os), from_host(host, os));
    let mut source = Vec::new();
    if ours.regular.is_some() {
        source.push(TABLE_NAME);
    }
    if theirs.regular.is_some() && (ours.regular.is_none() || theirs.paid.is_some()) {
        source.push("distro-info-data of the host");
    }
    let dates = Dates {
        regular: ours.regular.or(theirs.regular),
        long_term: ours.long_term.or(theirs.long_term),
        paid: ours.paid.or(theirs.paid),
    };
    Support {
        state: state(os, &dates, today),
        regular_until: dates.regular,
        long_term_until: dates.long_term,
        paid_until: dates.paid,
        source: if source.is_empty() { "no table knows this system".to_owned() } else { source.join(", ") },
    }
}

fn state(os: &Os, dates: &Dates, today: &str) -> SupportState {
    let lasts = |date: &Option<String>| date.as_deref().is_some_and(|date| date >= today);
    let is_development = os.version.is_none() && matches!(os.id.as_str(), "debian" | "ubuntu");
    if dates.regular.is_none() {
        let is_rolling = ROLLING.contains(&os.id.as_str()) || is_development;
        return if is_rolling { SupportState::Rolling } else { SupportState::Unknown };
    }
    if lasts(&dates.regular) {
        SupportState::Regular
    } else if lasts(&dates.long_term) {
        SupportState::LongTerm
    } else if lasts(&dates.paid) {
        SupportState::PaidOnly
    } else {
        SupportState::Ended
    }
}

fn from_table(os: &Os) -> Dates {
    let Some(version) = os.version.as_deref() else { return Dates::default() };
    let is_stream = os.id == "centos" && os.name.contains("Stream");
    let id = if is_stream { "centos-stream" } else { os.id.as_str() };
    // `9.4` is release 9 of one system and release 9.4 of another: the longest name that is known wins.
    let mut name = version;
    loop {
        let row = TABLE.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
            let row: Vec<&str> = line.split('\t').collect();
            (row.first() == Some(&id) && row.get(1) == Some(&name)).then_some(row)
        });
        if let Some(row) = row {
            let date = |column: usize| row.get(column).filter(|d| **d != "-").map(|d| (*d).to_owned());
            return Dates { regular: date(3), long_term: date(4), paid: date(5) };
        }
        match name.rsplit_once('.') {
            Some((shorter, _)) => name = shorter,
            None => return Dates::default(),
        }
    }
}

fn from_host(host: &Host, os: &Os) -> Dates {
    let Ok(text) = host.text(format!("/usr/share/distro-info/{}.csv", os.id.replace('/', ""))) else {
        return Dates::default();
    };
    let mut lines = text.lines();
    let heads: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    for line in lines {
        let row: Vec<&str> = line.split(',').collect();
        let cell = |head: &str| {
            let at = heads.iter().position(|h| *h == head)?;
            row.get(at).map(|cell| cell.trim()).filter(|cell| !cell.is_empty())
        };
        let version = cell("version").map(|version| version.trim_end_matches(" LTS"));
        let is_it = match (os.version.as_deref(), os.codename.as_deref()) {
            (Some(own), _) => version == Some(own),
            (None, Some(own)) => cell("series") == Some(own) && version.is_some(),
            (None, None) => false,
        };
        if is_it {
            let date = |head: &str| cell(head).map(str::to_owned);
            let paid = date("eol-elts").or_else(|| date("eol-legacy")).or_else(|| date("eol-esm"));
            return Dates { regular: date("eol"), long_term: date("eol-lts"), paid };
        }
    }
    Dates::default()
}
