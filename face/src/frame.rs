//! What stands around every page: the rail with its counts, the corner of the person, the reader's clock.

use axum::http::HeaderValue;
use axum::http::header::{SET_COOKIE, VARY};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use mainstay_kernel::access::{self, Scope};
use mainstay_kernel::{Fault, tenancy};
use mainstay_record::{finding, plan, work};

use crate::theme::Theme;
use crate::ui::{Page, Person, SECTIONS, Section, Shell, State, Toast, Words};
use crate::{Answer, Caller, Wants, negotiate};

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
        Ok((work::open_count(tx, cx)?, ready, finding::counts(tx, cx)?, tenancy::get(tx, cx.org)?.name))
    });
    let (open, ready, findings, org) = counts.await?;
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
        org,
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
