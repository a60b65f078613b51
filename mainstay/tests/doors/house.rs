//! A whole house for a story: real rooms, real router, people of every role, and one of everything to look at.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::connect_info::MockConnectInfo;
use axum::http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use mainstay::door::{self, Peer};
use mainstay_face::Door;
use mainstay_face::headers::Transport;
use mainstay_face::live::Hub;
use mainstay_kernel::access::{self, BuiltIn};
use mainstay_kernel::id::{GrantId, PersonId, RoleId, TeamId};
use mainstay_kernel::people::{link, sign_in, token};
use mainstay_kernel::store::Tx;
use mainstay_kernel::testing::{House, MONDAY_MS, story};
use mainstay_kernel::{Cx, Fault, notify, session, tenancy};
use mainstay_record::finding::{self, Severity};
use mainstay_record::{AgentId, AssetId, FindingId, PlanId, RunId, agent, fact, plan, run, work};
use mainstay_wire::{Enrol, Machine, Outcome, OutcomeState, Output, PROTOCOL, Section};
use serde_json::{Value, json};
use tower::ServiceExt;

pub const DAY_MS: i64 = 86_400_000;

/// Tells a story with all rooms on each engine.
pub fn told<F, S>(tell: F)
where
    F: Fn(House) -> S,
    S: Future<Output = ()>,
{
    story(mainstay::house::schemas(), mainstay::house::hearers(), mainstay::house::jobs(), |mut house| {
        Arc::get_mut(&mut house.ground).expect("the story has just begun").rights = mainstay::house::rights();
        tell(house)
    });
}

pub fn router(house: &House) -> Router {
    let at = Door::new(house.ground.clone(), Hub::new("test".to_owned(), 64), Transport::Plain);
    let peer = Peer(SocketAddr::from(([192, 0, 2, 7], 4000)));
    door::routes(at).layer(MockConnectInfo(peer))
}

/// Somebody at the door.
#[derive(Clone)]
pub struct Caller {
    pub cookie: Option<String>,
    pub id: PersonId,
    pub cx: Option<Cx>,
}

pub fn nobody() -> Caller {
    Caller { cookie: None, id: PersonId(0), cx: None }
}

pub async fn caller(house: &House, name: &str, role: BuiltIn) -> Caller {
    let (id, cx) = house.person(name, Some(role)).await;
    let own = cx.clone();
    let from = sign_in::From { device: "test".into(), address: "192.0.2.7".into() };
    let (_, cookie) = house.db().write(move |tx| session::open(tx, &own, id, &from)).await.unwrap();
    Caller { cookie: Some(cookie), id, cx: Some(cx) }
}

/// A second organisation with an owner of its own.
pub async fn neighbour(house: &House) -> (House, Caller) {
    let (ids, clock) = (house.ground.ids.clone(), house.ground.clock.clone());
    let org = house
        .db()
        .write(move |tx| tenancy::create(tx, &ids, &clock, "next-door", "Next door"))
        .await
        .unwrap();
    let other = House { ground: house.ground.clone(), org };
    let owner = caller(&other, "Other Owner", BuiltIn::Owner).await;
    (other, owner)
}

/// What came back.
pub struct Said {
    pub status: StatusCode,
    pub headers: axum::http::HeaderMap,
    pub text: String,
}

impl Said {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap_or("?"))
    }

    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

