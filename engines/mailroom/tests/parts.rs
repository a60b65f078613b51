//! Parts of all kinds: containers, charsets, pictures, invitations, names, and what the limits do.

use mainstay_mailroom::{Hurt, InviteMethod, Limits, Protection, ReportKind, parse, parse_with};

#[test]
fn charsets_of_the_world() {
    let cases: [(&str, &str, &[u8], &str); 9] = [
        ("utf-8", "8bit", "Grüße".as_bytes(), "Grüße"),
        ("iso-8859-1", "quoted-printable", b"Gr=FC=DFe", "Grüße"),
        ("gb18030", "base64", b"xOO6w8rAvec=", "你好世界"),
        ("iso-2022-jp", "7bit", b"\x1b$B$3$s$K$A$O\x1b(B", "こんにちは"),
        ("utf-7", "7bit", b"Hi Mom +Jjo-!", "Hi Mom ☺!"),
        ("koi8-r", "8bit", b"\xf0\xd2\xc9\xd7\xc5\xd4", "Привет"),
        ("windows-1252", "8bit", "Grüße überall".as_bytes(), "Grüße überall"),
        ("x-unknown", "8bit", b"Gr\xfc\xdfe", "Grüße"),
        ("big5", "base64", b"p0Gmbg==", "你好"),
    ];
    for (charset, encoding, body, expected) in cases {
        let mut raw =
            format!("Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: {encoding}\n\n")
                .into_bytes();
        raw.extend_from_slice(body);
        assert_eq!(parse(&raw).text.expect("a text").trim(), expected, "{charset}");
    }
}

#[test]
fn undeclared_charsets_are_guessed() {
    let shift_jis = b"\n\x82\xb1\x82\xf1\x82\xc9\x82\xbf\x82\xcd\x81A\x90\xa2\x8aE";
    assert_eq!(parse(shift_jis).text.expect("a text").trim(), "こんにちは、世界");
    let windows_1251 = b"\n\xcf\xf0\xe8\xe2\xe5\xf2, \xec\xe8\xf0";
    assert_eq!(parse(windows_1251).text.expect("a text").trim(), "Привет, мир");
    let pasted = b"Content-Type: text/plain; charset=utf-8\n\nAtenci\xc3\xb3n: divulga\xe7\xe3o \x96 n\xe3o";
    assert_eq!(parse(pasted).text.expect("a text").trim(), "Atención: divulgação – não");
    let cut = b"Content-Type: text/plain; charset=utf-8\n\n\xc3\xa4\xc3\xb6\xc3\xbc \xc3\x9f und \xc3";
    assert_eq!(parse(cut).text.expect("a text").trim(), "äöü ß und \u{fffd}");
    let html = b"Content-Type: text/html\n\n<meta charset=windows-1251><p>\xcf\xf0\xe8\xe2\xe5\xf2";
    assert_eq!(parse(html).body_text().trim(), "Привет");
}

#[test]
fn apple_mail_puts_pictures_between_texts() {
    let raw = b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n<p>Before</p>\n--b\nContent-Type: image/png; name=shot.png\nContent-Disposition: inline; filename=shot.png\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--b\nContent-Type: text/html\n\n<p>After</p>\n--b--\n";
    let mail = parse(raw);
    let html = mail.html.expect("an HTML body");
    assert_eq!(
        html.find("Before").map(|b| html.find("cid:inline-1").map(|i| b < i)),
        Some(Some(true)),
        "{html}"
    );
    assert!(html.find("cid:inline-1") < html.find("After"), "{html}");
    assert!(mail.attachments[0].is_inline);
    assert_eq!(mail.attachments[0].content_id.as_deref(), Some("inline-1"));
}

#[test]
fn related_pictures_by_id_and_by_location() {
    let raw = b"Content-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\n<img src=cid:a@x><img src=\"logo.gif\">\n--b\nContent-Type: image/gif\nContent-ID: <a@x>\n\nGIF89a\n--b\nContent-Type: image/gif\nContent-Location: logo.gif\nContent-Disposition: attachment\n\nGIF89a\n--b\nContent-Type: application/pdf; name=\"=?utf-8?Q?=C3=BCber?= sicht.pdf\"\n\n%PDF-1.4\n--b--\n";
    let mail = parse(raw);
    let inline: Vec<bool> = mail.attachments.iter().map(|a| a.is_inline).collect();
    assert_eq!(inline, [true, true, false]);
    assert_eq!(mail.attachments[2].name, "über sicht.pdf");
    assert_eq!(mail.attachments[2].true_type, "application/pdf");
}

