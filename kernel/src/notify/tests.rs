//! Stories of notices, told to a real SMTP server and a real HTTP server on loopback.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::{
    ChannelKind, MailSetting, New, NewChannel, PASSWORD, Receipt, State, Tls, To, Urgency, again, channel,
    channels, check_mail, log, make, post, receipts, test_channel, test_mail,
};
use crate::access::BuiltIn;
use crate::id::{ChannelId, EventId, NoticeId};
use crate::outbound::OutboundSetting;
use crate::outbound::tests::{Server, answer};
use crate::settings::Setting;
use crate::store::Tx;
use crate::testing::{House, story};
use crate::{Fault, SCHEMA, events, secrets, settings};

/// A mail server that keeps what it gets. `moods` say how it answers the end of each mail: a reply line, or `hang up`.
struct Post {
    port: u16,
    mails: Arc<Mutex<Vec<String>>>,
}

impl Post {
    async fn start(moods: Vec<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mails = Arc::new(Mutex::new(Vec::new()));
        let kept = mails.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let seen = kept.lock().unwrap().len();
                let mood = moods.get(seen).copied().unwrap_or("250 2.0.0 queued");
                drop(talk(stream, mood, &kept).await);
            }
        });
        Self { port, mails }
    }

    fn mails(&self) -> Vec<String> {
        self.mails.lock().unwrap().clone()
    }
}

async fn talk(stream: TcpStream, mood: &str, kept: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 sink.test ESMTP\r\n").await?;
    let mut line = String::new();
    let mut is_known = false;
    while stream.read_line(&mut line).await? > 0 {
        let word = line.trim_end().to_owned();
        line.clear();
        let reply: &str = match word.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" => "250-sink.test\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME",
            // "\0mailer\0hunter2"
            "AUTH" if word == "AUTH PLAIN AG1haWxlcgBodW50ZXIy" => {
                is_known = true;
                "235 2.7.0 welcome"
            }
            "AUTH" => "535 5.7.8 wrong password",
            "MAIL" if !is_known => "530 5.7.0 sign in first",
            "RCPT" if word.contains("nobody@") => "550 5.1.1 no such mailbox",
            "DATA" => "354 go on",
            "QUIT" => "221 bye",
            _ => "250 2.1.0 ok",
        };
        stream.write_all(format!("{reply}\r\n").as_bytes()).await?;
        if reply.starts_with("354") {
            let mut text = Vec::new();
            while !text.ends_with(b"\r\n.\r\n") {
                text.push(stream.read_u8().await?);
            }
            kept.lock().unwrap().push(String::from_utf8_lossy(&text).into_owned());
            if mood == "hang up" {
                return Ok(());
            }
            stream.write_all(format!("{mood}\r\n").as_bytes()).await?;
        }
    }
    Ok(())
}

async fn write<T: Send + 'static>(
    house: &House,
    work: impl Fn(&mut Tx<'_>, &crate::Cx) -> Result<T, Fault> + Send + 'static,
) -> T {
    let cx = house.cx();
    house.db().write(move |tx| work(tx, &cx)).await.unwrap()
}

async fn set_mail(house: &House, port: u16) {
    let setting = MailSetting {
        host: "127.0.0.1".to_owned(),
        port,
        tls: Tls::Off,
        user: "mailer".to_owned(),
        from: "Mainstay <mainstay@example.org>".to_owned(),
        authority: String::new(),
    };
    setting.check().unwrap();
    write(house, move |tx, cx| {
        secrets::put(tx, cx, PASSWORD, "hunter2")?;
        settings::set(tx, cx, 0, &setting)
    })
    .await;
}

async fn tell(house: &House, once_key: &str, to: Vec<To>) -> Option<NoticeId> {
    let new = New {
        once_key: once_key.to_owned(),
        cause: "findings",
        title: "Backup of db-1 failed\r\nBcc: x@example.org".to_owned(),
        body: "Größe: 3 GB\n.\nend".to_owned(),
        link: "https://desk.example.org/w/7".to_owned(),
        urgency: Urgency::High,
        to,
        about: vec![],
    };
    write(house, move |tx, cx| post(tx, cx, &new)).await
}

