//! Comparisons per second against other crates, the index of all shared advisories, a fleet assessed, one new advisory.
//!
//! Prints Markdown. Times are processor time of this one thread, so that a busy machine does not change them; wall time
//! stands beside it where a bar is about waiting. Data is looked for in `MAINSTAY_DATA` or beside the repository.

use std::cmp::Ordering;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mainstay_versions::Scheme;
use mainstay_versions::advisory::{Advisory, Affected, Event, EventKind, Range};
use mainstay_versions::fleet::Fleet;
use mainstay_versions::import::{Limits, Record, Sink, read_path};
use mainstay_versions::index::{Builder, Index};
use mainstay_versions::inventory::dpkg_list;
use mainstay_versions::matching::{Package, State};
use mainstay_versions::verdict;

fn main() {
    if std::env::args().any(|argument| argument == "--test") {
        return; // `cargo test --benches` only wants to know that it builds
    }
    comparisons();
    let data = std::env::var_os("MAINSTAY_DATA").map(PathBuf::from);
    let data = data.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"));
    if !data.join("advisories").is_dir() {
        println!("\nNo shared data here: index and fleet were not measured.");
        return;
    }
    index(&data);
    fleet(&data);
}

/// A small generator; its numbers only have to be spread.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits fit") % end
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

/// Processor time of this thread so far; where the kernel does not tell, wall time.
fn processor_time(since: Instant) -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let on_processor =
        text.split_whitespace().next().and_then(|ns| ns.parse().ok()).map(Duration::from_nanos);
    on_processor.unwrap_or_else(|| since.elapsed())
}

/// Runs something and gives its processor time and its wall time in seconds.
fn timed<T>(run: impl FnOnce() -> T) -> (T, f64, f64) {
    let start = Instant::now();
    let before = processor_time(start);
    let value = run();
    (value, processor_time(start).saturating_sub(before).as_secs_f64(), start.elapsed().as_secs_f64())
}

/// Pairs as they meet in practice: often the same upstream version with another ending.
fn pairs(scheme: Scheme) -> Vec<(String, String)> {
    let endings: &[&str] = match scheme {
        Scheme::Dpkg => &["-1", "-2+deb12u1", "-2+deb12u3", "~rc1-1", "+dfsg-1+b2", "-1~bpo12+1"],
        Scheme::Rpm => &["-1.el9", "-2.el9_4.1", "~rc1-1.el9", "-12.el9_2", "^20240101-1.el9"],
        Scheme::Apk => &["-r0", "-r3", "_rc1-r0", "_p2-r1", ""],
        Scheme::Maven => &["", "-SNAPSHOT", ".Final", "-rc-1", "-jre", ".RELEASE"],
        Scheme::Gem => &["", ".pre", ".rc1", ".beta.2"],
        Scheme::Composer => &["", "-beta1", "-RC2", "-dev"],
        Scheme::Pep440 => &["", "rc1", ".post1", ".dev3", "a2"],
        _ => &["", "-alpha.1", "-rc.10", "-rc.9", "-beta"],
    };
    let mut dice = Dice(1);
    let mut version = |like: Option<(usize, usize, usize)>| {
        let numbers = like.unwrap_or_else(|| (dice.below(12), dice.below(30), dice.below(40)));
        (format!("{}.{}.{}{}", numbers.0, numbers.1, numbers.2, dice.pick(endings)), numbers)
    };
    (0..4096)
        .map(|at| {
            let (a, numbers) = version(None);
            (a, version((at % 2 == 0).then_some(numbers)).0)
        })
        .collect()
}

const ROUNDS: u32 = 300;

/// Millions of comparisons per second, both sides read each time.
fn measure(pairs: &[(String, String)], mut compare: impl FnMut(&str, &str) -> Option<Ordering>) -> f64 {
    let ((), seconds, _) = timed(|| {
        for _ in 0..ROUNDS {
            for (a, b) in pairs {
                black_box(compare(black_box(a), black_box(b)));
            }
        }
    });
    f64::from(ROUNDS * 4096) / seconds / 1e6
}

fn comparisons() {
    println!("Millions of comparisons per second, one thread, reading both texts each time.\n");
    println!("| scheme | ours | other | crate |\n|---|---|---|---|");
    for scheme in Scheme::ALL {
        let pairs = pairs(*scheme);
        let ours = measure(&pairs, |a, b| scheme.compare(a, b).ok());
        let (other, name) = other(*scheme, &pairs);
        println!(
            "| {scheme} | {ours:.1} | {} | {name} |",
            other.map_or("–".to_owned(), |other| format!("{other:.1}"))
        );
    }
}

fn other(scheme: Scheme, pairs: &[(String, String)]) -> (Option<f64>, &'static str) {
    match scheme {
        Scheme::Dpkg => {
            (Some(measure(pairs, |a, b| Some(deb_version::compare_versions(a, b)))), "deb-version 0.1")
        }
        Scheme::Rpm => {
            let order = |a: &str, b: &str| rpm_version::Evr::parse(a).cmp(&rpm_version::Evr::parse(b));
            (Some(measure(pairs, |a, b| Some(order(a, b)))), "rpm-version 0.5")
        }
        Scheme::Semver | Scheme::Go => {
            let read = |text: &str| semver::Version::parse(text).ok();
            (Some(measure(pairs, |a, b| Some(read(a)?.cmp_precedence(&read(b)?)))), "semver 1.0")
        }
        Scheme::Npm => {
            let read = |text: &str| nodejs_semver::Version::parse(text).ok();
            (Some(measure(pairs, |a, b| Some(read(a)?.cmp(&read(b)?)))), "nodejs-semver 7.0")
        }
        Scheme::Pep440 => {
            let read = |text: &str| text.parse::<pep440_rs::Version>().ok();
            (Some(measure(pairs, |a, b| Some(read(a)?.cmp(&read(b)?)))), "pep440_rs 0.7")
        }
        _ => (None, "none is right"),
    }
}

