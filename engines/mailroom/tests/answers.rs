//! Answers: what is written can be read, carries its marks, and cannot be made to carry others.

use mainstay_mailroom::{
    Address, Answered, Draft, Envelope, File, Key, Kind, Limits, MarkedId, Origin, RateRules, Unsubscribe,
    classify, compose, may_answer, parse, quote, references_for, reply_subject,
};
use proptest::prelude::*;

fn draft() -> Draft<'static> {
    Draft {
        from: Address { name: "Müller, Help".to_owned(), address: "desk@help.example".to_owned() },
        to: vec![Address { name: "Ann \"A\"".to_owned(), address: "ann@cust.example".to_owned() }],
        subject: "Re: Störung im Netz 你好".to_owned(),
        message_id: Key::new(*b"0123456789abcdef").message_id("help.example", 7, "E1"),
        date_ms: 1_795_420_800_000,
        references: vec!["a@cust.example".to_owned(), "b@cust.example".to_owned()],
        text: "Grüße\n.\nFrom here\n".to_owned(),
        ..Draft::default()
    }
}

#[test]
fn what_is_written_can_be_read() {
    let draft = Draft {
        html: Some("<p>Grüße <img src=\"cid:logo@help.example\"></p>".to_owned()),
        pictures: vec![File {
            name: "logo.png".to_owned(),
            media_type: "image/png".to_owned(),
            content_id: "logo@help.example".to_owned(),
            content: b"\x89PNG\r\n\x1a\nx",
        }],
        files: vec![File {
            name: "Übersicht.pdf".to_owned(),
            media_type: "application/pdf".to_owned(),
            content_id: String::new(),
            content: b"%PDF-1.4 x",
        }],
        reply_to: Some(Address::new("desk+7@help.example")),
        cc: vec![Address::new("col@cust.example"), Address::new("ANN@cust.example")],
        ..draft()
    };
    let composed = compose(&draft);
    let mail = parse(&composed.raw);
    assert_eq!(mail.subject, draft.subject);
    assert_eq!(mail.from, std::slice::from_ref(&draft.from));
    assert_eq!(mail.date_ms, Some(draft.date_ms));
    assert_eq!(mail.references, draft.references);
    assert_eq!(mail.in_reply_to, ["b@cust.example"]);
    assert_eq!(mail.reply_to[0].address, "desk+7@help.example");
    assert_eq!(mail.text.as_deref().map(str::trim_end), Some("Grüße\n.\nFrom here"));
    assert!(mail.html.as_deref().is_some_and(|h| h.contains("cid:logo@help.example")));
    assert_eq!(
        mail.attachments.iter().map(|a| (a.name.as_str(), a.is_inline)).collect::<Vec<_>>(),
        [("logo.png", true), ("Übersicht.pdf", false)]
    );
    assert_eq!(composed.envelope_from, "desk@help.example");
    assert_eq!(composed.envelope_to, ["ann@cust.example", "col@cust.example"]);
    let id =
        MarkedId::read(&mail.message_id.expect("an id"), &[Key::new(*b"0123456789abcdef")]).expect("our id");
    assert_eq!(id.ticket, 7);
}

#[test]
fn machines_say_that_they_are_machines() {
    let auto = Draft {
        origin: Origin::AutoReplied,
        loop_mark: "help.example".to_owned(),
        unsubscribe: Some(Unsubscribe {
            url: "https://help.example/u/1".to_owned(),
            mailto: Some("leave@help.example".to_owned()),
        }),
        ..draft()
    };
    let composed = compose(&auto);
    assert_eq!(composed.envelope_from, "");
    let mail = parse(&composed.raw);
    assert_eq!(mail.headers.text("Auto-Submitted").as_deref(), Some("auto-replied"));
    assert_eq!(mail.headers.text("X-Auto-Response-Suppress").as_deref(), Some("All"));
    assert_eq!(
        mail.headers.text("List-Unsubscribe").as_deref(),
        Some("<https://help.example/u/1>, <mailto:leave@help.example>")
    );
    assert_eq!(mail.headers.text("List-Unsubscribe-Post").as_deref(), Some("List-Unsubscribe=One-Click"));
    let desk = mainstay_mailroom::Desk {
        loop_mark: "help.example".to_owned(),
        ..mainstay_mailroom::Desk::default()
    };
    assert_eq!(classify(&mail, &desk).kind, Kind::OwnLoop);
    assert!(!classify(&mail, &mainstay_mailroom::Desk::default()).no_answer.is_empty());
    let verp = compose(&Draft { envelope: Envelope::Verp("bounce+7.x.y@help.example".to_owned()), ..auto });
    assert_eq!(verp.envelope_from, "bounce+7.x.y@help.example");
}

#[test]
fn quotes_and_references() {
    let mail =
        parse(b"Message-ID: <m@x>\nReferences: <a@x> <b@x>\n\nFirst line\nSecond <b>line</b>\n\n-- \nAnn\n");
    assert_eq!(references_for(&mail), ["a@x", "b@x", "m@x"]);
    let (text, html) = quote(&mail, "On Monday Ann wrote:", 1);
    assert_eq!(text, "On Monday Ann wrote:\n> First line\n> […]\n");
    assert!(html.contains("<blockquote type=\"cite\">") && !html.contains("<b>"));
    assert_eq!(reply_subject("Re: AW: Antw: SV: RE[2]: Printer", 7), "Re: Printer [#7]");
}

#[test]
fn robots_stop() {
    let mut sent: Vec<Answered> = Vec::new();
    let mut let_through = 0;
    for minute in 0..24 * 60 {
        let now_ms = minute * 60_000;
        if may_answer(
            &sent,
            "robot@x.example",
            u64::try_from(minute).expect("positive"),
            now_ms,
            RateRules::default(),
        )
        .is_ok()
        {
            sent.push(Answered {
                at_ms: now_ms,
                address: "robot@x.example".to_owned(),
                ticket: u64::try_from(minute).expect("positive"),
            });
            let_through += 1;
        }
    }
    assert_eq!(let_through, RateRules::default().per_address_day, "a robot that opens a ticket a minute");
}

proptest! {
    #[test]
    fn no_value_makes_a_header(name in ".{0,40}", subject in ".{0,80}", id in "[a-z\r\n:@ ]{1,30}") {
        let draft = Draft {
            from: Address { name: format!("{name}\r\nBcc: eve@x"), address: "desk@help.example".to_owned() },
            subject: format!("{subject}\r\n\r\nX-Evil: 1"),
            references: vec![id],
            ..draft()
        };
        let composed = compose(&draft);
        let mail = parse(&composed.raw);
        prop_assert!(!mail.headers.has("Bcc") && !mail.headers.has("X-Evil"));
        prop_assert_eq!(mail.from.len(), 1);
        prop_assert_eq!(mail.to[0].address.as_str(), "ann@cust.example");
    }

    #[test]
    fn parsing_anything_ends_within_limits(raw in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        let mail = parse(&raw);
        let _ = (classify(&mail, &mainstay_mailroom::Desk::default()), mainstay_mailroom::strip(&mail));
        prop_assert!(mail.headers.len() <= Limits::default().headers);
    }
}
