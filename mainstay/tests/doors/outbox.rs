//! A mail server, a push server and a receiver of webhooks on loopback that keep what they get: whatever a story does
//! not take out of them was a message too many.

use std::sync::{Arc, Mutex};

use mainstay_kernel::notify::{MailSetting, Tls};
use mainstay_kernel::outbound::OutboundSetting;
use mainstay_kernel::settings;
use mainstay_kernel::testing::House;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// One message as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    pub to: String,
    pub text: String,
}

impl Mail {
    pub fn header(&self, name: &str) -> String {
        let found = self.text.lines().take_while(|line| !line.is_empty()).find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        });
        found.unwrap_or_default().to_owned()
    }
}

#[derive(Clone, Default)]
pub struct Outbox {
    mails: Arc<Mutex<Vec<Mail>>>,
    posts: Arc<Mutex<Vec<String>>>,
}

impl Outbox {
    /// Opens it and lets the house send there.
    pub async fn open(house: &House) -> (Self, String) {
        let outbox = Self::default();
        let mail = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let web = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, url) =
            (mail.local_addr().unwrap().port(), format!("http://{}", web.local_addr().unwrap()));
        let (mails, posts) = (outbox.mails.clone(), outbox.posts.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = mail.accept().await {
                drop(take_mail(stream, &mails).await);
            }
        });
        tokio::spawn(async move {
            while let Ok((stream, _)) = web.accept().await {
                drop(take_post(stream, &posts).await);
            }
        });
        let cx = house.cx();
        let set = move |tx: &mut mainstay_kernel::store::Tx<'_>| {
            let setting = MailSetting {
                host: "127.0.0.1".into(),
                port,
                tls: Tls::Off,
                from: "Mainstay <mainstay@example.org>".into(),
                ..MailSetting::default()
            };
            settings::set(tx, &cx, 0, &setting)?;
            settings::set(tx, &cx, 0, &OutboundSetting { allow: vec!["127.0.0.1".into()] })
        };
        house.db().write(set).await.unwrap();
        (outbox, url)
    }

    /// Takes out everything that came since: `to: subject`, sorted.
    pub fn mails(&self) -> Vec<String> {
        let mut taken: Vec<String> = self
            .mails
            .lock()
            .unwrap()
            .drain(..)
            .map(|mail| format!("{}: {}", mail.to, mail.header("Subject")))
            .collect();
        taken.sort();
        taken
    }

    /// As [`Outbox::mails`], whole.
    pub fn whole(&self) -> Vec<Mail> {
        self.mails.lock().unwrap().drain(..).collect()
    }

    /// Takes out every request that came since.
    pub fn posts(&self) -> Vec<String> {
        self.posts.lock().unwrap().drain(..).collect()
    }
}

async fn take_mail(stream: TcpStream, kept: &Mutex<Vec<Mail>>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 outbox ESMTP\r\n").await?;
    let (mut line, mut to) = (String::new(), String::new());
    while stream.read_line(&mut line).await? > 0 {
        if let Some(rest) = line.strip_prefix("RCPT TO:<") {
            rest.split('>').next().unwrap_or_default().clone_into(&mut to);
        }
        let is_data = line.starts_with("DATA");
        let reply: &[u8] = match line.get(..4) {
            Some("EHLO") => b"250-outbox\r\n250 8BITMIME\r\n",
            Some("DATA") => b"354 go on\r\n",
            _ => b"250 ok\r\n",
        };
        line.clear();
        stream.write_all(reply).await?;
        if is_data {
            let mut text = Vec::new();
            while !text.ends_with(b"\r\n.\r\n") {
                text.push(stream.read_u8().await?);
            }
            let text = String::from_utf8_lossy(&text).replace("\r\n", "\n").replace("=\n", "");
            kept.lock().unwrap().push(Mail { to: to.clone(), text });
            stream.write_all(b"250 2.0.0 queued\r\n").await?;
        }
    }
    Ok(())
}

async fn take_post(mut stream: TcpStream, kept: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let count = stream.read(&mut piece).await?;
        bytes.extend_from_slice(&piece[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let length =
            text.lines().find_map(|l| l.to_lowercase().strip_prefix("content-length: ").map(str::to_owned));
        let length = length.and_then(|l| l.trim().parse::<usize>().ok()).unwrap_or(0);
        let is_whole = text.split_once("\r\n\r\n").is_some_and(|(_, body)| body.len() >= length);
        if is_whole || count == 0 {
            kept.lock().unwrap().push(text);
            return stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
        }
    }
}