/// The most memory this process ever had, in MB.
fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or("");
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn import(path: &Path, builder: &mut Builder) -> usize {
    let mut each = |record| builder.add(record);
    let mut sink = Sink::new(&mut each);
    match read_path(path, Limits::default(), &mut sink) {
        Ok(()) => sink.outcome.records,
        Err(error) => {
            println!("{}: {error}", path.display());
            0
        }
    }
}

fn index(data: &Path) {
    let path = std::env::temp_dir().join(format!("mainstay-bench-{}.index", std::process::id()));
    let mut builder = Builder::new();
    let ((records, written), processor, wall) = timed(|| {
        let records = import(&data.join("advisories"), &mut builder);
        (records, builder.write(&path, ""))
    });
    let peak = peak_mb();
    drop(builder);
    println!("\n| index of all shared advisories | measured | bar |\n|---|---|---|");
    println!(
        "| {records} records read, index written durably | {processor:.2} s (wall {wall:.2} s), {peak} MB at most | 30 s, 300 MB |"
    );
    if let Err(error) = written {
        println!("| {error} | | |");
        return;
    }
    let (opened, processor, wall) = timed(|| (0..100).filter(|_| Index::open(&path).is_ok()).count());
    let size = std::fs::metadata(&path).map_or(0, |metadata| metadata.len()) / 1024;
    println!(
        "| opened {opened} times, checksum of {size} KiB checked each time | {:.2} ms each (wall {:.2} ms) | 5 ms |",
        processor * 10.0,
        wall * 10.0
    );
    std::fs::remove_file(&path).unwrap_or_default();
}

/// One look for the hosts of an advisory is over before the kernel's clock of processor time moves on.
const LOOKS: u32 = 100_000;

/// The shared Debian host, with five flaws per source whose fixes lie around the installed version, as hosts that are
/// each behind in other packages.
fn fleet(data: &Path) {
    let text = std::fs::read_to_string(data.join("fleet/debian12-packages.tsv")).unwrap_or_default();
    let packages = dpkg_list(&text, "Debian:12").packages;
    let mut builder = Builder::new();
    let mut sources: Vec<&Package> = packages.iter().take(760).collect();
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    sources.dedup_by(|a, b| a.name == b.name);
    for (at, package) in sources.into_iter().enumerate() {
        for flaw in 0..5 {
            builder.add(Record::Advisory(Box::new(flaw_of(
                package,
                &format!("CVE-2026-{}", 10_000 + at * 5 + flaw),
                flaw,
            ))));
        }
    }
    let index = builder.build("").ok().and_then(|bytes| Index::from_bytes(bytes).ok());
    let Some(index) = index else { return println!("the index could not be built") };
    let mut dice = Dice(3);
    let mut host = || -> Vec<Package> {
        let behind = |dice: &mut Dice, package: &Package| match dice.below(10) {
            0 => format!("{}~0", package.version),
            1 => format!("{}+deb12u9", package.version),
            _ => package.version.clone(),
        };
        packages
            .iter()
            .take(760)
            .map(|one| Package { version: behind(&mut dice, one), ..one.clone() })
            .collect()
    };
    let hosts: Vec<Vec<Package>> = (0..1_000).map(|_| host()).collect();
    let (mut judged, mut affected) = (0_u64, 0_u64);
    let ((), processor, wall) = timed(|| {
        for package in hosts.iter().flatten() {
            verdict::each(&index, package, |advisory, _, judgement, _| {
                judged += u64::from(advisory.is_some());
                affected += u64::from(judgement.state == State::Affected);
            });
        }
    });
    println!("\n| fleet | measured | bar |\n|---|---|---|");
    println!(
        "| 1,000 hosts × 760 packages, {judged} judgements, {affected} affected | {processor:.2} s (wall {wall:.2} s) | 2 s |"
    );

    let mut fleet = Fleet::new();
    for number in 0..100_000_u32 {
        fleet.add(number, &hosts[dice.below(hosts.len())]);
    }
    let advisory = flaw_of(&packages[100], "CVE-2026-99999", 2);
    let (touched, processor, wall) = timed(|| {
        (1..LOOKS).for_each(|_| drop(black_box(fleet.touched(black_box(&advisory)))));
        fleet.touched(&advisory)
    });
    let on: u64 =
        touched.iter().flat_map(|one| one.hosts).map(|(first, last)| u64::from(last - first) + 1).sum();
    println!(
        "| one new advisory against 100,000 hosts: {on} installations touched | {:.1} µs (wall {:.1} µs) | 100 ms |",
        processor * 1e6 / f64::from(LOOKS),
        wall * 1e6 / f64::from(LOOKS)
    );
    println!("\nMost memory at the end, 100,000 hosts turned around included: {} MB.", peak_mb());
}

fn flaw_of(package: &Package, id: &str, flaw: usize) -> Advisory {
    let fixed = match flaw {
        0 => format!("{}~~", package.version),
        1 | 3 => package.version.clone(),
        2 => format!("{}+deb12u1", package.version),
        _ => "0~".to_owned(),
    };
    let event = |kind, version: &str| Event { kind, version: version.to_owned() };
    Advisory {
        id: id.to_owned(),
        source: "debian-tracker".to_owned(),
        affected: vec![Affected {
            ecosystem: "Debian:12".to_owned(),
            name: package.name.clone(),
            ranges: vec![Range {
                events: vec![event(EventKind::Introduced, "0"), event(EventKind::Fixed, &fixed)],
                ..Range::default()
            }],
            ..Affected::default()
        }],
        ..Advisory::default()
    }
}
