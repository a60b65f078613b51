//! Who is told what: everything that leaves the house is taken out of the outbox, and one message more or less than
//! was expected is a fault.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Body;
use axum::http::HeaderMap;
use http_body_util::BodyExt;
use mainstay::ticks;
use mainstay_face::live::{self, Hub, Listener, Topics};
use mainstay_kernel::access::BuiltIn;
use mainstay_kernel::id::NoticeId;
use mainstay_kernel::notify::{self, AddressSetting, ChannelKind, MailSetting, NewChannel, State, Ways};
use mainstay_kernel::store::Tx;
use mainstay_kernel::testing::House;
use mainstay_kernel::{Cx, Fault, settings};
use mainstay_record::finding::{self, Severity, Sighting};
use mainstay_record::{AssetId, plan, run, silence};
use mainstay_wire::{Outcome, OutcomeState, Output, Report};

use crate::house::{DAY_MS, host, ready, told};
use crate::outbox::Outbox;

async fn write<T: Send + 'static>(
    house: &House,
    work: impl Fn(&mut Tx<'_>, &Cx) -> Result<T, Fault> + Send + 'static,
) -> T {
    let cx = house.cx();
    house.db().write(move |tx| work(tx, &cx)).await.unwrap()
}

/// A look that sees these subjects with these severities.
async fn see(house: &House, asset: AssetId, seen: &[(&str, Severity)]) {
    let sightings: Vec<Sighting> = seen
        .iter()
        .map(|(subject, severity)| Sighting {
            subject: (*subject).to_owned(),
            severity: *severity,
            title: format!("{subject} deviates"),
            reason: "It is 3, should be 2.".into(),
            detail: serde_json::json!({}),
        })
        .collect();
    write(house, move |tx, cx| {
        let due = |_: Severity, first: i64| Some(first + 7 * DAY_MS);
        let look = finding::Look { rule: "test.rule", asset, scope: "test", at_ms: cx.now_ms(), due: &due };
        finding::observe(tx, cx, look, &sightings)
    })
    .await;
}

/// A host of one's own without findings, two who may act, one who may only look, and an address for links.
async fn begin(house: &House) -> (AssetId, mainstay_record::AgentId, String) {
    for (name, role) in [("Ada", BuiltIn::Operator), ("Ona", BuiltIn::Owner), ("Vera", BuiltIn::Viewer)] {
        house.person(name, Some(role)).await;
    }
    write(house, |tx, cx| {
        let address = AddressSetting { url: "https://desk.example.org".into(), is_given: true };
        settings::set(tx, cx, 0, &address)
    })
    .await;
    let made = host(house, "web-7").await;
    house.forward(Duration::from_secs(1)).await;
    house.forward(Duration::from_mins(1)).await;
    made
}

#[test]
fn one_look_is_one_message_to_each_who_can_act_and_no_look_more() {
    told(|house| async move {
        let (outbox, _) = Outbox::open(&house).await;
        let (asset, _, _) = begin(&house).await;
        assert_eq!(outbox.mails().len(), 2, "the security update of the new host");

        let many: Vec<String> = (0..30).map(|n| format!("s{n:02}")).collect();
        let seen: Vec<(&str, Severity)> = many.iter().map(|s| (s.as_str(), Severity::High)).collect();
        see(&house, asset, &seen).await;
        house.forward(Duration::from_secs(5)).await;
        assert_eq!(outbox.mails(), [""; 0], "it waits for its neighbours");
        house.forward(Duration::from_secs(20)).await;
        let mails = outbox.whole();
        let to: Vec<&str> = mails.iter().map(|mail| mail.to.as_str()).collect();
        assert_eq!(to, ["ada@example.org", "ona@example.org"]);
        assert_eq!(mails[0].header("Subject"), "web-7: 30 new critical or high findings");
        assert!(mails[0].text.contains("And 22 more."), "{}", mails[0].text);
        assert!(mails[0].text.contains(&format!("https://desk.example.org/assets/{asset}/findings")));

        // Looking again, and again later, is no news; nor is what is mild.
        see(&house, asset, &seen).await;
        house.forward(Duration::from_mins(10)).await;
        let more: Vec<_> = seen.iter().copied().chain([("mild", Severity::Medium)]).collect();
        see(&house, asset, &more).await;
        house.forward(Duration::from_mins(10)).await;
        assert_eq!(outbox.mails(), [""; 0]);

        // What becomes worse is news, alone with its reason; what was critical or high already is not.
        let worse: Vec<_> = seen.iter().copied().chain([("mild", Severity::Critical)]).collect();
        see(&house, asset, &worse).await;
        house.forward(Duration::from_mins(1)).await;
        let mails = outbox.whole();
        assert_eq!(mails.len(), 2);
        assert_eq!(mails[0].header("Subject"), "web-7: mild deviates");
        assert!(mails[0].text.contains("Critical. It is 3, should be 2. Due"), "{}", mails[0].text);
        // Gone and back is news again; gone within the patience is none.
        for look in [&seen, &worse, &seen] {
            house.forward(Duration::from_secs(1)).await;
            see(&house, asset, look).await;
        }
        house.forward(Duration::from_mins(1)).await;
        assert_eq!(outbox.mails(), [""; 0]);
    });
}

