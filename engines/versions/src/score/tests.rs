//! Scores printed in FIRST's own documents; `tests/scores.rs` asks another implementation about generated vectors.

use super::{Decision, Rating, VectorFault, score};

fn check(vector: &str, base: f64, temporal: Option<f64>, environmental: Option<f64>) {
    let scores = score(vector).unwrap();
    assert_eq!(
        (scores.base, scores.temporal, scores.environmental),
        (base, temporal, environmental),
        "{vector}"
    );
}

#[test]
fn examples_of_the_version_2_guide() {
    check("AV:N/AC:L/Au:N/C:N/I:N/A:C/E:F/RL:OF/RC:C/CDP:H/TD:H/CR:M/IR:M/AR:H", 7.8, Some(6.4), Some(9.2));
    check("AV:N/AC:L/Au:N/C:C/I:C/A:C/E:F/RL:OF/RC:C/CDP:H/TD:H/CR:M/IR:M/AR:L", 10.0, Some(8.3), Some(9.0));
    check("AV:L/AC:H/Au:N/C:C/I:C/A:C/E:POC/RL:OF/RC:C/CDP:H/TD:H/CR:M/IR:M/AR:M", 6.2, Some(4.9), Some(7.5));
    check("(AV:N/AC:M/Au:N/C:N/I:P/A:N)", 4.3, None, None);
}

#[test]
fn examples_of_the_version_3_documents() {
    check("CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1, None, None);
    check("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4, None, None);
    check("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8, None, None);
    check("CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0, None, None);
}

#[test]
fn examples_of_the_version_4_documents() {
    check("CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 7.3, None, None);
    check("CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 7.7, None, None);
    check("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:L/VA:L/SC:N/SI:N/SA:N/E:P", 8.8, Some(7.8), None);
}

#[test]
fn what_is_no_vector_is_refused_with_the_reason() {
    assert_eq!(score(""), Err(VectorFault::UnknownVersion));
    assert_eq!(score("CVSS:5.0/AV:N"), Err(VectorFault::UnknownVersion));
    assert_eq!(score("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H"), Err(VectorFault::Missing("A")));
    assert_eq!(score("CVSS:3.1/AV:N/AV:L"), Err(VectorFault::Twice("AV".to_owned())));
    assert_eq!(score("AV:N/AC:L/Au:X/C:N/I:N/A:N"), Err(VectorFault::Unknown("Au:X".to_owned())));
    assert!(matches!(score("CVSS:4.0/AV:N"), Err(VectorFault::Refused(_))));
    let urgency = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/U:";
    assert_eq!(score(&format!("{urgency}red")), Err(VectorFault::Unknown("U:red".to_owned())));
    assert!(score(&format!("{urgency}Red")).is_ok());
}

#[test]
fn rating_follows_the_scale_of_the_version() {
    assert_eq!(score("AV:N/AC:L/Au:N/C:C/I:C/A:C").unwrap().rating, Rating::High);
    assert_eq!(score("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H").unwrap().rating, Rating::Critical);
    assert_eq!(score("CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N").unwrap().rating, Rating::None);
}

#[test]
fn a_known_exploited_flaw_comes_before_any_other_and_says_why() {
    use super::{Exposure, Facts, priority};
    let vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
    let grave = Facts {
        scores: Some((score(vector).unwrap(), vector)),
        exposure: Exposure::Public,
        ..Facts::default()
    };
    let kev = crate::import::Exploited {
        cve: "CVE-2026-1".to_owned(),
        added: "2026-01-01".to_owned(),
        due: "2026-02-01".to_owned(),
        ransomware: "Known".to_owned(),
    };
    let known = Facts {
        exploited: Some(&kev),
        urgency: "low",
        today: "2026-03-01",
        exposure: Exposure::Local,
        ..Facts::default()
    };
    let (grave, known) = (priority(&grave), priority(&known));
    assert!(known.points > grave.points, "{} > {}", known.points, grave.points);
    assert_eq!(
        known.reasons[0],
        "known to be exploited since 2026-01-01, also for ransom; was due on 2026-02-01"
    );
    assert_eq!(grave.decision, Decision::Attend);
    let nothing = priority(&Facts::default());
    assert!(nothing.points > 200, "not knowing is not safety: {}", nothing.points);
}
