//! `readmail FILE…`: reads mails and prints one JSON document per line with everything the engine makes of each.
//! Mailboxes in mbox form are read too; `-` reads one mail from the standard input.

use std::io::{BufWriter, Read, Write};
use std::process::ExitCode;

use mainstay_mailroom::{
    Decision, Desk, Key, Known, Limits, Mail, Pictures, Standing, ThreadRules, TicketState, classify,
    identity, parse, sanitise, strip, subject_tokens, thread,
};
use serde_json::{Value, json};

fn main() -> ExitCode {
    let files: Vec<String> = std::env::args().skip(1).collect();
    if files.is_empty() || files.iter().any(|f| f == "--help" || f == "-h") {
        eprintln!("usage: readmail FILE…   (.eml or mbox files, `-` for the standard input)");
        eprintln!(
            "One JSON document per mail and line: kind (person, auto_reply, out_of_office, auto_generated, list,"
        );
        eprintln!(
            "bulk, hard_bounce, soft_bounce, delayed, delivered, disposition, feedback, own_loop) and reason,"
        );
        eprintln!(
            "bounce.recipients, thread, text (what was written), cut (what was not), attachments, html (safe) …"
        );
        return ExitCode::from(2);
    }
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut worst = ExitCode::SUCCESS;
    for file in files {
        let raw = if file == "-" {
            let mut raw = Vec::new();
            std::io::stdin().read_to_end(&mut raw).map(|_| raw)
        } else {
            std::fs::read(&file)
        };
        match raw {
            Ok(raw) => {
                for mail in split_mbox(&raw) {
                    if writeln!(out, "{}", describe(&file, mail)).is_err() {
                        return ExitCode::FAILURE;
                    }
                }
            }
            Err(error) => {
                eprintln!("error: {file}: {error}");
                worst = ExitCode::FAILURE;
            }
        }
    }
    worst
}

/// The mails of a file: one, or those of an mbox.
fn split_mbox(raw: &[u8]) -> Vec<&[u8]> {
    if !raw.starts_with(b"From ") {
        return vec![raw];
    }
    let mut starts = vec![0];
    let mut at = 0;
    while let Some(end) = raw[at..].iter().position(|b| *b == b'\n').map(|n| at + n + 1) {
        let line = &raw[end..raw.len().min(end + 200)];
        let is_after_blank = raw[at..end].trim_ascii().is_empty();
        if is_after_blank && line.starts_with(b"From ") {
            let line = line.split(|b| *b == b'\n').next().unwrap_or_default();
            // `From ann@x Mon Nov 23 09:00:00 2026`: a year at the end tells it from a sentence.
            let mut words = line.trim_ascii_end().rsplit(|b| *b == b' ');
            if words.any(|w| w.len() == 4 && w.iter().all(u8::is_ascii_digit)) {
                starts.push(end);
            }
        }
        at = end;
    }
    let mut ends: Vec<usize> = starts.iter().skip(1).copied().collect();
    ends.push(raw.len());
    starts.into_iter().zip(ends).map(|(start, end)| &raw[start..end]).collect()
}

/// A desk without tickets: clues are shown, nothing can be joined.
struct Empty;

impl Known for Empty {
    fn ticket_of_message(&self, _: &str) -> Option<u64> {
        None
    }
    fn standing(&self, _: u64, _: &str) -> Standing {
        Standing::Stranger
    }
    fn state(&self, _: u64) -> TicketState {
        TicketState::Missing
    }
}

fn describe(file: &str, raw: &[u8]) -> Value {
    let mail = parse(raw);
    let desk = Desk::default();
    let verdict = classify(&mail, &desk);
    let stripped = strip(&mail);
    let rules =
        ThreadRules { keys: &[Key::new(*b"an example's key")], desk: &desk, now_ms: 0, reopen_days: 14 };
    let threading = thread(&mail, &verdict, &rules, &Empty);
    let safe = mail.html.as_deref().map(|html| {
        sanitise(html, &Pictures { inline: &|id| Some(format!("attachment:{id}")), ..Pictures::NONE })
    });
    let is_known = !matches!(threading.decision, Decision::New { linked: None });
    json!({
        "file": file,
        "from": mail.from,
        "to": mail.to,
        "cc": mail.cc,
        "reply_to": mail.reply_to,
        "subject": mail.subject,
        "date_ms": mail.date_ms,
        "message_id": mail.message_id,
        "kind": verdict.kind,
        "reason": verdict.reason,
        "findings": verdict.findings,
        "bounce": if verdict.kind.is_delivery() { json!({ "recipients": verdict.recipients, "original": verdict.original }) } else { Value::Null },
        "original": verdict.original,
        "spam": verdict.spam,
        "no_answer": verdict.no_answer,
        "thread": {
            "in_reply_to": mail.in_reply_to,
            "references": mail.references,
            "subject_tokens": subject_tokens(&mail.subject),
            "decision": if is_known { json!(threading) } else { json!("new") },
            "identity": identity("readmail", &mail),
        },
        "text": stripped.text,
        "text_is_fallback": stripped.is_fallback,
        "text_source": stripped.source,
        "cut": stripped.cut,
        "body": mail.body_text(),
        "attachments": attachments(&mail),
        "invites": mail.invites,
        "protection": mail.protection,
        "hurt": mail.hurt,
        "html": safe.as_ref().map(|s| s.html.as_str()),
        "blocked_pictures": safe.as_ref().map(|s| s.blocked.as_slice()),
    })
}

fn attachments(mail: &Mail<'_>) -> Vec<Value> {
    mail.attachments
        .iter()
        .map(|a| {
            let nested = a.as_mail(&Limits::default());
            json!({
                "name": a.name,
                "declared_type": a.declared_type,
                "type": a.true_type,
                "bytes": a.content.len(),
                "content_id": a.content_id,
                "is_inline": a.is_inline,
                "mail": nested.map(|m| json!({ "from": m.from, "subject": m.subject, "text": m.body_text() })),
            })
        })
        .collect()
}
