//! Debian changelogs: the entries newer than what is installed, and the CVE ids they name.

use std::cmp::Ordering;

use super::dates;
use crate::wire::packages::{Changelog, ChangelogEntry};

/// Entries kept of one changelog; more than this are counted as cut.
const MOST_ENTRIES: usize = 500;

/// The entries of `text` above `installed` and up to `candidate` (both source versions), and what they fix.
/// Entries of a version that does not compare are passed over; a changelog that ends before an entry at or
/// below `installed` is marked as cut, because older entries may be missing.
pub fn newer_entries(source: &str, text: &str, installed: &str, candidate: &str) -> Changelog {
    let mut made = Changelog {
        source: source.to_owned(),
        installed: installed.to_owned(),
        candidate: candidate.to_owned(),
        is_cut: true,
        ..Changelog::default()
    };
    let mut is_within = false;
    for line in text.lines() {
        if let Some(entry) = header(line) {
            is_within = match mainstay_versions::dpkg::compare(&entry.version, installed) {
                Ok(Ordering::Greater) => true,
                Ok(_) => {
                    made.is_cut = false;
                    break;
                }
                Err(_) => false,
            };
            if is_within && made.entries.len() == MOST_ENTRIES {
                break;
            }
            if is_within {
                made.entries.push(entry);
            }
        } else if let Some(entry) = made.entries.last_mut().filter(|_| is_within) {
            match line.strip_prefix(" -- ") {
                Some(trailer) => {
                    entry.at_ms = trailer.rsplit_once('>').and_then(|(_, date)| dates::parse(date));
                }
                None => entry.cves.extend(cve_ids(line)),
            }
        }
    }
    for entry in &mut made.entries {
        sort(&mut entry.cves);
        made.cves.extend(entry.cves.iter().cloned());
    }
    sort(&mut made.cves);
    made
}

/// `source (version) suite…; key=value, …` at the start of a line.
fn header(line: &str) -> Option<ChangelogEntry> {
    if line.starts_with(char::is_whitespace) {
        return None;
    }
    let (source, rest) = line.split_once(" (")?;
    let (version, rest) = rest.split_once(')')?;
    let (suites, rest) = rest.split_once(';')?;
    let is_name =
        !source.is_empty() && source.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    if !is_name || version.is_empty() || version.contains(char::is_whitespace) {
        return None;
    }
    let value = |key: &str| {
        rest.split(',').find_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            name.trim().eq_ignore_ascii_case(key).then(|| value.trim().to_ascii_lowercase())
        })
    };
    Some(ChangelogEntry {
        version: version.to_owned(),
        suites: suites.trim().to_owned(),
        urgency: value("urgency").unwrap_or_default(),
        at_ms: None,
        cves: Vec::new(),
    })
}

/// Every CVE id in a text: `CVE-`, four digits, `-`, four digits or more; in any case.
pub fn cve_ids(text: &str) -> Vec<String> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = bytes[from..].windows(4).position(|word| word.eq_ignore_ascii_case(b"CVE-")) {
        let start = from + at;
        from = start + 4;
        let starts_word = start == 0 || !bytes[start - 1].is_ascii_alphanumeric();
        let digits =
            |from: usize| bytes[from.min(bytes.len())..].iter().take_while(|b| b.is_ascii_digit()).count();
        let year = digits(from);
        if !starts_word || year != 4 || bytes.get(from + 4) != Some(&b'-') {
            continue;
        }
        let number = digits(from + 5);
        if (4..=19).contains(&number) {
            found.push(format!("CVE-{}", &text[from..from + 5 + number]));
            from += 5 + number;
        }
    }
    found
}

/// By year and number, each once.
fn sort(ids: &mut Vec<String>) {
    let key = |id: &String| {
        let mut parts = id.split('-').skip(1).map(|part| part.parse::<u64>().unwrap_or(u64::MAX));
        (parts.next(), parts.next())
    };
    ids.sort_by_key(key);
    ids.dedup();
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn data() -> PathBuf {
        let usual = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data");
        std::env::var_os("MAINSTAY_DATA").map_or_else(|| usual.into(), PathBuf::from)
    }

    #[test]
    fn real_changelogs_name_the_ids_of_the_index() {
        let folder = data().join("advisories/changelogs");
        let Ok(index) = std::fs::read_to_string(folder.join("index.tsv")) else {
            println!("skipped: {} is not here", folder.display());
            return;
        };
        let mut total = 0;
        for row in index.lines().filter(|row| !row.starts_with('#') && !row.starts_with("source\t")) {
            let columns: Vec<&str> = row.split('\t').collect();
            let text = std::fs::read_to_string(folder.join(format!("{}.changelog.txt", columns[0]))).unwrap();
            let found = newer_entries(columns[0], &text, columns[1], columns[2]);
            assert_eq!(found.entries.len().to_string(), columns[3], "{}", columns[0]);
            assert_eq!(found.cves.len().to_string(), columns[4], "{}", columns[0]);
            let mut wanted: Vec<String> = cve_ids(columns.get(5).copied().unwrap_or(""));
            sort(&mut wanted);
            assert_eq!(found.cves, wanted, "{}", columns[0]);
            assert_eq!(found.entries[0].version, columns[2]);
            assert!(found.entries.iter().all(|entry| entry.at_ms.is_some()));
            total += found.cves.len();
        }
        assert_eq!(total, 75);
    }

    #[test]
    fn ids_are_whole_words() {
        assert_eq!(
            cve_ids(
                "CVE-2026-102633, cve-2024-1234)CVE-2024-123 XCVE-2024-9999 CVE-20241-1234 CVE-2024-12345-6789"
            ),
            ["CVE-2026-102633", "CVE-2024-1234", "CVE-2024-12345"]
        );
        assert_eq!(cve_ids("CVE-"), Vec::<String>::new());
        assert_eq!(cve_ids("é CVE-2024-0001é"), ["CVE-2024-0001"]);
    }

    #[test]
    fn a_changelog_without_an_old_entry_is_cut() {
        let text = "a (2) s; urgency=High\n\n  * CVE-2024-0001\n\n -- X <x@y>  Mon, 03 Mar 2025 09:00:00 +0100\n\na (1) s; urgency=low\n\n  * CVE-2023-0001\n";
        let found = newer_entries("a", text, "1", "2");
        assert_eq!((found.cves, found.is_cut), (vec!["CVE-2024-0001".to_owned()], false));
        assert_eq!(
            (found.entries[0].urgency.as_str(), found.entries[0].at_ms),
            ("high", Some(1_740_988_800_000))
        );
        let found = newer_entries("a", text, "0", "2");
        assert_eq!((found.cves.len(), found.entries.len(), found.is_cut), (2, 2, true));
    }
}
