//! Rights that hold for one team only: what a page counts is what its reader may see.

use mainstay_kernel::access::{self, BuiltIn, Grantee};
use mainstay_kernel::people::sign_in;
use mainstay_kernel::session;
use mainstay_record::asset::{self, Edit, Sight};
use mainstay_record::work;

use crate::house::{Caller, caller, look, router, told};

#[test]
fn a_member_of_a_team_is_told_the_figures_of_the_team() {
    told(|house| async move {
        let router = router(&house);
        let owner = caller(&house, "Owner", BuiltIn::Owner).await;
        let (tia, _) = house.person("Tia", None).await;
        let by_owner = owner.cx.clone().unwrap();
        let (team, cookie) = house
            .db()
            .write(move |tx| {
                let cx = &by_owner;
                let team = access::make_team(tx, cx, "North")?;
                for (name, team) in [("north-1", Some(team)), ("south-1", None), ("south-2", None)] {
                    let sight = Sight { kind: "host", identity: name, name, summary: "Debian" };
                    let id = asset::see(tx, cx, &sight)?;
                    let seen = asset::get(tx, cx, id)?;
                    let (name, environment) = (seen.name, seen.environment);
                    let edit = Edit { name, environment, criticality: seen.criticality, team, owner: None };
                    asset::edit(tx, cx, id, seen.revision, &edit)?;
                    let new = work::New {
                        title: "Look after it".into(),
                        priority: 2,
                        team,
                        ..work::New::default()
                    };
                    work::create(tx, cx, &new)?;
                }
                let roles = access::roles(tx, cx)?;
                let viewer =
                    roles.iter().find(|r| r.built_in == Some(BuiltIn::Viewer)).expect("a viewer's role");
                access::grant(tx, cx, viewer.id, Grantee::Person(tia), Some(team))?;
                Ok((team, session::open(tx, cx, tia, &sign_in::From::default())?.1))
            })
            .await
            .unwrap();
        let member = Caller { cookie: Some(cookie), id: tia, cx: None };
        let (all, own) = (look(&router, &owner, "/").await.text, look(&router, &member, "/").await.text);
        // Assets, findings, critical and high, updates, work, plans.
        let figures = |text: &str| -> Vec<String> {
            let strip = text.split("State of the estate").nth(1).unwrap().split("</ul>").next().unwrap();
            strip.split("<b>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned()).collect()
        };
        assert_eq!(figures(&all), ["3", "0", "0", "0", "3", "0"]);
        assert_eq!(figures(&own), ["1", "0", "0", "0", "1", "0"]);
        assert!(!own.contains("south-1"));

        for of_north in [format!("/assets?team={team}"), format!("/api/v1/assets?team={team}")] {
            let text = look(&router, &owner, &of_north).await.text;
            assert!(text.contains("north-1") && !text.contains("south-"), "{of_north}: {text}");
        }
        let of_team = look(&router, &owner, &format!("/settings/teams/{team}")).await.text;
        assert!(of_team.contains(&format!("href=\"/assets?team={team}\">1 asset")), "{of_team}");
        assert_eq!(look(&router, &owner, "/assets?team=tem_0000000000000").await.status, 404);
    });
}
