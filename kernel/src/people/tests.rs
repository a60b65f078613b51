//! Stories of people coming in and being shut out.

use std::time::Duration;

use super::sign_in::{self, Attempt, From};
use super::{Kind, New, Page, link, password, token, totp};
use crate::access::{self, BuiltIn};
use crate::events;
use crate::id::{EventId, PersonId, Ref};
use crate::store::Tx;
use crate::testing::{House, story};
use crate::{Cx, Fault, SCHEMA, people, session, settings, tenancy};

const PASSWORD: &str = "correct horse battery";

fn from(address: &str) -> From {
    From { device: "Firefox on Linux\n".to_owned(), address: address.to_owned() }
}

fn write<T, W>(house: &House, cx: &Cx, work: W) -> impl Future<Output = Result<T, Fault>> + use<T, W>
where
    T: Send + 'static,
    W: Fn(&mut Tx<'_>, &Cx) -> Result<T, Fault> + Send + 'static,
{
    let (cx, db) = (cx.clone(), house.db().clone());
    async move { db.write(move |tx| work(tx, &cx)).await }
}

async fn set_password(house: &House, person: PersonId) {
    let hashed = password::hash(PASSWORD.to_owned(), &[]).await.unwrap();
    write(house, &house.cx(), move |tx, cx| password::set(tx, cx, person, &hashed)).await.unwrap();
}

async fn attempt(house: &House, email: &str, password: &str, code: Option<String>) -> Result<Attempt, Fault> {
    sign_in::by_password(&house.ground, house.org, email, password.to_owned(), code, from("192.0.2.1")).await
}

#[test]
fn a_link_lets_one_in_once_and_for_a_quarter_of_an_hour() {
    story(&[SCHEMA], vec![], vec![], |house| async move {
        let (ada, _) = house.person("Ada", Some(BuiltIn::Owner)).await;
        let code = write(&house, &house.cx(), move |tx, cx| link::issue(tx, cx, ada)).await.unwrap();
        assert_eq!((code.len(), &code[4..5]), (9, "-"));
        let typed = code.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
        let tries = (0..6).map(|n| {
            let (ground, org, typed) = (house.ground.clone(), house.org, typed.clone());
            tokio::spawn(async move {
                sign_in::by_link(&ground, org, &typed, from(&format!("192.0.2.{n}"))).await
            })
        });
        let mut signed_in = Vec::new();
        for attempt in tries.collect::<Vec<_>>() {
            signed_in.extend(attempt.await.unwrap());
        }
        assert_eq!(signed_in.len(), 1, "of all at once, one gets in");
        let (cx, _) = sign_in::by_cookie(&house.ground, &signed_in[0].cookie).await.unwrap();
        assert!(cx.rights.is_everything());
        let late = write(&house, &house.cx(), move |tx, cx| link::issue(tx, cx, ada)).await.unwrap();
        house.ground.clock.forward(Duration::from_mins(15));
        let fault =
            sign_in::by_link(&house.ground, house.org, &late, from("198.51.100.1")).await.unwrap_err();
        assert_eq!(fault.code(), "sign_in");
    });
}

#[test]
fn guessing_gets_slower_for_the_account_and_for_the_address() {
    story(&[SCHEMA], vec![], vec![], |house| async move {
        let (ada, _) = house.person("Ada", None).await;
        set_password(&house, ada).await;
        for _ in 0..6 {
            assert_eq!(
                attempt(&house, "ada@example.org", "wrong", None).await.unwrap_err().code(),
                "sign_in"
            );
        }
        let fault = attempt(&house, " ADA@example.org", PASSWORD, None).await.unwrap_err();
        assert!(matches!(fault, Fault::TooMany { retry_after_s: 1..=2 }), "{fault:?}");
        house.ground.clock.forward(Duration::from_secs(2));
        assert!(matches!(attempt(&house, "ada@example.org", PASSWORD, None).await, Ok(Attempt::In(_))));
        for n in 0..20 {
            drop(attempt(&house, &format!("nobody{n}@example.org"), "wrong", None).await);
        }
        let fault = attempt(&house, "ada@example.org", PASSWORD, None).await.unwrap_err();
        assert_eq!(fault.code(), "too_many", "the address has to wait, whoever it asks for");
        house.ground.clock.forward(Duration::from_hours(48));
        assert!(matches!(attempt(&house, "ada@example.org", PASSWORD, None).await, Ok(Attempt::In(_))));
        assert!(house.ground.sweep().await.unwrap() > 0);
        assert_eq!(house.ground.sweep().await.unwrap(), 0);
    });
}

#[test]
fn the_second_factor_is_asked_for_and_no_code_works_twice() {
    story(&[SCHEMA], vec![], vec![], |house| async move {
        let (ada, cx) = house.person("Ada", Some(BuiltIn::Operator)).await;
        set_password(&house, ada).await;
        let enrolment = write(&house, &cx, move |tx, cx| totp::enrol(tx, cx, ada)).await.unwrap();
        assert!(
            matches!(attempt(&house, "ada@example.org", PASSWORD, None).await, Ok(Attempt::In(_))),
            "pending"
        );
        let secret = from_base32(&enrolment.secret);
        assert!(enrolment.address.contains("ada%40example.org?secret="));
        let now = || totp::code_at(&secret, house.ground.clock.now_ms() / 30_000);
        let wrong = write(&house, &cx, move |tx, cx| totp::confirm(tx, cx, ada, "000000x")).await;
        assert_eq!(wrong.unwrap_err().code(), "invalid");
        let first = now();
        let codes = write(&house, &cx, move |tx, cx| totp::confirm(tx, cx, ada, &first)).await.unwrap();
        assert_eq!(codes.len(), 10);
        assert!(matches!(attempt(&house, "ada@example.org", PASSWORD, None).await, Ok(Attempt::CodeNeeded)));
        let replay = attempt(&house, "ada@example.org", PASSWORD, Some(now())).await;
        assert_eq!(replay.unwrap_err().code(), "sign_in", "the code was used to confirm");
        house.ground.clock.forward(Duration::from_secs(30));
        assert!(matches!(
            attempt(&house, "ada@example.org", PASSWORD, Some(now())).await,
            Ok(Attempt::In(_))
        ));
        let recovery = codes[3].to_uppercase();
        let with = |code: String| attempt(&house, "ada@example.org", PASSWORD, Some(code));
        assert!(matches!(with(recovery.clone()).await, Ok(Attempt::In(_))));
        assert!(with(recovery).await.is_err(), "a recovery code works once");
        let left = write(&house, &cx, move |tx, cx| totp::recovery_left(tx, cx, ada)).await.unwrap();
        assert_eq!(left, 9);
        house.ground.clock.forward(Duration::from_mins(1));
        for _ in 0..6 {
            // Asking with the password alone in between wins no further guesses.
            drop(with("000000".to_owned()).await);
            drop(attempt(&house, "ada@example.org", PASSWORD, None).await);
        }
        assert_eq!(with(now()).await.unwrap_err().code(), "too_many");
        house.ground.clock.forward(Duration::from_mins(30));
        let fault = sign_in::turn_off_totp(&house.ground, &cx, "123456x".to_owned()).await.unwrap_err();
        assert_eq!(fault.code(), "invalid");
        assert_eq!(sign_in::renew_recovery(&house.ground, &cx, codes[4].clone()).await.unwrap().len(), 10);
        assert!(
            write(&house, &cx, move |tx, cx| totp::remove(tx, cx, ada)).await.is_err(),
            "not without a code"
        );
        sign_in::turn_off_totp(&house.ground, &cx, now()).await.unwrap();
        assert!(matches!(attempt(&house, "ada@example.org", PASSWORD, None).await, Ok(Attempt::In(_))));
    });
}

fn from_base32(text: &str) -> Vec<u8> {
    let mut bits = String::new();
    for letter in text.chars() {
        let value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(letter).expect("a letter of base 32");
        bits = format!("{bits}{value:05b}");
    }
    bits.as_bytes()
        .chunks_exact(8)
        .map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap())
        .collect()
}