#[test]
fn files_of_older_times() {
    let raw = b"Subject: logs\n\nSee file\n\nbegin 644 a.txt\n#0V%T\n`\nend\n\nBye\n";
    let mail = parse(raw);
    assert_eq!(mail.attachments[0].content.as_ref(), b"Cat");
    assert_eq!(mail.attachments[0].name, "a.txt");
    let text = mail.text.expect("a text");
    assert!(text.contains("See file") && text.contains("Bye") && !text.contains("0V%T"), "{text}");
    let talk = b"\nbegin 644 is what you type\nthen end\n";
    assert!(parse(talk).attachments.is_empty());
}

#[test]
fn winmail_is_opened() {
    let mut tnef = vec![0x78, 0x9f, 0x3e, 0x22, 0, 0];
    let mut attribute = |id: u32, data: &[u8]| {
        tnef.push(1);
        tnef.extend(id.to_le_bytes());
        tnef.extend(u32::try_from(data.len()).expect("small").to_le_bytes());
        tnef.extend(data);
        tnef.extend([0, 0]);
    };
    attribute(0x0006_9007, &1_252u32.to_le_bytes());
    attribute(0x0002_800c, b"Hello from Outlook\0");
    attribute(0x0006_9002, &[0; 14]);
    attribute(0x0001_8010, b"REPORT~1.TXT\0");
    attribute(0x0006_800f, b"the report");
    let name: Vec<u8> = "r\u{e9}port.txt\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut properties = 1u32.to_le_bytes().to_vec();
    properties.extend([0x1f, 0, 0x07, 0x37]);
    properties.extend(1u32.to_le_bytes());
    properties.extend(u32::try_from(name.len()).expect("small").to_le_bytes());
    properties.extend(&name);
    properties.extend(vec![0; (4 - name.len() % 4) % 4]);
    attribute(0x0006_9005, &properties);
    let mut raw =
        b"Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: binary\n\n"
            .to_vec();
    raw.extend(&tnef);
    let mail = parse(&raw);
    assert_eq!(mail.text.as_deref(), Some("Hello from Outlook"));
    assert_eq!(mail.attachments[0].name, "réport.txt");
    assert_eq!(mail.attachments[0].content.as_ref(), b"the report");
    raw.truncate(raw.len() - 30);
    assert!(
        !parse(&raw).attachments.iter().any(|a| a.content.is_empty()),
        "a cut container is no reason to fail"
    );
}

#[test]
fn invitations_are_read() {
    let raw = b"Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\nMeeting\n--b\nContent-Type: text/calendar; method=REQUEST; charset=utf-8\n\nBEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:42@x\r\nSUMMARY:Server mov\r\n e\\, phase 2\r\nDTSTART;TZID=Europe/Berlin:20261123T100000\r\nORGANIZER;CN=\"Ann: boss\":mailto:ann@cust.example\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:bob@x\r\nBEGIN:VALARM\r\nSUMMARY:no\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n--b--\n";
    let mail = parse(raw);
    let invite = &mail.invites[0];
    assert_eq!((invite.method, invite.uid.as_str()), (InviteMethod::Request, "42@x"));
    assert_eq!(invite.summary, "Server move, phase 2");
    assert_eq!(invite.starts, "Europe/Berlin:20261123T100000");
    assert_eq!(invite.organizer, "ann@cust.example");
    assert_eq!(invite.attendees, [("bob@x".to_owned(), "ACCEPTED".to_owned())]);
}

