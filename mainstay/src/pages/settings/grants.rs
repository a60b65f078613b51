//! Giving a role and taking it back; both lead to the page of whom it concerns.

use axum::Router;
use axum::extract::{Form as Posted, Path};
use axum::routing::post;
use mainstay_face::ui::Toast;
use mainstay_face::{Answer, Caller, Door, door};
use mainstay_kernel::Fault;
use mainstay_kernel::access::{self, Grantee};
use mainstay_kernel::id::{GrantId, RoleId, TeamId};
use serde::Deserialize;

use super::{person, problems_of, teams};

pub(super) fn routes() -> Router<Door> {
    Router::new().route("/settings/grants", post(give)).route("/settings/grants/{id}/revoke", post(take_back))
}

#[derive(Deserialize)]
struct Given {
    /// A person or a team.
    to: String,
    role: String,
    #[serde(default)]
    scope: String,
}

async fn give(caller: Caller, Posted(given): Posted<Given>) -> Answer {
    let to = match given.to.parse() {
        Ok(team) => Grantee::Team(team),
        Err(_) => Grantee::Person(given.to.parse()?),
    };
    let role: RoleId = given.role.parse()?;
    let scope: Option<TeamId> = (!given.scope.is_empty()).then(|| given.scope.parse()).transpose()?;
    match caller.write(move |tx, cx| access::grant(tx, cx, role, to, scope)).await {
        Ok(_) => Ok(door::done(&page_of(to), Some(&Toast::new("Given. It holds from the next click on.")))),
        Err(fault) => {
            let problems = problems_of(fault)?;
            match to {
                Grantee::Person(id) => person::shown(&caller, id, &person::Said::role(&problems)).await,
                Grantee::Team(id) => teams::shown(&caller, id, &teams::Said::role(&problems)).await,
            }
        }
    }
}

async fn take_back(caller: Caller, Path(id): Path<String>) -> Answer {
    let id: GrantId = id.parse()?;
    let to = caller
        .write(move |tx, cx| {
            let all = access::grants(tx, cx)?;
            let grant = all.iter().find(|grant| grant.id == id).ok_or(Fault::NotFound { what: "grant" })?;
            access::revoke(tx, cx, id)?;
            Ok(grant.to)
        })
        .await?;
    Ok(door::done(&page_of(to), Some(&Toast::new("Taken back. It ended at once."))))
}

fn page_of(to: Grantee) -> String {
    match to {
        Grantee::Person(id) => format!("/settings/people/{id}"),
        Grantee::Team(id) => format!("/settings/teams/{id}"),
    }
}
