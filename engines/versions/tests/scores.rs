//! CVSS scores against Red Hat's `cvss` for Python, on generated vectors of all four versions.

#![expect(clippy::unwrap_used, reason = "a test stops where its surroundings are not as it needs them")]

use std::fmt::Write as _;
use std::process::{Command, Stdio};

use mainstay_versions::score::score;

/// (metric, values), base metrics first; the rest is optional.
type Metrics = &'static [(&'static str, &'static [&'static str])];

const V2: (usize, Metrics) = (
    6,
    &[
        ("AV", &["L", "A", "N"]),
        ("AC", &["H", "M", "L"]),
        ("Au", &["M", "S", "N"]),
        ("C", &["N", "P", "C"]),
        ("I", &["N", "P", "C"]),
        ("A", &["N", "P", "C"]),
        ("E", &["ND", "U", "POC", "F", "H"]),
        ("RL", &["ND", "OF", "TF", "W", "U"]),
        ("RC", &["ND", "UC", "UR", "C"]),
        ("CDP", &["ND", "N", "L", "LM", "MH", "H"]),
        ("TD", &["ND", "N", "L", "M", "H"]),
        ("CR", &["ND", "L", "M", "H"]),
        ("IR", &["ND", "L", "M", "H"]),
        ("AR", &["ND", "L", "M", "H"]),
    ],
);

const V3: (usize, Metrics) = (
    8,
    &[
        ("AV", &["N", "A", "L", "P"]),
        ("AC", &["L", "H"]),
        ("PR", &["N", "L", "H"]),
        ("UI", &["N", "R"]),
        ("S", &["U", "C"]),
        ("C", &["N", "L", "H"]),
        ("I", &["N", "L", "H"]),
        ("A", &["N", "L", "H"]),
        ("E", &["X", "U", "P", "F", "H"]),
        ("RL", &["X", "O", "T", "W", "U"]),
        ("RC", &["X", "U", "R", "C"]),
        ("CR", &["X", "L", "M", "H"]),
        ("IR", &["X", "L", "M", "H"]),
        ("AR", &["X", "L", "M", "H"]),
        ("MAV", &["X", "N", "A", "L", "P"]),
        ("MAC", &["X", "L", "H"]),
        ("MPR", &["X", "N", "L", "H"]),
        ("MUI", &["X", "N", "R"]),
        ("MS", &["X", "U", "C"]),
        ("MC", &["X", "N", "L", "H"]),
        ("MI", &["X", "N", "L", "H"]),
        ("MA", &["X", "N", "L", "H"]),
    ],
);

const V4: (usize, Metrics) = (
    11,
    &[
        ("AV", &["N", "A", "L", "P"]),
        ("AC", &["L", "H"]),
        ("AT", &["N", "P"]),
        ("PR", &["N", "L", "H"]),
        ("UI", &["N", "P", "A"]),
        ("VC", &["N", "L", "H"]),
        ("VI", &["N", "L", "H"]),
        ("VA", &["N", "L", "H"]),
        ("SC", &["N", "L", "H"]),
        ("SI", &["N", "L", "H"]),
        ("SA", &["N", "L", "H"]),
        ("E", &["X", "A", "P", "U"]),
        ("CR", &["X", "H", "M", "L"]),
        ("IR", &["X", "H", "M", "L"]),
        ("AR", &["X", "H", "M", "L"]),
        ("MAV", &["X", "N", "A", "L", "P"]),
        ("MAC", &["X", "L", "H"]),
        ("MAT", &["X", "N", "P"]),
        ("MPR", &["X", "N", "L", "H"]),
        ("MUI", &["X", "N", "P", "A"]),
        ("MVC", &["X", "N", "L", "H"]),
        ("MVI", &["X", "N", "L", "H"]),
        ("MVA", &["X", "N", "L", "H"]),
        ("MSC", &["X", "N", "L", "H"]),
        ("MSI", &["X", "S", "N", "L", "H"]),
        ("MSA", &["X", "S", "N", "L", "H"]),
    ],
);

struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

fn vector(prefix: &str, (base, metrics): (usize, Metrics), dice: &mut Dice) -> String {
    let mut text = prefix.to_owned();
    let optional = [0, 30, 90][dice.below(3)];
    for (at, (metric, values)) in metrics.iter().enumerate() {
        if at < base || dice.below(100) < optional {
            let separator = if text.is_empty() || text.ends_with('/') { "" } else { "/" };
            write!(text, "{separator}{metric}:{}", values[dice.below(values.len())]).unwrap();
        }
    }
    text
}

const SCRIPT: &str = r#"
import os
from cvss import CVSS2, CVSS3, CVSS4
for line in open(os.environ["VECTORS"]):
    line = line.strip()
    if line.startswith("CVSS:4.0"):
        print(CVSS4(line).base_score)
    elif line.startswith("CVSS:3"):
        print(*CVSS3(line).scores())
    else:
        print(*[s if s is not None else "-" for s in CVSS2(line).scores()])
"#;

#[test]
fn scores_agree_with_red_hats_cvss() {
    let python = std::env::var("MAINSTAY_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let mut probe = Command::new(&python);
    probe.args(["-c", "import cvss; cvss.CVSS4"]).stdout(Stdio::null()).stderr(Stdio::null());
    if !probe.status().is_ok_and(|status| status.success()) {
        println!("skipped: python3 with the package cvss is not here (MAINSTAY_PYTHON names another python)");
        return;
    }
    let count: usize =
        std::env::var("MAINSTAY_VECTORS").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000);
    let mut dice = Dice(7);
    let kinds = [("", V2), ("CVSS:3.0/", V3), ("CVSS:3.1/", V3), ("CVSS:4.0/", V4)];
    let vectors: Vec<String> =
        (0..count * 4).map(|at| vector(kinds[at % 4].0, kinds[at % 4].1, &mut dice)).collect();
    let path = std::env::temp_dir().join(format!("mainstay-vectors-{}", std::process::id()));
    std::fs::write(&path, vectors.join("\n")).unwrap();
    let output = Command::new(&python).args(["-c", SCRIPT]).env("VECTORS", &path).output().unwrap();
    std::fs::remove_file(&path).unwrap();
    let answers = String::from_utf8(output.stdout).unwrap();
    assert_eq!(answers.lines().count(), vectors.len(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut different = Vec::new();
    for (vector, theirs) in vectors.iter().zip(answers.lines()) {
        let scores = score(vector).unwrap();
        let theirs: Vec<Option<f64>> = theirs.split(' ').map(|cell| cell.parse().ok()).collect();
        let is_same = if vector.starts_with("CVSS:4") {
            theirs[0] == Some(scores.overall())
        } else {
            // The other one gives a score for groups the vector does not have; ours says there is none.
            let is_like =
                |theirs: Option<f64>, ours: f64| theirs.is_none_or(|theirs| (theirs - ours).abs() < 0.001);
            is_like(theirs[0], scores.base)
                && scores.temporal.is_none_or(|ours| is_like(theirs[1], ours))
                && scores.environmental.is_none_or(|ours| is_like(theirs[2], ours))
        };
        if !is_same {
            different.push(format!("{vector}: theirs {theirs:?}, ours {scores:?}"));
        }
    }
    println!("cvss: {} vectors of four versions, {} differences", vectors.len(), different.len());
    different.truncate(20);
    assert!(different.is_empty(), "{}", different.join("\n"));
}
