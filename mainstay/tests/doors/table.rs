//! Every route × everybody: one line each, with the status. And the table of rights and roles.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use mainstay_kernel::access::{BuiltIn, testing};
use serde_json::json;

use crate::frozen;
use crate::house::{Caller, FORM, JSON, Things, ask, caller, neighbour, nobody, router, told};

/// What is sent.
enum Sent {
    Nothing,
    Form(&'static str),
    Json(&'static str),
}
use Sent::{Form, Json, Nothing};

/// Every route of the house with a request that is right. `{word}` is filled in from the things of the story; what
/// ends a session or uses something up stands last.
const ROUTES: &[(&str, &str, Sent)] = &[
    ("GET", "/health", Nothing),
    ("GET", "/docs/problems", Nothing),
    ("GET", "/sign-in", Nothing),
    ("POST", "/sign-in", Form("email=x@example.org&password=wrong")),
    ("GET", "/in/{code}", Nothing),
    ("POST", "/theme", Form("theme=dark&back=/")),
    ("GET", "/", Nothing),
    ("GET", "/find", Nothing),
    ("GET", "/live?topics=work", Nothing),
    ("GET", "/assets", Nothing),
    ("GET", "/assets/add", Nothing),
    ("POST", "/assets/add", Nothing),
    ("GET", "/assets/{asset}", Nothing),
    ("GET", "/assets/{asset}/findings", Nothing),
    ("GET", "/assets/{asset}/facts/{section}", Nothing),
    ("GET", "/assets/{asset}/history", Nothing),
    ("GET", "/assets/{asset}/edit", Nothing),
    ("POST", "/assets/{asset}/edit", Form("revision=1&name=named&criticality=high")),
    ("GET", "/findings", Nothing),
    ("GET", "/findings/{finding}", Nothing),
    ("GET", "/findings/{finding}/accept", Nothing),
    ("POST", "/findings/{finding}/accept", Form("revision=1&reason=known&until=2026-12-24")),
    ("POST", "/findings/{finding}/withdraw", Nothing),
    ("POST", "/findings/{finding}/task", Nothing),
    ("GET", "/work", Nothing),
    ("GET", "/work/new", Nothing),
    ("POST", "/work/new", Form("title=new&priority=2")),
    ("GET", "/work/{number}", Nothing),
    ("POST", "/work/{number}", Form("revision=1&title=changed&priority=2&state=open")),
    ("POST", "/work/{number}/notes", Form("text=noted")),
    ("GET", "/maintenance", Nothing),
    ("GET", "/maintenance/plans/{plan}", Nothing),
    ("GET", "/maintenance/runs/{run}", Nothing),
    ("GET", "/maintenance/runs/{run}/output", Nothing),
    ("POST", "/maintenance/plans", Form("asset={fresh}&which=security")),
    ("POST", "/maintenance/plans/{plan}/approve", Form("hash={hash}")),
    ("POST", "/maintenance/plans/{plan}/cancel", Nothing),
    ("POST", "/maintenance/plans/{plan}/back", Nothing),
    ("GET", "/settings", Nothing),
    ("GET", "/settings/organisation", Nothing),
    ("POST", "/settings/organisation", Form("name=Renamed {tag}")),
    ("GET", "/settings/people", Nothing),
    ("POST", "/settings/people", Form("name=Added&email=added.{tag}@example.org&role={role}")),
    ("GET", "/settings/people/{person}", Nothing),
    ("POST", "/settings/people/{person}", Form("revision=1&name=Helped&email=helped.{tag}@example.org")),
    ("POST", "/settings/people/{person}/link", Nothing),
    ("POST", "/settings/people/{person}/codes/remove", Nothing),
    ("POST", "/settings/people/{person}/disable", Nothing),
    ("POST", "/settings/people/{person}/enable", Nothing),
    ("GET", "/settings/teams", Nothing),
    ("POST", "/settings/teams", Form("name=Added {tag}")),
    ("GET", "/settings/teams/{team}", Nothing),
    ("POST", "/settings/teams/{team}", Form("revision=1&name=Renamed {tag}")),
    ("POST", "/settings/teams/{team}/members", Form("person={person}")),
    ("POST", "/settings/teams/{team}/members/{person}/remove", Nothing),
    ("POST", "/settings/people/{person}/teams", Form("team={team}")),
    ("POST", "/settings/people/{person}/teams/{team}/leave", Nothing),
    ("GET", "/settings/roles", Nothing),
    ("POST", "/settings/roles", Form("name=Added {tag}&rights=record.view")),
    ("GET", "/settings/roles/new", Nothing),
    ("GET", "/settings/roles/{own_role}", Nothing),
    ("POST", "/settings/roles/{own_role}", Form("revision=1&name=Changed {tag}&rights=record.view")),
    ("POST", "/settings/grants", Form("to={team}&role={own_role}&scope={team}")),
    ("POST", "/settings/grants/{grant}/revoke", Nothing),
    ("GET", "/settings/teams/{team}/remove", Nothing),
    ("POST", "/settings/teams/{team}/remove", Nothing),
    ("POST", "/settings/roles/{own_role}/remove", Nothing),
    ("GET", "/settings/tokens", Nothing),
    ("POST", "/settings/tokens", Form("name=made&days=30&rights=record.view")),
    ("POST", "/settings/tokens/{token_id}/revoke", Nothing),
    ("GET", "/settings/agents", Nothing),
    ("GET", "/settings/policies", Nothing),
    (
        "POST",
        "/settings/policies",
        Form("of=patches&version=0&critical_days=2&high_days=7&medium_days=30&low_days=90&do=dry"),
    ),
    ("POST", "/patches/changelogs", Form("version=0&may_download=yes")),
    ("GET", "/hygiene/limits", Nothing),
    (
        "POST",
        "/hygiene/limits",
        Form(
            "version=0&ssh_max_attempts=6&certificate_high_days=7&certificate_medium_days=30\
             &disk_medium_percent=85&disk_high_percent=95&backup_quiet_days=3&do=dry",
        ),
    ),
    ("GET", "/settings/mail", Nothing),
    ("POST", "/settings/mail/test", Form("to=x@example.org")),
    (
        "POST",
        "/settings/mail",
        Form("revision=0&host=mail.example.org&port=25&tls=start_tls&from=a@example.org"),
    ),
    ("GET", "/settings/messages", Nothing),
    ("GET", "/settings/messages/{notice}", Nothing),
    ("POST", "/settings/messages/{notice}/again", Form("channel=mail&recipient=told@example.org")),
    ("POST", "/settings/messages/address", Form("revision=9&address=https://mainstay.example.org")),
    ("GET", "/settings/channels", Nothing),
    (
        "POST",
        "/settings/channels",
        Form("kind=webhook&name=Hook&url=https://hook.example.org/in&causes=findings"),
    ),
    ("POST", "/settings/channels/allow", Form("revision=9&allow=10.0.0.0/8")),
    ("GET", "/settings/channels/{channel}", Nothing),
    ("POST", "/settings/channels/{channel}", Form("name=Hook&url=https://hook.example.org/in&causes=run")),
    ("POST", "/settings/channels/{channel}/disable", Nothing),
    ("POST", "/settings/channels/{channel}/test", Nothing),
    ("POST", "/settings/channels/{channel}/enable", Nothing),
    ("POST", "/settings/channels/{channel}/key", Nothing),
    ("POST", "/settings/channels/{channel}/remove", Nothing),
    ("GET", "/settings/audit", Nothing),
    ("GET", "/api/v1/openapi.json", Nothing),
    ("GET", "/api/v1/assets", Nothing),
    ("GET", "/api/v1/assets/{asset}", Nothing),
    ("PATCH", "/api/v1/assets/{asset}", Json(r#"{"criticality":"low"}"#)),
    ("GET", "/api/v1/assets/{asset}/facts", Nothing),
    ("GET", "/api/v1/assets/{asset}/facts/{section}", Nothing),
    ("GET", "/api/v1/findings", Nothing),
    ("GET", "/api/v1/findings/{accepted}", Nothing),
    ("POST", "/api/v1/findings/{accepted}/withdraw", Nothing),
    (
        "POST",
        "/api/v1/findings/{accepted}/accept",
        Json(r#"{"reason":"known","until":"2026-12-24T00:00:00Z"}"#),
    ),
    ("GET", "/api/v1/work", Nothing),
    ("POST", "/api/v1/work", Json(r#"{"title":"by a program"}"#)),
    ("GET", "/api/v1/work/{number}", Nothing),
    ("PATCH", "/api/v1/work/{number}", Json(r#"{"priority":1}"#)),
    ("POST", "/api/v1/work/{number}/notes", Json(r#"{"text":"noted"}"#)),
    ("GET", "/api/v1/plans", Nothing),
    ("POST", "/api/v1/plans", Json(r#"{"asset":"{bare}","which":"security"}"#)),
    ("GET", "/api/v1/plans/{doomed}", Nothing),
    ("POST", "/api/v1/plans/{doomed}/approve", Json(r#"{"hash":"another"}"#)),
    ("POST", "/api/v1/plans/{doomed}/cancel", Nothing),
    ("POST", "/api/v1/plans/{doomed}/roll_back", Nothing),
    ("GET", "/api/v1/plans/{doomed}/runs", Nothing),
    ("GET", "/api/v1/runs/{run}", Nothing),
    ("GET", "/api/v1/runs/{run}/output", Nothing),
    ("GET", "/api/v1/events", Nothing),
    ("GET", "/api/v1/people", Nothing),
    ("POST", "/api/v1/people", Json(r#"{"name":"Program","email":"program.{tag}@example.org"}"#)),
    ("GET", "/api/v1/people/{person}", Nothing),
    ("PATCH", "/api/v1/people/{person}", Json(r#"{"name":"Patched"}"#)),
    ("POST", "/api/v1/people/{person}/disable", Nothing),
    ("POST", "/api/v1/people/{person}/enable", Nothing),
    ("GET", "/api/v1/teams", Nothing),
    ("POST", "/api/v1/teams", Json(r#"{"name":"Program {tag}"}"#)),
    ("GET", "/api/v1/teams/{other_team}", Nothing),
    ("PATCH", "/api/v1/teams/{other_team}", Json(r#"{"name":"Patched {tag}"}"#)),
    ("POST", "/api/v1/teams/{other_team}/members", Json(r#"{"person":"{person}"}"#)),
    ("POST", "/api/v1/teams/{other_team}/members/{person}/remove", Nothing),
    ("GET", "/api/v1/roles", Nothing),
    ("POST", "/api/v1/roles", Json(r#"{"name":"Program {tag}","rights":["record.view"]}"#)),
    ("GET", "/api/v1/roles/{other_role}", Nothing),
    ("PATCH", "/api/v1/roles/{other_role}", Json(r#"{"rights":[]}"#)),
    ("GET", "/api/v1/grants", Nothing),
    ("POST", "/api/v1/grants", Json(r#"{"role":"{other_role}","team":"{other_team}"}"#)),
    ("POST", "/api/v1/grants/{other_grant}/revoke", Nothing),
    ("POST", "/api/v1/teams/{other_team}/remove", Nothing),
    ("POST", "/api/v1/roles/{other_role}/remove", Nothing),
    (
        "POST",
        "/api/v1/agent/enrol",
        Json(
            r#"{"protocol":1,"token":"mse_nobody","nonce":"n","machine":{"name":"h","os":"debian","os_name":"Debian","architecture":"x86_64","agent":"0"}}"#,
        ),
    ),
    ("POST", "/api/v1/agent/report", Json(r#"{"protocol":1,"spool_id":"s","sent_at_ms":0,"items":[]}"#)),
    ("GET", "/api/v1/agent/orders", Nothing),
    (
        "POST",
        "/api/v1/agent/output",
        Json(r#"{"order_id":"run_0000000000000","fence":1,"offset":0,"chunk":""}"#),
    ),
    ("GET", "/settings/agents/{agent}/revoke", Nothing),
    ("POST", "/settings/agents/{agent}/revoke", Nothing),
    ("GET", "/me", Nothing),
    ("POST", "/me/sessions/{session}/end", Nothing),
    ("POST", "/me/name", Form("revision=1&name=Renamed")),
    ("POST", "/me/notices", Form("findings.mail=on")),
    ("POST", "/me/push/test", Nothing),
    ("POST", "/me/push", Form("push=https://ntfy.example.org/mine&token=tk_1")),
    ("POST", "/me/push/remove", Nothing),
    ("POST", "/me/totp", Nothing),
    ("POST", "/me/totp/confirm", Form("code=000000")),
    ("POST", "/me/password", Form("new=correct horse battery staple of the house")),
    ("POST", "/sign-out", Nothing),
    ("POST", "/in/{code}", Nothing),
];

fn filled(text: &str, t: &Things, tag: &str, token_id: &str) -> String {
    let mut text = text.to_owned();
    let pairs = [
        ("asset", t.asset.to_string()),
        ("agent", t.agent.to_string()),
        ("finding", t.finding.to_string()),
        ("accepted", t.accepted.to_string()),
        ("number", t.number.to_string()),
        ("plan", t.plan.to_string()),
        ("hash", t.hash.clone()),
        ("run", t.run.to_string()),
        ("fresh", t.fresh.to_string()),
        ("bare", t.bare.to_string()),
        ("doomed", t.doomed.to_string()),
        ("code", t.code.clone()),
        ("person", t.person.to_string()),
        ("role", t.role.clone()),
        ("team", t.team[0].to_string()),
        ("other_team", t.team[1].to_string()),
        ("own_role", t.own_role[0].to_string()),
        ("other_role", t.own_role[1].to_string()),
        ("grant", t.grant[0].to_string()),
        ("other_grant", t.grant[1].to_string()),
        ("section", "updates".to_owned()),
        ("session", "ses_0000000000000".to_owned()),
        ("notice", t.notice.clone()),
        ("channel", t.channel.clone()),
        ("tag", tag.to_owned()),
        ("token_id", token_id.to_owned()),
    ];
    for (name, value) in pairs {
        text = text.replace(&format!("{{{name}}}"), &value);
    }
    text
}

#[test]
fn every_route_for_everybody() {
    told(|house| async move {
        let router = router(&house);
        let (_, other) = neighbour(&house).await;
        let mut columns: Vec<Vec<u16>> = Vec::new();
        for who in ["nobody", "other", "viewer", "operator", "owner"] {
            let things = Things::make(&house, who).await;
            let asker: Caller = match who {
                "nobody" => nobody(),
                "other" => other.clone(),
                "viewer" => caller(&house, "Vera Viewer", BuiltIn::Viewer).await,
                "operator" => caller(&house, "Olaf Operator", BuiltIn::Operator).await,
                _ => caller(&house, "Ona Owner", BuiltIn::Owner).await,
            };
            let token_id = match who {
                "operator" | "owner" => Things::token(&house, &asker, &["record.view"]).await.0,
                _ => "tok_0000000000000".to_owned(),
            };
            let mut column = Vec::new();
            for (method, path, sent) in ROUTES {
                let path = filled(path, &things, who, &token_id);
                let match_it = ("if-match", "*");
                let said = match sent {
                    Nothing => ask(&router, &asker, method, &path, &[], "").await,
                    Form(body) => {
                        ask(&router, &asker, method, &path, &[FORM], filled(body, &things, who, &token_id))
                            .await
                    }
                    Json(body) => {
                        ask(
                            &router,
                            &asker,
                            method,
                            &path,
                            &[JSON, match_it],
                            filled(body, &things, who, &token_id),
                        )
                        .await
                    }
                };
                assert!(said.status.as_u16() < 500, "{method} {path} as {who} broke: {}", said.text);
                if path.starts_with("/api/") {
                    crate::contract::holds(method, &path, &said);
                }
                column.push(said.status.as_u16());
            }
            columns.push(column);
        }
        let mut text = format!("{:58}nobody other viewer operator owner\n", "");
        for (index, (method, path, _)) in ROUTES.iter().enumerate() {
            let s: Vec<u16> = columns.iter().map(|column| column[index]).collect();
            writeln!(
                text,
                "{:58}{:6} {:5} {:6} {:8} {:5}",
                format!("{method:6}{path}"),
                s[0],
                s[1],
                s[2],
                s[3],
                s[4]
            )
            .unwrap();
        }
        frozen("tests/snapshots/routes.txt", &text);
    });
}

/// Every `.rs` file below a folder of the workspace.
fn sources(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    found
}

/// A path with every `{name}` as `{}`: the table names them by what fills them.
fn bare(path: &str) -> String {
    path.split('?')
        .next()
        .unwrap_or_default()
        .split('/')
        .map(|part| if part.starts_with('{') { "{}" } else { part })
        .collect::<Vec<_>>()
        .join("/")
}

#[test]
fn the_table_names_every_route_of_the_router() {
    let mut built = BTreeSet::new();
    let mut files: Vec<_> = ["mainstay/src", "face/src"].into_iter().flat_map(sources).collect();
    for room in &mainstay::house::ROOMS {
        files.extend(sources(&format!("maintenance/{}/src", room.name)));
    }
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        for piece in text.split(".route(\"").skip(1) {
            let (route, rest) = piece.split_once('"').unwrap();
            let handlers = rest.split(".route(").next().unwrap().split('\n').next().unwrap();
            for (word, method) in [
                ("get(", "GET"),
                ("post(", "POST"),
                ("patch(", "PATCH"),
                ("put(", "PUT"),
                ("delete(", "DELETE"),
                ("any(", "ANY"),
            ] {
                if handlers.contains(word) {
                    built.insert(format!("{method} {}", bare(route)));
                }
            }
        }
    }
    let named: BTreeSet<String> =
        ROUTES.iter().map(|(method, path, _)| format!("{method} {}", bare(path))).collect();
    let missing: Vec<_> = built.difference(&named).collect();
    let strange: Vec<_> = named.difference(&built).collect();
    assert!(missing.is_empty(), "add these routes to ROUTES in tests/doors/table.rs: {missing:?}");
    assert!(strange.is_empty(), "these routes of ROUTES are built nowhere: {strange:?}");
}

#[test]
fn rights_and_roles() {
    frozen("tests/snapshots/rights.txt", &testing::table(&mainstay::house::rights()));
}

/// Told on a terminal only, when the server starts or is examined.
const AT_START: &[&str] = &[
    "altered",
    "damaged",
    "doctor",
    "empty",
    "files_unusable",
    "key_broken",
    "key_missing",
    "key_too_open",
    "key_unreadable",
    "key_wrong",
    "no_number",
    "schema",
    "schema_changed",
    "schema_old",
];

/// Every code that a use case or a door can answer is explained where its `type` leads.
#[test]
fn every_code_is_explained() {
    let explained: BTreeSet<&str> = mainstay::api::codes().iter().map(|(code, _)| *code).collect();
    let mut missing = BTreeSet::new();
    for folder in [
        "kernel/src",
        "record/src",
        "face/src",
        "maintenance/patches/src",
        "maintenance/hygiene/src",
        "mainstay/src",
    ] {
        for path in sources(folder) {
            if path.to_string_lossy().contains("test") || path.ends_with("cli.rs") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for piece in text.split("Fault::conflict(").skip(1) {
                let code = piece.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next());
                missing.extend(
                    code.filter(|code| !explained.contains(code) && !AT_START.contains(code))
                        .map(str::to_owned),
                );
            }
        }
    }
    assert!(missing.is_empty(), "explain these codes in mainstay/src/api/faults.rs: {missing:?}");
    for fault in [
        "not_found",
        "denied",
        "sign_in",
        "invalid",
        "stale",
        "too_many",
        "away",
        "broken",
        "bad_parameter",
        "other_site",
        "protocol",
    ] {
        assert!(explained.contains(fault), "explain {fault}");
    }
    told(|house| async move {
        let page = ask(&router(&house), &nobody(), "GET", "/docs/problems", &[], "").await.text;
        let type_of =
            crate::house::send(&router(&house), &nobody(), "POST", "/api/v1/work", json!({"title": "x"}))
                .await
                .json()["type"]
                .clone();
        let anchor = type_of.as_str().unwrap().strip_prefix("/docs/problems#").unwrap().to_owned();
        assert!(page.contains(&format!("id=\"{anchor}\"")), "{anchor} is not on the page");
    });
}
