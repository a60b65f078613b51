//! Stories on both engines: facts come, findings open; mended, they go; hidden, they stay and say so.

use mainstay_kernel::store::{Schema, Tx};
use mainstay_kernel::testing::{House, story};
use mainstay_kernel::{Fault, SCHEMA as KERNEL};
use mainstay_record::deadlines::{self, Deadlines};
use mainstay_record::finding::{self, Finding, Severity, State};
use mainstay_record::{AssetId, SCHEMA as RECORD, asset, fact};
use mainstay_wire::disks::{Disks, FileSystem};
use mainstay_wire::privileged::{Privileged, PrivilegedFile};
use mainstay_wire::sockets::{Holder, Listener, Protocol, Reach, Sockets};
use mainstay_wire::sshd::{Sshd, SshdSource};
use mainstay_wire::{Section, Seen, Unseen};
use serde::Serialize;

use super::{DAY_MS, NOW_MS};
use crate::{DEADLINES, Limits, assess, limits, privileged, sockets};

const SCHEMAS: &[Schema] = &[KERNEL, RECORD];

async fn write<T: Send + 'static>(
    house: &House,
    act: impl Fn(&mut Tx<'_>, &mainstay_kernel::Cx) -> Result<T, Fault> + Send + 'static,
) -> T {
    let cx = house.cx();
    house.db().write(move |tx| act(tx, &cx)).await.unwrap()
}

async fn host(house: &House) -> AssetId {
    let sight = asset::Sight { kind: "host", identity: "m1", name: "web-7", summary: "" };
    write(house, move |tx, cx| asset::see(tx, cx, &sight)).await
}

/// A look comes in, `minutes` after the story began, and the house lets the rules look at it.
async fn look<T: Serialize>(
    house: &House,
    on: AssetId,
    section: Section,
    seen: &Seen<T>,
    minutes: i64,
) -> Vec<Finding> {
    let content = serde_json::to_string(seen).unwrap();
    write(house, move |tx, cx| {
        let hash = format!("hash-{}-{minutes}", content.len());
        fact::store(tx, cx, on, &section, &hash, &content, NOW_MS + minutes * 60_000)?;
        assess(tx, cx, on, &section)
    })
    .await;
    findings(house, on).await
}

async fn findings(house: &House, on: AssetId) -> Vec<Finding> {
    write(house, move |tx, cx| finding::of_asset(tx, cx, on)).await
}

