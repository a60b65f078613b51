//! Which ticket a mail belongs to, with the reason and how sure it is; and the signed marks that make it sure.

mod mark;

use serde::Serialize;
use sha2::{Digest, Sha256};

pub use mark::{Key, MarkedAddress, MarkedId};

use crate::address::Address;
use crate::classify::{Desk, Kind, Verdict};
use crate::parse::Mail;

/// What the desk knows about its tickets. Asked only for ids that a mail names.
pub trait Known {
    /// The ticket on which a mail with this Message-ID was received.
    fn ticket_of_message(&self, message_id: &str) -> Option<u64>;
    /// How an address stands to a ticket.
    fn standing(&self, ticket: u64, address: &str) -> Standing;
    fn state(&self, ticket: u64) -> TicketState;
}

/// How somebody stands to a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    Requester,
    /// Cc'd, watching, answered before.
    Participant,
    SameOrganisation,
    Stranger,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketState {
    Open,
    /// Closed at this time, milliseconds since 1970.
    Closed(i64),
    MergedInto(u64),
    Missing,
}

/// Where the mail goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "decision")]
pub enum Decision {
    /// Becomes part of the ticket; `reopen` when it was closed not long ago.
    Joins { ticket: u64, reopen: bool },
    /// A new ticket; `linked` names one it continues (closed long ago) or looks like.
    New { linked: Option<u64> },
    /// A new ticket with the question whether it belongs to this one.
    Proposed { ticket: u64 },
}

/// A decision with its grounds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Threading {
    #[serde(flatten)]
    pub decision: Decision,
    pub because: String,
    /// 0 to 100. Joining needs 80; below that it is proposed or new.
    pub confidence: u8,
    /// Every clue found, in the order of trust.
    pub clues: Vec<Clue>,
}

/// One thing in the mail that points to a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Clue {
    pub kind: ClueKind,
    pub ticket: u64,
    /// The address, id or subject it was found in.
    pub found_in: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClueKind {
    /// A signed token in a recipient address, made for the sender.
    RecipientToken,
    /// A signed token in a recipient address, made for somebody else.
    ForeignToken,
    /// A Message-ID we made.
    OwnMessageId,
    /// A Message-ID we received.
    ReceivedMessageId,
    /// `[#2431]`
    SubjectToken,
}

/// What threading depends on beside the mail.
#[derive(Clone, Copy)]
pub struct ThreadRules<'r> {
    /// The first signs, all verify: rotation.
    pub keys: &'r [Key],
    pub desk: &'r Desk,
    /// Milliseconds since 1970.
    pub now_ms: i64,
    /// A closed ticket is opened again within this many days.
    pub reopen_days: u32,
}

/// Decides where a mail goes, by the strongest clue. An equal subject alone is none.
pub fn thread(mail: &Mail<'_>, verdict: &Verdict, rules: &ThreadRules<'_>, known: &impl Known) -> Threading {
    let clues = clues(mail, verdict, rules, known);
    let sender = mail.author().map(Address::key).unwrap_or_default();
    let mut weak: Option<(u64, u8, String)> = None;
    for clue in &clues {
        let Some(ticket) = living(clue.ticket, known) else { continue };
        let standing = known.standing(ticket, &sender);
        let is_known = standing != Standing::Stranger;
        let is_report =
            verdict.kind.is_delivery() || matches!(verdict.kind, Kind::Disposition | Kind::Feedback);
        let (confidence, because) = match clue.kind {
            ClueKind::RecipientToken => {
                (100, format!("{} carries a token signed for {sender}", clue.found_in))
            }
            ClueKind::OwnMessageId if is_report => (98, format!("reports on our mail {}", clue.found_in)),
            ClueKind::OwnMessageId if is_known => (97, format!("answers our mail {}", clue.found_in)),
            // Whoever has the id had our mail: forwarded to a colleague, or answered from another address.
            ClueKind::OwnMessageId => {
                (85, format!("answers our mail {} from an address new to it", clue.found_in))
            }
            ClueKind::ForeignToken if is_known || is_report => {
                (92, format!("{} carries a signed token of a participant", clue.found_in))
            }
            ClueKind::ForeignToken => {
                (60, format!("{} carries a token signed for somebody else", clue.found_in))
            }
            ClueKind::ReceivedMessageId if is_known => {
                (90, format!("answers {} of the ticket, and {sender} takes part", clue.found_in))
            }
            ClueKind::ReceivedMessageId => {
                (50, format!("answers {} of the ticket, but {sender} is a stranger to it", clue.found_in))
            }
            ClueKind::SubjectToken if matches!(standing, Standing::Requester | Standing::Participant) => {
                (80, format!("the subject names #{ticket}, and {sender} takes part"))
            }
            ClueKind::SubjectToken => {
                (30, format!("the subject names #{ticket}, but {sender} takes no part in it"))
            }
        };
        if confidence >= 80 {
            return Threading { decision: join(ticket, verdict, rules, known), because, confidence, clues };
        }
        if weak.as_ref().is_none_or(|(_, best, _)| confidence > *best) {
            weak = Some((ticket, confidence, because));
        }
    }
    match weak {
        Some((ticket, confidence, because)) if confidence >= 50 => {
            Threading { decision: Decision::Proposed { ticket }, because, confidence, clues }
        }
        Some((ticket, confidence, because)) => {
            Threading { decision: Decision::New { linked: Some(ticket) }, because, confidence, clues }
        }
        None => Threading {
            decision: Decision::New { linked: None },
            because: "nothing in it names a ticket".to_owned(),
            confidence: 100,
            clues,
        },
    }
}

