//! Bad input at every door: nothing breaks, nothing leaks, nothing half done; what is stored is stored as it came.

use axum::http::StatusCode;
use mainstay_kernel::access::BuiltIn;
use serde_json::{Value, json};

use crate::house::{FORM, JSON, Things, ask, caller, look, neighbour, nobody, router, send, told};

/// Texts that have broken other houses.
const NASTY: &[&str] = &[
    "'; DROP TABLE work_item; --",
    "\" OR \"1\"=\"1",
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "{{7*7}} ${7*7} %s %n",
    "\u{202e}right to left \u{0} zero",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 \u{1f4a5} \u{fffd}",
];

#[test]
fn nasty_text_is_kept_as_it_came_and_escaped_on_pages() {
    told(|house| async move {
        let router = router(&house);
        let owner = caller(&house, "Owner", BuiltIn::Owner).await;
        let things = Things::make(&house, "n").await;
        for given in NASTY {
            let nasty = given;
            let made =
                send(&router, &owner, "POST", "/api/v1/work", json!({ "title": nasty, "body": nasty })).await;
            // The only character that is refused: PostgreSQL's text has no place for it.
            let is_storable = !nasty.contains('\0');
            assert_eq!(made.status.as_u16(), if is_storable { 201 } else { 422 }, "{nasty:?}: {}", made.text);
            let made = if is_storable {
                made
            } else {
                send(&router, &owner, "POST", "/api/v1/work", json!({ "title": "x", "body": "x" })).await
            };
            let nasty = if is_storable { *nasty } else { "x" };
            let (made, tag) = (made.json(), made.header("etag").to_owned());
            assert_eq!((made["title"].as_str(), made["body"].as_str()), (Some(nasty), Some(nasty)), "{tag}");
            let number = made["number"].as_i64().unwrap();
            send(&router, &owner, "POST", &format!("/api/v1/work/{number}/notes"), json!({ "text": nasty }))
                .await;
            for page in [
                format!("/work/{number}"),
                "/work".to_owned(),
                "/settings/audit".to_owned(),
                "/find?q=a".to_owned(),
            ] {
                let page = look(&router, &owner, &page).await;
                assert_eq!(page.status, 200);
                for raw in ["<script>alert", "<img src=x"] {
                    assert!(!page.text.contains(raw), "{raw} stands raw on a page");
                }
            }
            let path = format!("/api/v1/assets/{}", things.asset);
            let named =
                send(&router, &owner, "PATCH", &path, json!({ "name": nasty, "environment": nasty })).await;
            if named.status == 200 {
                assert_eq!(named.json()["name"].as_str(), Some(nasty.trim()));
            }
            assert!(named.status == 200 || named.status == 422, "{}", named.text);
            assert!(
                !look(&router, &owner, &format!("/assets/{}", things.asset))
                    .await
                    .text
                    .contains("<script>alert")
            );
            let encoded = given.bytes().fold(String::new(), |out, byte| format!("{out}%{byte:02X}"));
            for path in [
                format!("/find?q={encoded}"),
                format!("/work?which={encoded}"),
                format!("/findings?after={encoded}"),
                format!("/sign-in?next={encoded}"),
                format!("/in/{encoded}"),
                format!("/assets/{encoded}"),
                format!("/api/v1/assets/{encoded}"),
                format!("/api/v1/findings?rule={encoded}"),
                format!("/api/v1/work/{encoded}"),
                format!("/api/v1/runs/{encoded}/output"),
                format!("/live?topics={encoded}"),
                format!("/assets/{}/facts/{encoded}", things.asset),
                format!("/api/v1/assets/{}/facts/{encoded}", things.asset),
            ] {
                let said = look(&router, &owner, &path).await;
                assert!(said.status.as_u16() < 500, "{path}: {} {}", said.status, said.text);
                assert!(
                    !said.text.contains("<script>alert") && !said.text.contains("<img src=x"),
                    "{path} hands it back raw"
                );
            }
        }
    });
}

