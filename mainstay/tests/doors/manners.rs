//! The manners of the doors: other sites, headers, sign-in brake, repeats, stale revisions, paging, tokens.

use mainstay_kernel::access::BuiltIn;
use mainstay_kernel::people::link;
use serde_json::{Value, json};

use crate::contract::holds;
use crate::house::{DAY_MS, FORM, JSON, Things, ask, caller, look, nobody, router, send, told};

#[test]
fn another_site_cannot_act_with_our_cookie() {
    told(|house| async move {
        let router = router(&house);
        let owner = caller(&house, "Owner", BuiltIn::Owner).await;
        let cases: &[(&[(&str, &str)], bool)] = &[
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("origin", "https://evil.example")], false),
            (&[("origin", "null")], false),
            (&[("origin", "http://mainstay.test.evil.example")], false),
            (&[("origin", "http://mainstay.test")], true),
            (&[("sec-fetch-site", "cross-site"), ("origin", "http://mainstay.test")], false),
        ];
        for (headers, is_ours) in cases {
            for (path, kind, body) in [
                ("/work/new", FORM, "title=x&priority=2"),
                ("/api/v1/work", JSON, "{\"title\":\"x\"}"),
                ("/sign-out-not", FORM, ""),
            ] {
                if path == "/sign-out-not" && *is_ours {
                    continue;
                }
                let mut all = headers.to_vec();
                all.push(kind);
                let said = ask(&router, &owner, "POST", path, &all, body).await;
                assert_eq!(said.status != 403, *is_ours, "{path} {headers:?}: {}", said.status);
            }
        }
        let made = look(&router, &owner, "/api/v1/work?which=all").await.json();
        assert_eq!(
            made["items"].as_array().unwrap().len(),
            4,
            "each of ours once by page and by program, nothing else"
        );
    });
}

#[test]
fn every_answer_carries_the_headers() {
    told(|house| async move {
        let router = router(&house);
        let owner = caller(&house, "Owner", BuiltIn::Owner).await;
        let things = Things::make(&house, "h").await;
        let paths = [
            "/".to_owned(),
            "/sign-in".to_owned(),
            "/assets".to_owned(),
            format!("/assets/{}", things.asset),
            format!("/findings/{}", things.finding),
            "/work".to_owned(),
            format!("/maintenance/plans/{}", things.plan),
            "/settings".to_owned(),
            "/settings/audit".to_owned(),
            "/nothing".to_owned(),
            "/docs/problems".to_owned(),
            "/api/v1/assets".to_owned(),
            "/api/v1/nothing".to_owned(),
            "/me".to_owned(),
            "/health".to_owned(),
        ];
        for who in [&owner, &nobody()] {
            for path in &paths {
                let said = look(&router, who, path).await;
                if path == "/health" {
                    continue;
                }
                let policy = said.header("content-security-policy");
                assert!(
                    policy.contains("default-src 'self'")
                        && policy.contains("frame-ancestors 'none'")
                        && !policy.contains("unsafe"),
                    "{path}: {policy}"
                );
                assert_eq!(said.header("x-content-type-options"), "nosniff", "{path}");
                assert_eq!(said.header("x-frame-options"), "DENY", "{path}");
                assert_eq!(said.header("referrer-policy"), "same-origin", "{path}");
                assert!(!said.header("cache-control").is_empty(), "{path}");
                let has_inline = said.text.contains("<script>")
                    || said.text.contains(" onclick=")
                    || said.text.contains(" style=\"");
                assert!(!has_inline, "{path} holds what its own policy forbids");
            }
        }
    });
}

#[test]
fn guessing_is_slowed_down() {
    told(|house| async move {
        let router = router(&house);
        let mut told_off = 0;
        for attempt in 0..40 {
            let said = ask(
                &router,
                &nobody(),
                "POST",
                "/sign-in",
                &[FORM],
                "email=owner%40example.org&password=guess",
            )
            .await;
            match said.status.as_u16() {
                401 => assert_eq!(told_off, 0, "attempt {attempt} was let through after a pause was told"),
                429 => told_off += 1,
                other => panic!("attempt {attempt}: {other}"),
            }
        }
        assert!(told_off >= 10, "only {told_off} of 40 attempts were held back");
    });
}

