//! Hosts made up from a number: a dpkg status, two to four archives, pins, holds, settings.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::packages::apt::build;
use crate::packages::apt::marks::Marks;
use crate::packages::apt::record::Record;
use crate::packages::apt::settings::Settings;
use crate::packages::stanza::Stanza;

/// A small generator of numbers; the same number gives the same host.
struct Dice {
    state: u64,
    /// Hosts above [`RICH`] know more kinds of fields and settings.
    is_rich: bool,
    is_interrupted: bool,
}

/// From this number on hosts have suggestions, packages that came for others, and sections that mean something to apt.
/// Those below stay as they were when they once differed.
pub const RICH: u64 = 100_000;
/// From this number on hosts have some dozens of packages as well.
pub const LARGE: u64 = 200_000;
/// From this number on dpkg was interrupted.
pub const INTERRUPTED: u64 = 300_000;

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.state >> 33) % limit as u64).unwrap()
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

const VERSIONS: [&str; 7] =
    ["1.0-1", "1.0-1+b1", "1.2~rc1-1", "1.2-1", "2.0-1", "1:0.5-1", "1:0.9-2+deb12u1"];
const STATES: [&str; 6] = [
    "reinstreq installed",
    "ok half-installed",
    "ok unpacked",
    "ok half-configured",
    "ok triggers-pending",
    "ok triggers-awaited",
];
const PRIORITIES: [&str; 5] = ["required", "important", "standard", "optional", "extra"];

#[derive(Clone)]
struct Made {
    name: String,
    arch: &'static str,
    version: usize,
    fields: String,
}

/// Archive number, label, suite, further release fields.
const ARCHIVES: [(&str, &str, &str, &str); 4] = [
    ("main", "Debian", "stable", "Version: 12.1\n"),
    ("security", "Debian-Security", "stable-security", "Version: 12\n"),
    ("backports", "Debian Backports", "stable-backports", "NotAutomatic: yes\nButAutomaticUpgrades: yes\n"),
    ("next", "Debian", "testing", "NotAutomatic: yes\n"),
];

pub fn host(root: &Path, seed: u64) {
    let mut dice = Dice {
        state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15),
        is_rich: seed >= RICH,
        is_interrupted: seed >= INTERRUPTED,
    };
    dice.below(2);
    let is_multi = dice.chance(25);
    let count = if seed >= LARGE { 18 + dice.below(60) } else { 4 + dice.below(14) };
    let letter = |at: usize| char::from(b'a' + u8::try_from(at).unwrap());
    let name = |at: usize| match at.checked_sub(26) {
        Some(more) => format!("p{}{}", letter(more / 26), letter(more % 26)),
        None => format!("p{}", letter(at)),
    };
    let names: Vec<String> = (0..count).map(name).collect();
    let traits: Vec<Traits> = names.iter().map(|_| Traits::roll(&mut dice, is_multi)).collect();
    for folder in [
        "etc/apt/preferences.d",
        "etc/apt/apt.conf.d",
        "etc/apt/sources.list.d",
        "var/lib/dpkg",
        "var/lib/apt/lists/partial",
        "var/cache/apt/archives/partial",
    ] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    let archs: &[&'static str] = if is_multi { &["amd64", "i386"] } else { &["amd64"] };
    let mut offered = Vec::new();
    let mut sources = String::new();
    for (number, archive) in ARCHIVES.iter().enumerate().take(2 + dice.below(3)) {
        let lists = archive_lists(&mut dice, &names, &traits, archs, number);
        write_archive(root, archive, &lists, archs, dice.below(3));
        let _ = writeln!(sources, "deb http://archive.test/{} {} main", archive.0, archive.2);
        offered.extend(lists);
    }
    fs::write(root.join("etc/apt/sources.list"), sources).unwrap();
    let status = status(&mut dice, &names, &traits, &offered, archs);
    fs::write(root.join("var/lib/dpkg/status"), status).unwrap();
    fs::write(root.join("var/lib/dpkg/arch"), archs.join("\n")).unwrap();
    preferences(root, &mut dice, &names);
    let mut settings =
        format!("APT::Architecture \"amd64\";\nAPT::Architectures {{ \"{}\"; }};\n", archs.join("\"; \""));
    if dice.chance(20) {
        settings.push_str("APT::Install-Recommends \"false\";\n");
    }
    if dice.chance(10) {
        let _ =
            writeln!(settings, "APT::Default-Release \"{}\";", dice.pick(&["stable", "testing", "stable*"]));
    }
    if dice.is_rich {
        settings.push_str(&more_settings(&mut dice));
        fs::write(root.join("var/lib/apt/extended_states"), automatic(&mut dice, &names, archs)).unwrap();
    }
    fs::write(root.join("etc/apt/apt.conf"), settings).unwrap();
    fs::write(root.join("etc/machine-id"), "0123456789abcdef0123456789abcdef\n").unwrap();
}

