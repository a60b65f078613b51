//! Teams, roles of one's own and who has which: by the pages, as an owner sets them up and others meet them.

use axum::http::StatusCode;
use mainstay_kernel::access::{self, BuiltIn, Grantee};
use mainstay_kernel::id::RoleId;

use crate::house::{Caller, FORM, Said, ask, caller, router, told};

async fn post(router: &axum::Router, who: &Caller, path: &str, body: &str) -> Said {
    ask(router, who, "POST", path, &[FORM], body.to_owned()).await
}

async fn page(router: &axum::Router, who: &Caller, path: &str) -> String {
    let said = ask(router, who, "GET", path, &[], "").await;
    assert_eq!(said.status, StatusCode::OK, "{path}: {}", said.text);
    said.text
}

/// Where a form led.
fn led(said: &Said) -> String {
    assert_eq!(said.status, StatusCode::SEE_OTHER, "{}", said.text);
    said.header("location").to_owned()
}

#[test]
fn a_team_gets_a_role_for_what_it_owns_and_loses_it_again() {
    told(|house| async move {
        let router = router(&house);
        let owner = caller(&house, "Ona Owner", BuiltIn::Owner).await;
        let (tia, _) = house.person("Tia Teller", None).await;

        let team = led(&post(&router, &owner, "/settings/teams", "name=North").await);
        led(&post(&router, &owner, &format!("{team}/members"), &format!("person={tia}")).await);
        let role = led(&post(
            &router,
            &owner,
            "/settings/roles",
            "name=Keeper&rights=record.view&rights=record.work.edit",
        )
        .await);
        let (team_id, role_id) = (&team["/settings/teams/".len()..], &role["/settings/roles/".len()..]);
        let give = format!("to={team_id}&role={role_id}&scope={team_id}");
        assert_eq!(led(&post(&router, &owner, "/settings/grants", &give).await), team);

        let of_tia = page(&router, &owner, &format!("/settings/people/{tia}")).await;
        assert!(of_tia.contains("by being in") && of_tia.contains("Keeper"), "{of_tia}");
        assert!(
            of_tia.contains("for what North owns"),
            "what it adds up to is told with its scope: {of_tia}"
        );
        assert!(page(&router, &owner, &role).await.contains("everybody in"), "the role names its holders");

        // The same again is refused in the form itself, and so is an owner of less than everything.
        let again = post(&router, &owner, "/settings/grants", &give).await;
        assert!(again.text.contains("Keeper is given there already"), "{}", again.text);
        let owners = role_of(&house, BuiltIn::Owner).await;
        let partly =
            post(&router, &owner, "/settings/grants", &format!("to={tia}&role={owners}&scope={team_id}"))
                .await;
        assert!(partly.text.contains("an owner owns the whole organisation"), "{}", partly.text);

        // A role that somebody has stays; its team goes, and it with it.
        let kept = post(&router, &owner, &format!("{role}/remove"), "").await;
        assert_eq!(kept.status, StatusCode::CONFLICT);
        assert!(page(&router, &owner, &format!("{team}/remove")).await.contains("1 role given to it"));
        assert_eq!(led(&post(&router, &owner, &format!("{team}/remove"), "").await), "/settings/teams");
        let of_tia = page(&router, &owner, &format!("/settings/people/{tia}")).await;
        assert!(of_tia.contains("Nothing yet: no role was given."), "{of_tia}");
        assert_eq!(led(&post(&router, &owner, &format!("{role}/remove"), "").await), "/settings/roles");
    });
}

async fn role_of(house: &mainstay_kernel::testing::House, of: BuiltIn) -> RoleId {
    let cx = house.cx();
    let found = move |tx: &mut mainstay_kernel::store::Tx<'_>| access::roles(tx, &cx);
    let roles = house.db().read(found).await.unwrap();
    roles.into_iter().find(|role| role.built_in == Some(of)).unwrap().id
}

#[test]
fn nobody_gives_away_what_they_do_not_have_and_one_owner_stays() {
    told(|house| async move {
        let router = router(&house);
        let owner = caller(&house, "Ona Owner", BuiltIn::Owner).await;
        let deputy = caller(&house, "Dea Deputy", BuiltIn::Viewer).await;
        let deputy_id = deputy.cx.as_ref().unwrap().who.person().unwrap();
        let role = led(&post(
            &router,
            &owner,
            "/settings/roles",
            "name=Deputy&rights=kernel.access.manage&rights=kernel.people.view",
        )
        .await);
        let role_id = &role["/settings/roles/".len()..];
        led(&post(&router, &owner, "/settings/grants", &format!("to={deputy_id}&role={role_id}&scope="))
            .await);

        let owners = role_of(&house, BuiltIn::Owner).await;
        let operators = role_of(&house, BuiltIn::Operator).await;
        for wanted in [owners, operators] {
            let said =
                post(&router, &deputy, "/settings/grants", &format!("to={deputy_id}&role={wanted}")).await;
            assert_eq!(said.status, StatusCode::FORBIDDEN, "{}", said.text);
        }
        let said = post(&router, &deputy, "/settings/roles", "name=More&rights=kernel.people.manage").await;
        assert_eq!(said.status, StatusCode::FORBIDDEN, "{}", said.text);
        let more = "revision=1&name=Deputy&rights=kernel.access.manage&rights=kernel.settings.manage";
        let said = post(&router, &deputy, &role, more).await;
        assert_eq!(
            said.status,
            StatusCode::FORBIDDEN,
            "a role cannot grow beyond who changes it: {}",
            said.text
        );

        // The last owner cannot be taken away, by nobody.
        let owner_id = owner.cx.as_ref().unwrap().who.person().unwrap();
        let cx = house.cx();
        let all = house.db().read(move |tx| access::grants(tx, &cx)).await.unwrap();
        for grant in all.iter().filter(|g| g.role == owners && g.to != Grantee::Person(owner_id)) {
            let cx = house.cx();
            let id = grant.id;
            house.db().write(move |tx| access::revoke(tx, &cx, id)).await.unwrap();
        }
        let last = all.iter().find(|g| g.to == Grantee::Person(owner_id)).unwrap().id;
        let said = post(&router, &owner, &format!("/settings/grants/{last}/revoke"), "").await;
        assert_eq!(said.status, StatusCode::CONFLICT);
        assert!(said.text.contains("last owner"), "{}", said.text);
    });
}

#[test]
fn a_list_of_people_goes_on_beyond_fifty() {
    told(|house| async move {
        let router = router(&house);
        let owner = caller(&house, "Ona Owner", BuiltIn::Owner).await;
        for number in 0..60 {
            house.person(&format!("Person {number:02}"), Some(BuiltIn::Viewer)).await;
        }
        let mut path = "/settings/people".to_owned();
        let mut seen = 0;
        loop {
            let text = page(&router, &owner, &path).await;
            seen += text.matches("href=\"/settings/people/per_").count();
            let Some(rest) = text.split("href=\"/settings/people?after=").nth(1) else { break };
            path =
                format!("/settings/people?after={}", rest.split('"').next().unwrap().replace("&amp;", "&"));
        }
        assert!(seen >= 61, "{seen} people were listed");
    });
}