#[test]
fn a_link_signs_in_once() {
    told(|house| async move {
        let router = router(&house);
        let (person, _) = house.person("Lina", Some(BuiltIn::Viewer)).await;
        let cx = house.cx();
        let code = house.db().write(move |tx| link::issue(tx, &cx, person)).await.unwrap();
        let path = format!("/in/{code}");
        assert_eq!(look(&router, &nobody(), &path).await.status, 200);
        let first = ask(&router, &nobody(), "POST", &path, &[], "").await;
        assert_eq!((first.status.as_u16(), first.header("location")), (303, "/"));
        let cookie = first.header("set-cookie");
        assert!(
            cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Path=/"),
            "{cookie}"
        );
        assert_eq!(ask(&router, &nobody(), "POST", &path, &[], "").await.status, 401);
    });
}

#[test]
fn a_repeat_gets_the_first_answer_and_is_done_once() {
    told(|house| async move {
        let router = router(&house);
        let owner = caller(&house, "Owner", BuiltIn::Owner).await;
        let operator = caller(&house, "Operator", BuiltIn::Operator).await;
        let send = |who: crate::house::Caller, path: &'static str, key: &'static str, body: Value| {
            let router = router.clone();
            async move {
                ask(&router, &who, "POST", path, &[JSON, ("idempotency-key", key)], body.to_string()).await
            }
        };
        let first = send(owner.clone(), "/api/v1/work", "k1", json!({ "title": "once" })).await;
        let again = send(owner.clone(), "/api/v1/work", "k1", json!({ "title": "once" })).await;
        assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 201));
        assert_eq!(first.json(), again.json());
        let reused = send(owner.clone(), "/api/v1/work", "k1", json!({ "title": "other" })).await;
        assert_eq!(
            (reused.status.as_u16(), reused.json()["errors"][0]["code"].as_str()),
            (422, Some("reused"))
        );
        let elsewhere =
            send(owner.clone(), "/api/v1/people", "k1", json!({ "name": "x", "email": "x@example.org" }))
                .await;
        assert_eq!(elsewhere.status, 422);
        assert_eq!(
            send(operator, "/api/v1/work", "k1", json!({ "title": "theirs" })).await.status,
            201,
            "keys are one's own"
        );
        assert_eq!(send(owner.clone(), "/api/v1/work", "", json!({ "title": "x" })).await.status, 422);
        // A refusal is not kept: the same key serves when the request is right.
        assert_eq!(send(owner.clone(), "/api/v1/work", "k2", json!({ "title": "" })).await.status, 422);
        assert_eq!(send(owner.clone(), "/api/v1/work", "k2", json!({ "title": "right" })).await.status, 201);
        house.ground.clock.forward(std::time::Duration::from_hours(25));
        let late = send(owner.clone(), "/api/v1/work", "k1", json!({ "title": "next day" })).await;
        assert_eq!(late.status, 201, "{}", late.text);
        let all = look(&router, &owner, "/api/v1/work?which=all").await.json();
        assert_eq!(all["items"].as_array().unwrap().len(), 4);
    });
}