/// Settings about packages that came for others, those of Debian among them.
fn more_settings(dice: &mut Dice) -> String {
    let mut text = String::new();
    if dice.chance(80) {
        text.push_str("APT::Move-Autobit-Sections { \"oldlibs\"; };\n");
        text.push_str("APT::Never-MarkAuto-Sections { \"metapackages\"; \"tasks\"; };\n");
    }
    for name in ["APT::AutoRemove::RecommendsImportant", "APT::AutoRemove::SuggestsImportant"] {
        if dice.chance(15) {
            let _ = writeln!(text, "{name} \"false\";");
        }
    }
    for name in ["APT::Install-Suggests", "APT::Ignore-Hold"] {
        if dice.chance(8) {
            let _ = writeln!(text, "{name} \"true\";");
        }
    }
    if dice.chance(8) {
        text.push_str("APT::Get::Upgrade-By-Source-Package \"false\";\n");
    }
    text
}

/// Packages that came for others.
fn automatic(dice: &mut Dice, names: &[String], archs: &[&str]) -> String {
    let mut text = String::new();
    for name in names {
        if dice.chance(45) {
            let arch = dice.pick(archs);
            let arch = if dice.chance(10) { String::new() } else { format!("Architecture: {arch}\n") };
            let _ = writeln!(text, "Package: {name}\n{arch}Auto-Installed: 1\n");
        }
    }
    text
}

/// What stays the same for all versions of a package.
struct Traits {
    is_all: bool,
    multi: &'static str,
    is_essential: bool,
    priority: &'static str,
    source: usize,
}

impl Traits {
    fn roll(dice: &mut Dice, is_multi: bool) -> Self {
        let multi = if is_multi {
            *dice.pick(&["", "same", "foreign", "allowed"])
        } else {
            *dice.pick(&["", "", "foreign", "allowed"])
        };
        Self {
            is_all: dice.chance(20),
            multi,
            is_essential: dice.chance(6),
            priority: *dice.pick::<&'static str>(&PRIORITIES),
            source: dice.below(5),
        }
    }
}

