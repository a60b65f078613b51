//! Mail by SMTP: what is set, how a message looks, and handing it over.

use std::time::{Duration, UNIX_EPOCH};

use lettre::address::Envelope;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, SinglePart};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, Message as Mail};
use serde::{Deserialize, Serialize};

use super::deliver::Outcome;
use super::store::Message;
use crate::access::{MANAGE_SETTINGS, Right};
use crate::id::OrgId;
use crate::settings::{self, Setting};
use crate::store::Tx;
use crate::{Fault, Ground, secrets};

/// The name of the sealed secret with the mail server's password.
pub const PASSWORD: &str = "mail.password";
const LONGEST: Duration = Duration::from_secs(30);

/// How mail leaves. Without a host it waits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MailSetting {
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    /// Empty: no sign-in. The password is the sealed secret [`PASSWORD`].
    pub user: String,
    /// `Mainstay <mainstay@example.org>` or the address alone.
    pub from: String,
    /// A certificate authority of one's own, as PEM; empty: the well-known ones.
    pub authority: String,
}

/// How the connection is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tls {
    /// From the first byte; port 465.
    #[default]
    Whole,
    /// Begun in the clear and protected before anything is said; refused when the server cannot. Port 587.
    StartTls,
    /// Not at all: for a relay on this machine. Port 25.
    Off,
}

impl Setting for MailSetting {
    const NAME: &'static str = "kernel.mail";

    fn right() -> &'static Right {
        &MANAGE_SETTINGS
    }

    fn check(&self) -> Result<(), Fault> {
        if self.host.is_empty() {
            return Ok(());
        }
        if self.host.chars().any(|c| c.is_whitespace() || c == '/') {
            return Err(Fault::invalid(
                "host",
                "malformed",
                "give the name or address of the mail server alone",
            ));
        }
        if self.port == 0 {
            return Err(Fault::invalid(
                "port",
                "required",
                "465 for TLS, 587 for STARTTLS, 25 for a local relay",
            ));
        }
        self.from.parse::<Mailbox>().map_err(|_| {
            Fault::invalid("from", "malformed", "write it like Mainstay <mainstay@example.org>")
        })?;
        if !self.authority.is_empty() && Certificate::from_pem(self.authority.as_bytes()).is_err() {
            return Err(Fault::invalid("authority", "malformed", "this is not a certificate in PEM form"));
        }
        Ok(())
    }
}

/// Builds the mail. `message_id` is the same for every attempt; a repeat says so in a header.
pub(super) fn build(
    setting: &MailSetting,
    to: &str,
    message: &Message,
    message_id: &str,
    is_repeat: bool,
) -> Result<(Envelope, Vec<u8>), String> {
    let from: Mailbox = setting.from.parse().map_err(|error| format!("sender {}: {error}", setting.from))?;
    let to: Address = to.parse().map_err(|error| format!("recipient {to}: {error}"))?;
    let made = u64::try_from(message.created_ms).unwrap_or(0);
    let domain = from.email.domain().to_owned();
    let link = if message.link.is_empty() { String::new() } else { format!("\n\n{}", message.link) };
    let mut mail = Mail::builder()
        .from(from)
        .to(Mailbox::new(None, to))
        .subject(message.title.replace(['\r', '\n'], " "))
        .date(UNIX_EPOCH + Duration::from_millis(made))
        .message_id(Some(format!("<{message_id}@{domain}>")))
        .singlepart(SinglePart::plain(format!("{}{link}\n", message.body)))
        .map_err(|error| error.to_string())?;
    let mut mark = |name: &'static str, value: &str| {
        let name = HeaderName::new_from_ascii_str(name);
        mail.headers_mut().insert_raw(HeaderValue::new(name, value.to_owned()));
    };
    mark("Auto-Submitted", "auto-generated");
    if is_repeat {
        mark("X-Mainstay-Repeat", "the first attempt was not confirmed");
    }
    Ok((mail.envelope().clone(), mail.formatted()))
}

