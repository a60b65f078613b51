//! Replies in the manner of the mail clients of the world: what was written comes out, what was quoted goes.

mod common;

use common::Case;
use mainstay_mailroom::{CutKind, parse, strip};

#[test]
fn plain_replies() {
    check(include_str!("mails/replies_plain.mails"));
}

#[test]
fn html_replies() {
    check(include_str!("mails/replies_html.mails"));
}

fn check(file: &str) {
    let cases = common::cases(file);
    let mut wrong = Vec::new();
    for case in &cases {
        if let Err(told) = judge(case) {
            wrong.push(format!("## {}\n{told}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{} of {} replies are wrong\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

fn judge(case: &Case) -> Result<(), String> {
    let stripped = strip(&parse(case.raw.as_bytes()));
    let mut wrong: Vec<String> = Vec::new();
    for expected in case.values("text") {
        let expected = expected.replace("\\n", "\n");
        if stripped.text != expected {
            wrong.push(format!(
                "expected: {expected:?}\n     got: {:?}\n     cut: {:?}\n",
                stripped.text, stripped.cut
            ));
        }
    }
    for kinds in case.values("cut") {
        for kind in kinds.split_whitespace() {
            let is_there = stripped.cut.iter().any(|cut| name(cut.kind) == kind);
            if !is_there {
                wrong.push(format!("no {kind} was cut: {:?}\n", stripped.cut));
            }
        }
    }
    for absent in case.values("absent").flat_map(|a| a.split(" | ")) {
        if stripped.text.contains(absent) {
            wrong.push(format!("still there: {absent}\n"));
        }
    }
    if stripped.is_fallback != case.has("fallback") {
        wrong.push(format!("is_fallback is {}\n", stripped.is_fallback));
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

fn name(kind: CutKind) -> &'static str {
    match kind {
        CutKind::Quote => "quote",
        CutKind::Forwarded => "forwarded",
        CutKind::Signature => "signature",
        CutKind::Disclaimer => "disclaimer",
        CutKind::Footer => "footer",
    }
}