fn archive_lists(
    dice: &mut Dice,
    names: &[String],
    traits: &[Traits],
    archs: &[&'static str],
    number: usize,
) -> Vec<Made> {
    let mut lists = Vec::new();
    for (name, of) in names.iter().zip(traits) {
        if number > 0 && dice.chance(55) || dice.chance(8) {
            continue;
        }
        let version = dice.below(VERSIONS.len() - 1) + usize::from(number == 1 && dice.chance(50));
        let fields = fields(dice, names, of, name);
        for arch in archs {
            let arch = if of.is_all { "all" } else { arch };
            lists.push(Made { name: name.clone(), arch, version, fields: fields.clone() });
            if of.is_all {
                break;
            }
        }
    }
    lists
}

fn fields(dice: &mut Dice, names: &[String], of: &Traits, own: &str) -> String {
    let sections: &[&str] = if dice.is_rich {
        &["misc", "oldlibs", "libs", "metapackages", "contrib/oldlibs"]
    } else {
        &["misc", "oldlibs", "libs"]
    };
    let mut text = format!("Priority: {}\nSection: {}\n", of.priority, dice.pick(sections));
    if !of.multi.is_empty() && (!of.is_all || of.multi != "same") {
        let _ = writeln!(text, "Multi-Arch: {}", of.multi);
    }
    if of.is_essential {
        text.push_str("Essential: yes\n");
    }
    if dice.chance(40) {
        let _ = writeln!(text, "Source: s{}", of.source);
    }
    if dice.chance(6) {
        let _ = writeln!(text, "Phased-Update-Percentage: {}", dice.below(101));
    }
    let _ = writeln!(text, "Installed-Size: {}", 1 + dice.below(3));
    for (field, percent, most) in [
        ("Depends", 55, 3),
        ("Pre-Depends", 10, 1),
        ("Recommends", 20, 2),
        ("Conflicts", 14, 1),
        ("Breaks", 18, 2),
        ("Replaces", 10, 1),
    ] {
        if dice.chance(percent) {
            let is_negative = matches!(field, "Conflicts" | "Breaks" | "Replaces");
            let groups: Vec<String> =
                (0..=dice.below(most)).map(|_| group(dice, names, own, is_negative)).collect();
            let _ = writeln!(text, "{field}: {}", groups.join(", "));
        }
    }
    if dice.is_rich {
        for field in ["Suggests", "Enhances"] {
            if dice.chance(20) {
                let _ = writeln!(text, "{field}: {}", group(dice, names, own, false));
            }
        }
    }
    if dice.chance(22) {
        let version = if dice.chance(40) { format!(" (= {})", dice.pick(&VERSIONS)) } else { String::new() };
        let what = if dice.chance(70) { format!("v{}", dice.below(3)) } else { dice.pick(names).clone() };
        let _ = writeln!(text, "Provides: {what}{version}");
    }
    text
}

fn group(dice: &mut Dice, names: &[String], own: &str, is_negative: bool) -> String {
    let more = if !is_negative && dice.chance(25) { 1 + dice.below(2) } else { 0 };
    let one = |dice: &mut Dice| {
        let mut name = dice.pick(names).clone();
        if dice.chance(18) {
            name = format!("v{}", dice.below(3));
        } else if name == own && dice.chance(90) {
            name.clone_from(&names[0]);
        }
        if !is_negative && dice.chance(8) {
            name.push_str(dice.pick::<&str>(&[":any", ":any", ":amd64"]));
        }
        if dice.chance(if is_negative { 75 } else { 50 }) {
            let op = if is_negative {
                *dice.pick(&["<<", "<<", "<=", "="])
            } else {
                *dice.pick(&[">=", ">=", ">>", "=", "<<"])
            };
            let _ = write!(name, " ({op} {})", dice.pick(&VERSIONS));
        }
        name
    };
    (0..=more).map(|_| one(dice)).collect::<Vec<_>>().join(" | ")
}

fn write_archive(
    root: &Path,
    archive: &(&str, &str, &str, &str),
    lists: &[Made],
    archs: &[&str],
    packing: usize,
) {
    let (name, label, suite, more) = archive;
    let base = root.join(format!("var/lib/apt/lists/archive.test_{name}_dists_{suite}"));
    let base = base.display();
    let release = format!(
        "Origin: Debian\nLabel: {label}\nSuite: {suite}\nCodename: code-{name}\n{more}Date: Sat, 11 Jul 2026 10:16:37 UTC\n\
         Architectures: {}\nComponents: main\n",
        archs.join(" ")
    );
    fs::write(format!("{base}_Release"), release).unwrap();
    for arch in archs {
        let mut text = String::new();
        for made in lists.iter().filter(|made| made.arch == *arch || made.arch == "all") {
            let _ = write!(
                text,
                "Package: {}\nVersion: {}\nArchitecture: {}\n{}Size: {}\nFilename: x\n\n",
                made.name,
                VERSIONS[made.version],
                made.arch,
                made.fields,
                1000 + made.version
            );
        }
        let path = format!("{base}_main_binary-{arch}_Packages");
        match packing {
            0 => fs::write(path, text).unwrap(),
            1 => pack(
                &path,
                ".gz",
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()),
                &text,
                |packer| packer.finish().unwrap(),
            ),
            _ => pack(&path, ".lz4", lz4_flex::frame::FrameEncoder::new(Vec::new()), &text, |packer| {
                packer.finish().unwrap()
            }),
        }
    }
}

