//! Which of the addresses in the text of a bounce are the ones that failed, and what is said about each.

use super::delivery::{Outcome, Recipient, Told};
use super::phrases::BOUNCE_BODY;
use super::{Cause, Look, status};
use crate::address::find_addresses;
use crate::fold::{clip, fold};

/// One address in the text, with how much speaks for it being a failed recipient.
struct Candidate {
    address: String,
    line: usize,
    weight: i32,
}

pub(super) fn recipients(look: &Look<'_, '_>, told: &str, outcome: Option<Outcome>) -> Vec<Recipient> {
    let lines: Vec<&str> = told.lines().take(400).collect();
    let mut candidates = candidates(look, &lines);
    for raw in look.mail.headers.all_raw("X-Failed-Recipients") {
        for address in crate::address::read_addresses(raw, 100) {
            raise(&mut candidates, &address.address, 0, 20);
        }
    }
    if candidates.iter().all(|c| c.weight < 2) {
        candidates.extend(local_names(look, &lines));
    }
    let best = candidates.iter().map(|c| c.weight).max().unwrap_or_default();
    let least = if best >= 5 { 5.min(best) } else { best.max(2) };
    candidates.retain(|c| c.weight >= least && (best < 20 || c.weight >= 10));
    candidates.truncate(200);
    let is_only = candidates.len() == 1;
    let places: Vec<usize> = candidates.iter().map(|c| c.line).collect();
    candidates
        .iter()
        .map(|candidate| {
            let own = if is_only {
                told.to_owned()
            } else {
                lines[span(&places, candidate.line, lines.len())].join("\n")
            };
            let diagnostic = if is_only { diagnostic(&lines, candidate.line) } else { own };
            let shared = Told { outcome, diagnostic: &diagnostic, ..Told::default() };
            let mut judged = Recipient::judge(candidate.address.clone(), shared);
            if judged.cause == Cause::Unknown && judged.smtp_code.is_none() {
                // The reason may stand once for all, above the list.
                let all = explain(told);
                judged = Recipient::judge(
                    candidate.address.clone(),
                    Told { outcome, diagnostic: all, ..Told::default() },
                );
            }
            judged
        })
        .collect()
}

pub(super) fn explain(told: &str) -> &str {
    clip(told.trim(), 3_000)
}

/// From this recipient's line to the next one's; a line above is taken when the reason stands before the address.
fn span(places: &[usize], line: usize, count: usize) -> std::ops::Range<usize> {
    let next =
        places.iter().copied().filter(|p| *p > line).min().unwrap_or(count).min(line + 15).max(line + 1);
    line.min(count)..next.min(count).max(line.min(count))
}

/// The lines around the only recipient that say something; the whole text when they do not.
fn diagnostic(lines: &[&str], line: usize) -> String {
    let from = line.min(lines.len());
    let to = (line + 14).min(lines.len());
    let after = lines[from..to].join("\n");
    let told = status::read(&after);
    if told.enhanced.is_some_and(|s| !s.starts_with('2')) || told.smtp.is_some() {
        return after;
    }
    let all = lines.join("\n");
    let coded: Vec<&str> =
        lines.iter().copied().filter(|l| status::read(l) != status::Codes::default()).collect();
    if Cause::of(&after, None) != Cause::Unknown && coded.is_empty() {
        return after;
    }
    clip(all.trim(), 4_000).to_owned()
}

fn candidates(look: &Look<'_, '_>, lines: &[&str]) -> Vec<Candidate> {
    let own: Vec<String> = look
        .mail
        .to
        .iter()
        .chain(&look.mail.delivered_to)
        .chain(&look.mail.from)
        .map(crate::Address::key)
        .collect();
    let originals: Vec<String> = look.original.to.iter().map(|a| a.to_lowercase()).collect();
    let sender = look.original.from.as_deref().map(str::to_lowercase);
    let mut found = Vec::new();
    let announced = lines.iter().position(|line| announces_recipients(&fold(line)));
    for (index, line) in lines.iter().enumerate() {
        if !line.contains('@') {
            continue;
        }
        let folded = fold(line);
        // What stands above `… did not reach the following recipients:` describes the mail, not the failure.
        let place = match announced {
            Some(at) if index < at => -8,
            Some(at) if index > at && index <= at + 8 => 2,
            _ => 0,
        };
        let near = [index.checked_sub(1), Some(index + 1), Some(index + 2)]
            .iter()
            .filter_map(|i| i.and_then(|i| lines.get(i)))
            .any(|l| says_failure(&fold(l)));
        for address in find_addresses(line) {
            let key = address.to_lowercase();
            let mut weight = line_weight(line, &folded, address) + place + if near { 2 } else { 0 };
            if originals.contains(&key) {
                weight += 6;
            }
            let is_own = own.contains(&key) || sender.as_deref() == Some(&key);
            if is_own && !originals.contains(&key) {
                weight -= 8;
            }
            let local = key.split('@').next().unwrap_or_default();
            if ["postmaster", "mailer-daemon", "abuse", "support", "helpdesk", "admin"].contains(&local)
                && !originals.contains(&key)
            {
                weight -= 4;
            }
            if key.rsplit('@').next().is_some_and(|domain| !domain.contains('.'))
                && !line.trim().starts_with('<')
            {
                weight -= 3;
            }
            raise(&mut found, address, index, weight);
        }
    }
    found
}

