//! Bringing one message to one recipient: written down before it is handed over and after.

use std::pin::Pin;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::channel::{self, Channel};
use super::mail::{self, MailSetting, PASSWORD};
use super::places;
use super::store::{self, Message};
use super::{State, Urgency};
use crate::access::{MANAGE_SETTINGS, Scope};
use crate::id::{self, ChannelId, NoticeId};
use crate::jobs::{Job, Next};
use crate::outbound::{Allow, Lost, OutboundSetting};
use crate::store::Tx;
use crate::{Cx, Fault, Ground, secrets, settings};

/// The kind of job that carries one message.
pub const KIND: &str = "notify.send";
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// Standard Webhooks' schedule; afterwards the webhook is disabled.
const WEBHOOK_PAUSES_MS: &[i64] = &[
    5_000,
    5 * MINUTE_MS,
    30 * MINUTE_MS,
    2 * HOUR_MS,
    5 * HOUR_MS,
    10 * HOUR_MS,
    14 * HOUR_MS,
    20 * HOUR_MS,
    24 * HOUR_MS,
];
const MAIL_PAUSES_MS: &[i64] =
    &[MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS, HOUR_MS, 4 * HOUR_MS, 12 * HOUR_MS, 24 * HOUR_MS];
const PUSH_PAUSES_MS: &[i64] = &[5_000, MINUTE_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS];
const MOST_ANSWER_LETTERS: usize = 300;

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Sent(String),
    /// They do not want it: no further attempt.
    Refused(String),
    /// Nothing was handed over; another time perhaps.
    Later(String),
    /// Handed over, and no answer.
    Unsure(String),
    /// HTTP 410: this place is closed for good.
    Gone(String),
}

/// Everything that an attempt needs, read in one transaction.
#[derive(Clone)]
enum Parcel {
    Mail { setting: MailSetting, password: Option<String>, to: String },
    Channel { channel: Channel, secret: Option<String>, allow: Allow },
}

/// The work of one job.
pub(crate) fn send(
    ground: Arc<Ground>,
    cx: Cx,
    job: Job,
) -> Pin<Box<dyn Future<Output = Result<Next, Fault>> + Send>> {
    Box::pin(async move { attempt(&ground, cx, &job).await })
}

async fn attempt(ground: &Ground, cx: Cx, job: &Job) -> Result<Next, Fault> {
    let text = |field: &str| job.payload[field].as_str().unwrap_or_default().to_owned();
    let (notice, channel, recipient): (NoticeId, String, String) =
        (text("notice").parse()?, text("channel"), text("recipient"));
    let (begin, kind, to) = (cx.clone(), channel.clone(), recipient.clone());
    let begun = ground.db.write(move |tx| begin_attempt(tx, &begin, notice, &kind, &to)).await?;
    let Some((message, parcel, is_repeat)) = begun else { return Ok(Next::Done) };
    let message_id = message_id(notice, &channel, &recipient);
    let outcome = match parcel {
        Some(parcel) => hand_over(ground, &parcel, &message, &message_id, is_repeat).await,
        None => Outcome::Refused("this channel is disabled or gone".to_owned()),
    };
    let end = move |tx: &mut Tx<'_>| {
        end_attempt(tx, &cx, notice, &channel, &recipient, (message.attempts, is_repeat), &outcome)
    };
    ground.db.write(end).await
}

type Begun = (Message, Option<Parcel>, bool);

fn begin_attempt(
    tx: &mut Tx<'_>,
    cx: &Cx,
    notice: NoticeId,
    channel: &str,
    recipient: &str,
) -> Result<Option<Begun>, Fault> {
    let Some(message) = store::message(tx, cx.org, notice, channel, recipient)? else { return Ok(None) };
    if matches!(message.state, State::Sent | State::Refused | State::GivenUp) {
        return Ok(None);
    }
    // Found in the middle of sending: the process that sent it stopped before it could write down the end.
    let is_repeat = message.may_have_arrived || matches!(message.state, State::Sending | State::Unsure);
    let parcel = parcel(tx, cx, channel, recipient)?;
    if !store::begin(tx, cx.org, notice, channel, recipient, message.attempts, cx.now_ms())? {
        return Err(Fault::Stale);
    }
    Ok(Some((message, parcel, is_repeat)))
}

fn parcel(tx: &mut Tx<'_>, cx: &Cx, channel: &str, recipient: &str) -> Result<Option<Parcel>, Fault> {
    if channel == "mail" {
        let setting = settings::get::<MailSetting>(tx, cx.org)?.value;
        let password = secrets::get(tx, cx, PASSWORD)?;
        return Ok(Some(Parcel::Mail { setting, password, to: recipient.to_owned() }));
    }
    let Some(channel) = places::by_id(tx, cx.org, recipient.parse()?)? else { return Ok(None) };
    let allow = Allow::from(&settings::get::<OutboundSetting>(tx, cx.org)?.value);
    let secret = channel::secret(tx, cx, channel.id)?;
    Ok(channel.is_active.then_some(Parcel::Channel { channel, secret, allow }))
}

async fn hand_over(
    ground: &Ground,
    parcel: &Parcel,
    message: &Message,
    message_id: &str,
    is_repeat: bool,
) -> Outcome {
    match parcel {
        Parcel::Mail { setting, .. } if setting.host.is_empty() => {
            Outcome::Later("no mail server is set; see Settings, Mail".to_owned())
        }
        Parcel::Mail { setting, password, to } => {
            match mail::build(setting, to, message, message_id, is_repeat) {
                Ok((envelope, text)) => mail::hand_over(setting, password.as_deref(), &envelope, &text).await,
                Err(why) => Outcome::Refused(why),
            }
        }
        Parcel::Channel { channel, secret, allow } => {
            let now_ms = ground.clock.now_ms();
            let request =
                channel::request(channel, secret.as_deref(), message, message_id, is_repeat, now_ms);
            match ground.outbound.send(allow, request).await {
                Ok(answer) => judge(answer.status, &String::from_utf8_lossy(&answer.body)),
                Err(Lost::Refused(why)) => Outcome::Refused(why),
                Err(Lost::Unreached(why)) => Outcome::Later(why),
                Err(Lost::Unanswered(why)) => Outcome::Unsure(why),
            }
        }
    }
}