async fn of(house: &House, notice: NoticeId) -> Vec<Receipt> {
    write(house, move |tx, cx| receipts(tx, cx, notice)).await
}

#[test]
fn a_notice_reaches_everybody_once_however_often_it_is_told() {
    story(&[SCHEMA], vec![], vec![], |house| async move {
        let server = Post::start(vec![]).await;
        set_mail(&house, server.port).await;
        let (ada, _) = house.person("Ada", Some(BuiltIn::Viewer)).await;
        let to = || {
            vec![To::Person(ada), To::Mail("ADA@example.org".into()), To::Mail("nobody@example.org".into())]
        };
        let notice = tell(&house, "backup:7", to()).await.expect("told for the first time");
        assert_eq!(tell(&house, "backup:7", to()).await, None);
        house.forward(Duration::ZERO).await;
        house.forward(Duration::from_hours(48)).await;
        let mails = server.mails();
        assert_eq!(mails.len(), 1, "{mails:?}");
        let head = mails[0].split("\r\n\r\n").next().unwrap();
        assert!(head.contains("To: ada@example.org") && head.contains("Auto-Submitted: auto-generated"));
        assert!(
            !head.lines().any(|line| line.starts_with("Bcc:") || line.starts_with("X-Mainstay-Repeat")),
            "{head}"
        );
        let ends: Vec<_> =
            of(&house, notice).await.iter().map(|r| (r.recipient.clone(), r.state, r.attempts)).collect();
        assert_eq!(
            ends,
            [
                ("ada@example.org".to_owned(), State::Sent, 1),
                ("nobody@example.org".to_owned(), State::Refused, 1)
            ]
        );
        let said = test_mail(&house.ground, &house.cx(), "ada@example.org").await.unwrap();
        assert!(said.starts_with("250"), "{said}");
        let refused = test_mail(&house.ground, &house.cx(), "nobody@example.org").await.unwrap_err();
        assert!(refused.to_string().contains("no such mailbox"), "{refused}");
    });
}

#[test]
fn what_is_unsure_is_repeated_with_the_same_name_and_a_mark() {
    story(&[SCHEMA], vec![], vec![], |house| async move {
        let server = Post::start(vec!["hang up", "451 4.3.0 try later", "250 2.0.0 queued"]).await;
        set_mail(&house, server.port).await;
        let notice = tell(&house, "k", vec![To::Mail("ada@example.org".into())]).await.unwrap();
        house.forward(Duration::ZERO).await;
        assert_eq!(of(&house, notice).await[0].state, State::Unsure);
        house.forward(Duration::from_mins(2)).await;
        house.forward(Duration::from_mins(10)).await;
        let end = of(&house, notice).await.remove(0);
        assert_eq!((end.state, end.attempts), (State::Sent, 3));
        let mails = server.mails();
        let id = |mail: &str| mail.lines().find(|l| l.starts_with("Message-ID")).map(str::to_owned).unwrap();
        assert_eq!(mails.len(), 3);
        assert!(mails.iter().all(|mail| id(mail) == id(&mails[0])));
        let is_marked: Vec<_> = mails.iter().map(|mail| mail.contains("X-Mainstay-Repeat")).collect();
        assert_eq!(is_marked, [false, true, true], "once unsure, every repeat says so");
    });
}

#[test]
fn a_process_that_stopped_in_the_middle_is_noticed() {
    story(&[SCHEMA], vec![], vec![], |house| async move {
        let server = Post::start(vec![]).await;
        set_mail(&house, server.port).await;
        let notice = tell(&house, "k", vec![To::Mail("ada@example.org".into())]).await.unwrap();
        // What a killed process leaves: the attempt begun, its end not written.
        write(&house, move |tx, cx| {
            super::store::begin(tx, cx.org, notice, "mail", "ada@example.org", 0, cx.now_ms())
        })
        .await;
        house.forward(Duration::from_mins(2)).await;
        assert!(server.mails()[0].contains("X-Mainstay-Repeat"));
        assert_eq!(of(&house, notice).await[0].state, State::Sent);
    });
}

