//! API tokens: `mst_`, the organisation's letters, 256 random bits and a checksum, so that scanners of leaked secrets
//! know them. A token may do what its list of rights says and its maker may do at that moment, whichever is less.

use sha2::{Digest, Sha256};

use super::manage;
use crate::access::{MAKE_TOKENS, Right, Scope, Scopes, split};
use crate::cx::Who;
use crate::id::{self, OrgId, PersonId, Ref, TokenId};
use crate::store::{Row, Tx};
use crate::{Clock, Cx, Fault, args, bearer, events, sql};

const PREFIX: &str = "mst_";
const ORG_LETTERS: usize = 13;
const SECRET_LETTERS: usize = 52;
const CHECK_LETTERS: usize = 7;
/// The longest a token may hold: a year and a day.
pub const LONGEST_MS: i64 = 366 * 86_400_000;
const TOUCH_MS: i64 = 60_000;

/// A token as its list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub id: TokenId,
    pub person: PersonId,
    pub name: String,
    /// The last letters, to recognise it by.
    pub hint: String,
    pub rights: Vec<String>,
    pub created_ms: i64,
    pub until_ms: i64,
    pub seen_ms: Option<i64>,
    pub revoked_ms: Option<i64>,
}

/// What a token's text leads to.
#[derive(Clone, Debug)]
pub struct Found {
    pub org: OrgId,
    pub id: TokenId,
    pub person: PersonId,
    pub name: String,
    pub rights: Vec<String>,
    /// Its last use is to be written down anew.
    pub is_to_touch: bool,
}

