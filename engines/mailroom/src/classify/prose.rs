//! Bounces in the servers' own words: who, why, and which mail, from text that follows no standard.

use super::delivery::{Outcome, Recipient, Told};
use super::phrases::{BOUNCE_BODY, BOUNCE_SUBJECT, DELAYED, DELIVERED};
use super::{Cause, Kind, Look, status};
use crate::address::find_addresses;
use crate::fold::{clip, fold};
use crate::parse::Mail;

/// Bytes of text that are looked through for recipients.
const MOST_TEXT: usize = 64 << 10;

/// Recognises and reads a bounce without a usable delivery status part.
pub(super) fn delivery(look: &mut Look<'_, '_>) -> Option<(Kind, String)> {
    let evidence = evidence(look);
    if evidence.weight < 4 || !(evidence.has_subject || evidence.has_body) {
        return None;
    }
    let body = full_text(look.mail);
    let (told, head) = split_original(&body);
    super::report::read_original(look);
    if let Some(head) = head {
        look.original.read(head);
    }
    let outcome = outcome(look, told);
    let mut recipients = recipients(look, told, outcome);
    if recipients.is_empty() {
        let address = only(&look.original.to).unwrap_or_default();
        let told_by = Told { outcome, diagnostic: explain(told), ..Told::default() };
        recipients.push(Recipient::judge(address, told_by));
    }
    // A sender that is only postmaster, and a text without any reason: that is a letter, not a report.
    let is_empty_handed = recipients.iter().all(|r| r.address.is_empty() && r.cause == Cause::Unknown);
    if is_empty_handed && evidence.weight < 6 {
        return None;
    }
    if look.original.to.is_empty() {
        look.original.to = recipients.iter().map(|r| r.address.clone()).filter(|a| !a.is_empty()).collect();
    }
    let worst = recipients.iter().map(|r| r.outcome).max()?;
    let first = recipients.iter().find(|r| r.outcome == worst)?;
    let reason = format!(
        "{}; {} for {}: {}",
        evidence.told.join(", "),
        first.status,
        first.address,
        clip(&first.diagnostic, 200)
    );
    look.recipients = recipients;
    Some((super::report::kind_of(worst), reason))
}

#[derive(Default)]
struct Evidence {
    weight: u32,
    has_subject: bool,
    has_body: bool,
    told: Vec<&'static str>,
}

fn evidence(look: &Look<'_, '_>) -> Evidence {
    let mail = look.mail;
    let mut found = Evidence::default();
    let mut add = |weight: u32, told: &'static str, is_so: bool| {
        if is_so {
            found.weight += weight;
            found.told.push(told);
        }
        is_so
    };
    let daemon = author_is_daemon(mail);
    add(2, "sender is a mail system", daemon == Some(2));
    add(1, "sender is a postmaster", daemon == Some(1));
    add(
        1,
        "null return path",
        mail.return_path.as_deref().is_some_and(|p| p.is_empty() || p.eq_ignore_ascii_case("mailer-daemon")),
    );
    add(4, "names failed recipients in its header", mail.headers.has("X-Failed-Recipients"));
    add(3, "is a delivery report", mail.report_type.as_deref() == Some("delivery-status"));
    add(
        1,
        "carries a mail",
        mail.reports.iter().any(|r| r.kind == crate::parse::ReportKind::OriginalHeaders),
    );
    let is_answer = ["re:", "aw:", "fw:", "fwd:", "wg:", "sv:", "tr:", "antw:"]
        .iter()
        .any(|p| look.subject.starts_with(p));
    let has_subject = add(2, "subject of a bounce", !is_answer && BOUNCE_SUBJECT.is_in(&look.subject));
    let has_body =
        add(2, "text of a bounce", BOUNCE_BODY.is_in(&look.opening) || has_failure_line(&look.opening));
    let auto = mail.headers.text("Auto-Submitted").unwrap_or_default().to_ascii_lowercase();
    add(1, "says it is automatic", auto.starts_with("auto-"));
    let exchange = mail.headers.has("X-MS-Exchange-Message-Is-Ndr")
        || mail.headers.texts("Content-Class").any(|c| c.contains("dsn") || c.contains("ndr"));
    add(3, "Exchange calls it a report", exchange);
    found.has_subject = has_subject;
    found.has_body = has_body;
    // People ask about bounces in words that look like one; a machine shows itself elsewhere, too.
    let is_machine = found
        .told
        .iter()
        .any(|t| !matches!(*t, "subject of a bounce" | "text of a bounce" | "carries a mail"));
    if !is_machine && !(has_subject && has_body && split_original(&mail.body_text()).1.is_some()) {
        found.weight = 0;
    }
    // People answer people: a mail that is part of a conversation and comes from a mailbox is no bounce.
    if daemon.is_none() && !mail.in_reply_to.is_empty() && found.weight < 5 {
        found.weight = 0;
    }
    found
}

