//! Mails per second for a mixed mailbox, and time and memory for the largest mails. Prints Markdown.

use std::fmt::Write as _;
use std::time::Instant;

use mainstay_mailroom::{
    Desk, Key, Known, Pictures, Standing, ThreadRules, TicketState, Verdict, classify, parse, sanitise,
    strip, thread,
};

const FILES: [&str; 4] = [
    include_str!("../tests/mails/replies_plain.mails"),
    include_str!("../tests/mails/replies_html.mails"),
    include_str!("../tests/mails/bounces.mails"),
    include_str!("../tests/mails/machines.mails"),
];

fn main() {
    println!("## Mailroom\n");
    mixed();
    large();
}

/// The test mails, each also padded to the size of ordinary mail (a thread of quotes, a page of HTML).
fn mailbox() -> Vec<Vec<u8>> {
    let mut mails = Vec::new();
    for file in FILES {
        for piece in file.split("%%%% ").skip(1) {
            let raw: String = piece
                .lines()
                .skip(1)
                .filter(|l| !l.starts_with("%% "))
                .fold(String::new(), |out, l| out + l + "\n");
            let is_html = raw.contains("text/html") && !raw.contains("multipart");
            let mut padded = raw.clone();
            if is_html {
                for number in 0..120 {
                    write!(padded, "<div class=MsoNormal style='margin:0cm;font-family:Calibri'><span lang=DE>Quoted line {number} of an <b>earlier</b> mail with a <a href=\"https://x.example/{number}\">link</a></span></div>").expect("writing to a string");
                }
            } else if !raw.contains("multipart") {
                for number in 0..120 {
                    writeln!(padded, "> quoted line {number} of an earlier mail in the same conversation")
                        .expect("writing to a string");
                }
            }
            mails.push(raw.into_bytes());
            mails.push(padded.into_bytes());
        }
    }
    mails
}

/// What is done to one mail; the number keeps it from being optimised away.
type Step<'s> = &'s dyn Fn(&[u8]) -> usize;

/// A desk with one ticket that everybody belongs to.
struct OneTicket;

impl Known for OneTicket {
    fn ticket_of_message(&self, _: &str) -> Option<u64> {
        Some(2_431)
    }
    fn standing(&self, _: u64, _: &str) -> Standing {
        Standing::Requester
    }
    fn state(&self, _: u64) -> TicketState {
        TicketState::Open
    }
}

