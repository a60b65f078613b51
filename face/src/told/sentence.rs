//! Every event as one sentence.

use mainstay_kernel::events::Event;

/// What happened, as a sentence.
pub(super) fn sentence(event: &Event) -> String {
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
        "person.added" => format!("Added: {}", name_in(event, "after")),
        "person.changed" => changed_name(event),
        "role.granted" => format!("Gave {}", given(event)),
        "role.revoked" => format!("Took back {}", given(event)),
        "role.made" => format!("Role made: {}", name_in(event, "after")),
        "role.changed" => changed_role(event),
        "role.removed" => format!("Role removed: {}", name_in(event, "before")),
        "organisation.renamed" | "team.renamed" => {
            format!("Renamed from {} to {}", body("before"), body("after"))
        }
        "team.member_added" => format!("Put {} into {}", body("person"), body("team")),
        "team.member_removed" => format!("Took {} out of {}", body("person"), body("team")),
        "session.ended" => "Session ended".to_owned(),
        other => match body("name") {
            name if name.is_empty() => in_words(other),
            name => format!("{}: {name}", in_words(other)),
        },
    }
}

fn name_in<'e>(event: &'e Event, part: &str) -> &'e str {
    event.body[part]["name"].as_str().unwrap_or_default()
}

/// `the role viewer, for what North owns: Ada Brandt`.
fn given(event: &Event) -> String {
    let body = |name: &str| event.body[name].as_str().unwrap_or_default();
    let scope = match body("scope_name") {
        "" => String::new(),
        team => format!(", for what {team} owns"),
    };
    let to = match body("to_name") {
        "" => String::new(),
        name => format!(": {name}"),
    };
    format!("the role {}{scope}{to}", body("role"))
}

fn changed_name(event: &Event) -> String {
    let of = |part: &str, field: &str| event.body[part][field].as_str().unwrap_or_default().to_owned();
    let changes = ["name", "email"].into_iter().filter(|field| of("before", field) != of("after", field));
    let said: Vec<String> = changes
        .map(|field| {
            format!("{} is now {}", if field == "name" { "name" } else { "address" }, of("after", field))
        })
        .collect();
    if said.is_empty() { "Changed".to_owned() } else { format!("Changed: {}", said.join(", ")) }
}

/// Which rights came and which went: what an auditor looks for.
fn changed_role(event: &Event) -> String {
    let rights = |part: &str| -> Vec<&str> {
        event.body[part]["rights"].as_array().into_iter().flatten().filter_map(|word| word.as_str()).collect()
    };
    let (before, after) = (rights("before"), rights("after"));
    let came = after.iter().filter(|word| !before.contains(word)).map(|word| format!("+{word}"));
    let went = before.iter().filter(|word| !after.contains(word)).map(|word| format!("−{word}"));
    let all: Vec<String> = came.chain(went).collect();
    if all.is_empty() {
        return format!("Role renamed: {}", name_in(event, "after"));
    }
    format!("Role changed: {}", all.join(", "))
}

/// `token.revoked` as `Token revoked`.
fn in_words(verb: &str) -> String {
    let mut words = verb.replace(['.', '_'], " ");
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}
