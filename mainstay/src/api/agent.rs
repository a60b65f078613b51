//! The agents' side of the API: enrol, report, fetch orders, tell their output. The wire crate writes down the protocol.

use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use mainstay_face::{Answer, Door, Problem, Query, Refusal};
use mainstay_kernel::access::Rights;
use mainstay_kernel::store::{Signal, Tx};
use mainstay_kernel::{Cx, Fault, Who};
use mainstay_record::agent::{self, Agent};
use mainstay_record::run;
use mainstay_wire::{Enrol, Heard, MOST_BODY_BYTES, Orders, Output, PROTOCOL, Report};
use serde::Deserialize;

use mainstay_face::body;

const LONGEST_WAIT_S: u64 = 30;

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/api/v1/agent/enrol", post(enrol))
        .route("/api/v1/agent/report", post(report).layer(DefaultBodyLimit::max(MOST_BODY_BYTES)))
        .route("/api/v1/agent/orders", get(orders))
        .route("/api/v1/agent/output", post(output).layer(DefaultBodyLimit::max(MOST_BODY_BYTES)))
}

/// An agent with a good key.
struct Known {
    agent: Agent,
    cx: Cx,
    door: Door,
}

impl FromRequestParts<Door> for Known {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, Refusal> {
        let line = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let key = line.strip_prefix("Bearer ").unwrap_or_default().to_owned();
        let org = agent::org_of(&key).ok_or(Fault::SignIn)?;
        let agent = door.ground().db.read(move |tx| agent::by_key(tx, org, &key)).await?;
        let cx = door.ground().call(org, Who::Agent { asset_id: agent.asset.0 }, Rights::default());
        Ok(Self { agent, cx, door: door.clone() })
    }
}

impl Known {
    async fn write<T: Send + 'static>(
        &self,
        act: impl Fn(&mut Tx<'_>, &Cx, &Agent) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let (cx, agent) = (self.cx.clone(), self.agent.clone());
        self.door.ground().db.write(move |tx| act(tx, &cx, &agent)).await
    }
}

fn speaks(protocol: u32) -> Result<(), Box<Response>> {
    if protocol == PROTOCOL {
        return Ok(());
    }
    let problem = Problem::new(StatusCode::UPGRADE_REQUIRED, "protocol", "Another protocol is needed")
        .detail(format!("this server speaks version {PROTOCOL}, the agent sent {protocol}"));
    Err(Box::new(problem.into_response()))
}

async fn enrol(State(door): State<Door>, body: Bytes) -> Answer {
    let asked: Enrol = body::read(&body)?;
    if let Err(answer) = speaks(asked.protocol) {
        return Ok(*answer);
    }
    let org = agent::org_of(&asked.token).ok_or(Fault::SignIn)?;
    let cx = door.ground().call(org, Who::House("enrolment"), Rights::default());
    let enrolled = door.ground().db.write(move |tx| agent::enrol(tx, &cx, &asked)).await?;
    Ok(Json(enrolled).into_response())
}

async fn report(known: Known, body: Bytes) -> Answer {
    let report: Report = body::read(&body)?;
    if let Err(answer) = speaks(report.protocol) {
        return Ok(*answer);
    }
    let received = known.write(move |tx, cx, agent| agent::report(tx, cx, agent, &report)).await?;
    Ok(Json(received).into_response())
}

#[derive(Deserialize)]
struct Wait {
    #[serde(default)]
    wait_s: u64,
}

/// Answers as soon as there is something to do, or with nothing when the time is over.
async fn orders(known: Known, Query(wait): Query<Wait>) -> Answer {
    let until = tokio::time::Instant::now() + Duration::from_secs(wait.wait_s.min(LONGEST_WAIT_S));
    loop {
        let (cx, id) = (known.cx.clone(), known.agent.id);
        if known.door.ground().db.read(move |tx| run::has_orders(tx, &cx, id)).await? {
            let orders = known.write(|tx, cx, agent| run::hand_out(tx, cx, agent.id)).await?;
            return Ok(Json(Orders { orders }).into_response());
        }
        let left = until.saturating_duration_since(tokio::time::Instant::now());
        if left.is_zero() {
            return Ok(Json(Orders::default()).into_response());
        }
        known.door.ground().db.wait(Signal::Events, left.min(Duration::from_secs(1))).await;
    }
}

async fn output(known: Known, body: Bytes) -> Answer {
    let output: Output = body::read(&body)?;
    let heard = known.write(move |tx, cx, agent| run::hear(tx, cx, agent.id, &output)).await?;
    let next_offset = heard.next_offset.unsigned_abs();
    Ok(Json(Heard { next_offset, is_done: heard.is_done, stop: false }).into_response())
}
