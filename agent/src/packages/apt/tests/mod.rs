//! The upgrade compared with apt's own, on this host and on thousands of made-up ones.

mod invented;
mod oracle;
mod rules;

use crate::Host;
use crate::packages::apt::updates;
use oracle::{Said, apt_lines, is_apt_here, our_lines};

/// How many invented hosts a usual test run compares.
const USUAL_CASES: u64 = 60;
/// Hosts on which the answers once differed. Most rules behind them are told in `rules`. That packages of equal scores are
/// mended in an order that follows from all names apt knows shows only on hosts of more than sixteen packages, such as
/// 3991, 4583 and 6331; on 200436 a package that was removed may come back because dpkg remembers what it provided.
const ONCE_WRONG: [u64; 13] =
    [443, 822, 849, 1268, 1915, 1988, 3991, 4583, 5942, 6331, 6713, 104_436, 200_436];

#[test]
fn this_host_gets_what_apt_would_install() {
    if !is_apt_here() {
        println!("skipped: apt-get is not here");
        return;
    }
    let seen = updates(&Host::live());
    let Some(value) = seen.value else {
        assert!(!seen.unseen.is_empty(), "nothing seen without a reason");
        println!("skipped: {}", seen.unseen[0].because);
        return;
    };
    let ours = our_lines(&value);
    let count = ours.len();
    assert_eq!(Said::Plan(ours), apt_lines(None));
    println!("{count} lines agree");
}

#[test]
fn invented_hosts_get_what_apt_would_install() {
    if !is_apt_here() {
        println!("skipped: apt-get is not here");
        return;
    }
    let more = [invented::RICH, invented::LARGE, invented::INTERRUPTED];
    let more = more.into_iter().flat_map(|from| from..from + USUAL_CASES / 4);
    compare((1..=USUAL_CASES).chain(ONCE_WRONG).chain(more));
}

/// `MAINSTAY_CASES=from..until cargo test -p mainstay-agent many_invented -- --ignored --nocapture`
#[test]
#[ignore = "takes minutes; the count is given by MAINSTAY_CASES"]
fn many_invented_hosts() {
    let range = std::env::var("MAINSTAY_CASES").unwrap_or_else(|_| "1000..3000".to_owned());
    let (from, until) = range.split_once("..").expect("MAINSTAY_CASES=from..until");
    compare(from.parse().unwrap()..=until.parse().unwrap());
}

fn compare(cases: impl Iterator<Item = u64>) {
    let (mut count, mut changed, mut refused, mut unordered, mut wrong) = (0, 0, 0, 0, Vec::new());
    for seed in cases {
        count += 1;
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        invented::host(root, seed);
        let apts = apt_lines(Some(root));
        let seen = updates(&Host::fixture(root, 1_790_000_000_000));
        let ours = seen.value.as_ref().map_or(Said::Refused, |value| Said::Plan(our_lines(value)));
        changed += u32::from(matches!(&apts, Said::Plan(lines) if !lines.is_empty()));
        refused += u32::from(apts == Said::Refused);
        unordered += u32::from(apts == Said::Unordered);
        if ours != apts && apts != Said::Unordered {
            println!("seed {seed}\n  apt  {apts:?}\n  ours {ours:?} {:?}", seen.unseen);
            wrong.push(seed);
            if std::env::var_os("MAINSTAY_KEEP").is_some() {
                println!("  kept in {}", folder.keep().display());
            }
        }
    }
    println!(
        "{count} hosts: {changed} with changes, {refused} refused by apt, {unordered} without an order, {} differ",
        wrong.len()
    );
    assert!(wrong.is_empty(), "{} of {count} hosts differ: {wrong:?}", wrong.len());
    assert!(changed * 3 > count, "too few hosts with anything to do");
}
