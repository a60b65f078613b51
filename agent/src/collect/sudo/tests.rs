//! What sudoers say comes to the powers sudo would give.

use super::collect;
use crate::Host;
use crate::collect::accounts;
use crate::wire::sudo::Sudo;

fn recorded(sudoers: &str, more: &[(&str, &str)]) -> Sudo {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("etc/sudoers.d")).unwrap();
    let passwd = "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/h:/bin/sh\nbob:x:1001:27::/h:/bin/sh\n\
        cid:x:1002:1002::/h:/bin/sh\n";
    let group = "root:x:0:\nsudo:x:27:ann\nann:x:1000:\ncid:x:1002:\nops:x:50:cid\n";
    let files = [("passwd", passwd), ("group", group), ("sudoers", sudoers), ("hostname", "web-7\n")];
    for (name, text) in files.iter().chain(more) {
        std::fs::write(folder.path().join("etc").join(name), text).unwrap();
    }
    let host = Host::fixture(folder.path(), 0);
    collect(&host, accounts::collect(&host).value.as_ref()).value.unwrap()
}

/// `account: root-equal, passwordless, root without password`.
fn powers(sudo: &Sudo) -> Vec<String> {
    let flag = |is: bool, letter: &'static str| if is { letter } else { "-" };
    let of = |p: &crate::wire::sudo::SudoPower| {
        let letters = [
            flag(p.is_root_equal, "R"),
            flag(p.has_passwordless, "p"),
            flag(p.is_root_without_password, "P"),
        ];
        format!("{} {}", p.account, letters.concat())
    };
    sudo.powers.iter().map(of).collect()
}

#[test]
fn groups_aliases_and_tags_are_resolved() {
    let sudo = recorded(
        "# comment\nDefaults env_reset # more\nUser_Alias OPS = cid, \\\n  !dan : NONE = zed\n\
         Cmnd_Alias RESTART = /bin/systemctl restart nginx, /bin/systemctl reload nginx\n\
         %sudo ALL=(ALL:ALL) ALL\nOPS web-7 = (root) NOPASSWD: RESTART, PASSWD: /bin/cat /var/log/*\n",
        &[],
    );
    assert_eq!(powers(&sudo), ["ann R--", "bob R--", "cid -p-"]);
    let restart = &sudo.rules[1];
    assert_eq!(restart.users, ["cid", "!dan"]);
    assert_eq!(restart.commands, ["/bin/systemctl restart nginx", "/bin/systemctl reload nginx"]);
    assert_eq!((restart.needs_password, sudo.rules[2].needs_password), (false, true));
    assert_eq!(sudo.rules[2].commands, ["/bin/cat /var/log/*"]);
    assert_eq!((sudo.rules[0].as_users[0].as_str(), sudo.rules[0].as_groups[0].as_str()), ("ALL", "ALL"));
    assert_eq!(sudo.problems, Vec::<String>::new());
}

#[test]
fn includes_skip_what_sudo_skips_and_the_last_rule_counts() {
    let sudo = recorded(
        "ann ALL=(ALL) NOPASSWD: ALL\n@includedir /etc/sudoers.d\n#include extra\n",
        &[
            ("sudoers.d/10-ann", "ann ALL=(ALL) !ALL\n"),
            ("sudoers.d/old.bak", "cid ALL=ALL\n"),
            ("sudoers.d/x~", "cid ALL=ALL\n"),
            ("extra", "#1002 ALL = NOPASSWD:ALL\nthis is nonsense\n"),
        ],
    );
    assert_eq!(powers(&sudo), ["ann -p-", "cid RpP"]);
    assert_eq!(sudo.rules[2].source, "/etc/sudoers.d/../extra:1".replace("sudoers.d/../", ""));
    assert_eq!(sudo.problems, ["/etc/extra:2 is not understood"]);
}

#[test]
fn other_hosts_other_targets_and_no_authentication() {
    let sudo = recorded(
        "cid db-1 = ALL\nbob ALL=(postgres) NOPASSWD: ALL : web-7 = (www) /bin/true\nann,%ops ALL = /bin/ls\n\
         Defaults !authenticate\n",
        &[],
    );
    assert_eq!(powers(&sudo), ["ann -p-", "bob ---", "cid -p-"]);
    assert_eq!(sudo.rules[2].as_users, ["www"]);
}

#[test]
fn without_sudo_nobody_has_a_power_and_that_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let seen = collect(&Host::fixture(folder.path(), 0), None);
    assert!(seen.is_whole());
    assert!(!seen.value.unwrap().is_installed);
}
