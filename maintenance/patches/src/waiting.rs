//! The rule of waiting updates: every security update by its source package, the others as one.

use std::collections::BTreeMap;

use mainstay_record::finding::{Severity, Sighting};
use mainstay_wire::Unseen;
use mainstay_wire::packages::{KeptBack, KeptBecause, Origin, Update, Updates, Waiting};
use serde_json::json;

use crate::changelogs::{Named, Names};
use crate::days;

pub(crate) const RULE: &str = "patches.update_waiting";
/// The subject of the one finding for everything that is not about security.
pub(crate) const OTHERS: &str = "other updates";

/// One finding per source with security updates, one for the other updates, one per security update that is kept back.
pub(crate) fn sightings(updates: &Updates, now_ms: i64, named: &Names) -> Vec<Sighting> {
    let native = native(updates);
    let mut sources: BTreeMap<&str, Vec<&Update>> = BTreeMap::new();
    for update in updates.updates.iter().filter(|update| update.is_security) {
        sources.entry(&update.source).or_default().push(update);
    }
    let mut seen: Vec<Sighting> =
        sources.iter().map(|(source, updates)| security(source, updates, now_ms, named, native)).collect();
    let others: Vec<&Update> = updates.updates.iter().filter(|update| !update.is_security).collect();
    if !others.is_empty() {
        seen.push(other(&others, now_ms, native));
    }
    seen.extend(updates.kept_back.iter().filter(|kept| kept.is_security).map(|kept| {
        let because = match kept.because {
            KeptBecause::Held => "an administrator holds it",
            KeptBecause::Phased => "Ubuntu offers it to more machines day by day and this one is not yet among them",
            KeptBecause::Dependencies => "its dependencies cannot be met",
        };
        Sighting {
            subject: format!("kept back {}", kept.name),
            severity: Severity::High,
            title: format!("Security update of {} is kept back", kept.name),
            reason: format!("{} stays at {} although {} is offered: {because}.", kept.name, kept.installed, kept.candidate),
            detail: json!({
                "why": "A kept-back package stays vulnerable however often the host is upgraded.",
                "evidence": [format!("{} {} installed, {} offered", kept.name, kept.installed, kept.candidate)],
                "fix": [fix(kept)],
            }),
        }
    }));
    seen
}

/// Old lists hide only what was published after them. What waited by these lists and waits no more is installed, so
/// their age alone keeps nothing open. A list that is missing or unreadable hides what it offered.
pub(crate) fn concerns(gap: &Unseen) -> bool {
    gap.what != "updates published since then"
}

fn fix(kept: &KeptBack) -> String {
    match kept.because {
        KeptBecause::Held => format!("apt-mark unhold {}", kept.name),
        KeptBecause::Phased => "Wait: the archive will offer it to this machine too".to_owned(),
        KeptBecause::Dependencies => format!("apt-get dist-upgrade -s {}", kept.name),
    }
}

fn security(source: &str, updates: &[&Update], now_ms: i64, named: &Names, native: &str) -> Sighting {
    let first = updates[0];
    let named = named.of(first);
    let closes = match named {
        Some(Named { cves, is_cut, .. }) if !cves.is_empty() => {
            let least = if *is_cut { "at least " } else { "" };
            let noun = if cves.len() == 1 { "CVE" } else { "CVEs" };
            format!(" Its changelog names {least}{} {noun}.", cves.len())
        }
        _ => String::new(),
    };
    let since = since_ms(updates);
    let waits = since.map_or("since it was first seen here".to_owned(), |since| at_least(since, now_ms));
    let others = match updates.len() {
        1 => String::new(),
        n => format!(" ({n} packages)"),
    };
    Sighting {
        subject: source.to_owned(),
        severity: Severity::High,
        title: format!("Security update of {source} waits"),
        reason: format!(
            "{} {} is offered{others}, {} is installed. It has waited {waits}.{closes}",
            first.source,
            first.source_version,
            first.installed_source_version.as_deref().or(first.installed.as_deref()).unwrap_or("none")
        ),
        detail: json!({
            "why": "The vendor publishes through its security archive only what closes a known hole.",
            "evidence": updates.iter().map(|u| line(u, native)).collect::<Vec<_>>(),
            "fix": [format!("apt-get install {}", updates.iter().map(|u| format!("{}={}", u.name, u.candidate)).collect::<Vec<_>>().join(" "))],
            "packages": updates.iter().map(|u| &u.name).collect::<Vec<_>>(),
            "waiting_since_ms": since,
            "cves": named.map(|named| &named.cves),
            "cves_note": crate::changelogs::note(named),
        }),
    }
}

fn other(updates: &[&Update], now_ms: i64, native: &str) -> Sighting {
    let count = updates.len();
    let since = since_ms(updates);
    let oldest =
        since.map_or(String::new(), |since| format!(", the oldest has waited {}", at_least(since, now_ms)));
    Sighting {
        subject: OTHERS.to_owned(),
        severity: Severity::Low,
        title: format!(
            "{count} other {} {}",
            if count == 1 { "update" } else { "updates" },
            if count == 1 { "waits" } else { "wait" }
        ),
        reason: format!("Mended faults that are not about security{oldest}."),
        detail: json!({
            "why": "Fixes that pile up are applied in a hurry later, together with the one that was urgent.",
            "evidence": updates.iter().map(|u| line(u, native)).collect::<Vec<_>>(),
            "fix": ["apt-get dist-upgrade"],
            "packages": updates.iter().map(|u| &u.name).collect::<Vec<_>>(),
            "waiting_since_ms": since,
        }),
    }
}

/// A lower bound in words.
fn at_least(since_ms: i64, now_ms: i64) -> String {
    match days(since_ms, now_ms).as_str() {
        "less than a day" => "since today, or longer".to_owned(),
        days => format!("at least {days}"),
    }
}

/// One line as `apt-get -s` words it, letter by letter, so that the two can be laid side by side.
fn line(update: &Update, native: &str) -> String {
    let mut origins: Vec<String> = Vec::new();
    for origin in update.origins.iter().map(origin) {
        if !origins.contains(&origin) {
            origins.push(origin);
        }
    }
    let foreign = if [native, "all"].contains(&update.arch.as_str()) {
        String::new()
    } else {
        format!(":{}", update.arch)
    };
    format!(
        "{}{foreign} [{}] ({} {} [{}])",
        update.name,
        update.installed.as_deref().unwrap_or("new"),
        update.candidate,
        origins.join(", "),
        update.arch
    )
}

fn origin(origin: &Origin) -> String {
    let label = if origin.label.is_empty() { String::new() } else { format!("{}:", origin.label) };
    match (origin.suite.as_str(), origin.version.as_str()) {
        ("", _) if origin.site.is_empty() => format!("{label}localhost"),
        ("", _) => format!("{label}{}", origin.site),
        (suite, "") => format!("{label}{suite}"),
        (suite, version) => format!("{label}{version}/{suite}"),
    }
}

/// The architecture of the machine itself: apt lists its packages first.
fn native(updates: &Updates) -> &str {
    updates.lists.iter().map(|list| list.arch.as_str()).find(|arch| *arch != "all").unwrap_or("all")
}

/// Since when the oldest of them waits, where the archive's own dates tell.
fn since_ms(updates: &[&Update]) -> Option<i64> {
    let at = |update: &&Update| match update.waiting {
        Waiting::Changelog { at_ms } | Waiting::ReleaseDate { at_ms } => i64::try_from(at_ms).ok(),
        Waiting::SinceFirstSeen => None,
    };
    updates.iter().filter_map(at).min()
}