#[test]
fn codes_are_those_of_rfc_6238() {
    // Appendix B, SHA-1, the last six of the eight digits given there.
    let secret = b"12345678901234567890";
    for (seconds, code) in [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000_i64, "353130"),
    ] {
        assert_eq!(totp::code_at(secret, seconds / 30), code);
    }
}

#[test]
fn sessions_end_by_lying_idle_by_age_and_by_hand() {
    story(&[SCHEMA], vec![], vec![], |house| async move {
        let (ada, cx) = house.person("Ada", Some(BuiltIn::Viewer)).await;
        let open = || write(&house, &cx, move |tx, cx| session::open(tx, cx, ada, &from("192.0.2.9")));
        let (one, first) = open().await.unwrap();
        let (_, second) = open().await.unwrap();
        let is_in = |cookie: String| {
            let ground = house.ground.clone();
            async move { sign_in::by_cookie(&ground, &cookie).await.is_ok() }
        };
        let ended = write(&house, &cx, move |tx, cx| session::end_others(tx, cx, ada, one)).await.unwrap();
        assert_eq!(ended, 1);
        assert!(is_in(first.clone()).await && !is_in(second).await);
        for _ in 0..4 {
            house.ground.clock.forward(Duration::from_hours(6 * 24));
            assert!(is_in(first.clone()).await, "used within a week");
        }
        let listed = write(&house, &cx, move |tx, cx| session::list(tx, cx, ada)).await.unwrap();
        assert_eq!(
            (listed[0].device.as_str(), listed[0].seen_ms),
            ("Firefox on Linux", house.ground.clock.now_ms())
        );
        house.ground.clock.forward(Duration::from_secs(6 * 86_400 + 1));
        assert!(!is_in(first).await, "30 days are the end");
        let (_, idle) = open().await.unwrap();
        house.ground.clock.forward(Duration::from_hours(7 * 24));
        assert!(!is_in(idle.clone()).await, "a week unused");
        let (_, fresh) = open().await.unwrap();
        for broken in
            [&fresh[1..], &fresh[..fresh.len() - 1], "", ".", &format!("{fresh}é"), &fresh.replace('.', "")]
        {
            assert!(!is_in(broken.to_owned()).await);
        }
        let (ids, clock) = (house.ground.ids.clone(), house.ground.clock.clone());
        let other = house.db().write(move |tx| tenancy::create(tx, &ids, &clock, "b", "B")).await.unwrap();
        let (_, secret) = fresh.split_once('.').unwrap();
        assert!(!is_in(format!("{}.{secret}", &other.to_string()[4..])).await, "another organisation");
    });
}

