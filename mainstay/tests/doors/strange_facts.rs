//! Whatever an agent says of its host: no rule breaks, no job is given up, no page is lost. The facts of this machine are
//! bent in one place each, by a number, so that a failure can be told again.

use mainstay_agent::Host;
use mainstay_agent::collect::{ORDER, look};
use mainstay_kernel::access::BuiltIn;
use mainstay_kernel::jobs;
use mainstay_record::fact;
use mainstay_wire::disks::{Disks, FileSystem};
use mainstay_wire::{Section, Seen};
use serde_json::{Value, json};

use crate::house::{JSON, Things, ask, caller, look as open, nobody, router, told};

/// Bends of each section.
const BENDS: u64 = 16;

/// Numbers that follow from a number, the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        // SplitMix64: Steele, Lea and Flood, Fast splittable pseudorandom number generators (2014).
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % most.max(1) as u64).unwrap()
    }
}

/// Another value in one place, chosen on the way down.
fn bend(value: &mut Value, dice: &mut Dice) {
    let is_here = dice.below(4) == 0;
    match value {
        Value::Object(map) if !is_here && !map.is_empty() => {
            let at = dice.below(map.len());
            let key = map.keys().nth(at).unwrap().clone();
            if dice.below(12) == 0 {
                map.remove(&key);
            } else {
                bend(map.get_mut(&key).unwrap(), dice);
            }
        }
        Value::Array(list) if !is_here && !list.is_empty() => {
            let at = dice.below(list.len());
            if dice.below(8) == 0 {
                let twice = list[at].clone();
                list.push(twice);
            } else {
                bend(&mut list[at], dice);
            }
        }
        other => *other = odd(other, dice),
    }
}

/// Of the same type where that says most: extremes are read, other types are refused.
fn odd(value: &Value, dice: &mut Dice) -> Value {
    let text = [
        "",
        "\u{0}",
        "<script>alert(1)</script>",
        "a\nb\r\n",
        "../../etc",
        "9".repeat(400).as_str(),
        "é́\u{202e}",
    ][dice.below(7)]
    .to_owned();
    let number = [json!(0), json!(u64::MAX), json!(i64::MAX), json!(u32::MAX), json!(1), json!(-1)]
        [dice.below(6)]
    .clone();
    match (value, dice.below(5)) {
        (Value::String(_), 0..4) => json!(text),
        (Value::Number(_), 0..4) => number,
        (Value::Bool(b), 0..4) => json!(!b),
        _ => [Value::Null, json!([]), json!({}), json!(text), number, json!(true)][dice.below(6)].clone(),
    }
}

/// The first few of every list are enough to bend.
fn shorten(value: &mut Value) {
    match value {
        Value::Array(list) => {
            list.truncate(6);
            list.iter_mut().for_each(shorten);
        }
        Value::Object(map) => map.values_mut().for_each(shorten),
        _ => {}
    }
}