#[test]
fn who_read_an_old_revision_is_refused() {
    told(|house| async move {
        let router = router(&house);
        let owner = caller(&house, "Owner", BuiltIn::Owner).await;
        let things = Things::make(&house, "r").await;
        let path = format!("/api/v1/work/{}", things.number);
        let read = look(&router, &owner, &path).await;
        let tag = read.header("etag").to_owned();
        assert_eq!(ask(&router, &owner, "GET", &path, &[("if-none-match", &tag)], "").await.status, 304);
        let patch = |tag: Option<String>, body: &'static str| {
            let (router, owner, path) = (router.clone(), owner.clone(), path.clone());
            async move {
                let headers: Vec<(&str, &str)> =
                    tag.iter().map(|t| ("if-match", t.as_str())).chain([JSON]).collect();
                let said = ask(&router, &owner, "PATCH", &path, &headers, body).await;
                holds("PATCH", &path, &said);
                said
            }
        };
        assert_eq!(patch(None, "{\"priority\":1}").await.status, 428);
        let first = patch(Some(tag.clone()), "{\"priority\":1,\"due_at\":\"2026-12-01T00:00:00Z\"}").await;
        assert_eq!(
            (first.status.as_u16(), first.json()["due_at"].as_str()),
            (200, Some("2026-12-01T00:00:00Z"))
        );
        assert_ne!(first.header("etag"), tag);
        let second = patch(Some(tag.clone()), "{\"priority\":3}").await;
        assert_eq!((second.status.as_u16(), second.code().as_str()), (412, "stale"));
        let emptied = patch(Some("*".to_owned()), "{\"due_at\":null}").await;
        assert_eq!(
            (emptied.json()["due_at"].clone(), emptied.json()["priority"].as_i64()),
            (Value::Null, Some(1))
        );
        let asset = format!("/api/v1/assets/{}", things.asset);
        assert_eq!(
            ask(&router, &owner, "PATCH", &asset, &[JSON, ("if-match", "\"r999\"")], "{\"name\":\"n\"}")
                .await
                .status,
            412
        );
        assert_eq!(
            send(&router, &owner, "PATCH", &asset, json!({ "name": "renamed" })).await.json()["name"],
            "renamed"
        );
        let accept = format!("/api/v1/findings/{}/accept", things.finding);
        let until = jiff::Timestamp::from_millisecond(house.ground.clock.now_ms() + DAY_MS).unwrap();
        let body = json!({ "reason": "r", "until": until.to_string() }).to_string();
        assert_eq!(
            ask(&router, &owner, "POST", &accept, &[JSON, ("if-match", "\"r999\"")], body.clone())
                .await
                .status,
            412
        );
        let accepted = ask(&router, &owner, "POST", &accept, &[JSON], body).await;
        assert_eq!(accepted.json()["state"], "accepted", "{}", accepted.text);
        let form = ask(
            &router,
            &owner,
            "POST",
            &format!("/work/{}", things.number),
            &[FORM],
            "revision=1&title=old&priority=2&state=open",
        )
        .await;
        assert_eq!(form.status, 412);
    });
}

#[test]
fn lists_go_on_to_their_end_and_filters_hold() {
    told(|house| async move {
        let router = router(&house);
        let owner = caller(&house, "Owner", BuiltIn::Owner).await;
        let things = Things::make(&house, "p").await;
        for n in 0..5 {
            send(&router, &owner, "POST", "/api/v1/work", json!({ "title": format!("t{n}") })).await;
        }
        for list in ["assets", "findings", "work?which=all", "plans", "events", "people"] {
            let with =
                |more: &str| format!("/api/v1/{list}{}{more}", if list.contains('?') { "&" } else { "?" });
            let whole = look(&router, &owner, &with("limit=200")).await.json();
            let (mut walked, mut after) = (Vec::new(), String::new());
            loop {
                let path = with(&format!("limit=2{after}"));
                let said = look(&router, &owner, &path).await;
                holds("GET", &path, &said);
                let page = said.json();
                walked.extend(page["items"].as_array().unwrap().clone());
                match page["next"].as_str() {
                    Some(next) => after = format!("&after={next}"),
                    None => break,
                }
            }
            assert_eq!(Value::Array(walked), whole["items"], "{list}");
            assert!(whole["next"].is_null());
        }
        let states = |path: String| {
            let (router, owner) = (router.clone(), owner.clone());
            async move {
                let found = look(&router, &owner, &path).await.json();
                found["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|f| {
                        (f["rule"].as_str().unwrap().to_owned(), f["state"].as_str().unwrap().to_owned())
                    })
                    .collect::<Vec<_>>()
            }
        };
        let pair = |rule: &str, state: &str| (rule.to_owned(), state.to_owned());
        assert_eq!(
            states(format!("/api/v1/findings?asset={}&rule=test.rule", things.asset)).await,
            [pair("test.rule", "open")]
        );
        assert_eq!(
            states(format!("/api/v1/findings?asset={}&state=accepted", things.asset)).await,
            [pair("test.rule", "accepted")]
        );
        assert!(states(format!("/api/v1/findings?asset={}&state=gone", things.asset)).await.is_empty());
        assert!(
            states("/api/v1/findings?state=planned".to_owned())
                .await
                .iter()
                .all(|(_, state)| state == "planned")
        );
    });
}