#[test]
fn a_mail_server_that_stays_away_is_given_up_and_tried_again_by_hand() {
    story(&[SCHEMA], vec![], vec![], |house| async move {
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = gone.local_addr().unwrap().port();
        drop(gone);
        set_mail(&house, port).await;
        let notice = tell(&house, "k", vec![To::Mail("ada@example.org".into())]).await.unwrap();
        for _ in 0..10 {
            house.forward(Duration::from_hours(30)).await;
        }
        let end = of(&house, notice).await.remove(0);
        assert_eq!((end.state, end.attempts), (State::GivenUp, 8), "{}", end.answer);
        write(&house, move |tx, cx| again(tx, cx, notice, "mail", "ada@example.org")).await;
        assert_eq!(of(&house, notice).await[0].state, State::Waiting);
        let cx = house.cx();
        let twice = house.db().write(move |tx| again(tx, &cx, notice, "mail", "ada@example.org")).await;
        assert_eq!(twice.unwrap_err().code(), "under_way");
    });
}

#[test]
fn a_mail_server_is_asked_without_a_mail() {
    story(&[SCHEMA], vec![], vec![], |house| async move {
        assert_eq!(check_mail(&house.ground, house.org).await.unwrap(), None);
        let server = Post::start(vec![]).await;
        set_mail(&house, server.port).await;
        let done = check_mail(&house.ground, house.org).await.unwrap().unwrap();
        assert!(done.ends_with("no encryption, signed in; no message was sent"), "{done}");
        write(&house, |tx, cx| secrets::put(tx, cx, PASSWORD, "wrong")).await;
        let fault = check_mail(&house.ground, house.org).await.unwrap_err();
        assert!(fault.to_string().contains("wrong password"), "{fault}");
        assert_eq!(server.mails(), [""; 0]);
    });
}

async fn add_channel(house: &House, kind: ChannelKind, url: &str) -> (ChannelId, Option<String>) {
    let new = NewChannel {
        kind,
        name: "Here".into(),
        url: url.to_owned(),
        causes: vec![],
        token: Some("tk_1".into()),
    };
    write(house, move |tx, cx| {
        let revision = settings::get::<OutboundSetting>(tx, cx.org)?.revision;
        settings::set(tx, cx, revision, &OutboundSetting { allow: vec!["127.0.0.1".into()] })?;
        make(tx, cx, &new)
    })
    .await
}

fn header<'r>(request: &'r str, name: &str) -> &'r str {
    let found = request.lines().find_map(|line| {
        let (key, value) = line.split_once(": ")?;
        key.eq_ignore_ascii_case(name).then_some(value)
    });
    found.unwrap_or_else(|| panic!("{name} is missing in {request}"))
}