#[test]
fn json_that_does_not_hold_is_told_with_the_field() {
    told(|house| async move {
        let router = router(&house);
        let owner = caller(&house, "Owner", BuiltIn::Owner).await;
        let cases: &[(&str, &str, &str, u16, &str)] = &[
            ("POST", "/api/v1/work", "", 422, "body"),
            ("POST", "/api/v1/work", "{", 422, "body"),
            ("POST", "/api/v1/work", "[]", 422, "body"),
            ("POST", "/api/v1/work", "null", 422, "body"),
            ("POST", "/api/v1/work", "{\"title\":\"\\ud800\"}", 422, "body"),
            ("POST", "/api/v1/work", "{\"title\":7}", 422, "body"),
            ("POST", "/api/v1/work", "{\"body\":\"x\"}", 422, "title"),
            ("POST", "/api/v1/work", "{\"title\":\"x\",\"colour\":1}", 422, "colour"),
            ("POST", "/api/v1/work", "{\"title\":\" \"}", 422, "title"),
            ("POST", "/api/v1/work", "{\"title\":\"x\",\"priority\":9}", 422, "priority"),
            ("POST", "/api/v1/work", "{\"title\":\"x\",\"due_at\":\"tomorrow\"}", 422, "body"),
            ("POST", "/api/v1/work", "{\"title\":\"x\",\"assignee\":\"ast_0000000000001\"}", 422, "body"),
            ("POST", "/api/v1/plans", "{\"asset\":\"ast_0000000000001\",\"which\":\"all\"}", 422, "body"),
        ];
        for (method, path, body, status, field) in cases {
            let said = ask(&router, &owner, method, path, &[JSON], (*body).to_owned()).await;
            assert_eq!(said.status.as_u16(), *status, "{body}: {}", said.text);
            assert_eq!(said.header("content-type"), "application/problem+json", "{body}");
            assert_eq!(said.json()["errors"][0]["field"], *field, "{body}: {}", said.text);
        }
        let deep = "[".repeat(100_000);
        assert_eq!(ask(&router, &owner, "POST", "/api/v1/work", &[JSON], deep).await.status, 422);
        for path in [
            "/api/v1/work?limit=many",
            "/api/v1/work?colour=red",
            "/api/v1/work?after=!!",
            "/api/v1/findings?state=broken",
            "/api/v1/findings?asset=x",
        ] {
            let said = look(&router, &owner, path).await;
            assert_eq!(
                (said.status.as_u16(), said.code().as_str()),
                (400, "bad_parameter"),
                "{path}: {}",
                said.text
            );
        }
        let of_another_list = mainstay_face::Cursor::of(&("name", 1));
        assert_eq!(look(&router, &owner, &format!("/api/v1/work?after={of_another_list}")).await.status, 422);
    });
}

#[test]
fn what_axum_refuses_is_a_problem_too() {
    told(|house| async move {
        let router = router(&house);
        let owner = caller(&house, "Owner", BuiltIn::Owner).await;
        let big = format!("{{\"title\":\"{}\"}}", "x".repeat(2 << 20));
        let cases = [
            (ask(&router, &owner, "POST", "/api/v1/work", &[JSON], big).await, 413, "too_large"),
            (ask(&router, &owner, "DELETE", "/api/v1/work", &[], "").await, 405, "method_not_allowed"),
            (look(&router, &owner, "/api/v1/nothing").await, 404, "not_found"),
            (look(&router, &owner, "/api/v2/assets").await, 404, "not_found"),
            (
                ask(&router, &owner, "POST", "/api/v1/work", &[FORM], "title=x").await,
                415,
                "unsupported_media_type",
            ),
            (look(&router, &nobody(), "/api/v1/assets").await, 401, "sign_in"),
        ];
        for (said, status, code) in &cases {
            assert_eq!((said.status.as_u16(), said.code().as_str()), (*status, *code), "{}", said.text);
            assert_eq!(said.header("content-type"), "application/problem+json");
        }
        assert!(cases[1].0.header("allow").contains("POST"));
        let page = look(&router, &owner, "/nothing").await;
        assert_eq!(page.status, 404);
        let form =
            ask(&router, &owner, "POST", "/work/new", &[FORM], format!("title={}", "x".repeat(2 << 20)))
                .await;
        assert_eq!(form.status, 413);
    });
}