#[test]
fn who_is_disabled_is_out_in_the_same_moment() {
    story(&[SCHEMA], vec![], vec![], |house| async move {
        let (root, root_cx) = house.person("Root", Some(BuiltIn::Owner)).await;
        let (ada, ada_cx) = house.person("Ada", Some(BuiltIn::Operator)).await;
        set_password(&house, ada).await;
        let Ok(Attempt::In(signed_in)) = attempt(&house, "ada@example.org", PASSWORD, None).await else {
            panic!("the password is right")
        };
        let (all, until_ms) = (house.ground.rights.clone(), house.ground.clock.now_ms() + 1000);
        let words = [access::VIEW_PEOPLE.word.to_owned()];
        let (_, text) =
            write(&house, &ada_cx, move |tx, cx| token::make(tx, cx, &all, "script", &words, until_ms))
                .await
                .unwrap();
        assert!(sign_in::by_token(&house.ground, &text).await.is_ok());
        let denied = write(&house, &ada_cx, move |tx, cx| people::disable(tx, cx, root)).await.unwrap_err();
        assert_eq!(denied.code(), "denied");
        write(&house, &root_cx, move |tx, cx| people::disable(tx, cx, ada)).await.unwrap();
        assert!(sign_in::by_cookie(&house.ground, &signed_in.cookie).await.is_err());
        assert!(sign_in::by_token(&house.ground, &text).await.is_err());
        assert!(attempt(&house, "ada@example.org", PASSWORD, None).await.is_err());
        let issued = write(&house, &house.cx(), move |tx, cx| link::issue(tx, cx, ada)).await;
        assert_eq!(issued.unwrap_err().code(), "disabled");
        let last = write(&house, &root_cx, move |tx, cx| people::disable(tx, cx, root)).await.unwrap_err();
        assert_eq!(last.code(), "last_owner");
        write(&house, &root_cx, move |tx, cx| people::enable(tx, cx, ada)).await.unwrap();
        assert!(sign_in::by_token(&house.ground, &text).await.is_err(), "a revoked token stays revoked");
        assert!(matches!(attempt(&house, "ada@example.org", PASSWORD, None).await, Ok(Attempt::In(_))));
    });
}

