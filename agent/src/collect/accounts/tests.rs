//! Accounts of a recorded host with every state a password can have, and of the live host against getent.

use super::collect;
use crate::Host;
use crate::wire::accounts::{Accounts, Password};

/// 2026-11-23.
const NOW_MS: u64 = 1_795_392_000_000;

fn recorded(files: &[(&str, &str)]) -> Accounts {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("etc")).unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join("etc").join(name), text).unwrap();
    }
    collect(&Host::fixture(folder.path(), NOW_MS)).value.unwrap()
}

#[test]
fn every_state_of_a_password_is_told_and_no_hash_leaves() {
    let users = ["set", "old", "des", "locked", "star", "bang", "empty", "gone", "plain"];
    let lines: Vec<String> = users
        .iter()
        .enumerate()
        .map(|(at, name)| {
            let field = if *name == "plain" { "$1$ab$hash1" } else { "x" };
            format!("{name}:{field}:{}:100:,,:/home/{name}:/bin/bash\n", 1000 + at)
        })
        .collect();
    let passwd = lines.concat();
    let shadow = "set:$y$j9T$secrethash$x:19000:0:90:7:::\nold:$1$ab$secrethash:0:0:99999:7::20000:\n\
        des:ab01234567890:19000::::::\nlocked:!$6$ab$secrethash:19000::::::\nstar:*:19000::::::\n\
        bang:!:19000::::::\nempty::19000::::::\n";
    let found = recorded(&[("passwd", &passwd), ("shadow", shadow)]);
    let set = |name: &str| Password::Set { algorithm: name.to_owned() };
    let states: Vec<_> = found.accounts.iter().map(|account| account.password.clone()).collect();
    assert_eq!(
        states,
        [
            set("yescrypt"),
            set("md5"),
            set("des"),
            Password::Locked { algorithm: "sha512".into() },
            Password::None,
            Password::None,
            Password::Empty,
            Password::None,
            set("md5"),
        ]
    );
    assert_eq!(found.accounts[0].password_changed.as_deref(), Some("2022-01-08"));
    assert_eq!(found.accounts[0].password_max_days, Some(90));
    assert!(found.accounts[1].must_change_password && found.accounts[1].is_expired);
    let sent = serde_json::to_string(&found).unwrap();
    assert!(!sent.contains("secrethash") && !sent.contains("hash1"), "{sent}");
}

#[test]
fn who_equals_root_is_told_with_the_way() {
    let passwd = "root:x:0:0::/root:/bin/bash\ntoor:x:0:0::/root:/bin/sh\nann:x:1:7::/:/bin/sh\n\
        bob:x:1:1::/:/usr/sbin/nologin\nbroken:x:1\n+::::::\n";
    let group = "docker:x:7:bob\nadm:x:4:ann\nsudo:x:27:\n:bad\n";
    let found = recorded(&[("passwd", passwd), ("group", group)]);
    let ways: Vec<_> = found
        .root_equal
        .iter()
        .map(|way| (way.account.as_str(), way.through.as_str(), way.is_full))
        .collect();
    assert_eq!(
        ways,
        [
            ("ann", "group adm", false),
            ("ann", "group docker", true),
            ("bob", "group docker", true),
            ("toor", "uid 0", true)
        ]
    );
    let shared: Vec<_> = found.shared_uids.iter().map(|shared| shared.accounts.join(" ")).collect();
    assert_eq!(shared, ["root toor", "ann bob"]);
    assert_eq!(found.malformed, ["/etc/passwd: broken", "/etc/group: "]);
    assert!(found.accounts[0].has_login_shell && !found.accounts[3].has_login_shell);
    assert!(
        found.accounts.iter().all(|account| account.password == Password::Unknown),
        "no shadow was there"
    );
}

#[test]
fn accounts_of_the_live_host_are_those_getent_lists() {
    let Ok(output) = std::process::Command::new("getent").arg("passwd").output() else {
        println!("skipped: getent is not here");
        return;
    };
    let found = collect(&Host::live()).value.unwrap();
    let ours: Vec<String> = found
        .accounts
        .iter()
        .map(|a| format!("{}:x:{}:{}:{}:{}:{}", a.name, a.uid, a.gid, a.comment, a.home, a.shell))
        .collect();
    let theirs = String::from_utf8(output.stdout).unwrap();
    assert_eq!(ours, theirs.lines().collect::<Vec<_>>());
    let output = std::process::Command::new("getent").arg("group").output().unwrap();
    let ours: Vec<String> =
        found.groups.iter().map(|g| format!("{}:x:{}:{}", g.name, g.gid, g.members.join(","))).collect();
    assert_eq!(ours, String::from_utf8(output.stdout).unwrap().lines().collect::<Vec<_>>());
}
