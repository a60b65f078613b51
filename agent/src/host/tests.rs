//! A host's files are read inside its root, bounded, and its programs cannot hold us.

use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use super::{CommandFault, Host};

#[test]
fn absolute_links_stay_inside_a_recorded_host() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("etc/alternatives")).unwrap();
    std::fs::write(folder.path().join("etc/hostname"), "recorded\n").unwrap();
    symlink("/etc/hostname", folder.path().join("etc/alternatives/name")).unwrap();
    symlink("/etc/alternatives", folder.path().join("etc/alt")).unwrap();
    symlink("../../../../../etc/hostname", folder.path().join("etc/up")).unwrap();
    symlink("/etc/loop", folder.path().join("etc/loop")).unwrap();
    let host = Host::fixture(folder.path(), 0);
    assert_eq!(host.text("/etc/alt/name").unwrap(), "recorded\n");
    assert_eq!(host.text("/etc/up").unwrap(), "recorded\n");
    assert_eq!(host.text("/etc/loop").unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn too_large_files_and_pipes_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("big"), [b'x'; 11]).unwrap();
    let host = Host::fixture(folder.path(), 0);
    assert_eq!(host.read_limited("/big", 10).unwrap_err().kind(), ErrorKind::FileTooLarge);
    assert_eq!(host.read_limited("/big", 11).unwrap().len(), 11);
    assert_eq!(host.read("/").unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn a_program_that_hangs_is_ended_with_its_children() {
    let begun = Instant::now();
    let fault =
        Host::live().run("sh", &["-c", "sleep 60 & sleep 60"], Duration::from_millis(100)).unwrap_err();
    assert!(matches!(fault, CommandFault::Late { .. }), "{fault}");
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_program_answers_with_its_code_and_both_outputs() {
    let spoken =
        Host::live().run("sh", &["-c", "echo a; echo b >&2; exit 3"], Duration::from_secs(10)).unwrap();
    assert_eq!((spoken.code, spoken.stdout.as_str(), spoken.stderr.as_str()), (Some(3), "a\n", "b\n"));
    assert!(matches!(
        Host::live().run("no-such-program", &[], Duration::from_secs(1)),
        Err(CommandFault::Absent(_))
    ));
    assert!(matches!(
        Host::fixture("/tmp", 0).run("sh", &[], Duration::from_secs(1)),
        Err(CommandFault::Recorded)
    ));
}