/// `Your message did not reach the following recipients:`
fn announces_recipients(folded: &str) -> bool {
    const WHO: [&str; 10] = [
        "following recipient",
        "following address",
        "following user",
        "following destination",
        "recipients of this message",
        "failed addresses",
        "recipients were affected",
        "folgenden empfanger",
        "destinataires suivants",
        "siguientes destinatarios",
    ];
    folded.len() < 160 && WHO.iter().any(|words| folded.contains(words))
}

/// Servers that name their own users by local name only: the words below the announcement, at the server's domain.
fn local_names(look: &Look<'_, '_>, lines: &[&str]) -> Vec<Candidate> {
    const MOST_LINES: usize = 20;
    let domain = look.mail.author().and_then(|a| a.address.rsplit_once('@')).map(|(_, domain)| domain);
    let announced = lines.iter().position(|line| announces_recipients(&fold(line)));
    let (Some(domain), Some(announced)) = (domain, announced) else { return Vec::new() };
    let below = lines.iter().enumerate().skip(announced + 1).take(MOST_LINES);
    let is_name = |word: &str| {
        !word.is_empty()
            && word.len() <= 64
            && word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
            && word.bytes().any(|b| b.is_ascii_alphabetic())
    };
    below
        .filter(|(_, line)| is_name(line.trim()))
        .map(|(line, name)| Candidate { address: format!("{}@{domain}", name.trim()), line, weight: 5 })
        .collect()
}

fn raise(found: &mut Vec<Candidate>, address: &str, line: usize, weight: i32) {
    let is_full = found.len() >= 500;
    match found.iter_mut().find(|c| c.address.eq_ignore_ascii_case(address)) {
        Some(known) => {
            if weight > known.weight && known.weight < 5 {
                known.line = line;
            }
            known.weight = known.weight.max(weight) + 1;
        }
        None if is_full => {}
        None => found.push(Candidate { address: address.to_owned(), line, weight }),
    }
}

fn says_failure(folded: &str) -> bool {
    let codes = status::read(folded);
    codes.smtp.is_some()
        || codes.enhanced.is_some_and(|s| !s.starts_with('2'))
        || BOUNCE_BODY.is_in(folded)
        || Cause::of(folded, None) != Cause::Unknown
}

/// How a line presents an address.
fn line_weight(line: &str, folded: &str, address: &str) -> i32 {
    let trimmed = line.trim().trim_start_matches(['>', '*', '-', '|', '\t', ' ', '•']).trim();
    let bare = trimmed.trim_matches(['<', '>', '"', '\'', ':', '.', ',', '(', ')', ' ']);
    let mut weight = 1;
    if bare.eq_ignore_ascii_case(address) || bare.eq_ignore_ascii_case(&format!("mailto:{address}")) {
        weight += 5;
    } else if trimmed.starts_with(&format!("<{address}>")) || trimmed.starts_with(address) {
        weight += 4;
    }
    if folded.contains("generated from") || folded.contains("originally addressed to") {
        weight += 4;
    }
    if folded.contains("rcpt to") || folded.contains("<<<") && folded.contains("55") {
        weight += 4;
    }
    let labels = [
        "to:",
        "recipient",
        "failed",
        "an:",
        "empfanger",
        "destinataire",
        "destinatario",
        "dest:",
        "address:",
        "mailbox",
        "user ",
        "undeliverable",
        "宛先",
        "收件人",
        "получател",
        "адресат",
        "odbiorc",
        "prijemc",
    ];
    if labels.iter().any(|label| folded.starts_with(label) || folded.contains(label)) {
        weight += 2;
    }
    if says_failure(folded) {
        weight += 3;
    }
    let against = [
        "from:",
        "sender:",
        "von:",
        "mail from",
        "contact",
        "message-id",
        "reply-to",
        "return-path",
        "http",
        "questions",
        "originator",
        "please e-mail",
        "please email",
        "forward",
        "x-",
        "references:",
        "in-reply-to",
        "reported by",
        "reporting",
        "hotline",
        "for help",
        "for assistance",
    ];
    if against.iter().any(|label| folded.contains(label)) {
        weight -= 4;
    }
    weight
}
