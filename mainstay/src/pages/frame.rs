//! What stands around every page of ours, and words that several pages need.

use axum::http::HeaderValue;
use axum::http::header::{SET_COOKIE, VARY};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use mainstay_face::theme::Theme;
use mainstay_face::ui::{Page, Person, SECTIONS, Section, Shell, State, Toast, Words};
use mainstay_face::{Answer, Caller, Wants, negotiate};
use mainstay_kernel::Fault;
use mainstay_kernel::access::{self, Scope};
use mainstay_kernel::events::Event;
use mainstay_record::finding::{Finding, Severity};
use mainstay_record::{finding, plan, work};
use maud::{Markup, html};

/// The sections whose rooms exist.
const SHOWN: [&str; 4] = ["home", "work", "assets", "maintenance"];

/// Frames a page for its asker: whole, or only its inside for htmx.
pub async fn framed(caller: &Caller, page: Page) -> Answer {
    if caller.wants() == Wants::Fragment {
        return Ok(([(VARY, negotiate::VARY)], page.inside()).into_response());
    }
    let shell = shell(caller).await?;
    let mut answer = ([(VARY, negotiate::VARY)], page.render(&shell)).into_response();
    if shell.toast.is_some() {
        answer.headers_mut().append(SET_COOKIE, Toast::forget());
    }
    private(&mut answer);
    Ok(answer)
}

/// Nobody else's cache keeps what a person saw.
pub fn private(answer: &mut Response) {
    answer.headers_mut().insert("cache-control", HeaderValue::from_static("private, no-cache"));
}

async fn shell(caller: &Caller) -> Result<Shell, Fault> {
    let counts = caller.read(|tx, cx| {
        let ready = plan::open(tx, cx)?.iter().filter(|p| p.state == plan::State::Ready).count();
        Ok((work::open_count(tx, cx)?, ready, finding::counts(tx, cx)?))
    });
    let (open, ready, findings) = counts.await?;
    let sections = SECTIONS.into_iter().filter(|section| SHOWN.contains(&section.name));
    let counted = |section: Section| match section.name {
        "work" => section.with_count(open.unsigned_abs()),
        "maintenance" => section.with_count(ready as u64),
        "assets" if findings.critical > 0 => {
            section.with_count(findings.critical.unsigned_abs()).with_state(State::Bad)
        }
        _ => section,
    };
    Ok(Shell {
        org: "Mainstay".to_owned(),
        person: Person { name: caller.name(), href: "/me".to_owned(), sign_out: "/sign-out".to_owned() },
        sections: sections.map(counted).collect(),
        settings: caller.cx.may(&access::VIEW_PEOPLE, Scope::Org).is_ok().then(|| "/settings".to_owned()),
        on_call: None,
        theme: Theme::from_headers(&caller.headers),
        words: words(caller),
        path: caller.path.clone(),
        live_since: caller.door.hub().position(),
        toast: Toast::from_headers(&caller.headers),
    })
}

/// The reader's now, in the zone of this server.
pub fn words(caller: &Caller) -> Words {
    Words::new(at(caller.cx.now_ms()), TimeZone::system())
}

/// Day and time of something in the past, short enough for a side column.
pub fn dated(ms: i64) -> String {
    at(ms).to_zoned(TimeZone::system()).strftime("%a %-d %b %Y, %H:%M").to_string()
}

/// A moment from the store.
pub fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// How a severity looks.
pub fn severity_state(severity: Severity) -> State {
    match severity {
        Severity::Critical | Severity::High => State::Bad,
        Severity::Medium => State::Warn,
        Severity::Low | Severity::Info => State::Unknown,
    }
}

/// How a finding stands.
pub fn finding_state(finding: &Finding) -> State {
    match finding.state {
        finding::State::Gone => State::Ok,
        finding::State::Planned | finding::State::Accepted => State::Work,
        finding::State::Open if finding.stale.is_some() => State::Unknown,
        finding::State::Open => severity_state(finding.severity),
    }
}

/// The tag of a finding: its state and its date.
pub fn finding_words(finding: &Finding, words: &Words) -> Markup {
    let since = |ms: Option<i64>| ms.map(|ms| words.date(at(ms)));
    match (finding.state, since(finding.due_ms)) {
        (finding::State::Gone, _) => html! { "gone " @if let Some(date) = since(finding.gone_ms) { (date) } },
        (finding::State::Accepted, _) => {
            html! { "accepted until " @if let Some(date) = since(finding.accepted_until_ms) { (date) } }
        }
        (finding::State::Planned, _) => html! { "planned" },
        (finding::State::Open, Some(date)) => html! { "due " (date) },
        (finding::State::Open, None) => html! { "open" },
    }
}

