//! Every comparator against the program whose answer counts, on generated pairs.
//!
//! `MAINSTAY_PAIRS` sets the number of pairs per scheme (default 1,500; dpkg takes about 1.5 ms for each).

#![expect(clippy::unwrap_used, reason = "a test stops where its surroundings are not as it needs them")]

mod pairs;

use std::cmp::Ordering;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use mainstay_versions::Scheme;
use pairs::{Dice, Grammar};

fn count(default: usize) -> usize {
    std::env::var("MAINSTAY_PAIRS").ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn mark(scheme: Scheme, a: &str, b: &str) -> char {
    match scheme.compare(a, b) {
        Ok(Ordering::Less) => '<',
        Ok(Ordering::Equal) => '=',
        Ok(Ordering::Greater) => '>',
        Err(_) => '?',
    }
}

fn is_here(program: &str, args: &[&str]) -> bool {
    let quiet = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    quiet.is_ok_and(|status| status.success())
}

fn generate(grammar: &Grammar, seed: u64, default: usize) -> Vec<(String, String)> {
    let mut dice = Dice::new(seed);
    (0..count(default)).map(|_| grammar.pair(&mut dice)).collect()
}

/// Feeds `a TAB b` lines to a program that answers one of `< = > ?` per line, and compares.
fn agree(scheme: Scheme, grammar: &Grammar, command: &mut Command) {
    let pairs = generate(grammar, scheme as u64 + 1, 20_000);
    let path = std::env::temp_dir().join(format!("mainstay-pairs-{scheme}-{}", std::process::id()));
    let mut file = std::fs::File::create(&path).unwrap();
    for (a, b) in &pairs {
        writeln!(file, "{a}\t{b}").unwrap();
    }
    drop(file);
    let output = command.env("PAIRS", &path).stderr(Stdio::inherit()).output().unwrap();
    std::fs::remove_file(&path).unwrap();
    let answers = String::from_utf8(output.stdout).unwrap();
    let answers = answers.trim_end();
    assert_eq!(answers.lines().count(), pairs.len(), "{scheme}: the authority answered every line");
    let mut different = Vec::new();
    let mut decided = 0;
    for ((a, b), theirs) in pairs.iter().zip(answers.lines()) {
        let ours = mark(scheme, a, b);
        decided += usize::from(ours != '?');
        if !theirs.starts_with(ours) {
            different.push(format!("{a:?} {b:?}: authority {theirs}, ours {ours}"));
        }
    }
    println!("{scheme}: {} pairs, {decided} of them versions, {} differences", pairs.len(), different.len());
    different.truncate(20);
    assert!(different.is_empty(), "{scheme}:\n{}", different.join("\n"));
}

#[test]
fn dpkg_agrees_with_dpkg() {
    if !is_here("dpkg", &["--version"]) {
        println!("skipped: dpkg is not here");
        return;
    }
    let mut different = Vec::new();
    let pairs = generate(&pairs::DPKG, 1, 1_500);
    let mut decided = 0;
    for (a, b) in &pairs {
        let ours = mark(Scheme::Dpkg, a, b);
        decided += usize::from(ours != '?');
        let relation = match ours {
            '<' => "lt",
            '=' => "eq",
            _ => "gt",
        };
        let mut command = Command::new("dpkg");
        command.args(["--compare-versions", "--", a, relation, b]).stderr(Stdio::null());
        let code = command.status().unwrap().code();
        if code != Some(if ours == '?' { 2 } else { 0 }) {
            different.push(format!("{a:?} {b:?}: ours {ours}, dpkg ends with {code:?}"));
        }
    }
    println!("dpkg: {} pairs, {decided} of them versions, {} differences", pairs.len(), different.len());
    different.truncate(20);
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn rpm_agrees_with_rpm() {
    if !is_here("rpm", &["--version"]) {
        println!("skipped: rpm is not here");
        return;
    }
    let script = r#"%{lua: for line in io.lines(os.getenv("PAIRS")) do
        local a, b = line:match("^(.-)\t(.*)$")
        local order = rpm.vercmp(a, b)
        print((order < 0 and "<" or order > 0 and ">" or "=") .. "\n")
    end}"#;
    agree(Scheme::Rpm, &pairs::RPM, Command::new("rpm").args(["--eval", script]));
}

#[test]
fn pep440_agrees_with_packaging() {
    let Some(python) =
        ["python3", "/usr/bin/python3"].into_iter().find(|p| is_here(p, &["-c", "import packaging.version"]))
    else {
        println!("skipped: python3 with packaging is not here");
        return;
    };
    let script = r#"
import os
from packaging.version import Version, InvalidVersion
for line in open(os.environ["PAIRS"], encoding="utf-8"):
    a, b = line.rstrip("\n").split("\t")
    try:
        a, b = Version(a), Version(b)
        print("<" if a < b else ">" if a > b else "=")
    except InvalidVersion:
        print("?")
"#;
    agree(Scheme::Pep440, &pairs::PEP440, Command::new(python).args(["-c", script]));
}

#[test]
fn npm_agrees_with_node_semver() {
    let homes = [
        "/usr/lib/node_modules/npm/node_modules",
        "/usr/share/nodejs",
        "/usr/local/lib/node_modules/npm/node_modules",
    ];
    let Some(home) = homes.into_iter().find(|home| Path::new(home).join("semver").is_dir()) else {
        println!("skipped: node's semver is not here");
        return;
    };
    let script = r#"
const semver = require("semver");
for (const line of require("fs").readFileSync(process.env.PAIRS, "utf8").trimEnd().split("\n")) {
    const [a, b] = line.split("\t");
    try { console.log({"-1": "<", "0": "=", "1": ">"}[semver.compare(a, b)]); } catch { console.log("?"); }
}"#;
    agree(Scheme::Npm, &pairs::SEMVER, Command::new("node").args(["-e", script]).env("NODE_PATH", home));
}

#[test]
fn maven_agrees_with_maven_artifact() {
    let jars = ["/usr/share/maven/lib/maven-artifact-3.x.jar", "/usr/share/java/maven3-artifact.jar"];
    let Some(jar) =
        jars.into_iter().find(|jar| Path::new(jar).exists()).filter(|_| is_here("javac", &["-version"]))
    else {
        println!("skipped: maven-artifact with a Java compiler is not here");
        return;
    };
    let folder = std::env::temp_dir().join(format!("mainstay-maven-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let source = folder.join("Oracle.java");
    std::fs::write(
        &source,
        r#"import org.apache.maven.artifact.versioning.ComparableVersion;
public class Oracle { public static void main(String[] args) throws Exception {
    StringBuilder out = new StringBuilder();
    for (String line : java.nio.file.Files.readAllLines(java.nio.file.Path.of(System.getenv("PAIRS")))) {
        String[] pair = line.split("\t");
        int order = new ComparableVersion(pair[0]).compareTo(new ComparableVersion(pair[1]));
        out.append(order < 0 ? "<\n" : order > 0 ? ">\n" : "=\n");
    }
    System.out.print(out);
} }"#,
    )
    .unwrap();
    let path = format!("{jar}:/usr/share/maven/lib/*:/usr/share/java/commons-lang3.jar");
    agree(Scheme::Maven, &pairs::MAVEN, Command::new("java").args(["-cp", &path]).arg(&source));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn gem_agrees_with_rubygems() {
    if !is_here("ruby", &["--version"]) {
        println!("skipped: ruby is not here");
        return;
    }
    let script = r#"
File.foreach(ENV["PAIRS"], encoding: "UTF-8") do |line|
  a, b = line.chomp.split("\t")
  begin
    puts({-1 => "<", 0 => "=", 1 => ">"}[Gem::Version.new(a) <=> Gem::Version.new(b)])
  rescue ArgumentError
    puts "?"
  end
end"#;
    agree(Scheme::Gem, &pairs::GEM, Command::new("ruby").args(["-e", script]));
}

#[test]
fn composer_agrees_with_composer_semver() {
    let library = "/usr/share/php/Composer/Semver/autoload.php";
    if !Path::new(library).exists() || !is_here("php", &["--version"]) {
        println!("skipped: php with composer/semver is not here");
        return;
    }
    let script = r#"
require "/usr/share/php/Composer/Semver/autoload.php";
$parser = new Composer\Semver\VersionParser();
foreach (file(getenv("PAIRS"), FILE_IGNORE_NEW_LINES) as $line) {
    [$a, $b] = explode("\t", $line);
    try {
        [$a, $b] = [$parser->normalize($a), $parser->normalize($b)];
        $branch = strpos($a, "dev-") === 0 || strpos($b, "dev-") === 0;
        echo $branch ? "?" : ["<", "=", ">"][version_compare($a, $b) + 1], "\n";
    } catch (UnexpectedValueException $e) { echo "?\n"; }
}"#;
    agree(Scheme::Composer, &pairs::COMPOSER, Command::new("php").args(["-r", script]));
}

#[test]
fn semver_agrees_with_the_crate() {
    let mut dice = Dice::new(5);
    let mut decided = 0;
    for _ in 0..count(50_000) {
        let (a, b) = pairs::SEMVER.pair(&mut dice);
        let theirs = (semver::Version::parse(&a), semver::Version::parse(&b));
        if let (Ok(left), Ok(right)) = theirs {
            decided += 1;
            assert_eq!(Scheme::Semver.compare(&a, &b), Ok(left.cmp_precedence(&right)), "{a} {b}");
        } else {
            // The crate counts in 64 bits, the specification has no limit.
            let is_long = [&a, &b].iter().any(|text| text.len() > 20);
            assert!(is_long || Scheme::Semver.compare(&a, &b).is_err(), "{a} {b}");
        }
    }
    println!("semver: {decided} pairs of versions, 0 differences");
}
