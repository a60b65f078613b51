//! Who gets in: sshd, accounts, sudo, keys.

use std::collections::BTreeMap;

use mainstay_record::finding::Severity::{self, Critical, High, Info, Low, Medium};
use mainstay_wire::accounts::{Account, Accounts, Group, Password, RootEqual, SharedUid};
use mainstay_wire::keys::{AuthorizedKey, KeyProblem, Keys};
use mainstay_wire::sockets::{Holder, Listener, Protocol, Reach, Sockets};
use mainstay_wire::sshd::{Sshd, SshdMatch, SshdSource};
use mainstay_wire::sudo::{Sudo, SudoPower, SudoRule};
use mainstay_wire::{Seen, Unseen};

use super::{is_well_worded, told};
use crate::exposure::Exposure;
use crate::policy::Limits;
use crate::verdict::Hidden;
use crate::{accounts, keys, sshd, sudo};

fn settings(lines: &[(&str, &str)]) -> BTreeMap<String, Vec<String>> {
    let sound = [
        ("permitrootlogin", "without-password"),
        ("passwordauthentication", "no"),
        ("kbdinteractiveauthentication", "no"),
        ("usepam", "yes"),
        ("permitemptypasswords", "no"),
        ("permituserenvironment", "no"),
        ("maxauthtries", "4"),
        ("x11forwarding", "no"),
        ("strictmodes", "yes"),
    ];
    let all = sound.iter().chain(lines);
    all.map(|(key, value)| ((*key).to_owned(), vec![(*value).to_owned()])).collect()
}

fn server(lines: &[(&str, &str)]) -> Sshd {
    Sshd {
        is_installed: true,
        source: SshdSource::Asked,
        settings: settings(lines),
        matches: vec![],
        problems: vec![],
    }
}

fn account(name: &str, uid: u32, password: Password) -> Account {
    Account {
        name: name.into(),
        uid,
        gid: uid,
        comment: String::new(),
        home: format!("/home/{name}"),
        shell: "/bin/bash".into(),
        has_login_shell: true,
        password,
        password_changed: None,
        password_max_days: None,
        must_change_password: false,
        expires: None,
        is_expired: false,
        last_sign_in_ms: None,
    }
}

fn set(algorithm: &str) -> Password {
    Password::Set { algorithm: algorithm.into() }
}

