//! Assets and what is known of them.

use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use mainstay_face::etag::Expected;
use mainstay_face::{Answer, Caller, Cursor, Door, Query};
use mainstay_kernel::Fault;
use mainstay_kernel::id::{PersonId, TeamId};
use mainstay_record::{AssetId, asset, fact};
use mainstay_wire::Section;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use mainstay_face::body::{self, Given, Page};
use mainstay_face::said::{Asset, Fact};

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/api/v1/assets", get(list))
        .route("/api/v1/assets/{id}", get(one).patch(edit))
        .route("/api/v1/assets/{id}/facts", get(facts))
        .route("/api/v1/assets/{id}/facts/{section}", get(section))
}

/// Which assets, and where the list goes on.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// Only those that this team owns.
    #[param(value_type = Option<String>)]
    team: Option<TeamId>,
    #[param(value_type = Option<String>)]
    after: Option<Cursor>,
    /// 50 when absent, at most 200.
    limit: Option<u32>,
}

/// Assets in use, by name.
#[utoipa::path(get, path = "/api/v1/assets", params(Asked), responses((status = 200, body = Page<Asset>)))]
pub(super) async fn list(caller: Caller, Query(asked): Query<Asked>) -> Answer {
    let limit = body::rows(asked.limit);
    let key: (String, i64) = body::key(asked.after.as_ref())?.unwrap_or_default();
    let found = caller
        .read(move |tx, cx| asset::list(tx, cx, asked.team, (&key.0, AssetId(key.1)), limit + 1))
        .await?;
    Ok(Json(Page::of(found, limit, |a| (a.name.clone(), a.id.0), Asset::from)).into_response())
}

/// One asset; its ETag is its revision.
#[utoipa::path(get, path = "/api/v1/assets/{id}", params(("id" = String, Path)), responses((status = 200, body = Asset), (status = 304)))]
pub(super) async fn one(caller: Caller, Path(id): Path<String>) -> Answer {
    let id: AssetId = id.parse()?;
    let found = caller.read(move |tx, cx| asset::get(tx, cx, id)).await?;
    Ok(body::tagged(&caller.headers, found.revision, &Asset::from(found)))
}

/// A merge patch: what is absent stays, `null` empties.
#[expect(clippy::option_option, reason = "absent, null and a value are three things in a merge patch")]
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AssetPatch {
    name: Option<String>,
    environment: Option<String>,
    criticality: Option<String>,
    #[serde(default, deserialize_with = "body::some")]
    #[schema(value_type = Option<String>)]
    team: Option<Option<TeamId>>,
    #[serde(default, deserialize_with = "body::some")]
    #[schema(value_type = Option<String>)]
    owner: Option<Option<PersonId>>,
}

/// Names, owns and rates an asset. With If-Match only as it was read.
#[utoipa::path(patch, path = "/api/v1/assets/{id}", params(("id" = String, Path)), request_body = AssetPatch, responses((status = 200, body = Asset)))]
pub(super) async fn edit(
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<String>,
    Given { value: patch, .. }: Given<AssetPatch>,
) -> Answer {
    let (id, expected): (AssetId, _) = (id.parse()?, Expected::from_headers(&headers));
    let changed = caller
        .write(move |tx, cx| {
            let before = asset::get(tx, cx, id)?;
            let seen = body::still(&expected, before.revision)?;
            let edit = asset::Edit {
                name: patch.name.clone().unwrap_or(before.name),
                environment: patch.environment.clone().unwrap_or(before.environment),
                criticality: patch.criticality.clone().unwrap_or(before.criticality),
                team: patch.team.unwrap_or(before.team),
                owner: patch.owner.unwrap_or(before.owner),
            };
            asset::edit(tx, cx, id, seen, &edit)?;
            asset::get(tx, cx, id)
        })
        .await?;
    Ok(body::tagged(&HeaderMap::new(), changed.revision, &Asset::from(changed)))
}

/// Every section of what is known of an asset, without what was seen.
#[utoipa::path(get, path = "/api/v1/assets/{id}/facts", params(("id" = String, Path)), responses((status = 200, body = Page<Fact>)))]
pub(super) async fn facts(caller: Caller, Path(id): Path<String>) -> Answer {
    let id: AssetId = id.parse()?;
    let found = caller
        .read(move |tx, cx| {
            asset::get(tx, cx, id)?;
            fact::all(tx, cx, id)
        })
        .await?;
    let items = found.iter().map(|f| Fact::of(f, false)).collect::<Result<Vec<_>, Fault>>()?;
    Ok(Json(Page { items, next: None }).into_response())
}

/// One section with what was seen.
#[utoipa::path(get, path = "/api/v1/assets/{id}/facts/{section}", params(("id" = String, Path), ("section" = String, Path)), responses((status = 200, body = Fact)))]
pub(super) async fn section(caller: Caller, Path((id, section)): Path<(String, String)>) -> Answer {
    let (id, section): (AssetId, _) = (id.parse()?, Section::from(section.as_str()));
    let found = caller
        .read(move |tx, cx| {
            asset::get(tx, cx, id)?;
            fact::get(tx, cx, id, &section)
        })
        .await?;
    Ok(Json(Fact::of(&found.ok_or(Fault::NotFound { what: "section" })?, true)?).into_response())
}
