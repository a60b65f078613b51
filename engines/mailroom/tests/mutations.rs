//! The test mails, broken in many small ways: nothing panics, nothing written is lost, nothing hostile comes through.
//! A short run here; `cargo test --test mutations -- --ignored` runs longer, `MAILROOM_ROUNDS` says how long.

use mainstay_mailroom::{
    Desk, Limits, Pictures, classify, html_to_text, identity, parse, sanitise, strip, strip_html, strip_text,
};

const FILES: [&str; 4] = [
    include_str!("mails/replies_plain.mails"),
    include_str!("mails/replies_html.mails"),
    include_str!("mails/bounces.mails"),
    include_str!("mails/machines.mails"),
];

/// Pieces that mean something to one of the readers.
const SPICE: &[&str] = &[
    "\n",
    "\n\n",
    "\r\n",
    "--",
    "-- \n",
    ">",
    "> ",
    "<",
    "</",
    "<!--",
    "-->",
    "&#",
    "&amp;",
    "=?utf-8?B?",
    "?=",
    "=",
    "=\n",
    "@",
    ":",
    ";",
    "\"",
    "(",
    ")",
    "[#7]",
    "\u{200f}",
    "é",
    "日本",
    "\u{0}",
    "\t",
    "Content-Type: multipart/mixed; boundary=b\n\n--b\n",
    "boundary=",
    "charset=utf-7",
    "begin 644 a\n#0V%T\n`\nend\n",
    "BEGIN:VCALENDAR\n",
    "<blockquote type=cite>",
    "<table><tr><td>",
    "<div id=divRplyFwdMsg>",
    "<svg><style>",
    "On 1.1.2026 a@b wrote:\n",
    "From: a\nSent: b\nTo: c\nSubject: d\n",
    "550 5.1.1 ",
    "Final-Recipient: rfc822;",
    "Action: failed\n",
    "________________\n",
    "Content-Transfer-Encoding: base64\n",
    "Content-Type: message/rfc822\n\n",
    "{\\rtf1\\fromhtml1",
    "filename*0*=utf-8''%",
    "Kind regards,\n",
    "+49 30 1234567\n",
];

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        // xorshift64*: the run is the same every time.
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).expect("31 bits") % sides.max(1)
    }

    fn mutate(&mut self, mails: &[Vec<u8>]) -> Vec<u8> {
        let mut mail = mails[self.roll(mails.len())].clone();
        for _ in 0..=self.roll(8) {
            let at = self.roll(mail.len() + 1);
            let length = self.roll(60).min(mail.len() - at);
            match self.roll(7) {
                0 => drop(mail.drain(at..at + length)),
                1 | 2 => drop(mail.splice(at..at, SPICE[self.roll(SPICE.len())].bytes())),
                3 if !mail.is_empty() => {
                    let index = at.min(mail.len() - 1);
                    mail[index] = u8::try_from(self.roll(256)).expect("a byte");
                }
                4 => {
                    let copy = mail[at..at + length].to_vec();
                    let to = self.roll(mail.len() + 1);
                    drop(mail.splice(to..to, copy));
                }
                5 => {
                    let other = &mails[self.roll(mails.len())];
                    let from = self.roll(other.len());
                    let piece = other[from..(from + self.roll(300)).min(other.len())].to_vec();
                    drop(mail.splice(at..at, piece));
                }
                _ => mail.truncate(at.max(1)),
            }
        }
        mail
    }
}

fn run(rounds: usize, seed: u64) {
    let pieces = FILES.iter().flat_map(|file| file.split("%%%% ").skip(1));
    let raw = |piece: &str| {
        piece.lines().skip(1).filter(|l| !l.starts_with("%% ")).collect::<Vec<_>>().join(
            "
",
        )
    };
    let mails: Vec<Vec<u8>> = pieces.map(|piece| raw(piece).into_bytes()).collect();
    let mut dice = Dice(seed);
    for _ in 0..rounds {
        check(&dice.mutate(&mails));
    }
    println!("{rounds} broken mails");
}

fn check(raw: &[u8]) {
    let mail = parse(raw);
    assert!(!classify(&mail, &Desk::default()).reason.is_empty());
    assert_eq!(identity("box", &mail).key.len(), 64);
    for attachment in &mail.attachments {
        assert!(
            !attachment.name.is_empty() && !attachment.name.contains(['/', '\\', '\0']),
            "{:?}",
            attachment.name
        );
        if let Some(inner) = attachment.as_mail(&Limits::default()) {
            let _ = strip(&inner);
        }
    }
    let has_words = |text: &str| text.chars().any(char::is_alphanumeric);
    let text = String::from_utf8_lossy(raw);
    assert!(!has_words(mail.body_text()) || has_something(&strip(&mail).text), "nothing is left of {text}");
    assert!(!has_words(&text) || has_something(&strip_text(&text).text), "nothing is left of {text}");
    assert!(
        !has_words(&html_to_text(&text)) || has_something(&strip_html(&text).text),
        "nothing is left of {text}"
    );
    let safe = sanitise(&text, &Pictures::NONE).html.to_ascii_lowercase();
    for tag in
        ["<script", "<style", "<iframe", "<svg", "<math", "<form", "<object", "<meta", "<link", "<base"]
    {
        assert!(!safe.contains(tag), "{tag} in {safe}");
    }
}

fn has_something(text: &str) -> bool {
    text.chars().any(|c| !c.is_whitespace())
}

#[test]
fn broken_mails_a_few() {
    run(1_500, 0x9e37_79b9_7f4a_7c15);
}

#[test]
#[ignore = "minutes"]
fn broken_mails_many() {
    let number =
        |name: &str, usual: u64| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(usual);
    let rounds = usize::try_from(number("MAILROOM_ROUNDS", 200_000)).expect("a count");
    run(rounds, number("MAILROOM_SEED", 0x1234_5678_9abc_def1));
}
