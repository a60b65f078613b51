//! Sealed values stay in their place, and a wrong key says what to do.

use std::os::unix::fs::PermissionsExt;

use super::{Keys, Place, erase, get, open, put, reseal, reseal_named, rewrap, rotate, seal, unlock};
use crate::testing::{House, story};
use crate::{Cx, Fault, SCHEMA, tenancy};

const HERE: Place<'_> = Place { table: "channel", column: "key", row: "7" };

async fn sealed(house: &House, cx: &Cx, plain: &'static [u8]) -> Vec<u8> {
    let cx = cx.clone();
    house.db().write(move |tx| seal(tx, &cx, HERE, plain)).await.unwrap()
}

async fn opened(house: &House, cx: &Cx, place: Place<'static>, value: &[u8]) -> Result<Vec<u8>, Fault> {
    let (cx, value) = (cx.clone(), value.to_vec());
    house.db().read(move |tx| open(tx, &cx, place, &value)).await
}

#[test]
fn a_sealed_value_opens_in_its_own_place_only() {
    story(&[SCHEMA], vec![], vec![], |house| async move {
        let cx = house.cx();
        let value = sealed(&house, &cx, b"hunter2").await;
        assert!(value.starts_with(b"v1."));
        assert!(!value.windows(7).any(|w| w == b"hunter2"));
        assert_ne!(value, sealed(&house, &cx, b"hunter2").await, "every sealing has its own nonce");
        assert_eq!(opened(&house, &cx, HERE, &value).await.unwrap(), b"hunter2");
        for elsewhere in
            [Place { row: "8", ..HERE }, Place { column: "url", ..HERE }, Place { table: "x", ..HERE }]
        {
            assert_eq!(opened(&house, &cx, elsewhere, &value).await.unwrap_err().code(), "sealed_elsewhere");
        }
        for at in [0, 2, 5, 17, 20, 45, value.len() - 1] {
            let mut torn = value.clone();
            torn[at] ^= 1;
            assert!(opened(&house, &cx, HERE, &torn).await.is_err(), "byte {at}");
            assert!(opened(&house, &cx, HERE, &value[..at]).await.is_err(), "cut at {at}");
        }
        let (ids, clock) = (house.ground.ids.clone(), house.ground.clock.clone());
        let other =
            house.db().write(move |tx| tenancy::create(tx, &ids, &clock, "other", "Other")).await.unwrap();
        let neighbour = house.ground.cx(other, "test");
        assert!(opened(&house, &neighbour, HERE, &value).await.is_err(), "another organisation");
    });
}

#[test]
fn keys_are_rotated_rewrapped_and_erased() {
    story(&[SCHEMA], vec![], vec![], |house| async move {
        let cx = house.cx();
        let old = sealed(&house, &cx, b"one").await;
        let c = cx.clone();
        house.db().write(move |tx| put(tx, &c, "mail", "pässword")).await.unwrap();
        house.ground.clock.forward(std::time::Duration::from_millis(5));
        let (c, value) = (cx.clone(), old.clone());
        let fresh = house
            .db()
            .write(move |tx| {
                rotate(tx, &c)?;
                assert_eq!(reseal_named(tx, &c)?, 1);
                assert_eq!(reseal_named(tx, &c)?, 0);
                reseal(tx, &c, HERE, &value)
            })
            .await
            .unwrap()
            .expect("the key is new");
        assert_ne!(fresh[..16], old[..16]);
        assert_eq!(opened(&house, &cx, HERE, &fresh).await.unwrap(), b"one");
        assert_eq!(opened(&house, &cx, HERE, &old).await.unwrap(), b"one", "old values still open");
        let (c, to) = (cx.clone(), Keys::known([9; 32]));
        house.db().write(move |tx| rewrap(tx, &c, &to)).await.unwrap();
        assert_eq!(opened(&house, &cx, HERE, &fresh).await.unwrap_err().code(), "key_wrong");
        let moved = Cx { keys: Keys::known([9; 32]), ..cx.clone() };
        assert_eq!(opened(&house, &moved, HERE, &fresh).await.unwrap(), b"one");
        let c = moved.clone();
        assert_eq!(
            house.db().read(move |tx| get(tx, &c, "mail")).await.unwrap().as_deref(),
            Some("pässword")
        );
        let c = moved.clone();
        house.db().write(move |tx| erase(tx, &c)).await.unwrap();
        assert_eq!(opened(&house, &moved, HERE, &fresh).await.unwrap_err().code(), "key_gone");
    });
}

#[test]
fn a_key_file_that_is_lost_open_or_foreign_says_what_to_do() {
    story(&[SCHEMA], vec![], vec![], |house| async move {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root.key");
        let first = unlock(house.db(), &path).await.unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(first.mac("x", b"y"), unlock(house.db(), &path).await.unwrap().mac("x", b"y"));
        assert_ne!(first.mac("x", b"y"), first.mac("z", b"y"));

        let fault = |fault: Fault| (fault.code(), fault.to_string());
        let shown = path.display().to_string();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let (code, text) = fault(unlock(house.db(), &path).await.unwrap_err());
        assert_eq!((code, text.contains(&format!("chmod 600 {shown}"))), ("key_too_open", true));
        std::fs::rename(&path, folder.path().join("away")).unwrap();
        assert_eq!(fault(unlock(house.db(), &path).await.unwrap_err()).0, "key_missing");
        Keys::create(&path).unwrap();
        assert!(Keys::create(&path).is_err(), "a key file is never written over");
        assert_eq!(fault(unlock(house.db(), &path).await.unwrap_err()).0, "key_wrong");
        std::fs::write(&path, "mainstay-root-key-1 zz\n").unwrap();
        assert_eq!(fault(unlock(house.db(), &path).await.unwrap_err()).0, "key_broken");
    });
}