/// Lines beside sound ones, who can reach sshd, and what is found.
type Case = (Vec<(&'static str, &'static str)>, Exposure, Vec<(&'static str, Severity)>);

#[test]
fn sshd_settings_are_weighed_by_what_others_can_reach() {
    let beyond = || Exposure::Beyond("0.0.0.0:22".into());
    let unknown = || Exposure::Unknown("no process is visible".into());
    let passwords = ("passwordauthentication", "yes");
    let cases: Vec<Case> = vec![
        (vec![], beyond(), vec![]),
        (
            vec![("permitrootlogin", "yes"), passwords],
            beyond(),
            vec![("permitrootlogin", High), ("passwordauthentication", Medium)],
        ),
        (vec![("permitrootlogin", "yes"), passwords], Exposure::Loopback, vec![("permitrootlogin", Low)]),
        (vec![("permitrootlogin", "yes"), passwords], Exposure::Closed, vec![("permitrootlogin", Low)]),
        (vec![("permitrootlogin", "yes"), passwords], unknown(), vec![("permitrootlogin", High)]),
        (vec![("permitrootlogin", "yes")], beyond(), vec![("permitrootlogin", Low)]),
        (vec![("permitrootlogin", "YES"), ("denyusers", "bob root")], beyond(), vec![]),
        (vec![("permitrootlogin", "yes"), ("allowusers", "alice bob@10.0.0.1")], beyond(), vec![]),
        (
            vec![("permitrootlogin", "yes"), ("allowusers", "r*t@10.*")],
            beyond(),
            vec![("permitrootlogin", Low)],
        ),
        // PAM asks for the password by itself.
        (vec![("kbdinteractiveauthentication", "yes")], beyond(), vec![("passwordauthentication", Medium)]),
        (vec![("kbdinteractiveauthentication", "yes"), ("usepam", "no")], beyond(), vec![]),
        // A key is needed as well.
        (vec![passwords, ("authenticationmethods", "publickey,password")], beyond(), vec![]),
        (
            vec![passwords, ("authenticationmethods", "publickey password")],
            beyond(),
            vec![("passwordauthentication", Medium)],
        ),
        (vec![("permitemptypasswords", "yes")], beyond(), vec![]),
        (
            vec![passwords, ("permitemptypasswords", "yes")],
            beyond(),
            vec![("passwordauthentication", Medium), ("permitemptypasswords", High)],
        ),
        (vec![("permituserenvironment", "LANG")], beyond(), vec![("permituserenvironment", Medium)]),
        (vec![("x11forwarding", "yes")], beyond(), vec![("x11forwarding", Low)]),
        (vec![("x11forwarding", "yes"), ("disableforwarding", "yes")], beyond(), vec![]),
        (vec![passwords, ("maxauthtries", "6")], Exposure::Loopback, vec![("maxauthtries", Info)]),
        (
            vec![passwords, ("maxauthtries", "20")],
            beyond(),
            vec![("passwordauthentication", Medium), ("maxauthtries", Low)],
        ),
        (
            vec![("strictmodes", "no"), ("logingracetime", "0")],
            beyond(),
            vec![("strictmodes", Medium), ("logingracetime", Low)],
        ),
        (
            vec![("hostbasedauthentication", "yes"), ("ignorerhosts", "no")],
            beyond(),
            vec![("hostbasedauthentication", Medium), ("ignorerhosts", Medium)],
        ),
        (vec![("protocol", "2,1")], beyond(), vec![("protocol", High)]),
    ];
    for (lines, exposure, expected) in cases {
        let seen = sshd::weak_access(&server(&lines), &exposure, None, &Limits::default());
        assert_eq!(told(&seen), expected, "{lines:?} {exposure:?}");
        is_well_worded(&seen);
    }
    let absent = Sshd { is_installed: false, ..server(&[("permitrootlogin", "yes"), passwords]) };
    assert!(sshd::weak_access(&absent, &beyond(), None, &Limits::default()).is_empty());
}

#[test]
fn accounts_say_whether_root_and_empty_passwords_are_real() {
    let sshd = server(&[
        ("permitrootlogin", "yes"),
        ("passwordauthentication", "yes"),
        ("permitemptypasswords", "yes"),
    ]);
    let people = |root: Password| Accounts {
        accounts: vec![account("root", 0, root), account("kiosk", 1000, Password::Empty)],
        ..Accounts::default()
    };
    let beyond = Exposure::Beyond("[::]:22".into());
    let severities = |accounts: &Accounts| {
        let seen = sshd::weak_access(&sshd, &beyond, Some(accounts), &Limits::default());
        (seen[0].severity, seen[2].severity, seen[2].reason.contains("kiosk"))
    };
    assert_eq!(severities(&people(Password::None)), (Medium, Critical, true));
    assert_eq!(severities(&people(set("yescrypt"))), (High, Critical, true));
    assert_eq!(severities(&people(Password::Unknown)), (High, Critical, true));
}

#[test]
fn match_blocks_are_judged_where_they_differ() {
    let block = |condition: &str, lines: &[(&str, &str)]| SshdMatch {
        condition: condition.into(),
        settings: lines.iter().map(|(k, v)| ((*k).to_owned(), vec![(*v).to_owned()])).collect(),
        source: "/etc/ssh/sshd_config:120".into(),
    };
    let mut sshd = server(&[("x11forwarding", "yes")]);
    sshd.matches = vec![
        block("user deploy", &[("passwordauthentication", "yes")]),
        block("address 10.0.0.0/8", &[("x11forwarding", "no")]),
    ];
    let seen = sshd::weak_access(&sshd, &Exposure::Beyond("0.0.0.0:22".into()), None, &Limits::default());
    assert_eq!(told(&seen), [("x11forwarding", Low), ("passwordauthentication:user deploy", Medium)]);
    assert_eq!(seen[1].title, "ssh takes passwords from other machines, for user deploy");
    assert!(seen[1].detail["fix"].to_string().contains("/etc/ssh/sshd_config:120"));
}

#[test]
fn weak_algorithms_are_named_and_hidden_defaults_admitted() {
    let beyond = Exposure::Beyond("0.0.0.0:22".into());
    let cases: &[(&str, &str, Option<_>)] = &[
        ("ciphers", "chacha20-poly1305@openssh.com,aes256-ctr", None),
        ("ciphers", "aes256-ctr,aes128-cbc", Some(Low)),
        ("ciphers", "aes128-cbc,3des-cbc", Some(Medium)),
        ("ciphers", "rijndael-cbc@lysator.liu.se", Some(Low)),
        ("ciphers", "none", Some(High)),
        ("ciphers", "-3des-cbc", None),
        ("ciphers", "+3des-cbc", Some(Medium)),
        ("macs", "hmac-sha2-256-etm@openssh.com,hmac-sha2-512", None),
        ("macs", "hmac-sha1-etm@openssh.com,umac-64@openssh.com", Some(Info)),
        ("macs", "hmac-md5-96-etm@openssh.com", Some(Medium)),
        ("kexalgorithms", "sntrup761x25519-sha512,curve25519-sha256", None),
        ("kexalgorithms", "diffie-hellman-group14-sha1", Some(Low)),
        ("kexalgorithms", "diffie-hellman-group1-sha1,diffie-hellman-group14-sha256", Some(Medium)),
        ("hostkeyalgorithms", "ssh-ed25519,rsa-sha2-512", None),
        ("hostkeyalgorithms", "ssh-rsa", Some(Low)),
        ("pubkeyacceptedalgorithms", "ssh-dss-cert-v01@openssh.com", Some(Medium)),
    ];
    for (keyword, list, expected) in cases {
        let seen = sshd::weak_algorithms(&server(&[(keyword, list)]), &beyond);
        let expected: Vec<_> = expected.iter().map(|severity| (*keyword, *severity)).collect();
        assert_eq!(told(&seen), expected, "{keyword} {list}");
        is_well_worded(&seen);
    }
    let read =
        Sshd { source: SshdSource::Read, ..server(&[("ciphers", "aes256-ctr"), ("macs", "+hmac-md5")]) };
    let gap =
        Unseen::new("settings as sshd itself tells them (read from its files instead)", "only root may");
    let sockets = Seen::whole(Sockets::default());
    let verdicts =
        sshd::judge(&Seen::partly(read, vec![gap.clone()]), Some(&sockets), None, &Limits::default());
    assert!(matches!(verdicts[0].hidden, Hidden::Nothing), "files that were read count");
    assert!(!verdicts[1].seen.is_empty() && verdicts[1].hidden.hides("kexalgorithms"), "defaults are hidden");
    let unread = Unseen::new("settings of sshd in /etc/ssh/sshd_config.d/a.conf", "permission denied");
    let verdicts =
        sshd::judge(&Seen::partly(server(&[]), vec![gap, unread]), Some(&sockets), None, &Limits::default());
    assert!(verdicts.iter().all(|verdict| verdict.hidden.hides("permitrootlogin")));
}

#[test]
fn without_sockets_only_the_reach_of_passwords_is_hidden() {
    let seen = Seen::whole(server(&[("passwordauthentication", "yes")]));
    let verdicts = sshd::judge(&seen, None, None, &Limits::default());
    assert!(verdicts[0].seen.is_empty());
    assert!(
        verdicts[0].hidden.hides("passwordauthentication") && !verdicts[0].hidden.hides("permitrootlogin")
    );
    // A listener on the port whose process is hidden is taken for sshd; one of another program is not.
    let mut socket = Listener {
        protocol: Protocol::Tcp,
        port: 22,
        address: "0.0.0.0".into(),
        reach: Reach::Every,
        processes: vec![],
    };
    let judged = |socket: &Listener| {
        let sockets = Seen::whole(Sockets { listening: vec![socket.clone()] });
        sshd::judge(&seen, Some(&sockets), None, &Limits::default())[0].seen.len()
    };
    assert_eq!(judged(&socket), 1);
    let holder = |name: &str| Holder {
        pid: 1,
        name: name.into(),
        uid: None,
        program: None,
        package: None,
        unit: None,
        container: None,
    };
    for (name, expected) in [("sshd", 1), ("systemd", 1), ("dropbear", 0)] {
        socket.processes = vec![holder(name)];
        assert_eq!(judged(&socket), expected, "{name}");
    }
}

#[test]
fn passwords_of_accounts() {
    let mut closed = account("old", 1001, set("md5"));
    closed.is_expired = true;
    let mut daemon = account("daemon", 1, Password::Empty);
    daemon.has_login_shell = false;
    let aged = |days: Option<u32>| Account { password_max_days: days, ..account("a", 1, set("sha512")) };
    let strict = Limits { password_max_days: Some(365), ..Limits::default() };
    let cases = vec![
        (account("a", 1, set("yescrypt")), Limits::default(), None),
        (account("a", 1, set("sha256")), Limits::default(), None),
        (account("a", 1, Password::None), Limits::default(), None),
        (account("a", 1, Password::Unknown), Limits::default(), None),
        (account("a", 1, Password::Locked { algorithm: "des".into() }), Limits::default(), None),
        (account("a", 1, Password::Empty), Limits::default(), Some(Critical)),
        (daemon, Limits::default(), Some(Medium)),
        (account("a", 1, set("des")), Limits::default(), Some(High)),
        (account("a", 1, set("md5")), Limits::default(), Some(Medium)),
        (closed, Limits::default(), Some(Low)),
        (aged(None), Limits::default(), None),
        (aged(None), strict.clone(), Some(Low)),
        (aged(Some(365)), strict.clone(), None),
        (aged(Some(99_999)), strict, Some(Low)),
    ];
    for (account, limits, expected) in cases {
        let all = Accounts { accounts: vec![account.clone()], ..Accounts::default() };
        let seen = accounts::passwords(&all, &limits);
        assert_eq!(seen.first().map(|s| s.severity), expected, "{account:?}");
        is_well_worded(&seen);
    }
    let group = Group { name: "staff".into(), gid: 50, members: vec![], has_password: true };
    let all = Accounts { groups: vec![group], ..Accounts::default() };
    assert_eq!(told(&accounts::passwords(&all, &Limits::default())), [("group:staff", Low)]);
}

#[test]
fn root_under_other_names_and_through_groups() {
    let way = |account: &str, through: &str, is_full| RootEqual {
        account: account.into(),
        through: through.into(),
        why: "may start a container that owns the whole disk".into(),
        is_full,
    };
    let mut robot = account("robot", 1002, Password::None);
    robot.has_login_shell = false;
    let all = Accounts {
        accounts: vec![
            account("root", 0, set("yescrypt")),
            account("toor", 0, set("yescrypt")),
            account("spare", 0, Password::None),
            account("alice", 1000, set("yescrypt")),
            robot,
        ],
        shared_uids: vec![
            SharedUid { uid: 0, accounts: vec!["root".into(), "toor".into(), "spare".into()] },
            SharedUid { uid: 7, accounts: vec!["x".into(), "y".into()] },
        ],
        root_equal: vec![
            way("toor", "uid 0", true),
            way("alice", "group docker", true),
            way("alice", "group sudo", true),
            way("alice", "group adm", false),
            way("alice", "group shadow", false),
            way("robot", "group docker", true),
            way("ghost", "group lxd", true),
        ],
        ..Accounts::default()
    };
    let numbers = accounts::shared_numbers(&all);
    assert_eq!(told(&numbers), [("uid 0 toor", High), ("uid 0 spare", Medium), ("uid 7", Low)]);
    let groups = accounts::root_groups(&all);
    let expected = [
        ("alice group docker", Medium),
        ("alice group shadow", Medium),
        ("robot group docker", Low),
        ("ghost group lxd", Low),
    ];
    assert_eq!(told(&groups), expected);
    is_well_worded(&numbers);
    is_well_worded(&groups);
}

#[test]
fn gaps_hide_only_the_rules_they_concern() {
    let all = Accounts { accounts: vec![account("a", 1, Password::Unknown)], ..Accounts::default() };
    let hides = |gaps: Vec<Unseen>| -> Vec<bool> {
        let verdicts = accounts::judge(&Seen::partly(all.clone(), gaps), &Limits::default());
        verdicts.iter().map(|verdict| verdict.hidden.hides("b")).collect()
    };
    assert_eq!(hides(vec![Unseen::new("state and age of passwords", "root only")]), [true, false, false]);
    assert_eq!(hides(vec![Unseen::new("groups", "gone")]), [false, false, true]);
    assert_eq!(
        hides(vec![Unseen::new("accounts that come from ldap", "a directory")]),
        [false, false, false]
    );
    assert_eq!(hides(vec![Unseen::new("something new", "of a later agent")]), [true, true, true]);
    let verdicts = accounts::judge(&Seen::whole(all.clone()), &Limits::default());
    assert!(verdicts[0].hidden.hides("a"), "its password is unknown without a gap that says why");
    let blind = Seen::<Accounts>::not(Unseen::new("accounts", "no such file"));
    assert!(
        accounts::judge(&blind, &Limits::default()).iter().all(|v| v.seen.is_empty() && v.hidden.hides("a"))
    );
}

fn rule(users: &[&str], commands: &[&str], needs_password: bool) -> SudoRule {
    let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    SudoRule {
        users: words(users),
        hosts: words(&["ALL"]),
        as_users: vec![],
        as_groups: vec![],
        commands: words(commands),
        needs_password,
        tags: vec![],
        source: "/etc/sudoers.d/app:3".into(),
    }
}

#[test]
fn sudo_rules_that_are_root_in_disguise() {
    let power = |rules: Vec<usize>, all: bool| SudoPower {
        account: "app".into(),
        is_root_equal: all,
        has_passwordless: true,
        is_root_without_password: all,
        rules,
    };
    let cases: Vec<(&[&str], Option<_>)> = vec![
        (&["ALL"], Some(("app all", High))),
        (&["/usr/bin/systemctl restart shop.service"], None),
        (&["/usr/bin/systemctl"], Some(("app disguise", High))),
        (&["/usr/bin/systemctl restart *"], Some(("app disguise", High))),
        (&["/usr/bin/vim"], Some(("app disguise", High))),
        (&["/usr/bin/python3.11"], Some(("app disguise", High))),
        (&["sha256:aabb /usr/bin/less"], Some(("app disguise", High))),
        (&["/usr/bin/less \"\""], None),
        (&["/usr/bin/id"], None),
        (&["/opt/tools/"], Some(("app disguise", High))),
        (&["!/usr/bin/vim"], None),
        (&["/home/app/deploy.sh"], Some(("target /home/app/deploy.sh", High))),
    ];
    for (commands, expected) in cases {
        let sudo = Sudo {
            is_installed: true,
            rules: vec![rule(&["app"], commands, false)],
            powers: vec![power(vec![0], commands == ["ALL"])],
            ..Sudo::default()
        };
        let seen = sudo::weak_rules(&sudo);
        assert_eq!(told(&seen), expected.into_iter().collect::<Vec<_>>(), "{commands:?}");
        is_well_worded(&seen);
    }
}

#[test]
fn sudo_defaults_problems_and_rules_for_nobody() {
    let sudo = Sudo {
        is_installed: true,
        rules: vec![
            rule(&["%ops"], &["ALL"], false),
            rule(&["%staff"], &["ALL"], true),
            rule(&["root"], &["ALL"], false),
        ],
        powers: vec![],
        defaults: vec![
            "Defaults env_reset, !authenticate".into(),
            "Defaults timestamp_timeout = -1".into(),
            "Defaults secure_path=\"/usr/sbin:/usr/bin\"".into(),
            "Defaults:alice visiblepw".into(),
        ],
        problems: vec![
            "/etc/sudoers.d/x may be written by others than root; sudo ignores it".into(),
            "/etc/sudoers:9 is not understood".into(),
        ],
    };
    let seen = sudo::weak_rules(&sudo);
    let expected = [
        ("rule %ops", Medium),
        ("Defaults !authenticate", High),
        ("Defaults timestamp_timeout=-1", Low),
        ("Defaults:alice visiblepw", Low),
        ("file /etc/sudoers.d/x", High),
    ];
    assert_eq!(told(&seen), expected);
    is_well_worded(&seen);
    assert!(sudo::weak_rules(&Sudo { is_installed: false, ..sudo }).is_empty());
}

fn key(account: &str, kind: &str, bits: u32, comment: &str, options: &[&str]) -> AuthorizedKey {
    AuthorizedKey {
        account: account.into(),
        file: format!("/home/{account}/.ssh/authorized_keys"),
        line: 2,
        kind: kind.into(),
        bits,
        fingerprint: format!("SHA256:{kind}{bits}"),
        comment: comment.into(),
        options: options.iter().map(|option| (*option).to_owned()).collect(),
        file_changed_ms: Some(1_700_000_000_000),
    }
}

#[test]
fn keys_weak_ownerless_and_of_root() {
    let mut gone = account("left", 1003, Password::None);
    gone.is_expired = true;
    let people = Accounts {
        accounts: vec![
            account("root", 0, Password::None),
            account("toor", 0, Password::None),
            account("alice", 1000, Password::None),
            gone,
        ],
        ..Accounts::default()
    };
    let cases = [
        (key("alice", "ssh-ed25519", 256, "alice@laptop", &[]), None, None, None),
        (key("alice", "ssh-rsa", 2048, "alice", &[]), None, None, None),
        (key("alice", "ssh-rsa", 2047, "alice", &[]), Some(High), None, None),
        (key("alice", "ssh-rsa", 768, "alice", &[]), Some(Critical), None, None),
        (key("alice", "ssh-dss", 1024, "alice", &[]), Some(Medium), None, None),
        (key("alice", "ssh-ed25519", 256, " ", &[]), None, Some(Low), None),
        (key("nobody-home", "ssh-ed25519", 256, "x", &[]), None, Some(Medium), None),
        (key("left", "ssh-ed25519", 256, "x", &[]), None, Some(Medium), None),
        (key("root", "ssh-ed25519", 256, "ops", &[]), None, None, Some(Medium)),
        (key("root", "ssh-ed25519", 256, "ops", &["from=\"10.0.0.1\""]), None, None, Some(Low)),
        (
            key("root", "ssh-ed25519", 256, "ops", &["command=\"rrsync /srv\"", "restrict"]),
            None,
            None,
            Some(Info),
        ),
        (key("toor", "ssh-ed25519", 256, "ops", &[]), None, None, Some(Medium)),
    ];
    for (key, strength, owner, root) in cases {
        let all = Keys { keys: vec![key.clone()], problems: vec![] };
        let seen = [keys::weak(&all), keys::without_owner(&all, &people), keys::of_root(&all, Some(&people))];
        let severities = seen.each_ref().map(|seen| seen.first().map(|sighting| sighting.severity));
        assert_eq!(severities, [strength, owner, root], "{key:?}");
        for seen in &seen {
            is_well_worded(seen);
        }
    }
}

#[test]
fn files_of_keys_and_accounts_that_could_not_be_read() {
    let problem =
        |text: &str| KeyProblem { account: "al".into(), path: "/home/al/.ssh".into(), problem: text.into() };
    for (text, expected) in [
        ("may be written by everybody", High),
        ("may be written by group 50", Medium),
        ("belongs to user 1007", High),
        ("line 3 is no key", Low),
    ] {
        let seen = keys::open_files(&Keys { keys: vec![], problems: vec![problem(text)] });
        assert_eq!(seen[0].severity, expected, "{text}");
        is_well_worded(&seen);
    }
    let gaps = vec![
        Unseen::new("keys of bo", "permission denied"),
        Unseen::new("keys a program hands out", "sshd asks /usr/bin/x at each sign-in"),
    ];
    let verdicts = keys::judge(&Seen::partly(Keys::default(), gaps), Some(&Accounts::default()));
    assert_eq!(verdicts.len(), 4);
    for verdict in verdicts {
        assert!(
            verdict.hidden.hides("bo SHA256:x") && !verdict.hidden.hides("bob SHA256:x"),
            "{}",
            verdict.rule
        );
    }
    let verdicts = keys::judge(&Seen::whole(Keys::default()), None);
    let blind: Vec<_> = verdicts.iter().filter(|v| v.hidden.hides("a b")).map(|v| v.rule).collect();
    assert_eq!(blind, [keys::OWNER]);
}
