//! Round trip through real servers on loopback: Postfix takes and bounces, Dovecot hands out, we write, read and join.
//!
//! Needs root (for Postfix's master) and the Debian packages postfix and dovecot-imapd; skipped without them. Own
//! configuration folders and ports; the packaged configuration stays as it is.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use mainstay_mailroom::{
    Address, Composed, Decision, Desk, Draft, Envelope, Key, Kind, Known, Origin, Standing, ThreadRules,
    TicketState, classify, compose, parse, references_for, strip, thread,
};

struct Servers {
    folder: tempfile::TempDir,
    smtp: u16,
    imap: u16,
}

impl Servers {
    /// Starts the pair; the reason when that cannot be done here.
    fn start() -> Result<Self, String> {
        for program in ["/usr/sbin/postfix", "/usr/sbin/dovecot", "/usr/lib/postfix/sbin/master"] {
            if !Path::new(program).exists() {
                return Err(format!("{program} is not here"));
            }
        }
        if fs::metadata("/proc/self").map_or(1, |m| m.uid()) != 0 {
            return Err("Postfix needs root".to_owned());
        }
        // Not below a folder that only root may enter: the mail daemons run as others.
        let folder =
            tempfile::Builder::new().prefix("mailroom-").tempdir_in("/tmp").map_err(|e| e.to_string())?;
        let servers = Self { folder, smtp: free_port(), imap: free_port() };
        fs::set_permissions(servers.path(), fs::Permissions::from_mode(0o755)).map_err(|e| e.to_string())?;
        servers.configure_dovecot().map_err(|e| e.to_string())?;
        servers.configure_postfix().map_err(|e| e.to_string())?;
        run("dovecot", &["-c", &servers.at("dovecot.conf")])?;
        run("postfix", &["-c", &servers.at("etc"), "start"])?;
        for port in [servers.smtp, servers.imap] {
            wait_for(port).ok_or_else(|| {
                format!(
                    "nothing listens on {port}; {}",
                    fs::read_to_string(servers.at("mail.log")).unwrap_or_default()
                )
            })?;
        }
        Ok(servers)
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn at(&self, name: &str) -> String {
        self.path().join(name).display().to_string()
    }

    fn configure_dovecot(&self) -> std::io::Result<()> {
        let folder = self.path().display();
        let mut users = String::new();
        for name in ["desk", "ann"] {
            let home = self.path().join("boxes").join(name);
            fs::create_dir_all(home.join("Maildir"))?;
            writeln!(users, "{name}:{{PLAIN}}pw:65534:65534::{}", home.display())
                .expect("writing to a string");
        }
        let status =
            Command::new("chown").args(["-R", "65534:65534"]).arg(self.path().join("boxes")).status()?;
        assert!(status.success());
        fs::write(self.path().join("users"), users)?;
        fs::create_dir_all(self.path().join("state"))?;
        fs::write(
            self.path().join("dovecot.conf"),
            format!(
                "protocols = imap\nlisten = 127.0.0.1\nbase_dir = {folder}/run\nstate_dir = {folder}/state\nlog_path = {folder}/dovecot.log\nssl = no\ndisable_plaintext_auth = no\ndefault_internal_user = nobody\ndefault_login_user = nobody\ndefault_internal_group = nogroup\nfirst_valid_uid = 1\nauth_username_format = %n\nmail_location = maildir:%h/Maildir\npassdb {{\n driver = passwd-file\n args = {folder}/users\n}}\nuserdb {{\n driver = passwd-file\n args = {folder}/users\n}}\nservice anvil {{\n chroot =\n}}\nservice imap-login {{\n chroot =\n inet_listener imap {{\n  port = {}\n }}\n inet_listener imaps {{\n  port = 0\n }}\n}}\n",
                self.imap
            ),
        )
    }

    fn configure_postfix(&self) -> std::io::Result<()> {
        let folder = self.path().display();
        for name in ["etc", "queue", "data"] {
            fs::create_dir_all(self.path().join(name))?;
        }
        assert!(Command::new("chown").arg("postfix").arg(self.path().join("data")).status()?.success());
        let boxes = "/^desk(\\+.*)?@desk\\.test$/ desk/Maildir/\n/^ann@cust\\.test$/ ann/Maildir/\n/^gone@cust\\.test$/ gone/\n/^full@cust\\.test$/ full/\n";
        fs::write(self.path().join("boxes.regexp"), boxes)?;
        let refusing = refusing_server();
        let transport = format!("/^(gone|full)@cust\\.test$/ smtp:[127.0.0.1]:{refusing}\n");
        fs::write(self.path().join("transport.regexp"), transport)?;
        fs::write(
            self.path().join("etc/main.cf"),
            format!(
                "compatibility_level = 3.6\nqueue_directory = {folder}/queue\ndata_directory = {folder}/data\nmaillog_file = {folder}/mail.log\nmaillog_file_prefixes = {folder}\nmyhostname = mx.desk.test\nmydestination =\nmynetworks = 127.0.0.0/8\ninet_interfaces = 127.0.0.1\ninet_protocols = ipv4\nalias_maps =\nalias_database =\nvirtual_mailbox_domains = desk.test, cust.test\nvirtual_transport = virtual\nvirtual_mailbox_base = {folder}/boxes\nvirtual_mailbox_maps = regexp:{folder}/boxes.regexp\ntransport_maps = regexp:{folder}/transport.regexp\nvirtual_uid_maps = static:65534\nvirtual_gid_maps = static:65534\nvirtual_minimum_uid = 100\nsmtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination\nsmtpd_reject_unlisted_recipient = yes\ndefault_transport = error:no outside mail\nsmtputf8_enable = no\n"
            ),
        )?;
        let master =
            ["/usr/share/postfix/master.cf.dist", "/etc/postfix/master.cf.dist", "/etc/postfix/master.cf"]
                .iter()
                .map(PathBuf::from)
                .find(|p| p.exists())
                .expect("the package brings one");
        let mut out = String::new();
        for line in fs::read_to_string(master)?.lines().filter(|l| !l.starts_with('#')) {
            let words: Vec<&str> = line.split_whitespace().collect();
            if line.starts_with(' ') || words.len() < 8 {
                writeln!(out, "{line}").expect("writing to a string");
            } else if words[0] == "smtp" && words[1] == "inet" {
                writeln!(out, "127.0.0.1:{} inet n - n - - smtpd", self.smtp).expect("writing to a string");
            } else {
                writeln!(
                    out,
                    "{} {} {} {} n {}",
                    words[0],
                    words[1],
                    words[2],
                    words[3],
                    words[5..].join(" ")
                )
                .expect("writing to a string");
            }
        }
        fs::write(self.path().join("etc/master.cf"), out)
    }

    /// Hands a mail to Postfix and returns its last answer.
    fn send(&self, mail: &Composed) -> String {
        let stream = TcpStream::connect(("127.0.0.1", self.smtp)).expect("Postfix listens");
        let mut lines = BufReader::new(stream.try_clone().expect("a socket"));
        let mut stream = stream;
        let mut say = |text: &[u8]| {
            stream.write_all(text).expect("the connection stands");
            answer(&mut lines)
        };
        say(b"");
        say(b"EHLO client.test\r\n");
        say(format!("MAIL FROM:<{}>\r\n", mail.envelope_from).as_bytes());
        for to in &mail.envelope_to {
            let told = say(format!("RCPT TO:<{to}>\r\n").as_bytes());
            if !told.starts_with('2') {
                return told;
            }
        }
        say(b"DATA\r\n");
        let body: Vec<u8> = mail
            .raw
            .split_inclusive(|b| *b == b'\n')
            .flat_map(|line| if line.starts_with(b".") { [b".", line].concat() } else { line.to_vec() })
            .collect();
        say(&[body.as_slice(), b"\r\n.\r\n"].concat())
    }

    /// The newest mail of a mailbox once there are `count`, by IMAP.
    fn fetch(&self, user: &str, count: usize) -> Vec<u8> {
        for _ in 0..200 {
            if let Some(mail) = self.try_fetch(user, count) {
                return mail;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!(
            "no mail number {count} for {user}; {}",
            fs::read_to_string(self.at("mail.log")).unwrap_or_default()
        );
    }

    fn try_fetch(&self, user: &str, count: usize) -> Option<Vec<u8>> {
        let stream = TcpStream::connect(("127.0.0.1", self.imap)).ok()?;
        let mut reader = BufReader::new(stream.try_clone().ok()?);
        let mut stream = stream;
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        write!(stream, "a LOGIN {user} pw\r\nb EXAMINE INBOX\r\nc FETCH {count} BODY.PEEK[]\r\n").ok()?;
        loop {
            line.clear();
            reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
            if line.starts_with("c ") {
                return None;
            }
            if line.contains("FETCH")
                && let Some((_, size)) = line.trim_end().rsplit_once('{')
            {
                let mut mail = vec![0; size.trim_end_matches('}').parse().ok()?];
                reader.read_exact(&mut mail).ok()?;
                return Some(mail);
            }
        }
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        let _ = run("postfix", &["-c", &self.at("etc"), "stop"]);
        let _ = run("doveadm", &["-c", &self.at("dovecot.conf"), "stop"]);
    }
}

fn answer(lines: &mut impl BufRead) -> String {
    let mut line = String::new();
    loop {
        line.clear();
        lines.read_line(&mut line).expect("the server answers");
        if line.as_bytes().get(3) != Some(&b'-') {
            return line.trim_end().to_owned();
        }
    }
}

/// A mail server that takes nobody's mail: one address is unknown to it, the other full.
fn refusing_server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has ports");
    let port = listener.local_addr().expect("it is bound").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || refuse(stream));
        }
    });
    port
}

