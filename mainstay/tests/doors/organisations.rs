//! Several organisations in one installation: each comes in by its own door, and meets nobody of another.

use axum::http::header;
use mainstay::organisations;
use mainstay_kernel::access::Rights;
use mainstay_kernel::people::sign_in;
use mainstay_kernel::{Who, tenancy};
use mainstay_record::asset::{self, Sight};

use crate::house::{Caller, FORM, ask, look, nobody, router, told};

/// Whoever holds the cookie of this answer.
fn holder(cookie: &str) -> Caller {
    let text = cookie.strip_prefix("ms=").and_then(|rest| rest.split(';').next()).expect("a cookie");
    Caller { cookie: Some(text.to_owned()), ..nobody() }
}

#[test]
fn the_owner_of_a_second_organisation_comes_in_by_its_own_link_and_sees_only_that() {
    told(|house| async move {
        let router = router(&house);
        let (cx, ground) = (house.cx(), house.ground.clone());
        let host = house
            .db()
            .write(move |tx| {
                let sight = Sight { kind: "host", identity: "machine:1", name: "ours", summary: "Debian" };
                asset::see(tx, &cx, &sight)
            })
            .await
            .unwrap();
        let code =
            house.db().write(move |tx| organisations::add(tx, &ground, "acme", "Acme & Sons")).await.unwrap();
        assert_eq!(ask(&router, &nobody(), "POST", &format!("/in/{code}"), &[], "").await.status, 401);
        let offered = look(&router, &nobody(), &format!("/in/{code}?org=acme")).await;
        assert!(offered.text.contains(&format!("action=\"/in/{code}?org=acme\"")), "{}", offered.text);
        let came = ask(&router, &nobody(), "POST", &format!("/in/{code}?org=acme"), &[], "").await;
        assert_eq!(came.status, 303, "a wrong door does not use the link up");
        let owner = holder(came.header("set-cookie"));
        let home = look(&router, &owner, "/").await;
        assert!(home.text.contains("<title>") && home.text.contains("Acme &amp; Sons"), "{}", home.text);
        assert_eq!(look(&router, &owner, &format!("/assets/{host}")).await.status, 404);
        let people = look(&router, &owner, "/settings/people").await.text;
        assert_eq!(people.matches("href=\"/settings/people/per_").count(), 1, "only its own owner: {people}");
    });
}

#[test]
fn a_password_fits_only_in_its_own_organisation_and_a_strange_name_says_no_more_than_a_wrong_password() {
    told(|house| async move {
        let router = router(&house);
        assert!(
            !look(&router, &nobody(), "/sign-in").await.text.contains("name=\"org\""),
            "one needs no name"
        );
        let ground = house.ground.clone();
        let made = house.db().write(move |tx| organisations::add(tx, &ground, "acme", "Acme")).await;
        let org = house.db().read(|tx| tenancy::by_slug(tx, "acme")).await.unwrap().unwrap().id;
        let from = sign_in::From::default();
        let came = sign_in::by_link(&house.ground, org, &made.unwrap(), from).await.unwrap();
        let who = Who::Person { id: came.person.id, name: came.person.name };
        let cx = house.ground.call(org, who, Rights::default());
        let new = "a long enough phrase".to_owned();
        sign_in::change_password(&house.ground, &cx, came.session, String::new(), new).await.unwrap();
        assert!(look(&router, &nobody(), "/sign-in?org=acme").await.text.contains("value=\"acme\""));
        let with = |org: &str| {
            format!("org={org}&email=owner%40localhost.localdomain&password=a+long+enough+phrase")
        };
        let wrong = ask(&router, &nobody(), "POST", "/sign-in", &[FORM], with("")).await;
        let strange = ask(&router, &nobody(), "POST", "/sign-in", &[FORM], with("nowhere")).await;
        assert_eq!((wrong.status.as_u16(), strange.status.as_u16()), (401, 401));
        assert_eq!(wrong.text, strange.text.replace("nowhere", ""));
        let right = ask(&router, &nobody(), "POST", "/sign-in", &[FORM], with("ACME+")).await;
        assert_eq!((right.status.as_u16(), right.header(header::LOCATION.as_str())), (303, "/"));
        let page = look(&router, &holder(right.header("set-cookie")), "/me").await;
        assert_eq!(page.status, 200);
    });
}

#[test]
fn a_short_name_is_taken_once_and_has_a_form() {
    told(|house| async move {
        for (slug, name, code) in [
            ("acme", "Acme", ""),
            ("acme", "Other", "exists"),
            ("Acme!", "Acme", "invalid"),
            ("b", " ", "invalid"),
        ] {
            let ground = house.ground.clone();
            let made = house.db().write(move |tx| organisations::add(tx, &ground, slug, name)).await;
            assert_eq!(made.err().map_or("", |fault| fault.code()), code, "{slug} {name}");
        }
    });
}
