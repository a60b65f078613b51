//! The door itself: who comes in, with what rights, and how a fault of a use case is told to whom.

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{AUTHORIZATION, HOST, HeaderName, LOCATION, ORIGIN, RETRY_AFTER, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use mainstay_kernel::id::SessionId;
use mainstay_kernel::people::sign_in;
use mainstay_kernel::{Cx, Fault, Ground, Who, id};

use crate::headers::Transport;
use crate::live::Hub;
use crate::theme;
use crate::ui::{FaultPage, Toast, fault_card, fault_page};
use crate::{Problem, Wants};

/// What every handler stands on. Cheap to clone.
#[derive(Clone)]
pub struct Door(Arc<Inner>);

struct Inner {
    ground: Arc<Ground>,
    hub: Hub,
    transport: Transport,
}

impl Door {
    /// A door to this ground.
    pub fn new(ground: Arc<Ground>, hub: Hub, transport: Transport) -> Self {
        Self(Arc::new(Inner { ground, hub, transport }))
    }

    /// The ground floor.
    pub fn ground(&self) -> &Arc<Ground> {
        &self.0.ground
    }

    /// Who listens to changes.
    pub fn hub(&self) -> &Hub {
        &self.0.hub
    }

    /// The name of the session's cookie. Only over TLS can a browser promise that nobody else set it.
    pub fn cookie_name(&self) -> &'static str {
        match self.0.transport {
            Transport::Tls => "__Host-ms",
            Transport::Plain => "ms",
        }
    }

    /// `Set-Cookie` for a session; an empty text ends it.
    pub fn session_cookie(&self, text: &str) -> HeaderValue {
        let secure = if matches!(self.0.transport, Transport::Tls) { "; Secure" } else { "" };
        let age_s = if text.is_empty() { 0 } else { mainstay_kernel::session::LONGEST_MS / 1000 };
        let line =
            format!("{}={text}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age_s}{secure}", self.cookie_name());
        HeaderValue::from_str(&line).unwrap_or(HeaderValue::from_static("ms=; Max-Age=0"))
    }
}

/// A use case said no; told to the asker in the asker's form by [`finished`].
#[derive(Debug)]
pub struct Refusal(pub Fault);

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self(fault)
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        let errors = problem.errors.iter().map(|e| mainstay_kernel::Problem {
            field: e.field.clone(),
            code: "unreadable",
            detail: e.detail.clone(),
        });
        Self(Fault::Invalid(errors.collect()))
    }
}

/// Rides on the answer until the door knows the asker's form.
#[derive(Clone)]
struct Refused(Fault);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut answer = status(&self.0).into_response();
        answer.extensions_mut().insert(Refused(self.0));
        answer
    }
}

/// Whether an answer is a refusal that the door has yet to tell.
pub fn is_refused(answer: &Response) -> bool {
    answer.extensions().get::<Refused>().is_some()
}

/// The answer of a handler.
pub type Answer = Result<Response, Refusal>;

