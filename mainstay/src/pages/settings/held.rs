//! Who may do what, read at once, and how it is told: the pages of people, teams and roles say the same.

use std::collections::BTreeMap;

use mainstay_face::ui::{Act, Choice, Field, Form, Row, form, hidden, link, pad, rows, select};
use mainstay_kernel::access::{self, BuiltIn, Grant, Grantee, MANAGE_ACCESS, Role, Scope, Team};
use mainstay_kernel::id::{PersonId, RoleId, TeamId};
use mainstay_kernel::store::Tx;
use mainstay_kernel::{Cx, Fault, Problem};
use maud::{Markup, html};

use super::{fault_of, faults_beside};

/// Teams with who is in them, roles, and who has which.
pub(super) struct Held {
    pub(super) teams: Vec<Team>,
    pub(super) members: BTreeMap<TeamId, Vec<PersonId>>,
    pub(super) roles: Vec<Role>,
    pub(super) grants: Vec<Grant>,
    /// Whether the reader may change any of it.
    pub(super) may_change: bool,
}

impl Held {
    pub(super) fn read(tx: &mut Tx<'_>, cx: &Cx) -> Result<Self, Fault> {
        let teams = access::teams(tx, cx)?;
        let mut members = BTreeMap::new();
        for team in &teams {
            members.insert(team.id, access::members(tx, cx.org, team.id)?);
        }
        Ok(Self {
            teams,
            members,
            roles: access::roles(tx, cx)?,
            grants: access::grants(tx, cx)?,
            may_change: cx.may(&MANAGE_ACCESS, Scope::Org).is_ok(),
        })
    }

    pub(super) fn role(&self, id: RoleId) -> &str {
        self.roles.iter().find(|role| role.id == id).map_or("", |role| role.name.as_str())
    }

    pub(super) fn team(&self, id: TeamId) -> &str {
        self.teams.iter().find(|team| team.id == id).map_or("", |team| team.name.as_str())
    }

    pub(super) fn teams_of(&self, person: PersonId) -> Vec<&Team> {
        let is_in =
            |team: &&Team| self.members.get(&team.id).is_some_and(|members| members.contains(&person));
        self.teams.iter().filter(is_in).collect()
    }

    /// What somebody was given themselves.
    pub(super) fn given(&self, to: Grantee) -> Vec<&Grant> {
        self.grants.iter().filter(|grant| grant.to == to).collect()
    }

    /// What a person has by being in teams.
    pub(super) fn by_teams(&self, person: PersonId) -> Vec<(&Team, &Grant)> {
        let of = |team| self.given(Grantee::Team(team)).into_iter();
        self.teams_of(person)
            .into_iter()
            .flat_map(|team| of(team.id).map(move |grant| (team, grant)))
            .collect()
    }

    /// `operator`, or `viewer for North`.
    pub(super) fn said(&self, grant: &Grant) -> String {
        match grant.scope {
            None => self.role(grant.role).to_owned(),
            Some(team) => format!("{} for {}", self.role(grant.role), self.team(team)),
        }
    }

    /// The same with its link and what it is good for.
    pub(super) fn told(&self, grant: &Grant) -> Markup {
        html! {
            (link(self.role(grant.role), &format!("/settings/roles/{}", grant.role))) " "
            span.dim { @match grant.scope {
                None => "for everything",
                Some(team) => { "for what " (link(self.team(team), &format!("/settings/teams/{team}"))) " owns" },
            } }
        }
    }

    /// The roles that `to` was given, each with the button that takes it back; `more` stands behind them.
    pub(super) fn roles_of(&self, to: Grantee, more: Vec<Row>) -> Markup {
        let own = self.given(to).into_iter().map(|grant| {
            let back = Act::post("Take back", format!("/settings/grants/{}/revoke", grant.id)).small();
            Row::new(self.told(grant)).after(html! { @if self.may_change { (back) } })
        });
        let all: Vec<Row> = own.chain(more).collect();
        if all.is_empty() {
            return pad(html! { p.mid { "None yet." } });
        }
        rows(&all)
    }

    /// The roles to choose from: the one that allows least first, the owner's last.
    pub(super) fn choices(&self) -> Vec<Choice> {
        let place = |role: &&Role| match role.built_in {
            Some(BuiltIn::Viewer) => 0,
            Some(BuiltIn::Operator) => 1,
            None => 2,
            Some(BuiltIn::Owner) => 3,
        };
        let mut roles: Vec<&Role> = self.roles.iter().collect();
        roles.sort_by_key(place);
        roles.into_iter().map(|role| Choice::new(role.id.to_string(), &role.name)).collect()
    }

    /// The form that gives a role.
    pub(super) fn form(&self, to: &str, problems: &[Problem]) -> Markup {
        let everything = Choice::new("", "everything");
        let scopes: Vec<Choice> = std::iter::once(everything)
            .chain(
                self.teams
                    .iter()
                    .map(|team| Choice::new(team.id.to_string(), format!("what {} owns", team.name))),
            )
            .collect();
        let fields = html! {
            (hidden("to", to))
            (select(&Field::new("role", "Role").fault(fault_of(problems, "role"))
                .hint("Its holder can do at once what it names."), &self.choices()))
            (select(&Field::new("scope", "For").fault(fault_of(problems, "scope")), &scopes))
        };
        let faults = faults_beside(problems, &["role", "scope"]);
        let acts = vec![Act::submit("Give the role").primary()];
        pad(form(&Form { to: "/settings/grants".into(), faults, fields, acts }))
    }
}