fn standing(findings: &[Finding], rule: &str) -> Vec<(String, State, bool)> {
    let mut all: Vec<_> = findings
        .iter()
        .filter(|finding| finding.rule == rule)
        .map(|finding| (finding.subject.clone(), finding.state, finding.stale.is_some()))
        .collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

fn listening(ports: &[(&str, u16)]) -> Sockets {
    let socket = |(name, port): &(&str, u16)| Listener {
        protocol: Protocol::Tcp,
        port: *port,
        address: "0.0.0.0".into(),
        reach: Reach::Every,
        processes: if name.is_empty() {
            vec![]
        } else {
            vec![Holder {
                pid: 9,
                name: (*name).into(),
                uid: None,
                program: None,
                package: None,
                unit: None,
                container: None,
            }]
        },
    };
    Sockets { listening: ports.iter().map(socket).collect() }
}

#[test]
fn a_database_in_the_open_is_found_mended_and_hidden() {
    story(SCHEMAS, vec![], vec![], |house| async move {
        let on = host(&house).await;
        let rule = sockets::DATABASES;
        let entry = |subject: &str, state, is_stale| (subject.to_owned(), state, is_stale);
        let (redis, postgres) = ("redis tcp/6379", "postgresql tcp/5432");
        let both = Seen::whole(listening(&[("redis-server", 6379), ("postgres", 5432)]));
        let found = look(&house, on, Section::Sockets, &both, 0).await;
        let open = [entry(postgres, State::Open, false), entry(redis, State::Open, false)];
        assert_eq!(standing(&found, rule), open);
        let due: Vec<_> =
            found.iter().map(|f| (f.severity, f.due_ms.map(|due| (due - NOW_MS) / DAY_MS))).collect();
        assert_eq!(due, [(Severity::Critical, Some(3)), (Severity::High, Some(14))]);

        // The same look again changes nothing.
        assert_eq!(standing(&look(&house, on, Section::Sockets, &both, 1).await, rule), open);

        // An agent without root sees the port of PostgreSQL and not its process; the port of Redis is free.
        let gap = Unseen::new("the process of 1 listening socket", "it belongs to another user");
        let partial = Seen::partly(listening(&[("", 5432)]), vec![gap.clone()]);
        let found = look(&house, on, Section::Sockets, &partial, 2).await;
        let kept = [entry(postgres, State::Open, true), entry(redis, State::Gone, false)];
        assert_eq!(standing(&found, rule), kept);
        let stale = found.iter().find(|f| f.subject == postgres).unwrap().stale.clone().unwrap();
        assert!(stale.contains("it belongs to another user"), "{stale}");

        // Nothing at all could be seen: what was open stays.
        let blind = Seen::<Sockets>::not(Unseen::new("net/tcp", "permission denied"));
        assert_eq!(standing(&look(&house, on, Section::Sockets, &blind, 3).await, rule), kept);

        // A late report of an older look changes nothing.
        assert_eq!(standing(&look(&house, on, Section::Sockets, &both, 1).await, rule), kept);

        // Seen whole and mended: gone; open again: the same finding, opened a second time.
        let none = Seen::whole(listening(&[("sshd", 22)]));
        let found = look(&house, on, Section::Sockets, &none, 4).await;
        assert_eq!(
            standing(&found, rule),
            [entry(postgres, State::Gone, false), entry(redis, State::Gone, false)]
        );
        let found = look(&house, on, Section::Sockets, &both, 5).await;
        assert_eq!(standing(&found, rule), open);
        assert!(found.iter().all(|f| f.times_opened == 2));
    });
}

#[test]
fn sshd_is_judged_again_when_its_sockets_change() {
    story(SCHEMAS, vec![], vec![], |house| async move {
        let on = host(&house).await;
        let words = [("passwordauthentication", "yes"), ("permitrootlogin", "yes")];
        let settings = words.map(|(key, value)| (key.to_owned(), vec![value.to_owned()]));
        let sshd = Sshd {
            is_installed: true,
            source: SshdSource::Asked,
            settings: settings.into(),
            ..Sshd::default()
        };
        let told = |found: &[Finding]| -> Vec<(String, Severity, State)> {
            let mut all: Vec<_> = found.iter().map(|f| (f.subject.clone(), f.severity, f.state)).collect();
            all.sort_by(|a, b| a.0.cmp(&b.0));
            all
        };
        let root = |severity| ("permitrootlogin".to_owned(), severity, State::Open);
        let passwords = |state| ("passwordauthentication".to_owned(), Severity::Medium, state);
        let found = look(&house, on, Section::Sshd, &Seen::whole(sshd), 5).await;
        assert_eq!(told(&found), [root(Severity::High)], "who can reach it is not known yet");
        let found = look(&house, on, Section::Sockets, &Seen::whole(listening(&[("sshd", 22)])), 3).await;
        assert_eq!(told(&found), [passwords(State::Open), root(Severity::High)]);
        let found = look(&house, on, Section::Sockets, &Seen::whole(listening(&[])), 9).await;
        assert_eq!(told(&found), [passwords(State::Gone), root(Severity::Low)]);
    });
}

fn stray(paths: &[&str]) -> Privileged {
    let file = |path: &&str| PrivilegedFile {
        path: (*path).into(),
        mode: 0o4755,
        uid: 0,
        gid: 0,
        capabilities: None,
        package: None,
        is_as_packaged: None,
        changed_ms: 0,
    };
    Privileged { files: paths.iter().map(file).collect(), ..Privileged::default() }
}

#[test]
fn a_look_with_gaps_opens_what_it_shows_and_closes_nothing() {
    story(SCHEMAS, vec![], vec![], |house| async move {
        let on = host(&house).await;
        let rule = privileged::FILES;
        let gap = || vec![Unseen::new("files in 3 folders", "they may not be read by this user")];
        let (open, stale) = ((State::Open, false), (State::Open, true));
        let told = |found: &[Finding]| -> Vec<(String, (State, bool))> {
            standing(found, rule)
                .into_iter()
                .map(|(subject, state, is_stale)| (subject, (state, is_stale)))
                .collect()
        };
        let is = |all: &[(&str, (State, bool))]| -> Vec<(String, (State, bool))> {
            all.iter().map(|(subject, state)| ((*subject).to_owned(), *state)).collect()
        };
        let partly = |paths: &[&str]| Seen::partly(stray(paths), gap());
        let found = look(&house, on, Section::Privileged, &partly(&["/opt/a"]), 0).await;
        assert_eq!(told(&found), is(&[("/opt/a", open)]), "what is visible opens");
        let found = look(&house, on, Section::Privileged, &partly(&["/opt/b"]), 1).await;
        assert_eq!(
            told(&found),
            is(&[("/opt/a", stale), ("/opt/b", open)]),
            "nothing closes, the new one is there"
        );
        let before = found.iter().find(|f| f.subject == "/opt/a").unwrap().title.clone();
        let found = look(&house, on, Section::Privileged, &partly(&[]), 2).await;
        assert_eq!(told(&found), is(&[("/opt/a", stale), ("/opt/b", stale)]));
        assert!(found.iter().any(|f| f.title == before), "what stays keeps its words");
        let found = look(&house, on, Section::Privileged, &partly(&["/opt/a", "/opt/b"]), 3).await;
        assert_eq!(told(&found), is(&[("/opt/a", open), ("/opt/b", open)]), "all of them were seen again");

        // An accepted risk is not lost behind a gap either.
        let id = found.iter().find(|f| f.subject == "/opt/a").map(|f| (f.id, f.revision)).unwrap();
        write(&house, move |tx, cx| {
            finding::accept(tx, cx, id.0, id.1, "needed until then", NOW_MS + DAY_MS)
        })
        .await;
        let found = look(&house, on, Section::Privileged, &partly(&["/opt/c"]), 4).await;
        let accepted = (State::Accepted, true);
        assert_eq!(told(&found), is(&[("/opt/a", accepted), ("/opt/b", stale), ("/opt/c", open)]));
        let found = look(&house, on, Section::Privileged, &Seen::whole(stray(&["/opt/c"])), 5).await;
        let gone = (State::Gone, false);
        let states: Vec<_> = told(&found).into_iter().map(|(subject, (state, _))| (subject, state)).collect();
        let expected = [("/opt/a", gone.0), ("/opt/b", gone.0), ("/opt/c", State::Open)];
        assert_eq!(states, expected.map(|(subject, state)| (subject.to_owned(), state)));
    });
}

#[test]
fn the_policy_that_holds_sets_the_due_date() {
    story(SCHEMAS, vec![], vec![], |house| async move {
        let on = host(&house).await;
        let strict = Deadlines { critical_days: 1, high_days: 1, medium_days: 60, low_days: 180 };
        write(&house, move |tx, cx| deadlines::change(tx, cx, DEADLINES, 0, &strict)).await;
        let found = look(&house, on, Section::Privileged, &Seen::whole(stray(&["/opt/a"])), 0).await;
        assert_eq!(found[0].due_ms, Some(NOW_MS + DAY_MS));
        // Sections without rules, and sections that never came, change nothing.
        write(&house, move |tx, cx| {
            for section in Section::ALL.iter().chain([&Section::Other("quarks".into())]) {
                assess(tx, cx, on, section)?;
            }
            Ok(())
        })
        .await;
        assert_eq!(findings(&house, on).await.len(), 1);
    });
}

fn disks(used_bytes: u64) -> Seen<Disks> {
    let full = FileSystem {
        mount: "/var".into(),
        device: "/dev/sda2".into(),
        kind: "ext4".into(),
        is_read_only: false,
        is_network: false,
        total_bytes: 100,
        used_bytes,
        available_bytes: 100 - used_bytes,
        inodes: 10,
        inodes_free: 9,
        options: vec![],
    };
    Seen::whole(Disks { file_systems: vec![full] })
}

#[test]
fn other_limits_show_first_what_they_would_open_and_end_and_then_do_it() {
    let kinds = vec![mainstay_kernel::jobs::Kind {
        name: fact::ASSESS,
        work: mainstay_kernel::jobs::Work::Transact(|tx, cx, job| {
            let (asset, section) = fact::assessed(job)?;
            assess(tx, cx, asset, &section)?;
            Ok(mainstay_kernel::jobs::Next::Done)
        }),
        most_failures: 3,
    }];
    story(SCHEMAS, vec![], kinds, |house| async move {
        let on = host(&house).await;
        let found = look(&house, on, Section::Disks, &disks(92), 0).await;
        assert_eq!(found.len(), 1, "above 90 %");
        let limits = |medium, high| Limits {
            disk_medium_percent: medium,
            disk_high_percent: high,
            ..Limits::default()
        };
        let dry = |new: Limits| write(&house, move |tx, cx| limits::dry_run(tx, cx, &new));
        let told =
            |all: Vec<limits::Difference>| all.into_iter().map(|d| (d.before, d.after)).collect::<Vec<_>>();
        assert_eq!(told(dry(limits(95, 97)).await), [(Some(Severity::Medium), None)]);
        assert_eq!(told(dry(limits(80, 91)).await), [(Some(Severity::Medium), Some(Severity::High))]);
        assert_eq!(told(dry(limits(90, 97)).await), [], "nothing is changed by what holds");
        assert_eq!(findings(&house, on).await[0].state, State::Open, "a dry run changes nothing");
        write(&house, move |tx, cx| limits::change_limits(tx, cx, 0, &limits(95, 97))).await;
        house.forward(std::time::Duration::ZERO).await;
        assert_eq!(findings(&house, on).await[0].state, State::Gone);
        let cx = house.cx();
        let odd = Limits { ssh_max_attempts: 0, certificate_medium_days: 1, ..limits(97, 90) };
        let refused = house.db().read(move |tx| limits::dry_run(tx, &cx, &odd)).await;
        let Err(Fault::Invalid(problems)) = refused else { panic!("it cannot be meant") };
        let fields: Vec<&str> = problems.iter().map(|p| p.field.as_str()).collect();
        assert_eq!(fields, ["ssh_max_attempts", "certificate_medium_days", "disk_high_percent"]);
    });
}
