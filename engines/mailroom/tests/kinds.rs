//! Bounces in the manner of the servers of the world, automatic answers in many languages, and people in between.

mod common;

use common::Case;
use mainstay_mailroom::{Desk, classify, parse};

#[test]
fn bounces() {
    check(include_str!("mails/bounces.mails"));
}

#[test]
fn machines() {
    check(include_str!("mails/machines.mails"));
}

fn check(file: &str) {
    let cases = common::cases(file);
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| judge(case).err().map(|told| format!("## {}\n{told}", case.name)))
        .collect();
    assert!(wrong.is_empty(), "{} of {} mails are wrong\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

fn judge(case: &Case) -> Result<(), String> {
    let desk = Desk {
        addresses: vec!["desk@help.example".to_owned()],
        loop_mark: "help.example".to_owned(),
        own_lists: Vec::new(),
    };
    let verdict = classify(&parse(case.raw.as_bytes()), &desk);
    let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let mut wrong: Vec<String> = Vec::new();
    let mut compare = |what: &str, expected: &str, got: String| {
        if expected != got {
            wrong.push(format!("{what}: expected {expected}, got {got}; {verdict:#?}"));
        }
    };
    for kind in case.values("kind") {
        compare("kind", kind, word(&serde_json::to_value(verdict.kind).expect("a word")));
    }
    let who: Vec<&str> = verdict.recipients.iter().map(|r| r.address.as_str()).collect();
    for expected in case.values("who") {
        compare("who", expected, who.join(" "));
    }
    for status in case.values("status") {
        compare("status", status, verdict.recipients.first().map(|r| r.status.clone()).unwrap_or_default());
    }
    for cause in case.values("cause") {
        let got = verdict.recipients.first().map(|r| serde_json::to_value(r.cause).expect("a word"));
        compare("cause", cause, got.as_ref().map(word).unwrap_or_default());
    }
    for original in case.values("original") {
        compare("original", original, verdict.original.message_id.clone().unwrap_or_default());
    }
    let is_person = case.values("kind").any(|kind| kind == "person") && !case.has("silent");
    if is_person != verdict.no_answer.is_empty() {
        wrong.push(format!("no_answer: {:?}", verdict.no_answer));
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

/// The tree of parts agrees with mail-parser's own on mails that are well-formed.
#[test]
fn structure_agrees_with_mail_parser() {
    let files = [
        include_str!("mails/replies_plain.mails"),
        include_str!("mails/replies_html.mails"),
        include_str!("mails/bounces.mails"),
        include_str!("mails/machines.mails"),
    ];
    let mut compared = 0;
    for file in files {
        for case in common::cases(file) {
            let theirs = mail_parser::MessageParser::default().parse(case.raw.as_bytes()).expect("a mail");
            let ours = parse(case.raw.as_bytes());
            assert_eq!(theirs.subject().unwrap_or_default().trim(), ours.subject, "{}", case.name);
            let text = theirs.parts.iter().any(|p| matches!(&p.body, mail_parser::PartType::Text(_)));
            let html = theirs.parts.iter().any(|p| matches!(&p.body, mail_parser::PartType::Html(_)));
            assert_eq!(html, ours.html.is_some(), "{}", case.name);
            assert!(!text || ours.text.is_some() || !ours.reports.is_empty(), "{}", case.name);
            compared += 1;
        }
    }
    assert!(compared > 100);
    println!("compared {compared} mails");
}