#[test]
fn a_plan_that_waits_and_a_plan_that_failed_are_told_of_once() {
    told(|house| async move {
        let (outbox, _) = Outbox::open(&house).await;
        let (asset, agent, _) = begin(&house).await;
        outbox.mails();

        let (plan, _) = ready(&house, asset, agent).await;
        house.forward(Duration::from_mins(1)).await;
        let title = "Approve: Install 1 update on web-7";
        assert_eq!(
            outbox.mails(),
            [format!("ada@example.org: {title}"), format!("ona@example.org: {title}")]
        );
        write(&house, move |tx, cx| {
            mainstay_patches::approve(tx, cx, plan, "abc", None)?;
            let order = run::hand_out(tx, cx, agent)?.remove(0);
            let done = Outcome {
                state: OutcomeState::Succeeded,
                summary: "kept".into(),
                code: Some(0),
                ended_at_ms: 0,
                result: None,
            };
            let output = Output {
                order_id: order.id,
                fence: order.fence,
                offset: 0,
                chunk: String::new(),
                done: Some(done),
            };
            run::hear(tx, cx, agent, &output)
        })
        .await;
        house.forward(Duration::from_secs(1)).await;
        write(&house, move |tx, cx| {
            let order = run::hand_out(tx, cx, agent)?.remove(0);
            let done = Outcome {
                state: OutcomeState::Failed,
                summary: "dpkg ended with 1".into(),
                code: Some(1),
                ended_at_ms: 0,
                result: None,
            };
            let output = Output {
                order_id: order.id,
                fence: order.fence,
                offset: 0,
                chunk: "E: no space\n".into(),
                done: Some(done),
            };
            run::hear(tx, cx, agent, &output)?;
            plan::get(tx, cx, plan)
        })
        .await;
        house.forward(Duration::from_mins(1)).await;
        let mails = outbox.whole();
        assert_eq!(mails.len(), 2, "one for the plan, none for its run: {mails:?}");
        assert_eq!(mails[0].header("Subject"), "Failed: Install 1 update on web-7");
        assert!(mails[0].text.contains("Dpkg ended with 1. What stands on web-7"), "{}", mails[0].text);
    });
}

