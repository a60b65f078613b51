//! Which ticket a mail joins: every rule, its reason, and what must never join.

use std::collections::HashMap;

use mainstay_mailroom::{
    Decision, Desk, Key, Known, Standing, ThreadRules, Threading, TicketState, classify, identity, parse,
    thread,
};

#[derive(Default)]
struct Book {
    received: HashMap<String, u64>,
    people: Vec<(u64, &'static str, Standing)>,
    states: HashMap<u64, TicketState>,
}

impl Known for Book {
    fn ticket_of_message(&self, id: &str) -> Option<u64> {
        self.received.get(id).copied()
    }
    fn standing(&self, ticket: u64, address: &str) -> Standing {
        let found = self.people.iter().find(|(t, a, _)| *t == ticket && *a == address);
        found.map_or(Standing::Stranger, |(_, _, standing)| *standing)
    }
    fn state(&self, ticket: u64) -> TicketState {
        self.states.get(&ticket).copied().unwrap_or(TicketState::Missing)
    }
}

const NOW_MS: i64 = 1_795_420_800_000;
const DAY_MS: i64 = 86_400_000;

fn book() -> Book {
    Book {
        received: HashMap::from([("ask@cust.example".to_owned(), 7)]),
        people: vec![
            (7, "ann@cust.example", Standing::Requester),
            (7, "col@cust.example", Standing::SameOrganisation),
        ],
        states: HashMap::from([
            (7, TicketState::Open),
            (8, TicketState::MergedInto(7)),
            (9, TicketState::Closed(NOW_MS - 3 * DAY_MS)),
            (10, TicketState::Closed(NOW_MS - 90 * DAY_MS)),
        ]),
    }
}

fn key() -> Key {
    Key::new(*b"0123456789abcdef")
}

fn decide(raw: &str, book: &Book) -> Threading {
    let desk = Desk { addresses: vec!["desk@help.example".to_owned()], ..Desk::default() };
    let mail = parse(raw.as_bytes());
    let verdict = classify(&mail, &desk);
    let keys = [Key::new(*b"a newer key, now"), key()];
    thread(&mail, &verdict, &ThreadRules { keys: &keys, desk: &desk, now_ms: NOW_MS, reopen_days: 14 }, book)
}

#[test]
fn signed_addresses_join() {
    let address = key().address("desk@help.example", 7, "ann@cust.example");
    let joined = decide(
        &format!(
            "From: Ann <Ann@Cust.example>\nTo: {}\nSubject: quite another one\n\nx",
            address.to_uppercase()
        ),
        &book(),
    );
    assert_eq!(joined.decision, Decision::Joins { ticket: 7, reopen: false });
    assert_eq!(joined.confidence, 100);
    // The same address in the hands of a stranger is asked about, never joined.
    let stranger = decide(&format!("From: eve@other.example\nTo: {address}\n\nx"), &book());
    assert_eq!(stranger.decision, Decision::Proposed { ticket: 7 });
    // One letter changed: worth nothing.
    let forged = address.replace("+7.", "+9.");
    assert_eq!(
        decide(&format!("From: ann@cust.example\nTo: {forged}\n\nx"), &book()).decision,
        Decision::New { linked: None }
    );
}

#[test]
fn our_message_ids_join_without_a_look_up() {
    let id = key().message_id("help.example", 7, "E42");
    let joined = decide(
        &format!("From: ann@cust.example\nTo: desk@help.example\nReferences: <x@apple> <{id}>\n\nx"),
        &book(),
    );
    assert_eq!(joined.decision, Decision::Joins { ticket: 7, reopen: false });
    let forged = id.replace("E42", "E43");
    assert_eq!(
        decide(&format!("From: ann@cust.example\nIn-Reply-To: <{forged}>\n\nx"), &book()).decision,
        Decision::New { linked: None }
    );
}

#[test]
fn received_ids_need_a_participant() {
    let with = |from: &str| {
        decide(&format!("From: {from}\nTo: desk@help.example\nIn-Reply-To: <ask@cust.example>\n\nx"), &book())
            .decision
    };
    assert_eq!(with("ann@cust.example"), Decision::Joins { ticket: 7, reopen: false });
    assert_eq!(with("col@cust.example"), Decision::Joins { ticket: 7, reopen: false });
    assert_eq!(with("eve@other.example"), Decision::Proposed { ticket: 7 });
}

#[test]
fn subjects_join_only_for_participants_and_never_alone() {
    let with = |from: &str, subject: &str| {
        decide(&format!("From: {from}\nSubject: {subject}\n\nx"), &book()).decision
    };
    assert_eq!(with("ann@cust.example", "AW: [#7] Printer"), Decision::Joins { ticket: 7, reopen: false });
    assert_eq!(with("eve@other.example", "Re: [#7] Printer"), Decision::New { linked: Some(7) });
    assert_eq!(with("ann@cust.example", "Re: Printer"), Decision::New { linked: None });
    assert_eq!(with("ann@cust.example", "Re: [#8] merged"), Decision::Joins { ticket: 7, reopen: false });
    assert_eq!(with("ann@cust.example", "Re: [#404] gone"), Decision::New { linked: None });
}

#[test]
fn closed_tickets_reopen_only_soon_and_only_for_people() {
    let mut book = book();
    book.people.extend([
        (9, "ann@cust.example", Standing::Requester),
        (10, "ann@cust.example", Standing::Requester),
    ]);
    let with = |ticket: u64, more: &str| {
        decide(&format!("From: ann@cust.example\nSubject: [#{ticket}] x\n{more}\n\nx"), &book).decision
    };
    assert_eq!(with(9, "X: y"), Decision::Joins { ticket: 9, reopen: true });
    assert_eq!(with(10, "X: y"), Decision::New { linked: Some(10) });
    assert_eq!(with(9, "Auto-Submitted: auto-replied"), Decision::Joins { ticket: 9, reopen: false });
}

#[test]
fn mail_from_ourselves_is_not_joined_by_references() {
    let id = key().message_id("help.example", 7, "E42");
    let raw = format!("From: desk@help.example\nReferences: <{id}>\nIn-Reply-To: <ask@cust.example>\n\nx");
    assert_eq!(decide(&raw, &book()).decision, Decision::New { linked: None });
}

#[test]
fn bounces_find_their_ticket() {
    let id = key().message_id("help.example", 7, "E42");
    let raw = format!(
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nSubject: failure notice\n\nI'm afraid I wasn't able to deliver your message.\n\n<ann@cust.example>:\n550 5.1.1 no such user\n\n--- Below this line is a copy of the message.\n\nReceived: x\nMessage-ID: <{id}>\nFrom: desk@help.example\nTo: ann@cust.example\n"
    );
    assert_eq!(decide(&raw, &book()).decision, Decision::Joins { ticket: 7, reopen: false });
    // Nothing inside, but the bounce came back to the address made for this recipient.
    let verp = key().address("bounce@help.example", 7, "ann@cust.example");
    let raw = format!(
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nTo: {verp}\nSubject: failure notice\n\n<ann@cust.example>: user unknown\n"
    );
    assert_eq!(decide(&raw, &book()).decision, Decision::Joins { ticket: 7, reopen: false });
}

#[test]
fn a_mail_is_itself_however_often_it_comes() {
    let first = parse(b"Received: a\nMessage-ID: <1@x>\n\nbody\r\nline\r\n");
    let again = parse(b"Received: b\nReceived: a\nMessage-ID: <1@x>\n\nbody\nline\n");
    let reused = parse(b"Message-ID: <1@x>\n\nother body\n");
    assert_eq!(identity("Desk", &first).key, identity("desk", &again).key);
    assert_ne!(identity("desk", &first).key, identity("desk", &reused).key);
    assert_ne!(identity("desk", &first).key, identity("sales", &first).key);
    let nameless = parse(b"From: a@b\nSubject: s\n\nx");
    let id = identity("desk", &nameless);
    assert_eq!(id, identity("desk", &parse(b"Received: z\nFrom: a@b\nSubject: s\n\nx")));
    assert!(id.message_id.ends_with("@missing-id.invalid"));
}