fn pack<W: std::io::Write>(
    path: &str,
    ending: &str,
    mut packer: W,
    text: &str,
    finish: impl FnOnce(W) -> Vec<u8>,
) {
    packer.write_all(text.as_bytes()).unwrap();
    fs::write(format!("{path}{ending}"), finish(packer)).unwrap();
}

/// Installs some versions, most as an archive offers them, and drops what would be broken.
fn status(
    dice: &mut Dice,
    names: &[String],
    traits: &[Traits],
    offered: &[Made],
    archs: &[&'static str],
) -> String {
    let mut installed: Vec<Made> = Vec::new();
    for (name, of) in names.iter().zip(traits) {
        if !dice.chance(75) {
            continue;
        }
        let own: Vec<&Made> = offered
            .iter()
            .filter(|made| made.name == *name && (made.arch == "amd64" || made.arch == "all"))
            .collect();
        let base = if own.is_empty() || dice.chance(50) {
            let arch = if of.is_all { "all" } else { "amd64" };
            let fields = if dice.chance(50) {
                format!("Priority: {}\n", of.priority)
            } else {
                fields(dice, names, of, name)
            };
            Made { name: name.clone(), arch, version: dice.below(3), fields }
        } else {
            (*dice.pick(&own)).clone()
        };
        if archs.len() > 1
            && base.arch == "amd64"
            && base.fields.contains("Multi-Arch: same")
            && dice.chance(60)
        {
            installed.push(Made { arch: "i386", ..base.clone() });
        }
        installed.push(base);
    }
    let mut text = String::new();
    while let Some(broken) = broken(&installed, archs).filter(|_| !dice.chance(2)) {
        installed.retain(|made| !broken.contains(&made.name));
    }
    for made in &installed {
        let want = if dice.chance(6) { "hold" } else { "install" };
        let state = if dice.chance(2) { "ok config-files" } else { "ok installed" };
        let state = if dice.is_interrupted && dice.chance(15) { *dice.pick(&STATES) } else { state };
        let _ = write!(
            text,
            "Package: {}\nStatus: {want} {state}\nVersion: {}\nArchitecture: {}\n{}\n",
            made.name, VERSIONS[made.version], made.arch, made.fields
        );
    }
    text
}

/// Names whose relations do not hold among what is installed; `None` when all do.
fn broken(installed: &[Made], archs: &[&str]) -> Option<Vec<String>> {
    let mut records = Vec::new();
    for made in installed {
        let text = format!(
            "Package: {}\nStatus: install ok installed\nVersion: {}\nArchitecture: {}\n{}",
            made.name, VERSIONS[made.version], made.arch, made.fields
        );
        records.extend(Record::parse(Stanza(text.as_bytes()), 0));
    }
    let archs: Vec<String> = archs.iter().map(|arch| (*arch).to_owned()).collect();
    let universe = build::universe(records, &archs, 0);
    let settings = Settings::default();
    let marks = Marks::new(&universe, &settings, &vec![None; universe.packages.len()]);
    let broken = (0..universe.packages.len()).filter(|package| marks.of[*package].is_broken());
    let names: Vec<String> = broken.map(|package| universe.name(package).to_owned()).collect();
    (!names.is_empty()).then_some(names)
}

fn preferences(root: &Path, dice: &mut Dice, names: &[String]) {
    let mut text = String::new();
    for _ in 0..dice.below(4) {
        let package = match dice.below(6) {
            0 => "*".to_owned(),
            1 => "p*".to_owned(),
            2 => format!("src:s{}", dice.below(5)),
            _ => dice.pick(names).clone(),
        };
        let pins = [
            "release a=stable",
            "release n=code-security",
            "release l=Debian*",
            "release o=Debian,a=testing",
            "origin archive.test",
            "version 1.*",
            "version 2.0-1",
            "release testing",
            "release v=12*",
            "release c=main",
        ];
        let priority = dice.pick(&["-1", "1", "99", "100", "400", "501", "990", "1001", "700"]);
        let _ = writeln!(
            text,
            "# note\nPackage: {package}\nPin: {}\nPin-Priority: {priority}\n",
            dice.pick(&pins)
        );
    }
    fs::write(root.join("etc/apt/preferences.d/own.pref"), text).unwrap();
}