/// Hands a mail over. Until the first word of the mail itself nothing was sent; after it only an answer counts.
pub(super) async fn hand_over(
    setting: &MailSetting,
    password: Option<&str>,
    envelope: &Envelope,
    text: &[u8],
) -> Outcome {
    let mut connection = match tokio::time::timeout(LONGEST, connect(setting, password)).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => return Outcome::Later(format!("{} cannot be used: {error}", setting.host)),
        Err(_) => return Outcome::Later(format!("{} did not answer within 30 s", setting.host)),
    };
    let outcome = match tokio::time::timeout(LONGEST * 2, connection.send(envelope, text)).await {
        Ok(Ok(response)) => {
            Outcome::Sent(format!("{} {}", response.code(), response.message().collect::<Vec<_>>().join(" ")))
        }
        Ok(Err(error)) if error.is_permanent() => Outcome::Refused(error.to_string()),
        Ok(Err(error)) if error.is_transient() => Outcome::Later(error.to_string()),
        Ok(Err(error)) => Outcome::Unsure(error.to_string()),
        Err(_) => Outcome::Unsure(format!("{} did not confirm within 60 s", setting.host)),
    };
    drop(tokio::time::timeout(Duration::from_secs(2), connection.abort()).await);
    outcome
}

/// Connects, protects the connection and signs in as for a mail, and sends none; answers what was done. `None` where no
/// server is set.
///
/// # Errors
/// `Away` with what went wrong, in the server's words.
pub async fn check(ground: &Ground, org: OrgId) -> Result<Option<String>, Fault> {
    let cx = ground.cx(org, "doctor");
    let read = move |tx: &mut Tx<'_>| {
        Ok((settings::get::<MailSetting>(tx, cx.org)?.value, secrets::get(tx, &cx, PASSWORD)?))
    };
    let (setting, password) = ground.db.read(read).await?;
    if setting.host.is_empty() {
        return Ok(None);
    }
    let away = |what: String| Fault::Away { what, retry_after_s: 30 };
    let connection = tokio::time::timeout(LONGEST, connect(&setting, password.as_deref())).await;
    let mut connection = connection
        .map_err(|_| away(format!("{}:{} did not answer within 30 s", setting.host, setting.port)))?
        .map_err(|error| {
            away(format!("{}:{} cannot be used: {}", setting.host, setting.port, whole(&error)))
        })?;
    drop(tokio::time::timeout(Duration::from_secs(2), connection.quit()).await);
    let tls = match setting.tls {
        Tls::Whole => "TLS",
        Tls::StartTls => "STARTTLS",
        Tls::Off => "no encryption",
    };
    let sign_in = if setting.user.is_empty() { "no sign-in" } else { "signed in" };
    Ok(Some(format!("{}:{} answers, {tls}, {sign_in}; no message was sent", setting.host, setting.port)))
}

/// An error with what is behind it: a certificate's fault is in the innermost part.
fn whole(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut inner = error.source();
    while let Some(cause) = inner {
        let said = cause.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        inner = cause.source();
    }
    text
}

async fn connect(
    setting: &MailSetting,
    password: Option<&str>,
) -> Result<AsyncSmtpConnection, lettre::transport::smtp::Error> {
    let hello = ClientId::default();
    let mut trusted = TlsParameters::builder(setting.host.clone());
    if !setting.authority.is_empty() {
        trusted = trusted.add_root_certificate(Certificate::from_pem(setting.authority.as_bytes())?);
    }
    let server = (setting.host.as_str(), setting.port);
    let whole = if setting.tls == Tls::Whole { Some(trusted.clone().build_rustls()?) } else { None };
    let mut connection =
        AsyncSmtpConnection::connect_tokio1(server, Some(LONGEST), &hello, whole, None).await?;
    if setting.tls == Tls::StartTls {
        connection.starttls(trusted.build_rustls()?, &hello).await?;
    }
    if !setting.user.is_empty() {
        let credentials = Credentials::new(setting.user.clone(), password.unwrap_or_default().to_owned());
        connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await?;
    }
    Ok(connection)
}
