//! Calendar invitations (RFC 5545, RFC 6047): what is asked, when, by whom. Not a calendar engine.

use serde::Serialize;

/// One event of an invitation or an answer to one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Invite {
    pub method: InviteMethod,
    pub uid: String,
    pub summary: String,
    pub location: String,
    /// As written: `20261123T090000Z`, or local time with the zone in front: `Europe/Berlin:20261123T100000`.
    pub starts: String,
    pub ends: String,
    pub organizer: String,
    /// Addresses with their answer: `("ann@x", "ACCEPTED")`.
    pub attendees: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum InviteMethod {
    #[default]
    Publish,
    Request,
    Reply,
    Cancel,
    Counter,
    Other,
}

/// Reads every `VEVENT` of a calendar, at most a hundred.
pub(crate) fn read(text: &str) -> Vec<Invite> {
    let unfolded = text.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "");
    let mut method = InviteMethod::Publish;
    let mut invites: Vec<Invite> = Vec::new();
    let mut open: Option<Invite> = None;
    let mut alarm = false;
    for line in unfolded.lines() {
        let Some((left, value)) = split_value(line) else { continue };
        let (name, parameters) = left.split_once(';').unwrap_or((left, ""));
        match (name.to_ascii_uppercase().as_str(), &mut open) {
            ("METHOD", _) => method = method_of(value),
            ("BEGIN", None) if value.trim() == "VEVENT" => {
                open = Some(Invite { method, ..Invite::default() });
            }
            ("BEGIN", Some(_)) => alarm = true,
            ("END", Some(_)) if value.trim() != "VEVENT" => alarm = false,
            ("END", slot) if value.trim() == "VEVENT" => {
                invites.extend(slot.take());
                if invites.len() >= 100 {
                    break;
                }
            }
            (name, Some(invite)) if !alarm => set(invite, name, parameters, value),
            _ => {}
        }
    }
    for invite in &mut invites {
        invite.method = method;
    }
    invites
}

fn set(invite: &mut Invite, name: &str, parameters: &str, value: &str) {
    match name {
        "UID" => value.trim().clone_into(&mut invite.uid),
        "SUMMARY" => invite.summary = unescape(value),
        "LOCATION" => invite.location = unescape(value),
        "DTSTART" => invite.starts = moment(parameters, value),
        "DTEND" => invite.ends = moment(parameters, value),
        "ORGANIZER" => invite.organizer = address(value),
        "ATTENDEE" if invite.attendees.len() < 1_000 => {
            let answer = parameter(parameters, "PARTSTAT").unwrap_or_default();
            invite.attendees.push((address(value), answer.to_ascii_uppercase()));
        }
        _ => {}
    }
}

fn method_of(value: &str) -> InviteMethod {
    match value.trim().to_ascii_uppercase().as_str() {
        "PUBLISH" => InviteMethod::Publish,
        "REQUEST" => InviteMethod::Request,
        "REPLY" => InviteMethod::Reply,
        "CANCEL" => InviteMethod::Cancel,
        "COUNTER" => InviteMethod::Counter,
        _ => InviteMethod::Other,
    }
}

/// Splits at the first colon outside quotes.
fn split_value(line: &str) -> Option<(&str, &str)> {
    let mut is_quoted = false;
    for (at, byte) in line.bytes().enumerate() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b':' if !is_quoted => return Some((&line[..at], &line[at + 1..])),
            _ => {}
        }
    }
    None
}

fn parameter<'a>(parameters: &'a str, name: &str) -> Option<&'a str> {
    parameters
        .split(';')
        .filter_map(|p| p.split_once('='))
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim_matches('"'))
}

fn moment(parameters: &str, value: &str) -> String {
    match parameter(parameters, "TZID") {
        Some(zone) => format!("{zone}:{}", value.trim()),
        None => value.trim().to_owned(),
    }
}

fn address(value: &str) -> String {
    let value = value.trim();
    let bare = value.get(..7).filter(|p| p.eq_ignore_ascii_case("mailto:")).map_or(value, |_| &value[7..]);
    bare.to_owned()
}

fn unescape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('n' | 'N') => out.push('\n'),
                Some(other) => out.push(other),
                None => {}
            },
            (c, false) => out.push(c),
        }
    }
    out.trim().to_owned()
}