/// The ticket a merge chain ends in.
fn living(mut ticket: u64, known: &impl Known) -> Option<u64> {
    const MOST_HOPS: usize = 20;
    for _ in 0..MOST_HOPS {
        match known.state(ticket) {
            TicketState::MergedInto(target) => ticket = target,
            TicketState::Missing => return None,
            _ => return Some(ticket),
        }
    }
    None
}

fn join(ticket: u64, verdict: &Verdict, rules: &ThreadRules<'_>, known: &impl Known) -> Decision {
    const DAY_MS: i64 = 86_400_000;
    let TicketState::Closed(at_ms) = known.state(ticket) else {
        return Decision::Joins { ticket, reopen: false };
    };
    if verdict.kind != Kind::Person {
        // An absence note or a bounce belongs to its ticket, but nobody waits for an answer to it.
        return Decision::Joins { ticket, reopen: false };
    }
    if rules.now_ms - at_ms <= i64::from(rules.reopen_days) * DAY_MS {
        Decision::Joins { ticket, reopen: true }
    } else {
        Decision::New { linked: Some(ticket) }
    }
}

fn clues(mail: &Mail<'_>, verdict: &Verdict, rules: &ThreadRules<'_>, known: &impl Known) -> Vec<Clue> {
    let mut found: Vec<Clue> = Vec::new();
    let mut add = |kind, ticket, found_in: &str| {
        if !found.iter().any(|c: &Clue| c.kind == kind && c.ticket == ticket) {
            found.push(Clue { kind, ticket, found_in: found_in.to_owned() });
        }
    };
    let sender = mail.author().map(Address::key).unwrap_or_default();
    for recipient in mail.recipients() {
        let Some(token) = MarkedAddress::read(&recipient.address) else { continue };
        if token.is_for(&sender, rules.keys) {
            add(ClueKind::RecipientToken, token.ticket, &recipient.address);
        } else if verdict.recipients.iter().any(|r| token.is_for(&r.address, rules.keys))
            || token.is_ours(rules.keys)
        {
            add(ClueKind::ForeignToken, token.ticket, &recipient.address);
        }
    }
    // A mail from ourselves is never joined by its references: that glues everything into one conversation.
    if verdict.kind == Kind::OwnLoop {
        found.sort_by_key(|c| c.kind);
        return found;
    }
    let original = verdict.original.message_id.iter().chain(&verdict.original.references);
    let ids: Vec<&String> =
        mail.in_reply_to.iter().chain(mail.references.iter().rev()).chain(original).collect();
    for id in &ids {
        if let Some(marked) = MarkedId::read(id, rules.keys) {
            add(ClueKind::OwnMessageId, marked.ticket, id);
        }
    }
    for id in ids.iter().take(100) {
        if let Some(ticket) = known.ticket_of_message(id) {
            add(ClueKind::ReceivedMessageId, ticket, id);
        }
    }
    for ticket in subject_tokens(&mail.subject) {
        add(ClueKind::SubjectToken, ticket, &mail.subject);
    }
    found.sort_by_key(|c| c.kind);
    found
}

/// The numbers of `[#2431]` in a subject.
///
/// ```
/// assert_eq!(mainstay_mailroom::subject_tokens("AW: [#2431] Drucker [ #7 ] #9 [#x]"), [2431, 7]);
/// ```
pub fn subject_tokens(subject: &str) -> Vec<u64> {
    let mut found = Vec::new();
    for piece in subject.split('[').skip(1).take(50) {
        let Some((inside, _)) = piece.split_once(']') else { continue };
        let Some(number) = inside.trim().strip_prefix('#') else { continue };
        if let Ok(number) = number.trim().parse()
            && !found.contains(&number)
        {
            found.push(number);
        }
    }
    found
}

/// What makes a mail the same mail, however often it arrives.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Identity {
    /// 64 hex digits over mailbox, Message-ID and body: the unique key of a received mail.
    pub key: String,
    /// The Message-ID, or one made from the content for mails that have none.
    pub message_id: String,
    /// 64 hex digits over the body alone.
    pub body_hash: String,
}

/// The identity of a mail in a mailbox. Trace fields added on the way do not change it; another body under a reused
/// Message-ID does.
pub fn identity(mailbox: &str, mail: &Mail<'_>) -> Identity {
    let body_hash = hex(&Sha256::digest(body_bytes(mail.raw)));
    let message_id = mail.message_id.clone().unwrap_or_else(|| {
        let mut hash = Sha256::new();
        for part in [
            mail.author().map(Address::key).unwrap_or_default().as_str(),
            &mail.subject,
            &mail.date_ms.unwrap_or_default().to_string(),
            &body_hash,
        ] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        format!("{}@missing-id.invalid", &hex(&hash.finalize())[..32])
    });
    let mut hash = Sha256::new();
    for part in [&mailbox.to_lowercase(), &message_id, &body_hash] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    Identity { key: hex(&hash.finalize()), message_id, body_hash }
}

/// The body without its line ends, which differ between fetches.
fn body_bytes(raw: &[u8]) -> Vec<u8> {
    let (_, at, _) = crate::parse::Headers::read(raw, &crate::Limits::default());
    let body: Vec<u8> = raw[at..].iter().copied().filter(|b| *b != b'\r').collect();
    body.trim_ascii_end().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}