pub async fn ask(
    router: &Router,
    who: &Caller,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Said {
    let mut request = Request::builder().method(method).uri(path).header(header::HOST, "mainstay.test");
    if let Some(cookie) = &who.cookie {
        request = request.header(header::COOKIE, format!("ms={cookie}"));
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer: Response<Body> = router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
    let (parts, body) = answer.into_parts();
    let is_stream =
        parts.headers.get("content-type").is_some_and(|v| v.as_bytes().starts_with(b"text/event-stream"));
    let bytes = if is_stream { Vec::new() } else { body.collect().await.unwrap().to_bytes().to_vec() };
    Said { status: parts.status, headers: parts.headers, text: String::from_utf8_lossy(&bytes).into_owned() }
}

pub const JSON: (&str, &str) = ("content-type", "application/json");
pub const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

pub async fn send(router: &Router, who: &Caller, method: &str, path: &str, body: Value) -> Said {
    ask(router, who, method, path, &[JSON], body.to_string()).await
}

pub async fn look(router: &Router, who: &Caller, path: &str) -> Said {
    ask(router, who, "GET", path, &[], Body::empty()).await
}

/// One of everything, as a caller of a role meets it.
pub struct Things {
    pub asset: AssetId,
    pub agent: AgentId,
    pub key: String,
    pub finding: FindingId,
    pub accepted: FindingId,
    pub number: i64,
    /// Ready to be approved, on `asset`.
    pub plan: PlanId,
    pub hash: String,
    pub run: RunId,
    /// A host without a plan, where something waits.
    pub fresh: AssetId,
    /// Another such host.
    pub bare: AssetId,
    /// A plan that may be cancelled, on a third host.
    pub doomed: PlanId,
    pub code: String,
    pub person: PersonId,
    pub role: String,
    pub notice: String,
    pub channel: String,
    /// Two of each, for pages and for programs.
    pub team: [TeamId; 2],
    pub own_role: [RoleId; 2],
    pub grant: [GrantId; 2],
}

/// A team, a role of one's own, and that role given to somebody.
fn access_of(
    tx: &mut Tx<'_>,
    cx: &Cx,
    all: &[&'static access::Right],
    tag: &str,
    to: PersonId,
) -> Result<(TeamId, RoleId, GrantId), Fault> {
    let team = access::make_team(tx, cx, &format!("Team {tag}"))?;
    let role = access::make_role(tx, cx, all, &format!("Role {tag}"), &["record.view".to_owned()])?;
    Ok((team, role, access::grant(tx, cx, role, access::Grantee::Person(to), Some(team))?))
}

/// Something told to somebody by mail where no mail leaves, and a webhook that hears of nothing.
fn told_and_channel(tx: &mut Tx<'_>, cx: &Cx, tag: &str) -> Result<(String, String), Fault> {
    let new = notify::New {
        once_key: format!("test:{tag}"),
        cause: "findings",
        title: "web: one deviates".into(),
        body: "because".into(),
        link: String::new(),
        urgency: notify::Urgency::Normal,
        to: vec![notify::To::Mail("told@example.org".into())],
        about: vec![],
    };
    let notice = notify::post(tx, cx, &new)?.expect("told for the first time");
    let channel = notify::NewChannel {
        kind: notify::ChannelKind::Webhook,
        name: format!("Hook {tag}"),
        url: "https://hook.example.org/in".into(),
        causes: vec![],
        token: None,
    };
    Ok((notice.to_string(), notify::make(tx, cx, &channel)?.0.to_string()))
}

/// What waits on a host, as its agent tells it.
pub fn updates() -> String {
    let update = json!({
        "name": "openssl", "arch": "amd64", "installed": "3.0.1", "candidate": "3.0.2", "source": "openssl", "source_version": "3.0.2",
        "origins": [], "is_security": true, "download_bytes": 10, "waiting": mainstay_wire::packages::Update::default().waiting
    });
    json!({ "value": { "updates": [update], "arriving": [], "leaving": [], "kept_back": [], "lists": [] }, "unseen": [] }).to_string()
}

pub async fn host(house: &House, name: &str) -> (AssetId, AgentId, String) {
    let (cx, name) = (house.cx(), name.to_owned());
    house
        .db()
        .write(move |tx| {
            let token = agent::invite(tx, &cx)?;
            let machine = Machine {
                name: name.clone(),
                machine_id: Some(name.clone()),
                os: "debian".into(),
                os_name: "Debian 12".into(),
                architecture: "x86_64".into(),
                agent: "0.1.0".into(),
            };
            let enrolled =
                agent::enrol(tx, &cx, &Enrol { protocol: PROTOCOL, token, nonce: "n".into(), machine })?;
            let known = agent::by_key(tx, cx.org, &enrolled.key)?;
            fact::store(tx, &cx, known.asset, &Section::Updates, "h", &updates(), cx.now_ms())?;
            fact::assess_soon(tx, &cx, known.asset, &Section::Updates)?;
            Ok((known.asset, known.id, enrolled.key))
        })
        .await
        .unwrap()
}

/// A plan that its host has simulated.
pub async fn ready(house: &House, on: AssetId, by: AgentId) -> (PlanId, RunId) {
    let cx = house.cx();
    let made = house.db().write(move |tx| {
        let plan = mainstay_patches::prepare(tx, &cx, on, mainstay_patches::Which::Everything)?;
        let orders = run::hand_out(tx, &cx, by)?;
        let order = orders.first().expect("the host is asked");
        let result = json!({ "steps": [{ "action": "upgrade", "name": "openssl", "architecture": "amd64", "old": "3.0.1", "new": "3.0.2", "origins": [] }], "hash": "abc" });
        let done = Outcome { state: OutcomeState::Succeeded, summary: "1 step".into(), code: Some(0), ended_at_ms: MONDAY_MS.unsigned_abs(), result: Some(result) };
        let output = Output { order_id: order.id.clone(), fence: order.fence, offset: 0, chunk: "Reading package lists\n".into(), done: Some(done) };
        run::hear(tx, &cx, by, &output)?;
        Ok((plan, order.id.parse()?))
    }).await.unwrap();
    house.forward(std::time::Duration::from_secs(1)).await;
    made
}

impl Things {
    pub async fn make(house: &House, tag: &str) -> Self {
        let (asset, agent, key) = host(house, &format!("web-{tag}")).await;
        let (fresh, _, _) = host(house, &format!("fresh-{tag}")).await;
        let (bare, _, _) = host(house, &format!("bare-{tag}")).await;
        let (third, third_agent, _) = host(house, &format!("third-{tag}")).await;
        house.forward(std::time::Duration::from_secs(1)).await;
        let (plan, run) = ready(house, asset, agent).await;
        let (doomed, _) = ready(house, third, third_agent).await;
        let (person, _) = house.person(&format!("Extra {tag}"), Some(BuiltIn::Viewer)).await;
        let (cx, tag, all) = (house.cx(), tag.to_owned(), house.ground.rights.clone());
        house
            .db()
            .write(move |tx| {
                let due = |_: Severity, first: i64| Some(first + DAY_MS);
                let look =
                    finding::Look { rule: "test.rule", asset, scope: "test", at_ms: cx.now_ms(), due: &due };
                let sighting = |subject: &str| finding::Sighting {
                    subject: subject.into(),
                    severity: Severity::High,
                    title: format!("{subject} deviates"),
                    reason: "because".into(),
                    detail: json!({}),
                };
                finding::observe(tx, &cx, look, &[sighting("one"), sighting("two")])?;
                let found = finding::of_rule(tx, &cx, "test.rule", asset)?;
                finding::accept(tx, &cx, found[1].id, found[1].revision, "known", cx.now_ms() + DAY_MS)?;
                let (_, number) = work::create(
                    tx,
                    &cx,
                    &work::New {
                        kind: "task".into(),
                        title: format!("Task {tag}"),
                        priority: 2,
                        ..work::New::default()
                    },
                )?;
                let role = access::roles(tx, &cx)?
                    .into_iter()
                    .find(|r| r.built_in == Some(BuiltIn::Viewer))
                    .expect("built in")
                    .id
                    .to_string();
                let (notice, channel) = told_and_channel(tx, &cx, &tag)?;
                let one = access_of(tx, &cx, &all, &format!("{tag} one"), person)?;
                let two = access_of(tx, &cx, &all, &format!("{tag} two"), person)?;
                Ok(Self {
                    team: [one.0, two.0],
                    own_role: [one.1, two.1],
                    grant: [one.2, two.2],
                    notice,
                    channel,
                    asset,
                    agent,
                    key: key.clone(),
                    finding: found[0].id,
                    accepted: found[1].id,
                    number,
                    plan,
                    hash: plan::get(tx, &cx, plan)?.simulation_hash.unwrap_or_default(),
                    run,
                    fresh,
                    bare,
                    doomed,
                    code: link::issue(tx, &cx, person)?,
                    person,
                    role,
                })
            })
            .await
            .unwrap()
    }

    /// A token of somebody's own, for what it may.
    pub async fn token(house: &House, of: &Caller, rights: &[&str]) -> (String, String) {
        let (cx, all) = (of.cx.clone().unwrap(), house.ground.rights.clone());
        let rights: Vec<String> = rights.iter().map(|r| (*r).to_owned()).collect();
        let made = move |tx: &mut mainstay_kernel::store::Tx<'_>| {
            token::make(tx, &cx, &all, "test", &rights, cx.now_ms() + DAY_MS)
        };
        let (id, text) = house.db().write(made).await.unwrap();
        (id.to_string(), text)
    }
}
