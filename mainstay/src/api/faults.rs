//! Faults that axum itself tells (a body too large, a wrong method) as problems too, and the page that explains every code.

use axum::Router;
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use mainstay_face::theme::Theme;
use mainstay_face::ui::gate;
use mainstay_face::{Door, Problem};
use maud::{Markup, html};

/// Every code an answer can carry, with what to do about it.
pub(super) const CODES: &[(&str, &str)] = &[
    ("agent", "The agent could not do its part; the detail says why."),
    (
        "away",
        "A part that is needed does not answer. Nothing was done. Try again after the seconds in Retry-After.",
    ),
    ("bad_parameter", "A parameter of the address cannot be read. The errors name it."),
    (
        "broken",
        "Something broke on our side, and nothing was changed. The request_id names the line in the server's log.",
    ),
    ("built_in", "This role comes with the house. It cannot be changed or removed; make one of your own."),
    (
        "denied",
        "You are known, and your roles do not include the right that the detail names. Somebody with the role owner can grant it.",
    ),
    ("disabled", "This person is disabled. Enable them first."),
    ("exists", "There is one of this name already."),
    ("gone", "The finding is gone: its rule looked again and did not see it. There is nothing to accept."),
    ("has_members", "The team has members. Move them first."),
    ("has_roles", "This person has roles or teams. Take them back first."),
    (
        "if_match_required",
        "Several people write this text. Send If-Match with the ETag of the answer you read.",
    ),
    ("in_progress", "The first request with this Idempotency-Key is just being done. Ask again."),
    ("in_use", "Something else refers to this, or it refers to something that is gone."),
    ("invalid", "Some fields are wrong. The errors name each one, with what is wrong and what to do."),
    ("key_gone", "The key of this value was erased. Enter the value again."),
    ("last_owner", "This is the last owner. Make somebody else owner first."),
    ("malformed", "The request cannot be read."),
    (
        "method_not_allowed",
        "This address is there, and does not do this. The header Allow names what it does.",
    ),
    ("no_agent", "No agent looks after this asset. Add one with mainstay add-host."),
    ("no_mail", "No mail server is set. Set one under Settings, Mail, then send the message again."),
    ("no_key", "Only webhooks are signed; this channel has no key."),
    (
        "no_way_back",
        "There is nothing to go back to: the plan changed nothing, saved no old packages, or is itself a way back.",
    ),
    ("not_accepted", "The finding is not accepted, so there is no acceptance to withdraw."),
    ("not_found", "There is no such thing here, or you may not know that there is."),
    ("not_ready", "The plan is not ready. Only a plan that the host has simulated can be approved, once."),
    ("not_simulated", "The plan was not simulated."),
    ("not_visible", "What waits on this host is not visible. The page of the asset says why."),
    ("nothing_waits", "Nothing waits on this host."),
    ("old_lease", "The order was handed out again; an older voice is not heard."),
    (
        "other_site",
        "The request came from the page of another site with your cookie. Open the page here and send it again.",
    ),
    ("plan_open", "A plan for this host is under way. Finish or cancel it first."),
    ("protocol", "Agent and server speak different versions of the protocol. Update the older one."),
    ("sealed_elsewhere", "This value was sealed for another place. Enter it again."),
    (
        "sign_in",
        "Nobody is signed in. Send Authorization: Bearer with an API token, or the cookie of a session.",
    ),
    ("stale", "Somebody changed it since you read it. Read it again and decide anew. Nothing was changed."),
    (
        "too_large",
        "The body is larger than is taken here: one mebibyte, for agents eight. Nothing was changed.",
    ),
    ("too_late", "The plan has begun or is over. It can no longer be cancelled."),
    ("too_many", "Too many requests. Try again after the seconds in Retry-After."),
    ("too_much_output", "The run printed more than is kept. Its output was cut there."),
    ("totp_not_begun", "Begin with a new secret first."),
    ("totp_off", "The second factor is off. Turn it on first."),
    ("totp_on", "The second factor is on already. Turn it off first."),
    ("under_way", "This message is still under way."),
    ("unsupported_media_type", "This takes JSON. Send it with Content-Type: application/json."),
];

pub(super) fn routes() -> Router<Door> {
    Router::new().route("/docs/problems", get(explained))
}

async fn explained(headers: HeaderMap) -> Markup {
    let body = html! {
        p { "Every fault of the API is a problem document (RFC 9457). Its code is one of these." }
        dl.stack { @for (code, words) in CODES { div id=(code) { dt.mono { (code) } dd { (words) } } } }
    };
    gate("What the faults mean", Theme::from_headers(&headers), &body)
}

/// An answer that says no without a document of its own gets one.
pub(super) async fn told(answer: Response) -> Response {
    let status = answer.status();
    let kind = answer.headers().get(CONTENT_TYPE);
    let is_plain = kind.is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    // A refusal of ours is told by the door, which knows who asks.
    if !(status.is_client_error() || status.is_server_error())
        || !is_plain
        || mainstay_face::door::is_refused(&answer)
    {
        return answer;
    }
    let (code, title) = match status {
        StatusCode::METHOD_NOT_ALLOWED => ("method_not_allowed", "This address does not do that"),
        StatusCode::PAYLOAD_TOO_LARGE => ("too_large", "The body is too large"),
        _ => ("malformed", "The request cannot be read"),
    };
    let allow: Option<HeaderValue> = answer.headers().get(ALLOW).cloned();
    let mut problem = Problem::new(status, code, title).into_response();
    problem.headers_mut().extend(allow.map(|allow| (ALLOW, allow)));
    problem
}
