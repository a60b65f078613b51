//! Who may act as staff: our relay's word, and real signatures checked over a real (loopback) name server.

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};

use mail_auth::common::crypto::Ed25519Key;
use mail_auth::common::headers::HeaderWriter;
use mail_auth::dkim::DkimSigner;
use mainstay_mailroom::{
    Arrival, Command, Desk, Relays, Trust, authenticate, classify, commands, parse, resolver_at,
    trusted_results,
};

/// Answers TXT and A queries from a table; anything else does not exist.
fn name_server(records: HashMap<String, String>) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback has ports");
    let address = socket.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        let mut query = [0u8; 1_500];
        while let Ok((length, from)) = socket.recv_from(&mut query) {
            let _ = socket.send_to(&answer(&query[..length], &records), from);
        }
    });
    address
}

fn answer(query: &[u8], records: &HashMap<String, String>) -> Vec<u8> {
    let mut labels = Vec::new();
    let mut at = 12;
    while query[at] != 0 {
        let length = usize::from(query[at]);
        labels.push(String::from_utf8_lossy(&query[at + 1..at + 1 + length]).to_lowercase());
        at += length + 1;
    }
    let question_end = at + 5;
    let is_text = query[at + 1..at + 3] == [0, 16];
    let found = records.get(&labels.join(".")).filter(|_| is_text);
    let mut out = query[..2].to_vec();
    out.extend([
        0x85,
        if found.is_some() { 0x80 } else { 0x83 },
        0,
        1,
        0,
        u8::from(found.is_some()),
        0,
        0,
        0,
        0,
    ]);
    out.extend(&query[12..question_end]);
    if let Some(text) = found {
        let mut data = Vec::new();
        for piece in text.as_bytes().chunks(255) {
            data.push(u8::try_from(piece.len()).expect("at most 255"));
            data.extend(piece);
        }
        out.extend([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60]);
        out.extend(u16::try_from(data.len()).expect("short").to_be_bytes());
        out.extend(data);
    }
    out
}

const MAIL: &str = "From: Sam <sam@staff.example>\r\nTo: desk@help.example\r\nSubject: Re: x\r\nDate: Mon, 23 Nov 2026 09:00:00 +0100\r\nMessage-ID: <1@staff.example>\r\n\r\n#assign ann\r\n#solve\r\n\r\nDone, see log.\r\n";

fn signed() -> (String, HashMap<String, String>) {
    let der = Ed25519Key::generate_pkcs8().expect("a key");
    let key = Ed25519Key::from_pkcs8_der(&der).expect("a key");
    let public = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, key.public_key());
    let signature = DkimSigner::from_key(key)
        .domain("staff.example")
        .selector("s1")
        .headers(["From", "To", "Subject", "Date"])
        .sign(MAIL.as_bytes())
        .expect("signed");
    let records = HashMap::from([
        ("s1._domainkey.staff.example".to_owned(), format!("v=DKIM1; k=ed25519; p={public}")),
        ("_dmarc.staff.example".to_owned(), "v=DMARC1; p=reject".to_owned()),
        ("staff.example".to_owned(), "v=spf1 ip4:192.0.2.10 -all".to_owned()),
    ]);
    (format!("{}{MAIL}", signature.to_header()), records)
}

fn check(
    raw: &str,
    arrival: Option<Arrival<'_>>,
    records: HashMap<String, String>,
) -> mainstay_mailroom::Authentication {
    let resolver = resolver_at(&[name_server(records)]).expect("a resolver");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(authenticate(&parse(raw.as_bytes()), arrival, &Relays::default(), &resolver))
}

fn may_order(raw: &str, found: &mainstay_mailroom::Authentication) -> bool {
    let mail = parse(raw.as_bytes());
    let verdict = classify(&mail, &Desk::default());
    found.staff_proof(&mail, &verdict, |address| address == "sam@staff.example").is_some()
}

#[test]
fn a_true_signature_makes_staff() {
    let (raw, records) = signed();
    let found = check(&raw, None, records);
    assert_eq!(found.trust, Trust::Pass, "{found:?}");
    let mail = parse(raw.as_bytes());
    let proof = found
        .staff_proof(&mail, &classify(&mail, &Desk::default()), |a| a == "sam@staff.example")
        .expect("staff");
    assert_eq!(proof.address(), "sam@staff.example");
    let orders = commands(&mainstay_mailroom::strip(&mail).text, &proof);
    assert_eq!(orders.commands, [Command::Assign("ann".to_owned()), Command::Solve]);
    assert_eq!(orders.text, "Done, see log.");
}

#[test]
fn a_changed_or_unsigned_mail_does_not() {
    let (raw, records) = signed();
    let changed = raw.replace("#solve", "#close");
    let found = check(&changed, None, records.clone());
    assert_eq!(found.trust, Trust::Fail, "{found:?}");
    assert!(!may_order(&changed, &found));
    let forged = check(MAIL, None, records);
    assert_eq!(forged.trust, Trust::Fail, "{forged:?}");
    let silent = check(MAIL, None, HashMap::new());
    assert_eq!(silent.trust, Trust::Unknown, "{silent:?}");
    assert!(!may_order(MAIL, &silent));
}

