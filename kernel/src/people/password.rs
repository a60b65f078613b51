//! Passwords: argon2id with the parameters OWASP asks for (19 MiB, two passes, one lane), computed off the threads
//! that serve requests, two at a time so that memory stays bounded.

use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

use super::{manage, store};
use crate::access::Scope;
use crate::id::{self, PersonId, Ref};
use crate::store::Tx;
use crate::{Cx, Fault, access, events, session};

static AT_ONCE: Semaphore = Semaphore::const_new(2);
const LEAST_LETTERS: usize = 12;
const MOST_BYTES: usize = 512;
/// The hash of a password that nobody has, for an attempt on an account that does not exist to take as long.
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bWFpbnN0YXlub2JvZHlzMQ$aHHrxFqHhKHOp9qV7wEhjFQc0SYVXj0UGRXWnJ0gMUs";

/// A hashed password, ready to be written.
#[derive(Clone)]
pub struct Hashed(String);

impl std::fmt::Debug for Hashed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hashed(…)")
    }
}

/// Judges and hashes a password. `of` are words that it must not consist of: the person's name and address.
///
/// # Errors
/// `Invalid` on `password`: shorter than 12 letters, longer than 512 bytes, one letter only, or the person's own words.
pub async fn hash(password: String, of: &[&str]) -> Result<Hashed, Fault> {
    judge(&password, of)?;
    let work = move || {
        let salt = id::random::<16>();
        Argon2::default().hash_password_with_salt(password.as_bytes(), &salt).map(|hash| hash.to_string())
    };
    slowly(work).await?.map(Hashed).map_err(|error| Fault::broken(error.to_string()))
}

/// Whether the password is the one behind the hash. Without a hash it takes as long and answers no.
pub async fn matches(password: String, hash: Option<String>) -> Result<bool, Fault> {
    let work = move || {
        let is_known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODYS.to_owned());
        let is_it = password.len() <= MOST_BYTES
            && Argon2::default().verify_password(password.as_bytes(), hash.as_str()).is_ok();
        is_it && is_known
    };
    slowly(work).await
}

/// Sets somebody's password. People set their own through [`super::sign_in::change_password`], which asks for the old
/// one; this is for the house and for those who manage people. All sessions of the person end.
pub fn set(tx: &mut Tx<'_>, cx: &Cx, person: PersonId, hashed: &Hashed) -> Result<(), Fault> {
    super::get(tx, cx.org, person)?;
    manage(tx, cx, person)?;
    write(tx, cx, person, hashed)?;
    session::end_all(tx, cx.org, person).map(drop)
}

/// Takes somebody's password away: they sign in by link only.
pub fn remove(tx: &mut Tx<'_>, cx: &Cx, person: PersonId) -> Result<(), Fault> {
    super::get(tx, cx.org, person)?;
    cx.may(&access::MANAGE_PEOPLE, Scope::Org)?;
    manage(tx, cx, person)?;
    store::set_password(tx, cx.org, person, None)?;
    let body = serde_json::json!({});
    events::record(tx, cx, "person.password_removed", Ref::new("person", person.0), &[], &body).map(drop)
}

pub(super) fn write(tx: &mut Tx<'_>, cx: &Cx, person: PersonId, hashed: &Hashed) -> Result<(), Fault> {
    store::set_password(tx, cx.org, person, Some(&hashed.0))?;
    let body = serde_json::json!({});
    events::record(tx, cx, "person.password_set", Ref::new("person", person.0), &[], &body).map(drop)
}

fn judge(password: &str, of: &[&str]) -> Result<(), Fault> {
    let refused = |code, detail: &str| Err(Fault::invalid("password", code, detail));
    if password.chars().count() < LEAST_LETTERS {
        return refused("too_short", "use at least 12 letters; a few words are good");
    }
    if password.len() > MOST_BYTES {
        return refused("too_long", "use at most 512 bytes");
    }
    let small = password.to_lowercase();
    let mut letters: Vec<char> = small.chars().collect();
    letters.sort_unstable();
    letters.dedup();
    if letters.len() < 5 {
        return refused("too_simple", "use more than a few different letters");
    }
    if of.iter().any(|own| !own.is_empty() && small == own.to_lowercase()) {
        return refused("own_words", "use something other than your name or address");
    }
    Ok(())
}

async fn slowly<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
    let permit = AT_ONCE.acquire().await.map_err(Fault::broken)?;
    let done = tokio::task::spawn_blocking(work).await.map_err(Fault::broken);
    drop(permit);
    done
}