fn judge(status: u16, body: &str) -> Outcome {
    let said = format!("{status} {}", body.trim());
    match status {
        200..=299 => Outcome::Sent(said),
        410 => Outcome::Gone(said),
        _ => Outcome::Later(said),
    }
}

fn end_attempt(
    tx: &mut Tx<'_>,
    cx: &Cx,
    notice: NoticeId,
    channel: &str,
    recipient: &str,
    (attempts_before, is_repeat): (i64, bool),
    outcome: &Outcome,
) -> Result<Next, Fault> {
    let pauses = match channel {
        "mail" => MAIL_PAUSES_MS,
        "webhook" => WEBHOOK_PAUSES_MS,
        _ => PUSH_PAUSES_MS,
    };
    let pause_ms = usize::try_from(attempts_before).ok().and_then(|n| pauses.get(n)).copied();
    let (state, said) = match (outcome, pause_ms) {
        (Outcome::Sent(said), _) => (State::Sent, said),
        (Outcome::Refused(said) | Outcome::Gone(said), _) => (State::Refused, said),
        (Outcome::Later(said), Some(_)) => (State::Waiting, said),
        (Outcome::Later(said), None) if is_repeat => (State::Unsure, said),
        (Outcome::Later(said), None) => (State::GivenUp, said),
        (Outcome::Unsure(said), _) => (State::Unsure, said),
    };
    let said: String = said.chars().filter(|c| !c.is_control()).take(MOST_ANSWER_LETTERS).collect();
    let is_tried_again = matches!(outcome, Outcome::Later(_) | Outcome::Unsure(_));
    let next_ms = pause_ms.filter(|_| is_tried_again).map(|pause_ms| cx.now_ms() + spread(pause_ms));
    let end = store::End { state, answer: &said, next_ms };
    store::end(tx, cx.org, notice, channel, recipient, &end, cx.now_ms())?;
    let is_over = is_tried_again && next_ms.is_none();
    if channel == "webhook"
        && (is_over || matches!(outcome, Outcome::Gone(_)))
        && let Some(closed) = places::by_id(tx, cx.org, recipient.parse()?)?
    {
        let tries = attempts_before + 1;
        let why = if is_over { format!("{tries} tries failed, the last: {said}") } else { said.clone() };
        channel::close(tx, cx, &closed, &why)?;
    }
    Ok(next_ms.map_or(Next::Done, Next::At))
}

/// Up to a tenth longer, so that many that failed together do not come back together.
fn spread(pause_ms: i64) -> i64 {
    pause_ms + pause_ms / 10 * i64::from(id::random::<1>()[0]) / 256
}

fn message_id(notice: NoticeId, channel: &str, recipient: &str) -> String {
    let hash = Sha256::digest(format!("{channel}|{recipient}").as_bytes());
    format!("{notice}.{}", id::letters(&hash[..5]))
}

/// Sends a test mail now, past all queues; answers what the mail server said.
///
/// # Errors
/// `Away` with what went wrong, in the server's words.
pub async fn test_mail(ground: &Ground, cx: &Cx, to: &str) -> Result<String, Fault> {
    cx.may(&MANAGE_SETTINGS, Scope::Org)?;
    let (reader, recipient) = (cx.clone(), to.to_owned());
    let parcel = ground.db.read(move |tx| parcel(tx, &reader, "mail", &recipient)).await?;
    test(ground, cx, parcel).await
}

/// Sends a test message to a channel now; answers what it said.
///
/// # Errors
/// `Away` with what went wrong, `NotFound` for a channel that is gone or disabled.
pub async fn test_channel(ground: &Ground, cx: &Cx, id: ChannelId) -> Result<String, Fault> {
    let (reader, recipient) = (cx.clone(), id.to_string());
    let read = move |tx: &mut Tx<'_>| {
        let own = channel::get(tx, reader.org, id)?.person;
        if own.is_none() || own != reader.who.person() {
            channel::channel(tx, &reader, id)?;
        }
        parcel(tx, &reader, "channel", &recipient)
    };
    let parcel = ground.db.read(read).await?;
    test(ground, cx, parcel).await
}

async fn test(ground: &Ground, cx: &Cx, parcel: Option<Parcel>) -> Result<String, Fault> {
    let parcel = parcel.ok_or(Fault::NotFound { what: "channel" })?;
    let message = Message {
        title: "Test message from Mainstay".to_owned(),
        body: "If you read this, notices arrive here.".to_owned(),
        cause: "test".to_owned(),
        link: String::new(),
        urgency: Urgency::Normal.word().to_owned(),
        created_ms: cx.now_ms(),
        state: State::Waiting,
        attempts: 0,
        may_have_arrived: false,
    };
    let message_id = format!("test.{}", id::letters(&id::random::<8>()));
    match hand_over(ground, &parcel, &message, &message_id, false).await {
        Outcome::Sent(said) => Ok(said),
        Outcome::Refused(what) | Outcome::Later(what) | Outcome::Unsure(what) | Outcome::Gone(what) => {
            Err(Fault::Away { what, retry_after_s: 30 })
        }
    }
}