/// Makes a token for oneself; its text is in the answer and nowhere else.
///
/// # Errors
/// `Denied` for a word that the caller does not hold, `Invalid` on `name`, `rights` or `until`.
pub fn make(
    tx: &mut Tx<'_>,
    cx: &Cx,
    all: &[&'static Right],
    name: &str,
    rights: &[String],
    until_ms: i64,
) -> Result<(TokenId, String), Fault> {
    let Who::Person { id: person, .. } = cx.who else { return Err(Fault::SignIn) };
    cx.may(&MAKE_TOKENS, Scope::Org)?;
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 80 {
        return Err(Fault::invalid("name", "required", "say what the token is for, in 1 to 80 letters"));
    }
    if until_ms <= cx.now_ms() || until_ms > cx.now_ms() + LONGEST_MS {
        return Err(Fault::invalid("until", "out_of_range", "let it end within a year from now"));
    }
    if rights.is_empty() {
        return Err(Fault::invalid("rights", "required", "choose what the token may do"));
    }
    for word in rights {
        let right = all.iter().find(|right| right.word == word);
        let right =
            right.ok_or_else(|| Fault::invalid("rights", "unknown", format!("there is no right {word}")))?;
        if cx.rights.scopes(right) == Scopes::Teams(Vec::new()) {
            return Err(Fault::Denied { right: right.word });
        }
    }
    let id = TokenId(cx.ids.next());
    let (text, hash) = write(cx.org);
    let hint = &text[text.len() - CHECK_LETTERS..];
    tx.run(
        sql!(
            "INSERT INTO api_token (org_id, id, hash, person_id, name, hint, rights, created_ms, until_ms)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
        ),
        args![cx.org, id, hash, person, name, hint, rights.join(" "), cx.now_ms(), until_ms],
    )?;
    let body = serde_json::json!({ "name": name, "rights": rights, "until_ms": until_ms });
    events::record(tx, cx, "token.made", Ref::new("token", id.0), &[Ref::new("person", person.0)], &body)?;
    Ok((id, text))
}

/// The tokens of a person, newest first: one's own, or with the right to manage people.
pub fn list(tx: &mut Tx<'_>, cx: &Cx, person: PersonId) -> Result<Vec<Token>, Fault> {
    if cx.who.person() != Some(person) {
        manage(tx, cx, person)?;
    }
    tx.rows(
        sql!(
            "SELECT id, person_id, name, hint, rights, created_ms, until_ms, seen_ms, revoked_ms
              FROM api_token WHERE org_id = $1 AND person_id = $2 ORDER BY id DESC"
        ),
        args![cx.org, person],
        token,
    )
}

/// Ends a token at once; nothing happens when it has ended.
pub fn revoke(tx: &mut Tx<'_>, cx: &Cx, id: TokenId) -> Result<(), Fault> {
    let found = tx.maybe(
        sql!(
            "SELECT id, person_id, name, hint, rights, created_ms, until_ms, seen_ms, revoked_ms
              FROM api_token WHERE org_id = $1 AND id = $2"
        ),
        args![cx.org, id],
        token,
    )?;
    let found = found.ok_or(Fault::NotFound { what: "token" })?;
    if cx.who.person() != Some(found.person) {
        manage(tx, cx, found.person)?;
    }
    let touched = tx.run(
        sql!("UPDATE api_token SET revoked_ms = $1 WHERE org_id = $2 AND id = $3 AND revoked_ms IS NULL"),
        args![cx.now_ms(), cx.org, id],
    )?;
    if touched > 0 {
        let body = serde_json::json!({ "name": found.name });
        let about = [Ref::new("person", found.person.0)];
        events::record(tx, cx, "token.revoked", Ref::new("token", id.0), &about, &body)?;
    }
    Ok(())
}

/// What this text leads to: a token that holds, of a person who is active.
pub fn find(tx: &mut Tx<'_>, clock: &Clock, text: &str) -> Result<Option<Found>, Fault> {
    let Some((org, hash)) = read(text) else { return Ok(None) };
    let now_ms = clock.now_ms();
    tx.maybe(
        sql!(
            "SELECT t.id, t.person_id, t.name, t.rights, t.seen_ms FROM api_token t
              JOIN person p ON p.org_id = t.org_id AND p.id = t.person_id
              WHERE t.org_id = $1 AND t.hash = $2 AND t.revoked_ms IS NULL AND t.until_ms > $3 AND p.state = 'active'"
        ),
        args![org, hash, now_ms],
        |row| {
            Ok(Found {
                org,
                id: row.get(0)?,
                person: row.get(1)?,
                name: row.get(2)?,
                rights: split(&row.get::<String>(3)?),
                is_to_touch: row.get::<Option<i64>>(4)?.is_none_or(|seen_ms| seen_ms + TOUCH_MS <= now_ms),
            })
        },
    )
}

/// Writes down that it was used.
pub(super) fn touch(tx: &mut Tx<'_>, org: OrgId, id: TokenId, now_ms: i64) -> Result<(), Fault> {
    tx.run(sql!("UPDATE api_token SET seen_ms = $1 WHERE org_id = $2 AND id = $3"), args![now_ms, org, id])
        .map(drop)
}

fn token(row: &Row<'_>) -> Result<Token, Fault> {
    Ok(Token {
        id: row.get(0)?,
        person: row.get(1)?,
        name: row.get(2)?,
        hint: row.get(3)?,
        rights: split(&row.get::<String>(4)?),
        created_ms: row.get(5)?,
        until_ms: row.get(6)?,
        seen_ms: row.get(7)?,
        revoked_ms: row.get(8)?,
    })
}

fn write(org: OrgId) -> (String, Vec<u8>) {
    let secret = id::letters(&id::random::<32>());
    let body = format!("{PREFIX}{}{secret}", bearer::org_letters(org));
    let text = format!("{body}{}", check(&body));
    (text, bearer::kept(&secret))
}

fn read(text: &str) -> Option<(OrgId, Vec<u8>)> {
    let is_whole =
        text.is_ascii() && text.len() == PREFIX.len() + ORG_LETTERS + SECRET_LETTERS + CHECK_LETTERS;
    let (body, checked) = is_whole.then(|| text.split_at(text.len() - CHECK_LETTERS))?;
    let letters = (check(body) == checked).then(|| body.strip_prefix(PREFIX))??;
    let (org, secret) = letters.split_at(ORG_LETTERS);
    Some((bearer::org_of(org)?, bearer::kept(secret)))
}

/// 32 bits: a mistyped or cut token is told apart without asking the store.
fn check(body: &str) -> String {
    id::letters(&Sha256::digest(body.as_bytes())[..4])
}