/// What happened, as a sentence.
pub fn sentence(event: &Event) -> String {
    let body = |name: &str| event.body[name].as_str().unwrap_or_default().to_owned();
    match event.verb.as_str() {
        "asset.found" => format!("{} was found", body("name")),
        "agent.enrolled" => format!("Agent of {} enrolled", body("name")),
        "channel.made" => format!("Channel set up: {} at {}", body("name"), body("host")),
        "channel.changed" => format!("Channel changed: {} at {}", body("name"), body("host")),
        "channel.enabled" => format!("Channel on again: {}", body("name")),
        "channel.disabled" if body("why").is_empty() => format!("Channel disabled: {}", body("name")),
        "channel.disabled" => format!("Channel disabled: {}: {}", body("name"), body("why")),
        "channel.removed" => format!("Channel removed: {}", body("name")),
        "person.notices_chosen" => "Chose what to be told of".to_owned(),
        "setting.changed" => format!("Setting changed: {}", body("name")),
        "agent.silent" => "No word from its agent for 10 minutes".to_owned(),
        "agent.spoke_again" => "Its agent speaks again".to_owned(),
        "notice.posted" => match event.body["messages"].as_u64() {
            Some(1) => format!("Notice in 1 message: {}", body("title")),
            count => format!("Notice in {} messages: {}", count.unwrap_or(0), body("title")),
        },
        "notice.sent_again" => format!("Sent again by {}", body("channel")),
        "agent.revoked" => "Agent was removed".to_owned(),
        "finding.opened" | "work.opened" => format!("Opened: {}", body("title")),
        "finding.reopened" => format!("Came back: {}", body("title")),
        "finding.gone" => format!("Looked again, gone: {}", body("title")),
        "finding.stale" => "Could not be looked at".to_owned(),
        "finding.seen_again" => format!("Seen again: {}", body("title")),
        "finding.severity_changed" => format!("Severity is now {}: {}", body("severity"), body("title")),
        "finding.accepted" => "Risk accepted".to_owned(),
        "finding.acceptance_withdrawn" => "Acceptance withdrawn".to_owned(),
        "finding.acceptance_ended" => "The date of the acceptance passed; open again".to_owned(),
        "finding.planned" => "Taken on by a plan".to_owned(),
        "finding.unplanned" => "Given back by its plan".to_owned(),
        "work.noted" => "Noted".to_owned(),
        "work.edited" | "asset.edited" => "Edited".to_owned(),
        "work.closed" => "Closed".to_owned(),
        "work.reopened" => "Opened again".to_owned(),
        "plan.prepared" => format!("Prepared: {}", body("title")),
        "plan.simulation_started" => "The host is asked what would happen".to_owned(),
        "plan.simulated" if event.body["steps"] == 1 => "Simulated: 1 step".to_owned(),
        "plan.simulated" => format!("Simulated: {} steps", event.body["steps"]),
        "plan.approved" => "Approved".to_owned(),
        "plan.started" => "Started".to_owned(),
        "plan.done" => "Done, and looked at again".to_owned(),
        "plan.failed" => "Failed".to_owned(),
        "plan.cancelled" => "Cancelled".to_owned(),
        "run.ordered" => format!("Ordered: {}", body("step")),
        "run.ended" => format!("{} {}: {}", body("step"), body("state"), body("summary")),
        "evidence.added" => format!("Evidence: {}", body("title")),
        "policy.changed" => format!("Policy {} is now version {}", body("policy"), event.body["version"]),
        "person.signed_in" => "Signed in".to_owned(),
        "person.link_issued" => "Sign-in link made".to_owned(),
        "person.password_set" => "Password set".to_owned(),
        "person.totp_on" => "Authenticator codes switched on".to_owned(),
        "person.totp_off" => "Authenticator codes switched off".to_owned(),
        "person.disabled" => "May no longer sign in".to_owned(),
        "person.enabled" => "May sign in again".to_owned(),
        "session.ended" => "Session ended".to_owned(),
        other => match body("name") {
            name if name.is_empty() => in_words(other),
            name => format!("{}: {name}", in_words(other)),
        },
    }
}

/// `token.revoked` as `Token revoked`.
fn in_words(verb: &str) -> String {
    let mut words = verb.replace(['.', '_'], " ");
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}