#[test]
fn an_accepted_risk_that_is_back_and_each_silence_are_told_of_once() {
    told(|house| async move {
        let (outbox, _) = Outbox::open(&house).await;
        let (asset, _, key) = begin(&house).await;
        outbox.mails();
        see(&house, asset, &[("port", Severity::High)]).await;
        house.forward(Duration::from_mins(1)).await;
        outbox.mails();
        write(&house, move |tx, cx| {
            let f = finding::of_rule(tx, cx, "test.rule", asset)?.remove(0);
            finding::accept(tx, cx, f.id, f.revision, "behind the firewall", cx.now_ms() + DAY_MS)
        })
        .await;
        house.forward(Duration::from_hours(25)).await;
        assert_eq!(outbox.mails(), [""; 0]);
        for _ in 0..3 {
            write(&house, finding::return_accepted).await;
            house.forward(Duration::from_mins(1)).await;
        }
        let title = "web-7: accepted risk is back: port deviates";
        assert_eq!(
            outbox.mails(),
            [format!("ada@example.org: {title}"), format!("ona@example.org: {title}")]
        );

        for _ in 0..3 {
            write(&house, |tx, cx| silence::notice(tx, cx, cx.now_ms() - 600_000)).await;
            house.forward(Duration::from_mins(1)).await;
        }
        let title = "No word from web-7";
        assert_eq!(
            outbox.mails(),
            [format!("ada@example.org: {title}"), format!("ona@example.org: {title}")]
        );
        // It speaks, and falls silent again: that is another silence.
        write(&house, move |tx, cx| {
            let known = mainstay_record::agent::by_key(tx, cx.org, &key)?;
            let empty = serde_json::json!({ "protocol": 1, "spool_id": "s", "sent_at_ms": 0, "items": [] });
            let report: Report = serde_json::from_value(empty).map_err(Fault::broken)?;
            mainstay_record::agent::report(tx, cx, &known, &report)
        })
        .await;
        house.forward(Duration::from_mins(5)).await;
        write(&house, |tx, cx| silence::notice(tx, cx, cx.now_ms() - 600_000)).await;
        house.forward(Duration::from_mins(6)).await;
        assert_eq!(outbox.mails(), [""; 0]);
        write(&house, |tx, cx| silence::notice(tx, cx, cx.now_ms() - 600_000)).await;
        house.forward(Duration::from_mins(1)).await;
        assert_eq!(outbox.mails().len(), 2);
    });
}

#[test]
fn people_choose_and_channels_hear_what_they_want() {
    told(|house| async move {
        let (outbox, url) = Outbox::open(&house).await;
        let (asset, _, _) = begin(&house).await;
        outbox.mails();
        let (ada, ada_cx) = house.person("Ada Two", Some(BuiltIn::Operator)).await;
        let push = format!("{url}/ada");
        let chosen = BTreeMap::from([("findings".to_owned(), Ways { mail: false, push: true })]);
        let set = move |tx: &mut Tx<'_>| {
            notify::wish(tx, &ada_cx, &chosen)?;
            notify::set_own_push(tx, &ada_cx, &push, Some("tk_ada")).map(drop)
        };
        house.db().write(set).await.unwrap();
        let hook = format!("{url}/hook");
        let quiet = format!("{url}/quiet");
        write(&house, move |tx, cx| {
            let new = |name: &str, url: &str, causes: &[&str]| NewChannel {
                kind: ChannelKind::Webhook,
                name: name.into(),
                url: url.into(),
                causes: causes.iter().map(|c| (*c).to_owned()).collect(),
                token: None,
            };
            notify::make(tx, cx, &new("Hook", &hook, &["findings"]))?;
            notify::make(tx, cx, &new("Quiet", &quiet, &["approval", "silent"]))
        })
        .await;
        see(&house, asset, &[("port", Severity::High)]).await;
        house.forward(Duration::from_mins(1)).await;
        assert_eq!(
            outbox.mails(),
            ["ada@example.org: web-7: port deviates", "ona@example.org: web-7: port deviates"]
        );
        let mut posts = outbox.posts();
        posts.sort();
        assert_eq!(posts.len(), 2, "{posts:?}");
        assert!(posts[0].starts_with("POST /ada ") && posts[0].contains("Bearer tk_ada"), "{}", posts[0]);
        assert!(
            posts[1].starts_with("POST /hook ") && posts[1].contains(r#""type":"notice.findings""#),
            "{}",
            posts[1]
        );
        assert!(posts[1].contains("webhook-signature: v1,"), "{}", posts[1]);
        let (_, receipts) = newest(&house).await;
        let who: Vec<_> = receipts.iter().map(|r| (r.channel.as_str(), r.name.as_str(), r.state)).collect();
        assert_eq!(
            who,
            [
                ("mail", "Ada", State::Sent),
                ("mail", "Ona", State::Sent),
                ("push", "Ada Two", State::Sent),
                ("webhook", "Hook", State::Sent)
            ],
            "{ada}"
        );
    });
}