#[test]
fn a_token_may_what_it_says_and_a_plan_is_approved_as_it_was_read() {
    told(|house| async move {
        let router = router(&house);
        let owner = caller(&house, "Owner", BuiltIn::Owner).await;
        let things = Things::make(&house, "t").await;
        let (_, token) = Things::token(&house, &owner, &["record.view", "record.plan.approve"]).await;
        let bearer = format!("Bearer {token}");
        let auth = ("authorization", bearer.as_str());
        let plan = format!("/api/v1/plans/{}", things.plan);
        let read = ask(&router, &nobody(), "GET", &plan, &[auth], "").await;
        assert_eq!(
            (read.status.as_u16(), read.json()["state"].as_str()),
            (200, Some("ready")),
            "{}",
            read.text
        );
        assert_eq!(
            ask(&router, &nobody(), "POST", "/api/v1/work", &[auth, JSON], "{\"title\":\"x\"}").await.code(),
            "denied"
        );
        assert_eq!(ask(&router, &nobody(), "GET", "/api/v1/events", &[auth], "").await.status, 403);
        let approve = format!("{plan}/approve");
        let other = json!({ "hash": "another" }).to_string();
        assert_eq!(ask(&router, &nobody(), "POST", &approve, &[auth, JSON], other).await.status, 412);
        let right = json!({ "hash": things.hash }).to_string();
        let approved = ask(&router, &nobody(), "POST", &approve, &[auth, JSON], right.clone()).await;
        holds("POST", &approve, &approved);
        assert_eq!(
            (approved.status.as_u16(), approved.json()["state"].as_str()),
            (200, Some("running")),
            "{}",
            approved.text
        );
        let twice = ask(&router, &nobody(), "POST", &approve, &[auth, JSON], right).await;
        assert_eq!((twice.status.as_u16(), twice.code().as_str()), (409, "not_ready"));
        let output = ask(
            &router,
            &nobody(),
            "GET",
            &format!("/api/v1/runs/{}/output?from=0", things.run),
            &[auth],
            "",
        )
        .await;
        assert_eq!(
            (output.json()["text"].as_str(), output.json()["is_over"].as_bool()),
            (Some("Reading package lists\n"), Some(true))
        );
        for wrong in ["Bearer mst_x".to_owned(), format!("{bearer}x"), format!("Token {token}")] {
            assert_eq!(
                ask(&router, &owner, "GET", "/api/v1/assets", &[("authorization", &wrong)], "").await.status,
                401,
                "{wrong}"
            );
        }
    });
}

#[test]
fn what_happened_is_told_with_who_did_it_and_on_which_thing() {
    told(|house| async move {
        let router = router(&house);
        let ada = caller(&house, "Ada Byron", BuiltIn::Owner).await;
        let things = Things::make(&house, "h").await;
        let path = format!("/findings/{}/accept", things.finding);
        let form = "revision=1&reason=replaced+in+March&until=2026-12-24";
        assert_eq!(ask(&router, &ada, "POST", &path, &[FORM], form).await.status, 303);
        for page in ["/settings/audit".to_owned(), format!("/findings/{}", things.finding)] {
            let text = look(&router, &ada, &page).await.text;
            assert!(text.contains("<b>Ada Byron</b> risk accepted"), "{page}: {text}");
        }
        let audit = look(&router, &ada, "/settings/audit").await.text;
        assert!(audit.contains(&format!("href=\"/findings/{}\">web-h</a>", things.finding)), "{audit}");
    });
}