#[test]
fn the_sending_host_counts() {
    let (_, records) = signed();
    let arrival = |ip: &str| Arrival {
        client_ip: ip.parse().expect("an address"),
        helo: "mx.staff.example",
        receiver: "mx.help.example",
        envelope_from: "sam@staff.example",
    };
    let good = check(MAIL, Some(arrival("192.0.2.10")), records.clone());
    assert_eq!(good.trust, Trust::Pass, "{good:?}");
    let bad = check(MAIL, Some(arrival("192.0.2.66")), records);
    assert_eq!(bad.trust, Trust::Fail, "{bad:?}");
}

#[test]
fn a_seal_counts_only_when_trusted() {
    use mail_auth::arc::ArcSealer;
    let relays = Relays { sealers: vec!["relay.example".to_owned()], ..Relays::default() };
    let der = Ed25519Key::generate_pkcs8().expect("a key");
    let key = Ed25519Key::from_pkcs8_der(&der).expect("a key");
    let public = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, key.public_key());
    let message = mail_auth::AuthenticatedMessage::parse(MAIL.as_bytes()).expect("a mail");
    let results = mail_auth::AuthenticationResults::new("mx.relay.example").with_dmarc_result(
        &mail_auth::DmarcOutput::new("staff.example".to_owned())
            .with_dkim_result(mail_auth::DmarcResult::Pass),
    );
    let sealer =
        ArcSealer::from_key(key).domain("relay.example").selector("a1").headers(["From", "To", "Subject"]);
    let set = sealer.seal(&message, &results, &mail_auth::ArcOutput::default()).expect("sealed");
    let raw = format!("{}{MAIL}", set.to_header());
    let records = HashMap::from([
        ("a1._domainkey.relay.example".to_owned(), format!("v=DKIM1; k=ed25519; p={public}")),
        ("_dmarc.staff.example".to_owned(), "v=DMARC1; p=reject".to_owned()),
    ]);
    let resolver = resolver_at(&[name_server(records)]).expect("a resolver");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mail = parse(raw.as_bytes());
    let trusted = runtime.block_on(authenticate(&mail, None, &relays, &resolver));
    let distrusted = runtime.block_on(authenticate(&mail, None, &Relays::default(), &resolver));
    assert_eq!(
        (trusted.trust, distrusted.trust),
        (Trust::Pass, Trust::Fail),
        "{trusted:?}\n{distrusted:?}\n{raw}"
    );
}

#[test]
fn only_our_relay_is_believed() {
    let with = |fields: &str| {
        let raw = format!("{fields}{MAIL}");
        trusted_results(
            &parse(raw.as_bytes()),
            &Relays { authserv_ids: vec!["mx.help.example".to_owned()], ..Relays::default() },
        )
        .map(|a| a.trust)
    };
    assert_eq!(
        with("Authentication-Results: mx.help.example; dmarc=pass header.from=staff.example\r\n"),
        Some(Trust::Pass)
    );
    assert_eq!(
        with("Authentication-Results: mx.evil.example; dmarc=pass header.from=staff.example\r\n"),
        None
    );
    assert_eq!(
        with(
            "Authentication-Results: mx.help.example; dmarc=fail\r\nAuthentication-Results: mx.help.example; dmarc=pass\r\n"
        ),
        Some(Trust::Fail)
    );
    assert_eq!(
        with(
            "Authentication-Results: mx.help.example; dkim=pass header.d=evil.example; spf=pass smtp.mailfrom=x@evil.example\r\n"
        ),
        Some(Trust::Unknown)
    );
    assert_eq!(
        with(
            "Authentication-Results: mx.help.example (dmarc=pass); spf=none smtp.mailfrom=\"a; dmarc=pass\"@x.example\r\n"
        ),
        Some(Trust::Unknown)
    );
    let unset = trusted_results(
        &parse(format!("Authentication-Results: ; dmarc=pass\r\n{MAIL}").as_bytes()),
        &Relays::default(),
    );
    assert_eq!(unset, None);
}

#[test]
fn two_authors_are_nobody() {
    let two = "Authentication-Results: mx.help.example; dmarc=pass\r\nFrom: sam@staff.example\r\nFrom: eve@evil.example\r\n\r\n#solve\r\n";
    let mail = parse(two.as_bytes());
    let relays = Relays { authserv_ids: vec!["mx.help.example".to_owned()], ..Relays::default() };
    let proof = trusted_results(&mail, &relays)
        .and_then(|a| a.staff_proof(&mail, &classify(&mail, &Desk::default()), |_| true));
    assert_eq!(proof, None);
}