#[test]
fn whatever_an_agent_says_no_rule_and_no_page_breaks() {
    // Why a job failed is told in the log only.
    drop(tracing_subscriber::fmt().with_max_level(tracing::Level::WARN).with_test_writer().try_init());
    let host = Host::live();
    let seen = |section: &Section| {
        let mut content = serde_json::from_str(look(&host, section)?.content.get()).unwrap();
        shorten(&mut content);
        Some((section.clone(), content))
    };
    let looks: Vec<(Section, Value)> = ORDER.iter().filter_map(seen).collect();
    told(|house| {
        let looks = looks.clone();
        async move {
            let router = router(&house);
            let things = Things::make(&house, "odd").await;
            let owner = caller(&house, "Owner", BuiltIn::Owner).await;
            let key = format!("Bearer {}", things.key);
            let org = house.org;
            for number in 0..BENDS {
                let mut items = Vec::new();
                for (at, (section, content)) in looks.iter().enumerate() {
                    let mut content = content.clone();
                    bend(&mut content, &mut Dice(number * 100 + at as u64));
                    items.push(json!({
                        "seq": 1 + number * 100 + at as u64, "at_ms": house.ground.clock.now_ms(), "section": section,
                        "hash": format!("{number}-{at}"), "content": content,
                    }));
                }
                let report = json!({ "protocol": 1, "spool_id": "odd", "sent_at_ms": 0, "items": items });
                let headers = [("authorization", key.as_str()), JSON];
                let said =
                    ask(&router, &nobody(), "POST", "/api/v1/agent/report", &headers, report.to_string())
                        .await;
                assert_eq!(said.status, 200, "{number}: {}", said.text);
                house.forward(std::time::Duration::from_mins(1)).await;
                let left = house.db().read(move |tx| jobs::waiting(tx, org, fact::ASSESS)).await.unwrap();
                assert_eq!(left, 0, "{number}: a rule could not judge what it was told");
                let mut pages = vec!["/".to_owned(), "/assets".to_owned(), "/findings".to_owned()];
                pages.extend(
                    ["", "/findings", "/history"].map(|part| format!("/assets/{}{part}", things.asset)),
                );
                pages.extend(looks.iter().map(|(s, _)| format!("/assets/{}/facts/{s}", things.asset)));
                pages.extend(looks.iter().map(|(s, _)| format!("/api/v1/assets/{}/facts/{s}", things.asset)));
                for page in pages {
                    let said = open(&router, &owner, &page).await;
                    assert_eq!(said.status, 200, "{number} {page}: {}", said.text);
                    let is_page = said.header("content-type").starts_with("text/html");
                    let lets_through = is_page && said.text.contains("<script>alert");
                    assert!(!lets_through, "{number} {page} lets markup through");
                }
            }
        }
    });
}

#[test]
fn what_is_not_understood_was_not_seen() {
    told(|house| async move {
        let router = router(&house);
        let things = Things::make(&house, "odd").await;
        let owner = caller(&house, "Owner", BuiltIn::Owner).await;
        let key = format!("Bearer {}", things.key);
        let full = FileSystem {
            mount: "/var".into(),
            device: "/dev/sda2".into(),
            kind: "ext4".into(),
            total_bytes: 100,
            used_bytes: 98,
            available_bytes: 2,
            inodes: 10,
            inodes_free: 9,
            is_read_only: false,
            is_network: false,
            options: Vec::new(),
        };
        let disks = serde_json::to_value(Seen::whole(Disks { file_systems: vec![full] })).unwrap();
        let asked = format!("/api/v1/findings?asset={}", things.asset);
        for (seq, content, stale) in [
            (1, disks, Value::Null),
            (2, json!({ "value": 7, "unseen": "no" }), json!("anything of the section disks")),
        ] {
            let at_ms = house.ground.clock.now_ms();
            let item = json!({ "seq": seq, "at_ms": at_ms, "section": "disks", "hash": seq.to_string(), "content": content });
            let report = json!({ "protocol": 1, "spool_id": "odd", "sent_at_ms": 0, "items": [item] });
            let headers = [("authorization", key.as_str()), JSON];
            let said =
                ask(&router, &nobody(), "POST", "/api/v1/agent/report", &headers, report.to_string()).await;
            assert_eq!(said.status, 200);
            house.forward(std::time::Duration::from_mins(1)).await;
            let findings = open(&router, &owner, &asked).await.json();
            let all = findings["items"].as_array().unwrap();
            let found = all.iter().find(|f| f["title"] == "/var is 98 % full").expect("it stays open");
            let said = found["stale"].as_str().unwrap_or_default();
            assert!(
                said.starts_with(stale.as_str().unwrap_or_default())
                    && found["stale"].is_null() == stale.is_null(),
                "{found}"
            );
        }
        let page = open(&router, &owner, &format!("/assets/{}", things.asset)).await;
        assert!(page.text.contains("anything of the section disks"), "{}", page.text);
    });
}