fn has_failure_line(opening: &str) -> bool {
    opening.lines().any(|line| {
        line.contains('@')
            && (status::read(line).enhanced.is_some_and(|s| !s.starts_with('2'))
                || status::read(line).smtp.is_some())
    })
}

/// 2 for a mail system by name, 1 for a postmaster or the like, `None` for others.
pub(super) fn author_is_daemon(mail: &Mail<'_>) -> Option<u32> {
    let author = mail.author()?;
    let local = author.local().to_lowercase();
    let name = fold(&author.name);
    let is_daemon = [
        "mailer-daemon",
        "mailerdaemon",
        "mailer_daemon",
        "mailer daemon",
        "mail-daemon",
        "maildaemon",
        "mdaemon",
        "mailsystem",
        "mail-system",
        "mailer-deamon",
        "mail.daemon",
        "mailerdeamon",
        "maildeliverysystem",
    ]
    .iter()
    .any(|d| local.contains(d) || name.contains(d) || author.address.to_lowercase().starts_with(d));
    let by_name = [
        "mail delivery",
        "delivery subsystem",
        "delivery system",
        "mail system",
        "system administrator",
        "systemadministrator",
        "mail administrator",
        "administrateur systeme",
        "administrador del sistema",
        "mailsystem",
        "mail router",
        "internet mail delivery",
        "microsoft outlook",
        "microsoft exchange",
        "delivery status",
        "mail server",
        "mailserver",
        "amministratore di sistema",
        "administrador de sistema",
        "systeembeheerder",
        "systemadministrator",
        "sistem yoneticisi",
        "bounce",
        "mail gateway",
    ]
    .iter()
    .any(|d| name.contains(d));
    if is_daemon || by_name && (local.is_empty() || !author.address.contains('@') || is_role(&local)) {
        return Some(2);
    }
    let is_role = is_role(&local);
    (is_role || by_name).then_some(if is_role && by_name { 2 } else { 1 })
}

fn is_role(local: &str) -> bool {
    [
        "postmaster",
        "microsoftexchange",
        "mail",
        "root",
        "admin",
        "administrator",
        "bounce",
        "bounces",
        "noreply",
        "no-reply",
        "no_reply",
        "donotreply",
        "do-not-reply",
        "system",
        "smtp",
        "postoffice",
        "mailgate",
        "mailmaster",
        "dsn",
        "mta",
        "daemon",
        "mailadmin",
        "mailserver",
        "abuse",
        "sysadmin",
        "autoreply",
        "notification",
        "error",
        "staff",
    ]
    .iter()
    .any(|role| {
        local == *role
            || local.strip_prefix(role).is_some_and(|rest| {
                rest.starts_with(|c: char| !c.is_alphabetic()) || *role == "microsoftexchange"
            })
    }) || local.ends_with("-bounces")
        || local.ends_with("postmaster")
}

/// The body and every attached plain text, for servers that put their words there.
fn full_text(mail: &Mail<'_>) -> String {
    let mut text = clip(&mail.body_text(), MOST_TEXT).to_owned();
    for attachment in &mail.attachments {
        let is_note = attachment.declared_type.starts_with("text/plain") && text.len() < MOST_TEXT;
        if is_note {
            text.push('\n');
            text.push_str(clip(&crate::parse::decode_text(&attachment.content, None), 16 << 10));
        }
    }
    text
}

/// Where the returned mail begins: the words before it, and its headers.
fn split_original(body: &str) -> (&str, Option<&str>) {
    let mut starts: Vec<(usize, &str)> = Vec::new();
    let mut at = 0;
    for line in body.split_inclusive('\n') {
        starts.push((at, line));
        at += line.len();
    }
    let mut index = 0;
    while index < starts.len() {
        let run = header_run(&starts[index..]);
        if run > 0 {
            return (&body[..starts[index].0], Some(&body[starts[index].0..]));
        }
        index += 1;
    }
    (body, None)
}