#[test]
fn mails_in_mails_and_protection() {
    let raw = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nSee below\n--b\nContent-Type: message/rfc822\n\nSubject: Inner\nFrom: x@y\nContent-Type: multipart/signed; protocol=\"application/pgp-signature\"; boundary=c\n\n--c\n\nSigned text\n--c\nContent-Type: application/pgp-signature\n\nxx\n--c--\n--b--\n";
    let mail = parse(raw);
    assert_eq!(mail.attachments[0].name, "Inner.eml");
    let inner = mail.attachments[0].as_mail(&Limits::default()).expect("a mail");
    assert_eq!(inner.subject, "Inner");
    assert_eq!(inner.text.as_deref().map(str::trim), Some("Signed text"));
    assert_eq!(inner.protection, [Protection::PgpSigned]);
    assert!(mail.reports.iter().any(|r| r.kind == ReportKind::OriginalHeaders && r.text.contains("Inner")));
    let smime =
        parse(b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\n\nx");
    assert_eq!(smime.protection, [Protection::SmimeEncrypted]);
}

#[test]
fn broken_structures_are_mended() {
    let no_boundary =
        parse(b"Content-Type: multipart/mixed\n\n--zz\nContent-Type: text/plain\n\nfound\n--zz--\n");
    assert_eq!(no_boundary.text.as_deref().map(str::trim), Some("found"));
    assert!(no_boundary.hurt.contains(&Hurt::BoundaryMissing));
    let no_end = parse(b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nfirst\n--b\n\nsecond");
    assert_eq!(no_end.text.as_deref(), Some("first\nsecond"));
    let prefix = parse(b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/alternative; boundary=bb\n\n--bb\n\ninner\n--bb--\n--b\n\nouter\n--b--\n");
    assert_eq!(
        prefix.text.as_deref().map(|t| t.replace('\n', " ")).as_deref().map(str::trim),
        Some("inner outer")
    );
    assert_eq!(parse(b"").text.as_deref(), Some(""));
    assert_eq!(parse(b"just words").text.as_deref(), Some("just words"));
}

#[test]
fn limits_hold() {
    let mut deep = String::new();
    for level in 0..100 {
        deep += "Content-Type: multipart/mixed; boundary=b";
        deep += &level.to_string();
        deep += "\n\n--b";
        deep += &level.to_string();
        deep += "\n";
    }
    deep.push_str("\nbottom\n");
    assert!(parse(deep.as_bytes()).hurt.contains(&Hurt::TooDeep));
    let many = format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\nx\n".repeat(50_000));
    let mail = parse(many.as_bytes());
    assert!(mail.hurt.contains(&Hurt::PartsCut) && mail.text.expect("a text").len() < 10_000);
    let headers = format!("{}\nbody", "X-A: b\n".repeat(100_000));
    let mail = parse(headers.as_bytes());
    assert!(mail.hurt.contains(&Hurt::HeadersCut) && mail.headers.len() == Limits::default().headers);
    assert_eq!(mail.text.as_deref(), Some("body"));
    let crowd = format!("To: {}\n\n", "a@b.example, ".repeat(4_000));
    assert!(parse(crowd.as_bytes()).to.len() <= Limits::default().addresses);
    let small = Limits { expanded_bytes: 10, ..Limits::default() };
    let big = b"Content-Type: application/zip\nContent-Transfer-Encoding: base64\n\nUEsDBBQAAAAIAAAAAAAAAAAAAAAAAAAA\n";
    assert!(parse_with(big, &small).hurt.contains(&Hurt::ExpansionCut));
}

#[test]
fn headers_as_they_are_sent() {
    let raw = "From: =?utf-8?Q?M=C3=BCller=2C_Ann?= <ann@cust.example>\nTo: \"Desk, Help\" <desk@help.example>, undisclosed-recipients:;\nCc: group: a@x, B <b@y>;\nDelivered-To: desk+7@help.example\nReturn-Path: <>\nDate: Mon, 23 Nov 2026 09:00:00 +0100\nMessage-ID: <1@cust.example>\nReferences: <a@b>\n\t<c@d>\nIn-Reply-To: <c@d> (your mail)\n\nx";
    let mail = parse(raw.as_bytes());
    assert_eq!(mail.from[0].name, "Müller, Ann");
    assert_eq!(mail.to[0].address, "desk@help.example");
    let cc: Vec<&str> = mail.cc.iter().map(|a| a.address.as_str()).collect();
    assert_eq!(cc, ["a@x", "b@y"]);
    assert_eq!(mail.delivered_to[0].address, "desk+7@help.example");
    assert_eq!(mail.return_path.as_deref(), Some(""));
    assert_eq!(mail.date_ms, Some(1_795_420_800_000));
    assert_eq!(mail.references, ["a@b", "c@d"]);
    assert_eq!(mail.in_reply_to, ["c@d"]);
}
