//! Bytes come in, are held, and go.

use std::time::Duration;

use tokio::io::AsyncReadExt;

use super::{Digest, Files, attach, detach, held, of, sweep, total_bytes};
use crate::id::Ref;
use crate::testing::{House, story};
use crate::{Clock, Fault, SCHEMA, tenancy};

const THING: Ref = Ref { kind: std::borrow::Cow::Borrowed("thing"), id: 7 };

async fn take(files: &Files, mut bytes: &[u8]) -> Result<super::Kept, Fault> {
    files.take_in(&mut bytes, 1 << 20).await
}

async fn content(files: &Files, digest: Digest) -> Vec<u8> {
    let mut bytes = Vec::new();
    files.read(digest).await.unwrap().read_to_end(&mut bytes).await.unwrap();
    bytes
}

fn names(folder: &std::path::Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

fn files(house: &House) -> &Files {
    &house.ground.files
}

#[test]
fn bytes_come_back_as_they_came_and_lie_once() {
    story(&[SCHEMA], vec![], vec![], |house| async move {
        let big: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).take(1 << 20).collect();
        let kept = take(files(&house), &big).await.unwrap();
        assert_eq!(kept, take(files(&house), &big).await.unwrap());
        assert_eq!(content(files(&house), kept.digest).await, big);
        assert!(files(&house).is_whole(kept.digest).await.unwrap());
        let empty = take(files(&house), b"").await.unwrap();
        assert_eq!(
            empty.digest.to_string(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        let (cx, org) = (house.cx(), house.org);
        let write = move |tx: &mut crate::store::Tx<'_>| {
            attach(tx, &cx, kept, &THING, "Größe & \"x\".txt")?;
            attach(tx, &cx, kept, &THING, "b.txt")?;
            attach(tx, &cx, empty, &THING, "a.txt")?;
            for bad in ["", "../x", "a/b", "a\\b", "..", "a\nb"] {
                assert_eq!(attach(tx, &cx, kept, &THING, bad).unwrap_err().code(), "invalid", "{bad:?}");
            }
            Ok((of(tx, org, &THING)?, total_bytes(tx, org)?))
        };
        let (listed, total) = house.db().write(write).await.unwrap();
        assert_eq!(listed.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["a.txt", "b.txt"]);
        assert_eq!(total, 1 << 20);
        let (ids, clock) = (house.ground.ids.clone(), house.ground.clock.clone());
        let other = house.db().write(move |tx| tenancy::create(tx, &ids, &clock, "b", "B")).await.unwrap();
        let foreign = house.db().read(move |tx| held(tx, other, &THING, kept.digest)).await;
        assert_eq!(foreign.unwrap_err().code(), "not_found", "another organisation may not even know");
    });
}

#[tokio::test]
async fn what_is_too_long_or_breaks_off_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::open(folder.path()).unwrap();
    let long = vec![1; (1 << 20) + 1];
    assert_eq!(take(&files, &long).await.unwrap_err().code(), "invalid");
    let mut broken = tokio_test_reader();
    assert_eq!(files.take_in(&mut broken, 1 << 20).await.unwrap_err().code(), "invalid");
    assert_eq!((names(&folder.path().join("incoming")), names(&folder.path().join("sha256"))), (0, 0));
}

/// A connection that ends in the middle.
fn tokio_test_reader() -> impl tokio::io::AsyncRead + Send + Unpin {
    struct Breaks(bool);
    impl tokio::io::AsyncRead for Breaks {
        fn poll_read(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
            buffer: &mut tokio::io::ReadBuf<'_>,
        ) -> std::task::Poll<std::io::Result<()>> {
            if self.0 {
                return std::task::Poll::Ready(Err(std::io::ErrorKind::ConnectionReset.into()));
            }
            self.0 = true;
            buffer.put_slice(b"half");
            std::task::Poll::Ready(Ok(()))
        }
    }
    Breaks(false)
}

#[test]
fn no_spelling_of_a_digest_leaves_the_folder() {
    let good = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(good.parse::<Digest>().unwrap().to_string(), good);
    let long = format!("../../{}", &good[..58]);
    for bad in [
        "",
        "..",
        "../../etc/passwd",
        &long,
        &good.to_uppercase(),
        &good[1..],
        &format!("{good}0"),
        &format!("{}/", &good[..63]),
        &"é".repeat(32),
    ] {
        assert!(bad.parse::<Digest>().is_err(), "{bad}");
    }
}

#[test]
fn what_nothing_holds_goes_after_a_day_and_what_is_held_stays() {
    story(&[SCHEMA], vec![], vec![], |house| async move {
        let (held, dropped, never) = (
            take(files(&house), b"held").await.unwrap(),
            take(files(&house), b"dropped").await.unwrap(),
            take(files(&house), b"never").await.unwrap(),
        );
        let cx = house.cx();
        let write = move |tx: &mut crate::store::Tx<'_>| {
            attach(tx, &cx, held, &THING, "a")?;
            attach(tx, &cx, dropped, &THING, "b")?;
            detach(tx, &cx, dropped.digest, &THING)
        };
        house.db().write(write).await.unwrap();
        let sweep_all = || async {
            let cx = house.cx();
            let rows = house.db().write(move |tx| sweep(tx, &cx)).await.unwrap();
            // The bytes are as old as this machine's clock says.
            let clock = Clock::set_at(
                Clock::machine().now_ms() + house.ground.clock.now_ms() - crate::testing::MONDAY_MS,
            );
            (rows, files(&house).sweep(house.db(), &clock).await.unwrap())
        };
        assert_eq!(sweep_all().await, (0, 0), "young");
        house.ground.clock.forward(Duration::from_hours(25));
        assert_eq!(sweep_all().await, (1, 2));
        assert_eq!(content(files(&house), held.digest).await, b"held");
        for gone in [dropped, never] {
            assert_eq!(files(&house).read(gone.digest).await.unwrap_err().code(), "not_found");
        }
    });
}

#[test]
fn a_full_disk_is_said_and_leaves_no_half_file() {
    struct Mounted(std::path::PathBuf);
    impl Drop for Mounted {
        fn drop(&mut self) {
            drop(std::process::Command::new("umount").arg("--lazy").arg(&self.0).status());
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let mount = |size: &str| {
        let mut mount = std::process::Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", size, "tmpfs"]).arg(folder.path()).output()
    };
    if !mount("size=272m").is_ok_and(|said| said.status.success()) {
        println!("skipped: a small disk can be mounted by root only");
        return;
    }
    let disk = Mounted(folder.path().to_owned());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let files = Files::open(&disk.0.join("files")).unwrap();
        let small = take(&files, b"there is room").await.unwrap();
        // The look before the upload sees room; the upload itself takes it.
        let large = vec![7; 100 << 20];
        let refused = files.take_in(&mut &large[..], 1 << 30).await.unwrap_err();
        assert!(refused.to_string().contains("MB free"), "{refused}");
        assert_eq!(refused.code(), "away");
        assert_eq!(names(&disk.0.join("files/incoming")), 0, "nothing half lies about");
        std::fs::write(disk.0.join("filler"), vec![0; 40 << 20]).unwrap();
        let refused = take(&files, b"no more").await.unwrap_err();
        assert!(refused.to_string().contains("MB free"), "{refused}");
        assert_eq!(content(&files, small.digest).await, b"there is room", "what is there can be read");
        std::fs::remove_file(disk.0.join("filler")).unwrap();
        take(&files, b"room again").await.unwrap();
    });
}