#[test]
fn malformed_agent_messages_are_refused_and_change_nothing() {
    told(|house| async move {
        let router = router(&house);
        let things = Things::make(&house, "a").await;
        let key = format!("Bearer {}", things.key);
        let auth = ("authorization", key.as_str());
        let item = |section: &str, content: Value| json!({ "seq": 1, "at_ms": 1, "section": section, "hash": "h", "content": content });
        let report = |items: Value| {
            json!({ "protocol": 1, "spool_id": "s", "sent_at_ms": 0, "items": items }).to_string()
        };
        let bad: Vec<String> = vec![
            String::new(),
            "{".into(),
            "null".into(),
            "\u{0}\u{1}".into(),
            report(json!(7)),
            report(json!([{ "seq": -1 }])),
            report(json!([{ "seq": 1, "at_ms": 1, "section": "packages" }])),
            json!({ "protocol": 1 }).to_string(),
            "[".repeat(50_000),
        ];
        for body in bad {
            let said =
                ask(&router, &nobody(), "POST", "/api/v1/agent/report", &[auth, JSON], body.clone()).await;
            assert_eq!(said.status, 422, "{}: {}", &body[..body.len().min(80)], said.text);
            assert_eq!(said.header("content-type"), "application/problem+json");
        }
        let old = json!({ "protocol": 99, "spool_id": "s", "sent_at_ms": 0, "items": [] }).to_string();
        assert_eq!(
            ask(&router, &nobody(), "POST", "/api/v1/agent/report", &[auth, JSON], old).await.status,
            StatusCode::UPGRADE_REQUIRED
        );
        let giant = report(json!([item("packages", json!("x".repeat(mainstay_wire::MOST_BODY_BYTES)))]));
        let said = ask(&router, &nobody(), "POST", "/api/v1/agent/report", &[auth, JSON], giant).await;
        assert_eq!((said.status.as_u16(), said.code().as_str()), (413, "too_large"));
        for wrong in
            ["Bearer ", "Bearer msa_x", "Bearer msa_0000000000000_", "Basic eDp5", &key[..key.len() - 1]]
        {
            let said = ask(
                &router,
                &nobody(),
                "POST",
                "/api/v1/agent/report",
                &[("authorization", wrong), JSON],
                report(json!([])),
            )
            .await;
            assert_eq!(said.status, 401, "{wrong}");
        }
        for output in [
            json!({ "order_id": "run_zzz", "fence": 1, "offset": 0, "chunk": "" }),
            json!({ "order_id": things.run, "fence": 1, "offset": -1, "chunk": "" }),
        ] {
            let said =
                ask(&router, &nobody(), "POST", "/api/v1/agent/output", &[auth, JSON], output.to_string())
                    .await;
            assert!(said.status == 404 || said.status == 422, "{}", said.text);
        }
    });
}

#[test]
fn nobody_sees_over_the_wall() {
    told(|house| async move {
        let router = router(&house);
        let (next_door, other) = neighbour(&house).await;
        let ours = Things::make(&house, "wall").await;
        let owner = caller(&house, "Owner", BuiltIn::Owner).await;
        let theirs = Things::make(&next_door, "theirs").await;
        for path in [
            format!("assets/{}", ours.asset),
            format!("assets/{}/facts", ours.asset),
            format!("assets/{}/facts/updates", ours.asset),
            format!("findings/{}", ours.finding),
            format!("plans/{}", ours.plan),
            format!("plans/{}/runs", ours.plan),
            format!("runs/{}", ours.run),
            format!("runs/{}/output", ours.run),
        ] {
            let said = look(&router, &other, &format!("/api/v1/{path}")).await;
            assert_eq!(said.status, 404, "{path}");
            assert!(!said.text.contains("web-wall"), "{path} tells what is behind the wall");
        }
        for list in ["assets", "findings", "work?which=all", "plans", "people"] {
            let said = look(&router, &other, &format!("/api/v1/{list}")).await;
            assert_eq!(said.status, 200);
            assert!(!said.text.contains("wall"), "{list}: {}", said.text);
        }
        // Pointing at things of another organisation: refused, whichever field names them.
        for (field, value) in [
            ("asset", theirs.asset.to_string()),
            ("finding", theirs.finding.to_string()),
            ("assignee", other.id.to_string()),
            ("team", "tem_0000000000001".to_owned()),
        ] {
            let said =
                send(&router, &owner, "POST", "/api/v1/work", json!({ "title": "x", field: value })).await;
            assert!(said.status == 404 || said.status == 422, "{field}: {} {}", said.status, said.text);
        }
        for field in ["owner", "team"] {
            let value = if field == "owner" { other.id.to_string() } else { "tem_0000000000001".to_owned() };
            let said = send(
                &router,
                &owner,
                "PATCH",
                &format!("/api/v1/assets/{}", ours.asset),
                json!({ field: value }),
            )
            .await;
            assert!(said.status == 404 || said.status == 422, "{field}: {} {}", said.status, said.text);
        }
        let item = format!("/api/v1/work/{}", ours.number);
        let body = json!({ "assignee": other.id.to_string() }).to_string();
        let said = ask(&router, &owner, "PATCH", &item, &[JSON, ("if-match", "*")], body).await;
        assert!(said.status == 404 || said.status == 422, "{} {}", said.status, said.text);
    });
}
