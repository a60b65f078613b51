//! The spool over outages, cuts at every byte, damage, and its limit.

use std::path::Path;

use serde_json::value::to_raw_value;

use super::Spool;
use crate::collect::Looked;
use crate::wire::{Section, Took};

fn looked(section: Section, content: &str) -> Looked {
    let content = to_raw_value(&content).unwrap();
    Looked { section, at_ms: 7, hash: format!("hash of {content}"), content, took: Took::default() }
}

/// `seq section content`, `=` for unchanged.
fn items(spool: &mut Spool) -> Vec<String> {
    let text = |item: crate::wire::Item| {
        let content =
            item.content.map_or("=".to_owned(), |content| content.get().trim_matches('"').to_owned());
        format!("{} {} {content}", item.seq, item.section)
    };
    spool.oldest(usize::MAX, usize::MAX).unwrap().into_iter().map(text).collect()
}

fn open(path: &Path) -> Spool {
    Spool::open(path, 1 << 20).unwrap()
}

#[test]
fn only_changes_carry_content_over_restarts_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spool");
    let mut spool = open(&path);
    for text in ["a", "a", "b"] {
        spool.append(looked(Section::Disks, text)).unwrap();
    }
    let mut spool = open(&path);
    spool.append(looked(Section::Disks, "b")).unwrap();
    assert_eq!(items(&mut spool), ["1 disks a", "2 disks =", "3 disks b", "4 disks ="]);
    spool.acknowledge(4).unwrap();
    let mut spool = open(&path);
    assert!(spool.is_empty());
    spool.append(looked(Section::Disks, "b")).unwrap();
    spool.forget(&[Section::Disks]).unwrap();
    spool.append(looked(Section::Disks, "b")).unwrap();
    assert_eq!(items(&mut spool), ["5 disks =", "6 disks b"]);
}

#[test]
fn a_cut_at_any_byte_loses_only_what_was_half_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spool");
    let mut spool = open(&path);
    spool.append(looked(Section::Disks, "first")).unwrap();
    let whole_until = std::fs::metadata(&path).unwrap().len();
    spool.append(looked(Section::Disks, "second")).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    for cut in 0..bytes.len() {
        std::fs::write(&path, &bytes[..cut]).unwrap();
        let mut spool = open(&path);
        let is_first_there = cut as u64 >= whole_until;
        assert_eq!(items(&mut spool).len(), usize::from(is_first_there), "cut at {cut}");
        spool.append(looked(Section::Disks, "third")).unwrap();
        let expected = if is_first_there { "2 disks third" } else { "1 disks third" };
        assert_eq!(items(&mut open(&path)).last().unwrap(), expected, "cut at {cut}");
    }
}

#[test]
fn damage_in_the_middle_is_left_out_and_everything_is_sent_whole_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spool");
    let mut spool = open(&path);
    for text in ["one", "two", "three"] {
        spool.append(looked(Section::Disks, text)).unwrap();
    }
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(3).position(|w| w == b"two").unwrap();
    bytes[at] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let mut spool = open(&path);
    assert_eq!(spool.dropped(), 1);
    spool.append(looked(Section::Disks, "three")).unwrap();
    assert_eq!(items(&mut spool), ["1 disks one", "3 disks three", "4 disks three"]);
}

#[test]
fn a_full_spool_keeps_the_newest_of_each_section() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spool");
    let mut spool = Spool::open(&path, 4000).unwrap();
    spool.append(looked(Section::System, "kept")).unwrap();
    for round in 0..200 {
        spool.append(looked(Section::Disks, &format!("round {round}"))).unwrap();
        assert!(std::fs::metadata(&path).unwrap().len() <= 4000);
    }
    let kept = items(&mut spool);
    assert_eq!(kept[0], "1 system kept");
    assert_eq!(kept.last().unwrap(), "201 disks round 199");
    assert_eq!(spool.dropped() + kept.len() as u64, 201);
}

#[test]
fn a_lost_spool_goes_on_above_what_the_server_has() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = open(&folder.path().join("spool"));
    spool.append(looked(Section::Disks, "a")).unwrap();
    spool.acknowledge(70).unwrap();
    assert!(spool.is_empty(), "the server skipped it, so it is seen and sent again");
    spool.append(looked(Section::Disks, "a")).unwrap();
    assert_eq!(items(&mut spool), ["71 disks a"]);
}