/// The number of lines of a header block at the start, 0 when it is none: three fields, one of them technical.
fn header_run(lines: &[(usize, &str)]) -> usize {
    const TECHNICAL: [&str; 8] = [
        "received",
        "return-path",
        "message-id",
        "mime-version",
        "content-type",
        "x-mailer",
        "references",
        "delivered-to",
    ];
    const KNOWN: [&str; 6] = ["from", "to", "subject", "date", "reply-to", "cc"];
    let (mut fields, mut technical, mut count) = (0, 0, 0);
    for (_, line) in lines.iter().take(40) {
        let bare = line.strip_prefix("> ").or_else(|| line.strip_prefix('>')).unwrap_or(line).trim_end();
        let bare = if count == 0 { bare.trim_start() } else { bare };
        if bare.is_empty() {
            if count == 0 {
                return 0;
            }
            break;
        }
        let is_folded = bare.starts_with([' ', '\t']);
        let name = bare.trim_start().split_once(':').map(|(n, _)| n.to_ascii_lowercase()).unwrap_or_default();
        let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if TECHNICAL.contains(&name.as_str())
            || is_name && name.starts_with("x-")
            || is_name && name.starts_with("dkim")
        {
            technical += 1;
            fields += 1;
        } else if KNOWN.contains(&name.as_str()) {
            fields += 1;
        } else if count == 0 || !is_folded && !is_name {
            break;
        }
        count += 1;
    }
    if fields >= 3 && technical >= 1 { count } else { 0 }
}

fn outcome(look: &Look<'_, '_>, told: &str) -> Option<Outcome> {
    let opening = fold(clip(told, 3_000));
    if DELIVERED.is_in(&look.subject) || DELIVERED.is_in(&opening) && !has_code(&opening, b"45") {
        return Some(Outcome::Delivered);
    }
    let has_hard = has_code(&opening, b"5")
        || opening.contains("permanent")
        || opening.contains("given up")
        || opening.contains("gave up")
        || opening.contains("giving up");
    if DELAYED.is_in(&look.subject) || DELAYED.is_in(&opening) && !has_hard {
        return Some(Outcome::Delayed);
    }
    None
}

fn has_code(text: &str, classes: &[u8]) -> bool {
    let codes = status::read(text);
    let class = codes
        .enhanced
        .and_then(|s| s.bytes().next())
        .or(codes.smtp.map(|c| if c >= 500 { b'5' } else { b'4' }));
    class.is_some_and(|c| classes.contains(&c))
}

/// One address in the text, with how much speaks for it being a failed recipient.
struct Candidate {
    address: String,
    line: usize,
    weight: i32,
}

fn recipients(look: &Look<'_, '_>, told: &str, outcome: Option<Outcome>) -> Vec<Recipient> {
    let lines: Vec<&str> = told.lines().take(400).collect();
    let mut candidates = candidates(look, &lines);
    for raw in look.mail.headers.all_raw("X-Failed-Recipients") {
        for address in crate::address::read_addresses(raw, 100) {
            raise(&mut candidates, &address.address, 0, 20);
        }
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

fn explain(told: &str) -> &str {
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
    for (index, line) in lines.iter().enumerate() {
        if !line.contains('@') {
            continue;
        }
        let folded = fold(line);
        let near = [index.checked_sub(1), Some(index + 1), Some(index + 2)]
            .iter()
            .filter_map(|i| i.and_then(|i| lines.get(i)))
            .any(|l| says_failure(&fold(l)));
        for address in find_addresses(line) {
            let key = address.to_lowercase();
            let mut weight = line_weight(line, &folded, address) + if near { 2 } else { 0 };
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

fn only(addresses: &[String]) -> Option<String> {
    match addresses {
        [one] => Some(one.clone()),
        [first, ..] => Some(first.clone()),
        [] => None,
    }
}

/// The lines about an address in a report's text, for reports whose machine-readable part is bare.
pub(super) fn near(body: &str, address: &str) -> String {
    if address.is_empty() {
        return String::new();
    }
    let lines: Vec<&str> = body.lines().take(400).collect();
    let lower = address.to_lowercase();
    match lines.iter().position(|l| l.to_lowercase().contains(&lower)) {
        Some(at) => lines[at..(at + 8).min(lines.len())].join("\n"),
        None => String::new(),
    }
}
