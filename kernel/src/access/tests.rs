//! Who may do what: rules, and stories on both engines.

use proptest::prelude::*;

use super::{
    BuiltIn, Grantee, MANAGE_ACCESS, RIGHTS, Rights, Scope, Scopes, VIEW_AUDIT, VIEW_PEOPLE, add_member,
    built_in, change_role, grant, grants, make_role, make_team, remove_member, remove_role, remove_team,
    revoke, rights_of, roles, testing,
};
use crate::id::{PersonId, RoleId, TeamId};
use crate::store::Tx;
use crate::testing::{House, story};
use crate::{Cx, Fault, SCHEMA};

fn write<T, W>(house: &House, cx: &Cx, work: W) -> impl Future<Output = Result<T, Fault>> + use<T, W>
where
    T: Send + 'static,
    W: Fn(&mut Tx<'_>, &Cx) -> Result<T, Fault> + Send + 'static,
{
    let (cx, db) = (cx.clone(), house.db().clone());
    async move { db.write(move |tx| work(tx, &cx)).await }
}

#[test]
fn the_table_of_rights_and_roles() {
    let table = "                        owner operator viewer
kernel.access.manage    ✔     ·        ·
kernel.audit.view       ✔     ✔        ✔
kernel.channels.manage  ✔     ·        ·
kernel.job.manage       ✔     ✔        ·
kernel.people.manage    ✔     ·        ·
kernel.people.view      ✔     ✔        ✔
kernel.settings.manage  ✔     ·        ·
kernel.token.make       ✔     ✔        ·
";
    assert_eq!(testing::table(RIGHTS), table);
}

fn any_rights() -> impl Strategy<Value = Rights> {
    let words = proptest::collection::vec((0..4_u8, proptest::option::of(1..4_i64)), 0..8);
    (words, proptest::bool::weighted(0.1)).prop_map(|(words, is_everything)| {
        let mut rights = if is_everything { Rights::everything() } else { Rights::default() };
        for (word, team) in words {
            rights.grant(&format!("w.{word}"), team.map(TeamId));
        }
        rights
    })
}

proptest! {
    #[test]
    fn covering_is_holding_every_word_everywhere(mine in any_rights(), theirs in any_rights()) {
        let places = [Scope::Org, Scope::Team(Some(TeamId(1))), Scope::Team(Some(TeamId(2))), Scope::Team(Some(TeamId(3)))];
        let words = ["w.0", "w.1", "w.2", "w.3", "w.unknown"];
        let holds_all = words.iter().all(|w| places.iter().all(|p| !theirs.has_word(w, *p) || mine.has_word(w, *p)));
        prop_assert_eq!(mine.covers(&theirs), holds_all);
    }

    #[test]
    fn narrowing_never_adds(rights in any_rights(), keep in proptest::collection::vec(0..5_u8, 0..4)) {
        let keep: Vec<String> = keep.iter().map(|n| format!("w.{n}")).collect();
        let narrow = rights.clone().narrowed(&keep);
        prop_assert!(rights.covers(&narrow));
        prop_assert!(narrow.words().all(|word| keep.iter().any(|kept| kept == word)));
        prop_assert!(!narrow.is_everything());
    }
}

async fn role_of(house: &House, which: BuiltIn) -> RoleId {
    let all = write(house, &house.cx(), roles).await.unwrap();
    all.iter().find(|role| role.built_in == Some(which)).unwrap().id
}

#[test]
fn rights_come_from_oneself_and_from_ones_teams_at_their_scope() {
    story(&[SCHEMA], vec![], vec![], |house| async move {
        let (ada, cx) = house.person("Ada", None).await;
        assert_eq!(*cx.rights, Rights::default());
        let root = house.cx();
        let net = write(&house, &root, |tx, cx| make_team(tx, cx, "Network")).await.unwrap();
        let all = house.ground.rights.clone();
        let words = [VIEW_AUDIT.word.to_owned()];
        let looks =
            write(&house, &root, move |tx, cx| make_role(tx, cx, &all, "Looks", &words)).await.unwrap();
        write(&house, &root, move |tx, cx| grant(tx, cx, looks, Grantee::Team(net), Some(net)))
            .await
            .unwrap();
        write(&house, &root, move |tx, cx| add_member(tx, cx, net, ada)).await.unwrap();
        let rights = house.call_of(ada, "Ada").await.rights;
        assert_eq!(rights.scopes(&VIEW_AUDIT), Scopes::Teams(vec![net]));
        assert!(!rights.has(&VIEW_AUDIT, Scope::Org) && rights.has(&VIEW_AUDIT, Scope::Team(Some(net))));
        let viewer = role_of(&house, BuiltIn::Viewer).await;
        write(&house, &root, move |tx, cx| grant(tx, cx, viewer, Grantee::Person(ada), None)).await.unwrap();
        assert_eq!(house.call_of(ada, "Ada").await.rights.scopes(&VIEW_AUDIT), Scopes::All);
        write(&house, &root, move |tx, cx| remove_team(tx, cx, net)).await.unwrap();
        let left = write(&house, &root, grants).await.unwrap();
        assert_eq!(left.len(), 1, "the team's grants went with it");
    });
}

#[test]
fn nobody_gives_what_they_do_not_hold() {
    story(&[SCHEMA], vec![], vec![], |house| async move {
        let (eve, _) = house.person("Eve", None).await;
        let (bob, _) = house.person("Bob", Some(BuiltIn::Owner)).await;
        let all = house.ground.rights.clone();
        let words: Vec<String> = [&MANAGE_ACCESS, &VIEW_PEOPLE].map(|r| r.word.to_owned()).to_vec();
        let clerk =
            write(&house, &house.cx(), move |tx, cx| make_role(tx, cx, &all, "Clerk", &words)).await.unwrap();
        write(&house, &house.cx(), move |tx, cx| grant(tx, cx, clerk, Grantee::Person(eve), None))
            .await
            .unwrap();
        let eve_cx = house.call_of(eve, "Eve").await;
        let owner = role_of(&house, BuiltIn::Owner).await;
        let operator = role_of(&house, BuiltIn::Operator).await;
        for role in [owner, operator] {
            let fault =
                write(&house, &eve_cx, move |tx, cx| grant(tx, cx, role, Grantee::Person(eve), None)).await;
            assert_eq!(fault.unwrap_err().code(), "denied");
        }
        let all = house.ground.rights.clone();
        let grown: Vec<String> = all.iter().map(|right| right.word.to_owned()).collect();
        let (list, words) = (all.clone(), grown.clone());
        let made = write(&house, &eve_cx, move |tx, cx| make_role(tx, cx, &list, "More", &words)).await;
        assert_eq!(made.unwrap_err().code(), "denied");
        let changed =
            write(&house, &eve_cx, move |tx, cx| change_role(tx, cx, &all, clerk, 1, "Clerk", &grown)).await;
        assert_eq!(changed.unwrap_err().code(), "denied");
        let team = write(&house, &house.cx(), |tx, cx| make_team(tx, cx, "Owners")).await.unwrap();
        write(&house, &house.cx(), move |tx, cx| grant(tx, cx, owner, Grantee::Team(team), None))
            .await
            .unwrap();
        let joined = write(&house, &eve_cx, move |tx, cx| add_member(tx, cx, team, eve)).await;
        assert_eq!(joined.unwrap_err().code(), "denied", "a team is not a way round");
        let theirs = write(&house, &eve_cx, grants).await.unwrap();
        let bobs = theirs.iter().find(|g| g.to == Grantee::Person(bob)).unwrap().id;
        assert_eq!(
            write(&house, &eve_cx, move |tx, cx| revoke(tx, cx, bobs)).await.unwrap_err().code(),
            "denied"
        );
    });
}

#[test]
fn the_last_owner_stays_even_when_two_go_at_once() {
    story(&[SCHEMA], vec![], vec![], |house| async move {
        let (_, ada) = house.person("Ada", Some(BuiltIn::Owner)).await;
        let (_, bob) = house.person("Bob", Some(BuiltIn::Owner)).await;
        let all = write(&house, &ada, grants).await.unwrap();
        let goes = all.into_iter().zip([ada.clone(), bob]).map(|(grant, cx)| {
            let db = house.db().clone();
            tokio::spawn(async move { db.write(move |tx| revoke(tx, &cx, grant.id)).await })
        });
        let mut ends = Vec::new();
        for go in goes.collect::<Vec<_>>() {
            ends.push(go.await.unwrap().map_err(|fault| fault.code()));
        }
        ends.sort_unstable();
        assert_eq!(ends, [Ok(()), Err("last_owner")]);
        let owner = role_of(&house, BuiltIn::Owner).await;
        let left = write(&house, &house.cx(), grants).await.unwrap();
        let team = write(&house, &house.cx(), |tx, cx| make_team(tx, cx, "Owners")).await.unwrap();
        let Grantee::Person(last) = left[0].to else { panic!("owners are people here") };
        write(&house, &house.cx(), move |tx, cx| grant(tx, cx, owner, Grantee::Team(team), None))
            .await
            .unwrap();
        write(&house, &house.cx(), move |tx, cx| add_member(tx, cx, team, last)).await.unwrap();
        let id = left[0].id;
        write(&house, &house.cx(), move |tx, cx| revoke(tx, cx, id)).await.unwrap();
        let fault =
            write(&house, &house.cx(), move |tx, cx| remove_member(tx, cx, team, last)).await.unwrap_err();
        assert_eq!(fault.code(), "last_owner", "owner by a team counts");
        let fault = write(&house, &house.cx(), move |tx, cx| remove_team(tx, cx, team)).await.unwrap_err();
        assert_eq!(fault.code(), "last_owner");
    });
}

#[test]
fn built_in_roles_grow_with_the_house_and_stay_as_they_are() {
    static NEW: super::Right = super::Right::new("room.thing.do", "Do things");
    story(&[SCHEMA], vec![], vec![], |house| async move {
        let (ada, _) = house.person("Ada", Some(BuiltIn::Operator)).await;
        let mut all = house.ground.rights.clone();
        all.push(&NEW);
        let grown = all.clone();
        write(&house, &house.cx(), move |tx, cx| built_in(tx, cx, &grown)).await.unwrap();
        assert!(house.call_of(ada, "Ada").await.rights.has(&NEW, Scope::Org));
        let operator = role_of(&house, BuiltIn::Operator).await;
        let fault =
            write(&house, &house.cx(), move |tx, cx| change_role(tx, cx, &all, operator, 2, "x", &[])).await;
        assert_eq!(fault.unwrap_err().code(), "built_in");
        let fault = write(&house, &house.cx(), move |tx, cx| remove_role(tx, cx, operator)).await;
        assert_eq!(fault.unwrap_err().code(), "built_in");
        let org = house.org;
        let nobody = house.db().read(move |tx| rights_of(tx, org, PersonId(1))).await.unwrap();
        assert_eq!(nobody, Rights::default());
    });
}
