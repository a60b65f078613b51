//! `Idempotency-Key`: the same request sent again gets the same answer, and is done once.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use mainstay_kernel::store::Tx;
use mainstay_kernel::{Cx, Fault, args, sql};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::door::{Answer, Caller};

/// How long an answer is kept for a repeat.
pub const KEPT_MS: i64 = 24 * 3_600_000;
const LONGEST_KEY: usize = 200;

/// Does `act` once for the caller's key; without a key, once for this call. The answer is kept in the same transaction.
///
/// # Errors
/// `Invalid` when the key was used for another request, `Conflict` while the first one is still running.
pub async fn once<T, F>(
    caller: &Caller,
    headers: &HeaderMap,
    what: &str,
    body: &[u8],
    made: StatusCode,
    act: F,
) -> Answer
where
    T: Serialize + Send + 'static,
    F: Fn(&mut Tx<'_>, &Cx) -> Result<T, Fault> + Send + 'static,
{
    let key = headers.get("idempotency-key").map(|value| value.to_str().unwrap_or_default().to_owned());
    if key.as_ref().is_some_and(|key| key.is_empty() || key.len() > LONGEST_KEY) {
        return Err(
            Fault::invalid("Idempotency-Key", "length", "use 1 to 200 visible ASCII characters").into()
        );
    }
    let request = Sha256::new().chain_update(what).chain_update([0]).chain_update(body).finalize().to_vec();
    let work = move |tx: &mut Tx<'_>, cx: &Cx| {
        let Some(key) = &key else { return Ok((made, json(&act(tx, cx)?)?)) };
        if let Some((hash, status, answer)) = kept(tx, cx, key)? {
            let same = hash == request;
            let status =
                u16::try_from(status).ok().and_then(|s| StatusCode::from_u16(s).ok()).unwrap_or(made);
            return if same { Ok((status, answer)) } else { Err(reused()) };
        }
        let answer = json(&act(tx, cx)?)?;
        keep(tx, cx, key, &request, made, &answer)?;
        Ok((made, answer))
    };
    let (status, answer) = caller.write(work).await?;
    Ok(respond(status, answer))
}

fn respond(status: StatusCode, answer: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], answer).into_response()
}

fn json(value: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(Fault::broken)
}

fn reused() -> Fault {
    Fault::invalid("Idempotency-Key", "reused", "this key was used for another request; use a fresh one")
}

fn kept(tx: &mut Tx<'_>, cx: &Cx, key: &str) -> Result<Option<(Vec<u8>, i64, String)>, Fault> {
    tx.maybe(
        sql!("SELECT request_hash, status, answer FROM idempotency WHERE org_id = $1 AND actor = $2 AND key = $3 AND created_ms > $4"),
        args![cx.org, cx.who.word(), key, cx.now_ms() - KEPT_MS],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )
}

/// Two at once: the second waits for the first on the key, and is refused when the first has committed.
fn keep(
    tx: &mut Tx<'_>,
    cx: &Cx,
    key: &str,
    request: &[u8],
    status: StatusCode,
    answer: &str,
) -> Result<(), Fault> {
    let kept = tx.run(
        sql!("INSERT INTO idempotency (org_id, actor, key, request_hash, status, answer, created_ms) VALUES ($1, $2, $3, $4, $5, $6, $7)
              ON CONFLICT (org_id, actor, key) DO UPDATE SET request_hash = $4, status = $5, answer = $6, created_ms = $7
              WHERE idempotency.created_ms <= $8"),
        args![cx.org, cx.who.word(), key, request, i64::from(status.as_u16()), answer, cx.now_ms(), cx.now_ms() - KEPT_MS],
    )?;
    if kept == 0 {
        return Err(Fault::conflict(
            "in_progress",
            "the first request with this key is just being done; ask again",
        ));
    }
    Ok(())
}