#[test]
fn a_token_may_never_do_more_than_its_maker_may_now() {
    story(&[SCHEMA], vec![], vec![], |house| async move {
        let (_, cx) = house.person("Ada", Some(BuiltIn::Operator)).await;
        let now_ms = cx.now_ms();
        let make = |words: Vec<&'static str>, until_ms: i64| {
            let all = house.ground.rights.clone();
            let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
            write(&house, &cx, move |tx, cx| token::make(tx, cx, &all, "ci", &words, until_ms))
        };
        assert_eq!(make(vec!["kernel.access.manage"], now_ms + 1).await.unwrap_err().code(), "denied");
        assert_eq!(make(vec!["no.such.word"], now_ms + 1).await.unwrap_err().code(), "invalid");
        assert_eq!(
            make(vec!["kernel.people.view"], now_ms + token::LONGEST_MS + 1).await.unwrap_err().code(),
            "invalid"
        );
        let (id, text) = make(vec!["kernel.people.view"], now_ms + 10_000).await.unwrap();
        assert!(text.starts_with("mst_") && text.len() == 76);
        let call = sign_in::by_token(&house.ground, &text).await.unwrap();
        assert_eq!(call.rights.words().collect::<Vec<_>>(), ["kernel.people.view"]);
        let all = house.ground.rights.clone();
        let words = ["kernel.people.view".to_owned()];
        let bred =
            write(&house, &call, move |tx, cx| token::make(tx, cx, &all, "x", &words, now_ms + 1)).await;
        assert!(bred.is_err(), "a token makes no tokens");
        let mut bent = text.clone().into_bytes();
        bent[40] = if bent[40] == b'a' { b'b' } else { b'a' };
        assert!(sign_in::by_token(&house.ground, &String::from_utf8(bent).unwrap()).await.is_err());
        house.ground.clock.forward(Duration::from_secs(10));
        assert!(sign_in::by_token(&house.ground, &text).await.is_err(), "it has ended");
        write(&house, &cx, move |tx, cx| token::revoke(tx, cx, id)).await.unwrap();
    });
}

#[test]
fn nobody_takes_over_somebody_who_may_do_more() {
    story(&[SCHEMA], vec![], vec![], |house| async move {
        let (root, _) = house.person("Root", Some(BuiltIn::Owner)).await;
        let (_, clerk) = house.person("Clerk", None).await;
        let mut rights = access::Rights::default();
        rights.grant(access::MANAGE_PEOPLE.word, None);
        let clerk = Cx { rights: std::sync::Arc::new(rights), ..clerk };
        let hashed = password::hash(PASSWORD.to_owned(), &[]).await.unwrap();
        assert_eq!(
            write(&house, &clerk, move |tx, cx| link::issue(tx, cx, root)).await.unwrap_err().code(),
            "denied"
        );
        let set = write(&house, &clerk, move |tx, cx| password::set(tx, cx, root, &hashed)).await;
        assert_eq!(set.unwrap_err().code(), "denied");
        let new = New { name: "R".into(), email: "thief@example.org".into(), kind: Kind::Staff };
        let moved = write(&house, &clerk, move |tx, cx| people::change(tx, cx, root, 1, &new)).await;
        assert_eq!(moved.unwrap_err().code(), "denied");
    });
}