fn mixed() {
    let mails = mailbox();
    let bytes: usize = mails.iter().map(Vec::len).sum();
    println!("{} mails, {} bytes on average, one core.\n", mails.len(), bytes / mails.len());
    println!("| step | mails/s | MB/s |\n|---|---|---|");
    let desk = Desk::default();
    let keys = [Key::new(*b"a key of the bench")];
    let rules = ThreadRules { keys: &keys, desk: &desk, now_ms: 0, reopen_days: 14 };
    let pipeline = |raw: &[u8], last: usize| {
        let mail = parse(raw);
        let mut sum = mail.headers.len();
        let mut verdict: Option<Verdict> = None;
        if last >= 1 {
            let found = classify(&mail, &desk);
            sum += found.findings.len();
            verdict = Some(found);
        }
        if let Some(verdict) = verdict.filter(|_| last >= 2) {
            sum += thread(&mail, &verdict, &rules, &OneTicket).clues.len();
        }
        if last >= 3 {
            sum += strip(&mail).text.len();
        }
        if last >= 4 {
            sum += mail.html.as_deref().map_or(0, |html| sanitise(html, &Pictures::NONE).html.len());
        }
        sum
    };
    let steps: [(&str, Step<'_>); 5] = [
        ("parse", &|raw| pipeline(raw, 0)),
        ("parse, classify", &|raw| pipeline(raw, 1)),
        ("parse, classify, thread", &|raw| pipeline(raw, 2)),
        ("parse, classify, thread, strip", &|raw| pipeline(raw, 3)),
        ("parse, classify, thread, strip, sanitise", &|raw| pipeline(raw, 4)),
    ];
    for (name, step) in steps {
        let mut sum = mails.iter().map(|m| step(m)).sum::<usize>();
        let begin = Instant::now();
        let mut rounds = 0u32;
        while begin.elapsed().as_secs_f64() < 3.0 {
            sum += mails.iter().map(|m| step(m)).sum::<usize>();
            rounds += 1;
        }
        let seconds = begin.elapsed().as_secs_f64() / f64::from(rounds);
        #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
        let (per_second, megabytes) = (mails.len() as f64 / seconds, bytes as f64 / seconds / 1e6);
        println!("| {name} | {per_second:.0} | {megabytes:.1} |");
        assert!(sum > 0);
    }
    println!();
}

fn large() {
    const SIZE: usize = 25 << 20;
    let fill = |head: &str, unit: &str| {
        let mut raw = Vec::with_capacity(SIZE + unit.len());
        raw.extend_from_slice(head.as_bytes());
        while raw.len() < SIZE {
            raw.extend_from_slice(unit.as_bytes());
        }
        raw
    };
    let base64_line = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAx\r\n";
    let cases: [(&str, (&str, &str)); 12] = [
        (
            "one attachment, base64",
            (
                "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHi\r\n--b\r\nContent-Type: application/octet-stream; name=x\r\nContent-Transfer-Encoding: base64\r\n\r\n",
                base64_line,
            ),
        ),
        ("plain text", ("Subject: x\r\n\r\n", "a line of text that somebody has pasted, number 12345\r\n")),
        ("HTML, nested", ("Content-Type: text/html\r\n\r\n", "<div><b><a href=x>x")),
        ("HTML, attributes", ("Content-Type: text/html\r\n\r\n<p ", "a1=b ")),
        ("HTML, tables", ("Content-Type: text/html\r\n\r\n", "<table><tr><td>")),
        ("header lines", ("", "X-A: b\r\n")),
        ("one folded header", ("To: ", "a@b.example,\r\n ")),
        ("boundaries", ("Content-Type: multipart/mixed; boundary=b\r\n\r\n", "--b\r\n\r\n")),
        ("uuencode", ("\r\n", "begin 644 a\r\n#0V%T\r\n`\r\nend\r\n")),
        ("quotes", ("\r\n", "> On 1.1.2026 a@b wrote:\r\n")),
        ("intros", ("\r\n", "On 1.1.2026 a@b wrote\r\n--\r\n")),
        (
            "addresses in a bounce",
            (
                "From: MAILER-DAEMON@x\r\nSubject: failure notice\r\n\r\n550 5.1.1\r\n",
                "<a@b.example>: 550 unknown\r\n",
            ),
        ),
    ];
    println!(
        "Mails of 25 MB: parse, classify, strip, sanitise. Peak is that of the process, mail included.\n"
    );
    println!("| content | ms | peak MB |\n|---|---|---|");
    for (name, (head, unit)) in cases {
        let raw = fill(head, unit);
        reset_peak();
        let begin = Instant::now();
        let mail = parse(&raw);
        let verdict = classify(&mail, &Desk::default());
        let stripped = strip(&mail);
        let safe = mail.html.as_deref().map(|html| sanitise(html, &Pictures::NONE));
        let ms = begin.elapsed().as_millis();
        assert!(
            !verdict.reason.is_empty() && stripped.text.len() + safe.map_or(0, |s| s.html.len()) < usize::MAX
        );
        println!("| {name} | {ms} | {} |", peak_megabytes());
    }
}

/// Linux forgets the high-water mark when told so; elsewhere the figure is that of the whole run.
fn reset_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

fn peak_megabytes() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap_or_default();
    let kilobytes = line.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok());
    kilobytes.map_or("unknown".to_owned(), |k| (k / 1_024).to_string())
}