async fn newest(house: &House) -> (notify::Notice, Vec<notify::Receipt>) {
    write(house, |tx, cx| notify::list(tx, cx, NoticeId(i64::MAX), 1)).await.remove(0)
}

#[test]
fn without_a_way_the_receipt_says_so_and_nothing_is_called_sent() {
    told(|house| async move {
        let (asset, _, _) = begin(&house).await;
        see(&house, asset, &[("port", Severity::High)]).await;
        house.forward(Duration::from_mins(1)).await;
        let (notice, receipts) = newest(&house).await;
        let ends: Vec<_> = receipts.iter().map(|r| (r.name.as_str(), r.state, r.attempts)).collect();
        assert_eq!(ends, [("Ada", State::GivenUp, 0), ("Ona", State::GivenUp, 0)]);
        assert!(receipts[0].answer.contains("no mail server is set"), "{}", receipts[0].answer);
        let cx = house.cx();
        let again = move |tx: &mut Tx<'_>| notify::again(tx, &cx, notice.id, "mail", "ada@example.org");
        assert_eq!(house.db().write(again).await.unwrap_err().code(), "no_mail");
        // With a server the old messages stay where they are until somebody sends one again.
        let (outbox, _) = Outbox::open(&house).await;
        house.forward(Duration::from_hours(30)).await;
        assert_eq!(outbox.mails(), [""; 0]);
        write(&house, move |tx, cx| notify::again(tx, cx, notice.id, "mail", "ada@example.org")).await;
        house.forward(Duration::from_secs(1)).await;
        assert_eq!(outbox.mails(), ["ada@example.org: web-7: port deviates"]);
    });
}

#[test]
fn an_open_page_hears_what_became_of_a_message() {
    told(|house| async move {
        let (outbox, _) = Outbox::open(&house).await;
        let way = write(&house, |tx, cx| settings::get::<MailSetting>(tx, cx.org)).await;
        let (nobody, seen) = (MailSetting { port: 1, ..way.value.clone() }, way.revision);
        let shut = write(&house, move |tx, cx| settings::set(tx, cx, seen, &nobody)).await;
        let (asset, _, _) = begin(&house).await;
        let hub = Hub::new("b1", 4096);
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let publishing = tokio::spawn(ticks::publish(house.ground.clone(), hub.clone(), stopped));
        let topics = Topics::parse("notice").unwrap();
        let listener = Listener::new(house.org.to_string(), topics, |_| true);
        let mut page = live::listen(&hub, &HeaderMap::new(), None, listener).into_body();

        see(&house, asset, &[("worse", Severity::Critical)]).await;
        house.forward(Duration::from_mins(1)).await;
        let told = write(&house, |tx, cx| notify::list(tx, cx, NoticeId(i64::MAX), 1)).await;
        let (notice, waits) = &told[0];
        assert!(
            waits.iter().all(|receipt| receipt.state == State::Waiting && receipt.attempts > 0),
            "{waits:?}"
        );
        hears(&mut page, notice.id).await;
        // Nothing happens to it but that it arrives.
        quiet(&mut page).await;
        write(&house, move |tx, cx| settings::set(tx, cx, shut, &way.value)).await;
        house.forward(Duration::from_mins(5)).await;
        assert!(!outbox.mails().is_empty());
        hears(&mut page, notice.id).await;
        stop.send(true).unwrap();
        publishing.await.unwrap();
    });
}

async fn hears(page: &mut Body, of: NoticeId) {
    let told = async {
        loop {
            let frame = page.frame().await.expect("the stream goes on").unwrap().into_data().unwrap();
            if String::from_utf8_lossy(&frame).contains(&format!("event: notice\ndata: {}\n", of.0)) {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_mins(1), told).await.expect("the page hears of the notice");
}

/// Takes in what is still on its way.
async fn quiet(page: &mut Body) {
    while tokio::time::timeout(Duration::from_secs(3), page.frame()).await.is_ok() {}
}