#[test]
fn people_are_listed_by_name_and_every_change_is_told_without_secrets() {
    story(&[SCHEMA], vec![], vec![], |house| async move {
        for name in ["Cleo", "Ada", "Bert"] {
            house.person(name, None).await;
        }
        let page = |after: Option<(String, PersonId)>| {
            write(&house, &house.cx(), move |tx, cx| {
                people::list(tx, cx, None, &Page { after: after.clone(), limit: 2 })
            })
        };
        let first = page(None).await.unwrap();
        let last = page(first.last().map(|p| (p.name.clone(), p.id))).await.unwrap();
        let names: Vec<_> = first.iter().chain(&last).map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["Ada", "Bert", "Cleo"]);
        let ada = first[0].clone();
        set_password(&house, ada.id).await;
        let new = |name: &str, email: &str| New { name: name.into(), email: email.into(), kind: Kind::Staff };
        for email in
            ["", "a", "a@", "@b", "a@b@c", "a b@c.d", "a@b..c", "a@-b", "Ada <a@b.c>", "a@b.c\r\nBcc: x@y.z"]
        {
            let bad = new("Ada", email);
            let fault =
                write(&house, &house.cx(), move |tx, cx| people::add(tx, cx, &bad)).await.unwrap_err();
            assert_eq!(fault.code(), "invalid", "{email:?}");
        }
        let taken = new("Eve", "ADA@Example.ORG ");
        assert_eq!(
            write(&house, &house.cx(), move |tx, cx| people::add(tx, cx, &taken)).await.unwrap_err().code(),
            "exists"
        );
        let (id, org) = (ada.id, house.org);
        let timeline = move |tx: &mut Tx<'_>| {
            events::timeline(tx, org, &Ref::new("person", id.0), EventId(i64::MAX), 50)
        };
        let told = house.db().read(timeline).await.unwrap();
        assert!(told.iter().any(|event| event.verb == "person.password_set"));
        let all = told.iter().map(|event| event.body.to_string()).collect::<String>();
        assert!(!all.contains(PASSWORD) && !all.contains("argon2"), "{all}");
    });
}

#[test]
fn one_changes_ones_own_password_with_the_old_one() {
    story(&[SCHEMA], vec![], vec![], |house| async move {
        let (ada, cx) = house.person("Ada", None).await;
        set_password(&house, ada).await;
        let (here, _) =
            write(&house, &cx, move |tx, cx| session::open(tx, cx, ada, &from("a"))).await.unwrap();
        let change = |old: &str, new: &str| {
            sign_in::change_password(&house.ground, &cx, here, old.to_owned(), new.to_owned())
        };
        assert_eq!(change("wrong", "another good one").await.unwrap_err().code(), "invalid");
        for weak in ["short", "aaaaaaaaaaaaaaaaaaa", "ADA@EXAMPLE.ORG"] {
            assert_eq!(change(PASSWORD, weak).await.unwrap_err().code(), "invalid", "{weak}");
        }
        change(PASSWORD, "another good one").await.unwrap();
        assert!(attempt(&house, "ada@example.org", PASSWORD, None).await.is_err());
        assert!(attempt(&house, "ada@example.org", "another good one", None).await.is_ok());
        assert!(!password::matches(PASSWORD.to_owned(), None).await.unwrap());
    });
}

#[derive(Debug, Default, PartialEq, Clone, serde::Serialize, serde::Deserialize)]
struct Greeting {
    #[serde(default)]
    text: String,
}

impl settings::Setting for Greeting {
    const NAME: &'static str = "test.greeting";
    fn right() -> &'static access::Right {
        &access::MANAGE_SETTINGS
    }
    fn check(&self) -> Result<(), Fault> {
        if self.text.is_empty() { Err(Fault::invalid("text", "required", "say something")) } else { Ok(()) }
    }
}

#[test]
fn a_setting_is_changed_by_whoever_saw_it_last() {
    story(&[SCHEMA], vec![], vec![], |house| async move {
        let (_, owner) = house.person("Root", Some(BuiltIn::Owner)).await;
        let (_, operator) = house.person("Ada", Some(BuiltIn::Operator)).await;
        let set = |cx: &Cx, revision, text: &str| {
            let value = Greeting { text: text.to_owned() };
            write(&house, cx, move |tx, cx| settings::set(tx, cx, revision, &value))
        };
        assert_eq!(set(&operator, 0, "hello").await.unwrap_err().code(), "denied");
        assert_eq!(set(&owner, 0, "").await.unwrap_err().code(), "invalid");
        assert_eq!(set(&owner, 0, "hello").await.unwrap(), 1);
        assert_eq!(set(&owner, 0, "late").await.unwrap_err().code(), "stale");
        assert_eq!(set(&owner, 1, "hello").await.unwrap(), 1, "nothing changed");
        assert_eq!(set(&owner, 1, "bye").await.unwrap(), 2);
        let org = house.org;
        let now = house.db().read(move |tx| settings::get::<Greeting>(tx, org)).await.unwrap();
        assert_eq!((now.value.text.as_str(), now.revision), ("bye", 2));
        let told = house.db().read(move |tx| events::all(tx, org, EventId(i64::MAX), 1)).await.unwrap();
        assert_eq!(told[0].body["before"]["text"], "hello");
        assert_eq!(told[0].body["after"]["text"], "bye");
    });
}