fn refuse(mut stream: TcpStream) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?);
    stream.write_all(b"220 mx.cust.test ESMTP\r\n").ok()?;
    let mut line = String::new();
    while lines.read_line(&mut line).is_ok_and(|length| length > 0) {
        let told = match line.to_ascii_uppercase() {
            l if l.starts_with("RCPT") && l.contains("GONE") => {
                "550 5.1.1 <gone@cust.test>: no such user here"
            }
            l if l.starts_with("RCPT") => "552 5.2.2 mailbox full",
            l if l.starts_with("DATA") => "554 5.5.1 no valid recipients",
            l if l.starts_with("QUIT") => "221 bye",
            _ => "250 mx.cust.test",
        };
        write!(stream, "{told}\r\n").ok()?;
        line.clear();
    }
    None
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("loopback has ports").port()
}

fn wait_for(port: u16) -> Option<()> {
    (0..100).find_map(|_| {
        std::thread::sleep(Duration::from_millis(100));
        TcpStream::connect(("127.0.0.1", port)).ok().map(|_| ())
    })
}

fn run(program: &str, arguments: &[&str]) -> Result<(), String> {
    // The daemons inherit the streams: with ours they would keep a pipeline open for ever.
    let status = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{program}: {status}")),
        Err(error) => Err(format!("{program}: {error}")),
    }
}