#[test]
fn a_webhook_is_signed_retried_and_disabled() {
    story(&[SCHEMA], vec![], vec![], |house| async move {
        let server = Server::start(vec![answer("503 Later", "no"), answer("204 No Content", "")]).await;
        let (id, key) = add_channel(&house, ChannelKind::Webhook, &server.url).await;
        let key = key.expect("shown once");
        let notice = tell(&house, "k", vec![To::Channel(id)]).await.unwrap();
        house.forward(Duration::ZERO).await;
        house.forward(Duration::from_secs(6)).await;
        let asked = server.asked();
        assert_eq!(asked.len(), 2);
        assert_eq!(
            header(&asked[0], "webhook-id"),
            header(&asked[1], "webhook-id"),
            "receivers drop doubles by it"
        );
        for request in &asked {
            let (head, body) = request.split_once("\r\n\r\n").unwrap();
            let signed =
                channel::sign(&key, header(head, "webhook-id"), header(head, "webhook-timestamp"), body);
            assert_eq!(header(head, "webhook-signature"), signed);
            assert_eq!(serde_json::from_str::<serde_json::Value>(body).unwrap()["data"]["urgency"], "high");
        }
        assert_eq!(of(&house, notice).await[0].state, State::Sent);
        let shown = write(&house, move |tx, cx| log(tx, cx, "webhook", &id.to_string(), 10)).await;
        assert_eq!((shown.len(), shown[0].attempts), (1, 2));

        let cx = house.cx();
        let past = house.db().read(move |tx| events::all(tx, cx.org, EventId(i64::MAX), 50)).await.unwrap();
        let made = past.iter().find(|event| event.verb == "channel.made").unwrap();
        assert_eq!(made.body["host"], "127.0.0.1");
        assert!(made.body.get("url").is_none(), "an address is as good as a key: {}", made.body);

        let closed = Server::start(vec![answer("410 Gone", "")]).await;
        let (id, _) = add_channel(&house, ChannelKind::Webhook, &closed.url).await;
        let notice = tell(&house, "k2", vec![To::Channel(id)]).await.unwrap();
        house.forward(Duration::ZERO).await;
        assert_eq!(of(&house, notice).await[0].state, State::Refused);
        let all = write(&house, channels).await;
        assert!(!all.iter().find(|channel| channel.id == id).unwrap().is_active, "410 disables at once");

        let broken = Server::start(vec![answer("500 Broken", "")]).await;
        let (id, _) = add_channel(&house, ChannelKind::Webhook, &broken.url).await;
        let notice = tell(&house, "k3", vec![To::Channel(id)]).await.unwrap();
        for _ in 0..12 {
            house.forward(Duration::from_hours(30)).await;
        }
        let end = of(&house, notice).await.remove(0);
        assert_eq!((end.state, end.attempts, broken.asked().len()), (State::GivenUp, 10, 10));
        let all = write(&house, channels).await;
        assert!(!all.iter().find(|channel| channel.id == id).unwrap().is_active);
    });
}

#[test]
fn a_webhook_signature_is_that_of_the_specification() {
    // The example of the Standard Webhooks specification.
    let signed = channel::sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "1614265330",
        r#"{"test": 2432232314}"#,
    );
    assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[test]
fn a_push_carries_title_priority_and_link_and_never_goes_inside_unasked() {
    story(&[SCHEMA], vec![], vec![], |house| async move {
        let server = Server::start(vec![String::new(), answer("200 OK", "{}")]).await;
        let (id, _) = add_channel(&house, ChannelKind::Push, &server.url).await;
        tell(&house, "k", vec![To::Channel(id)]).await.unwrap();
        house.forward(Duration::ZERO).await;
        house.forward(Duration::from_secs(6)).await;
        let asked = server.asked();
        assert_eq!(header(&asked[0], "title"), "Backup of db-1 failed  Bcc: x@example.org");
        assert_eq!((header(&asked[0], "priority"), header(&asked[0], "authorization")), ("5", "Bearer tk_1"));
        assert_eq!(header(&asked[0], "click"), "https://desk.example.org/w/7");
        assert!(header(&asked[1], "title").ends_with("(repeated)"), "the first was not answered");
        assert!(test_channel(&house.ground, &house.cx(), id).await.unwrap().starts_with("200"));

        write(&house, |tx, cx| {
            let revision = settings::get::<OutboundSetting>(tx, cx.org)?.revision;
            settings::set(tx, cx, revision, &OutboundSetting::default())
        })
        .await;
        let before = server.asked().len();
        let notice = tell(&house, "k2", vec![To::Channel(id)]).await.unwrap();
        house.forward(Duration::ZERO).await;
        let end = of(&house, notice).await.remove(0);
        assert_eq!((end.state, server.asked().len()), (State::Refused, before), "{}", end.answer);
        assert!(end.answer.contains("private network"));
    });
}