fn status(fault: &Fault) -> StatusCode {
    match fault {
        Fault::NotFound { .. } => StatusCode::NOT_FOUND,
        Fault::Denied { .. } => StatusCode::FORBIDDEN,
        Fault::SignIn => StatusCode::UNAUTHORIZED,
        Fault::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Fault::Conflict { .. } => StatusCode::CONFLICT,
        Fault::Stale => StatusCode::PRECONDITION_FAILED,
        Fault::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
        Fault::Away { .. } => StatusCode::SERVICE_UNAVAILABLE,
        Fault::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn title(fault: &Fault) -> &'static str {
    match fault {
        Fault::NotFound { .. } => "There is no such thing here",
        Fault::Denied { .. } => "Your rights do not cover this",
        Fault::SignIn => "Sign in first",
        Fault::Invalid(_) => "Some fields are wrong",
        Fault::Conflict { .. } => "This cannot be done in its present state",
        Fault::Stale => "Somebody changed it since you read it",
        Fault::TooMany { .. } => "Too many requests",
        Fault::Away { .. } => "A part that is needed does not answer",
        Fault::Broken(_) => "Something broke on our side",
    }
}

/// A fault as programs read it.
pub fn problem(fault: &Fault, request_id: &str) -> Problem {
    let mut problem = Problem::new(status(fault), fault.code(), title(fault)).request_id(request_id);
    match fault {
        Fault::Invalid(fields) => {
            for field in fields {
                problem = problem.error(&field.field, field.code, &field.detail);
            }
        }
        Fault::Broken(_) => {}
        other => problem = problem.detail(other.to_string()),
    }
    match fault {
        Fault::TooMany { retry_after_s } | Fault::Away { retry_after_s, .. } => {
            problem.retry_after(*retry_after_s)
        }
        _ => problem,
    }
}

/// Puts what every answer needs around the routes: faults in the asker's form, the guard against other sites.
pub fn finished(routes: Router<Door>, door: Door) -> Router<Door> {
    routes
        .layer(middleware::from_fn(tell_faults))
        .layer(middleware::from_fn_with_state(door, refuse_other_sites))
}

async fn tell_faults(request: Request, next: Next) -> Response {
    let is_api = request.uri().path().starts_with("/api/");
    let wants = if is_api { Wants::Json } else { Wants::from_headers(request.headers()) };
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let asked = request.uri().path_and_query().map_or_else(|| path.clone(), ToString::to_string);
    let answer = next.run(request).await;
    let Some(Refused(fault)) = answer.extensions().get::<Refused>().cloned() else { return answer };
    let request_id = id::letters(&id::random::<8>());
    if let Fault::Broken(source) = &fault {
        tracing::error!(request.id = request_id, http.method = %method, http.path = path, error = %chain(source.as_ref()), "a request broke");
    }
    match wants {
        Wants::Json => problem(&fault, &request_id).into_response(),
        Wants::Page if matches!(fault, Fault::SignIn) && method == Method::GET => to_sign_in(&asked),
        Wants::Page => {
            (status(&fault), wait(&fault), fault_page(&words(&fault, &request_id), None)).into_response()
        }
        Wants::Fragment => {
            (status(&fault), wait(&fault), fault_card(&words(&fault, &request_id))).into_response()
        }
    }
}

/// When it is worth asking again.
fn wait(fault: &Fault) -> Option<[(HeaderName, String); 1]> {
    match fault {
        Fault::TooMany { retry_after_s } | Fault::Away { retry_after_s, .. } => {
            Some([(RETRY_AFTER, retry_after_s.to_string())])
        }
        _ => None,
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

fn to_sign_in(asked: &str) -> Response {
    let next: String = form_urlencoded::byte_serialize(asked.as_bytes()).collect();
    let to = if asked == "/" { "/sign-in".to_owned() } else { format!("/sign-in?next={next}") };
    let to = HeaderValue::from_str(&to).unwrap_or(HeaderValue::from_static("/sign-in"));
    (StatusCode::SEE_OTHER, [(LOCATION, to)]).into_response()
}

/// The house's words for the status, and what exactly happened where that helps.
fn words(fault: &Fault, request_id: &str) -> FaultPage {
    let mut page = FaultPage::of_status(status(fault).as_u16());
    match fault {
        Fault::Conflict { detail, .. } => page.words.clone_from(detail),
        Fault::Invalid(_) => {
            "Some fields are wrong".clone_into(&mut page.title);
            page.words = format!("{fault}. Nothing was changed.");
        }
        Fault::Away { .. } | Fault::TooMany { .. } => page.words = format!("{fault}. Nothing was changed."),
        _ => {}
    }
    page.request_id(request_id)
}

/// A form or script of another site must not act with the cookie of somebody who is signed in here.
async fn refuse_other_sites(State(door): State<Door>, request: Request, next: Next) -> Response {
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if is_safe || request.headers().contains_key(AUTHORIZATION) || is_from_here(request.headers()) {
        return next.run(request).await;
    }
    let _ = door;
    let problem = Problem::new(StatusCode::FORBIDDEN, "other_site", "This came from another site");
    problem.detail("Open the page here and send the form again. Nothing was changed.").into_response()
}

fn is_from_here(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match (text("sec-fetch-site"), text(ORIGIN.as_str()), text(HOST.as_str())) {
        (Some(site), _, _) => site == "same-origin" || site == "none",
        (None, Some(origin), Some(host)) => origin.split_once("://").is_some_and(|(_, rest)| rest == host),
        // Neither header: not a browser of this decade, and so not a browser with our cookie.
        (None, None, _) => true,
        _ => false,
    }
}

/// Somebody with rights, by cookie or by token; the rejection is `sign in first`.
pub struct Caller {
    pub cx: Cx,
    /// Only for people with a browser.
    pub session: Option<SessionId>,
    pub door: Door,
    pub headers: HeaderMap,
    /// The path and query that were asked for.
    pub path: String,
}

impl Caller {
    /// Runs a reading use case as this caller.
    pub async fn read<T: Send + 'static>(
        &self,
        ask: impl Fn(&mut mainstay_kernel::store::Tx<'_>, &Cx) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let cx = self.cx.clone();
        self.door.ground().db.read(move |tx| ask(tx, &cx)).await
    }

    /// Runs a changing use case as this caller.
    pub async fn write<T: Send + 'static>(
        &self,
        act: impl Fn(&mut mainstay_kernel::store::Tx<'_>, &Cx) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let cx = self.cx.clone();
        self.door.ground().db.write(move |tx| act(tx, &cx)).await
    }

    /// How the answer should look.
    pub fn wants(&self) -> Wants {
        Wants::from_headers(&self.headers)
    }

    /// The name for the corner of the page.
    pub fn name(&self) -> String {
        match &self.cx.who {
            Who::Person { name, .. } | Who::Token { name, .. } => name.clone(),
            _ => String::new(),
        }
    }
}

impl FromRequestParts<Door> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, Refusal> {
        let bearer = parts
            .headers
            .get(AUTHORIZATION)
            .map(|value| value.to_str().unwrap_or_default().strip_prefix("Bearer "));
        let (cx, session) = if let Some(token) = bearer {
            (sign_in::by_token(door.ground(), token.ok_or(Fault::SignIn)?).await?, None)
        } else {
            let cookie = theme::cookie(&parts.headers, door.cookie_name()).ok_or(Fault::SignIn)?;
            let (cx, session) = sign_in::by_cookie(door.ground(), cookie).await?;
            (cx, Some(session))
        };
        let path =
            parts.uri.path_and_query().map_or_else(|| parts.uri.path().to_owned(), ToString::to_string);
        Ok(Self { cx, session, door: door.clone(), headers: parts.headers.clone(), path })
    }
}

/// After a form: the page to look at next, with a word about what was done.
pub fn done(to: &str, toast: Option<&Toast>) -> Response {
    let to = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/"));
    let mut answer = (StatusCode::SEE_OTHER, [(LOCATION, to)]).into_response();
    if let Some(toast) = toast {
        answer.headers_mut().append(SET_COOKIE, toast.keep());
    }
    answer
}