struct OneTicket;

impl Known for OneTicket {
    fn ticket_of_message(&self, _: &str) -> Option<u64> {
        None
    }
    fn standing(&self, _: u64, address: &str) -> Standing {
        if address == "ann@cust.test" { Standing::Requester } else { Standing::Stranger }
    }
    fn state(&self, ticket: u64) -> TicketState {
        if ticket == 7 { TicketState::Open } else { TicketState::Missing }
    }
}

fn draft(key: &Key, to: &str, id: &str) -> Draft<'static> {
    Draft {
        from: Address { name: "Störungs-Desk".to_owned(), address: "desk@desk.test".to_owned() },
        to: vec![Address::new(to)],
        reply_to: Some(Address::new(key.address("desk@desk.test", 7, to))),
        subject: "Störung [#7]".to_owned(),
        message_id: key.message_id("desk.test", 7, id),
        date_ms: 1_795_420_800_000,
        text: "Sollen wir neu starten?\n.\nGrüße\n".to_owned(),
        html: Some("<p>Sollen wir neu starten?</p>".to_owned()),
        loop_mark: "desk.test".to_owned(),
        envelope: Envelope::Verp(key.address("desk@desk.test", 7, to)),
        ..Draft::default()
    }
}

#[test]
fn out_answered_and_bounced() {
    let servers = match Servers::start() {
        Ok(servers) => servers,
        Err(reason) => {
            println!("skipped: {reason}");
            return;
        }
    };
    let key = Key::new(*b"0123456789abcdef");
    let desk = Desk {
        addresses: vec!["desk@desk.test".to_owned()],
        loop_mark: "desk.test".to_owned(),
        ..Desk::default()
    };
    let decide = |raw: &[u8]| {
        let mail = parse(raw);
        let verdict = classify(&mail, &desk);
        let keys = [key.clone()];
        let decision = thread(
            &mail,
            &verdict,
            &ThreadRules { keys: &keys, desk: &desk, now_ms: 0, reopen_days: 14 },
            &OneTicket,
        )
        .decision;
        (verdict, decision)
    };
    let joins = Decision::Joins { ticket: 7, reopen: false };
    let draft = |to: &str, id: &str| draft(&key, to, id);

    // Out: what Ann's server hands out is what was written.
    assert!(servers.send(&compose(&draft("ann@cust.test", "E1"))).starts_with("250"));
    let at_ann = servers.fetch("ann", 1);
    let question = parse(&at_ann);
    assert_eq!(question.subject, "Störung [#7]");
    assert_eq!(question.text.as_deref().map(str::trim_end), Some("Sollen wir neu starten?\n.\nGrüße"));
    assert_eq!(
        question.return_path.as_deref(),
        Some(key.address("desk@desk.test", 7, "ann@cust.test").as_str())
    );

    // Answered: Ann writes to the marked address; the mail joins and says one word.
    let reply = Draft {
        from: Address::new("ann@cust.test"),
        to: question.reply_to.clone(),
        subject: "AW: ganz anders".to_owned(),
        message_id: "r1@cust.test".to_owned(),
        references: references_for(&question),
        text: "Ja.\n\nAm 23.11.26 um 09:00 schrieb Störungs-Desk:\n> Sollen wir neu starten?\n".to_owned(),
        ..Draft::default()
    };
    assert!(servers.send(&compose(&reply)).starts_with("250"));
    let at_desk = servers.fetch("desk", 1);
    let (verdict, decision) = decide(&at_desk);
    assert_eq!((verdict.kind, decision), (Kind::Person, joins));
    assert_eq!(strip(&parse(&at_desk)).text, "Ja.");

    // Bounced by Postfix itself: hard and soft, joined through the marks.
    for (number, (address, status, kind)) in
        [("gone@cust.test", "5.1.1", Kind::HardBounce), ("full@cust.test", "5.2.2", Kind::SoftBounce)]
            .into_iter()
            .enumerate()
    {
        assert!(servers.send(&compose(&draft(address, "E2"))).starts_with("250"));
        let (verdict, decision) = decide(&servers.fetch("desk", number + 2));
        assert_eq!((verdict.kind, decision), (kind, joins), "{verdict:?}");
        assert_eq!(verdict.recipients[0].address, address);
        assert_eq!(verdict.recipients[0].status, status);
    }

    // A machine's answer has the null sender: its bounce would have nowhere to go, and an unknown recipient is told at once.
    let auto =
        Draft { origin: Origin::AutoReplied, envelope: Envelope::Usual, ..draft("nobody@cust.test", "E3") };
    assert!(servers.send(&compose(&auto)).starts_with("550"));
    let auto =
        Draft { origin: Origin::AutoReplied, envelope: Envelope::Usual, ..draft("ann@cust.test", "E4") };
    assert!(servers.send(&compose(&auto)).starts_with("250"));
    let told = servers.fetch("ann", 2);
    assert_eq!(parse(&told).return_path.as_deref(), Some(""));
    assert!(!classify(&parse(&told), &Desk::default()).no_answer.is_empty());
}
