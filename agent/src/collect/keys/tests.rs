//! Keys as ssh-keygen makes and names them, with options, broken lines and files in the wrong hands.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use super::collect;
use crate::Host;
use crate::collect::accounts;

fn generated(folder: &std::path::Path, kind: &str, bits: &str) -> Option<(String, String)> {
    let path = folder.join(format!("{kind}{bits}"));
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-N", "", "-C", "a comment", "-t", kind, "-f"]).arg(&path);
    if !bits.is_empty() {
        command.args(["-b", bits]);
    }
    let public = path.with_extension("pub");
    command.status().ok().filter(std::process::ExitStatus::success)?;
    let told = Command::new("ssh-keygen").arg("-lf").arg(&public).output().ok()?;
    Some((std::fs::read_to_string(public).unwrap(), String::from_utf8(told.stdout).unwrap()))
}

#[test]
fn every_kind_of_key_has_the_fingerprint_and_bits_ssh_keygen_prints() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    std::fs::create_dir_all(root.join("etc")).unwrap();
    std::fs::create_dir_all(root.join("home/ann/.ssh")).unwrap();
    std::fs::write(root.join("etc/passwd"), "ann:x:1000:1000::/home/ann:/bin/sh\n").unwrap();
    let mut text = String::from("# a comment\n\n");
    let mut told = Vec::new();
    for (kind, bits) in
        [("ed25519", ""), ("rsa", "2048"), ("rsa", "3072"), ("ecdsa", "256"), ("ecdsa", "521")]
    {
        let Some((public, line)) = generated(root, kind, bits) else {
            println!("skipped: ssh-keygen is not here");
            return;
        };
        let options = if kind == "ecdsa" { r#"from="10.0.0.0/8,::1",command="echo \"a, b\"" "# } else { "" };
        text.extend([options, public.as_str()]);
        told.push(line.trim().to_owned());
    }
    text.push_str("ssh-rsa AAAA broken\nssh-ed25519 \n");
    let file = root.join("home/ann/.ssh/authorized_keys");
    std::fs::write(&file, text).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o666)).unwrap();
    let host = Host::fixture(root, 0);
    let keys = collect(&host, accounts::collect(&host).value.as_ref(), None).value.unwrap();
    let ours: Vec<String> = keys
        .keys
        .iter()
        .map(|key| {
            let kind = key.kind.trim_start_matches("ssh-").split('-').next().unwrap().to_uppercase();
            format!("{} {} {} ({kind})", key.bits, key.fingerprint, key.comment)
        })
        .collect();
    assert_eq!(ours, told);
    assert_eq!(keys.keys[3].options, [r#"from="10.0.0.0/8,::1""#, r#"command="echo \"a, b\"""#]);
    assert_eq!(keys.keys[0].line, 3);
    let problems: Vec<&str> = keys.problems.iter().map(|problem| problem.problem.as_str()).collect();
    assert_eq!(problems, ["may be written by everybody", "line 8 is no key", "line 9 is no key"]);
}
