//! Settings read from files are those `sshd -T` prints.

use std::collections::BTreeMap;
use std::process::Command;

use super::{PROGRAMS, collect, read};
use crate::Host;
use crate::wire::sshd::SshdSource;

fn recorded(files: &[(&str, &str)]) -> (tempfile::TempDir, Host) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("etc/ssh/sshd_config.d")).unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join("etc/ssh").join(name), text).unwrap();
    }
    let host = Host::fixture(folder.path(), 0);
    (folder, host)
}

const MAIN: &str = "Include /etc/ssh/sshd_config.d/*.conf\nPort 22\nPort=2222 # two\npermitrootlogin yes\n\
    PermitRootLogin no\nLoginGraceTime 1m30s\nX11Forwarding yes\nBanner \"/etc/issue net\"\n\
    ChallengeResponseAuthentication no\nAllowUsers ann bob\nAllowUsers cid\n\nMatch User deploy Address 10.0.0.0/8\n\
    PasswordAuthentication yes\nForceCommand /bin/true\nMatch all\nMaxAuthTries 3\n";
const PART: &str = "PasswordAuthentication no\nMatch Group sftp\n  X11Forwarding no\n";

#[test]
fn the_first_value_wins_includes_come_in_place_and_match_is_kept_apart() {
    let files = [("sshd_config", MAIN), ("sshd_config.d/10.conf", PART), ("sshd_config.d/x.off", "Port 9\n")];
    let (_folder, host) = recorded(&files);
    let seen = collect(&host);
    let sshd = seen.value.unwrap();
    assert_eq!(sshd.source, SshdSource::Read);
    for (key, values) in [
        ("port", vec!["22", "2222"]),
        ("permitrootlogin", vec!["yes"]),
        ("logingracetime", vec!["90"]),
        ("x11forwarding", vec!["yes"]),
        ("banner", vec!["/etc/issue net"]),
        ("passwordauthentication", vec!["no"]),
        ("kbdinteractiveauthentication", vec!["no"]),
        ("maxauthtries", vec!["3"]),
        ("permitemptypasswords", vec!["no"]),
        ("allowusers", vec!["ann bob", "cid"]),
    ] {
        assert_eq!(sshd.settings[key], values, "{key}");
    }
    let blocks: Vec<_> =
        sshd.matches.iter().map(|block| (block.condition.as_str(), block.settings.len())).collect();
    assert_eq!(blocks, [("Group sftp", 1), ("User deploy Address 10.0.0.0/8", 2)]);
    assert_eq!(sshd.matches[1].source, "/etc/ssh/sshd_config:13");
}

/// The authority: the same file given to sshd, every setting we read compared with what it prints.
#[test]
fn what_is_read_is_what_sshd_prints() {
    let Some(program) = PROGRAMS.iter().find(|path| std::path::Path::new(path).exists()) else {
        println!("skipped: sshd is not here");
        return;
    };
    let _ = std::fs::create_dir("/run/sshd"); // what its service unit does before each start
    let (folder, _) = recorded(&[]);
    let (key, main) = (folder.path().join("key"), folder.path().join("sshd_config"));
    let made = Command::new("ssh-keygen").args(["-q", "-N", "", "-t", "ed25519", "-f"]).arg(&key).status();
    if !made.is_ok_and(|status| status.success()) {
        println!("skipped: ssh-keygen is not here");
        return;
    }
    let cases = [
        "PermitRootLogin prohibit-password\nUsePAM yes\n",
        "Port 2022\nMaxAuthTries 4\nLogLevel VERBOSE\nClientAliveInterval 5m\nGatewayPorts clientspecified\n",
        "passwordauthentication NO\nMatch User x\nPasswordAuthentication yes\nMatch all\nX11Forwarding yes\n",
        "AllowTcpForwarding local\nPermitTunnel point-to-point\nMaxStartups 5:50:10\nLoginGraceTime 0\n",
    ];
    for text in cases {
        std::fs::write(&main, text).unwrap();
        let output =
            Command::new(program).arg("-T").arg("-f").arg(&main).arg("-h").arg(&key).output().unwrap();
        if !output.status.success() {
            println!("skipped: sshd -T says {}", String::from_utf8_lossy(&output.stderr).trim());
            return;
        }
        let mut theirs: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (key, value) in
            String::from_utf8(output.stdout).unwrap().lines().filter_map(|l| l.split_once(' '))
        {
            theirs.entry(key.to_owned()).or_default().push(value.to_owned());
        }
        let read = read::config(&Host::live(), main.to_str().unwrap(), &mut Vec::new());
        for (key, values) in &read.settings {
            // Versions differ in which keywords they print; those they print must agree.
            if let Some(theirs) = theirs.get(key) {
                assert_eq!(values, theirs, "{key} of {text}");
            }
        }
    }
}
