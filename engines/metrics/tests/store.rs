//! What a person would notice of the store: nothing acknowledged is lost, nothing damaged stops it.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    clippy::float_cmp,
    reason = "small numbers become samples, and come back bit by bit"
)]

use std::fs;
use std::path::Path;

use mainstay_metrics::histogram::Histogram;
use mainstay_metrics::matcher::Matcher;
use mainstay_metrics::sample::{Samples, stale};
use mainstay_metrics::store::rollup::Column;
use mainstay_metrics::store::{Limits, Options, Refusal, Store};

const DAY: i64 = 24 * 3_600_000;

fn fill(store: &Store, series: usize, from: i64, points: i64, step: i64) {
    let mut appender = store.appender();
    for s in 0..series {
        let instance = format!("host-{s}");
        let id = appender.series(&[("__name__", "load"), ("instance", instance.as_str())]).unwrap();
        for i in 0..points {
            appender.float(id, from + i * step, (s as i64 * 1000 + i) as f64);
        }
    }
    assert!(appender.commit().unwrap().is_complete());
}

fn values(store: &Store, instance: &str, from: i64, to: i64, column: Column) -> Samples {
    let found = store.select(&[Matcher::equal("instance", instance)]);
    let mut samples = Samples::default();
    if let Some(series) = found.first() {
        store.read(series.id, from, to, column, &mut samples, &mut |_| {});
    }
    samples
}

fn open(dir: &Path) -> Store {
    Store::open(dir, Options::default()).unwrap()
}

#[test]
fn everything_is_there_after_opening_again_with_and_without_checkpoint_and_compaction() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    fill(&store, 5, 1_000, 6_000, 15_000);
    let expected = values(&store, "host-3", 0, i64::MAX, Column::Last);
    assert_eq!(expected.len(), 6_000);
    drop(store);
    let store = open(dir.path());
    assert_eq!(values(&store, "host-3", 0, i64::MAX, Column::Last).v, expected.v);
    store.checkpoint().unwrap();
    drop(store);
    let store = open(dir.path());
    assert_eq!(values(&store, "host-3", 0, i64::MAX, Column::Last).v, expected.v);
    store.compact_all().unwrap();
    assert_eq!(values(&store, "host-3", 0, i64::MAX, Column::Last).t, expected.t);
    drop(store);
    let store = open(dir.path());
    assert_eq!(values(&store, "host-3", 0, i64::MAX, Column::Last).v, expected.v);
    let middle = values(&store, "host-3", 3_000_000, 3_100_000, Column::Last);
    assert!(middle.t.iter().all(|t| (3_000_000..=3_100_000).contains(t)) && middle.len() == 7);
    fill(&store, 6, 1_000 + 6_000 * 15_000, 10, 15_000);
    assert_eq!(store.status().series, 6);
    assert!(store.damage().is_empty(), "{:?}", store.damage());
}

#[test]
fn late_samples_duplicates_and_markers_keep_their_place() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut appender = store.appender();
    let id = appender.series(&[("b", "2"), ("__name__", "x"), ("empty", "")]).unwrap();
    assert_eq!(appender.series(&[("__name__", "x"), ("b", "2")]).unwrap(), id);
    for (t, v) in
        [(10_000, 1.0), (30_000, 3.0), (20_000, 2.0), (30_000, 3.0), (30_000, 9.0), (40_000, stale())]
    {
        appender.float(id, t, v);
    }
    appender.float(id, 40_000 - 4_000_000, 7.0);
    appender.histogram(
        id,
        50_000,
        Histogram { count: 1.0, sum: 0.5, positive: vec![(0, 1.0)], ..Default::default() },
    );
    let receipt = appender.commit().unwrap();
    assert_eq!((receipt.accepted, receipt.duplicates, receipt.conflicts, receipt.too_old), (5, 1, 1, 1));
    for _ in 0..2 {
        let mut samples = Samples::default();
        store.read(id, 0, 100_000, Column::Last, &mut samples, &mut |_| {});
        assert_eq!(samples.t, [10_000, 20_000, 30_000, 40_000, 50_000]);
        assert_eq!(samples.v[3].to_bits(), stale().to_bits());
        assert_eq!(samples.histogram(4).unwrap().sum, 0.5);
        store.compact_all().unwrap();
    }
}

#[test]
fn a_torn_log_loses_only_what_was_not_acknowledged_and_damage_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    fill(&store, 2, 0, 100, 15_000);
    fill(&store, 2, 100 * 15_000, 100, 15_000);
    drop(store);
    let wal = dir.path().join("wal/0000000000.wal");
    let bytes = fs::read(&wal).unwrap();
    fs::write(&wal, &bytes[..bytes.len() - 5]).unwrap();
    let store = open(dir.path());
    assert_eq!(values(&store, "host-1", 0, i64::MAX, Column::Last).len(), 100);
    assert!(store.damage().is_empty());
    store.compact_all().unwrap();
    drop(store);
    let sorted = dir.path().join("raw/0").read_dir().unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&sorted).unwrap();
    bytes[40] ^= 0xff; // inside the first chunk, of host-0
    fs::write(&sorted, bytes).unwrap();
    let store = open(dir.path());
    assert_eq!(values(&store, "host-0", 0, i64::MAX, Column::Last).len(), 0);
    assert_eq!(values(&store, "host-1", 0, i64::MAX, Column::Last).len(), 100);
    let damage = store.damage();
    assert!(damage.len() == 1 && damage[0].file == sorted, "{damage:?}");
}

#[test]
fn old_days_go_and_their_rows_stay() {
    let dir = tempfile::tempdir().unwrap();
    let options =
        Options { raw_ms: 2 * DAY, five_minutes_ms: 10 * DAY, hour_ms: 100 * DAY, ..Options::default() };
    let store = Store::open(dir.path(), options).unwrap();
    fill(&store, 2, 0, 5 * 1440, 60_000);
    store.maintain(5 * DAY + 6 * 3_600_000).unwrap();
    let day = |column| values(&store, "host-1", 1, DAY, column);
    assert_eq!(day(Column::Count).len(), 288);
    assert_eq!(day(Column::Max).v[0], 1005.0);
    store.maintain(30 * DAY).unwrap();
    assert_eq!(day(Column::Count).len(), 24);
    assert_eq!(day(Column::Sum).v[0], (1..=60).map(|i| 1000.0 + f64::from(i)).sum::<f64>());
    let done = store.maintain(200 * DAY).unwrap();
    assert_eq!((done.series_forgotten, store.status().series), (2, 0));
    drop(store);
    assert_eq!(open(dir.path()).status().series, 0);
}

#[test]
fn a_backup_of_a_running_store_opens_with_everything_acknowledged() {
    let (dir, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = open(dir.path());
    fill(&store, 3, 0, 1_000, 15_000);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for round in 0..20 {
                fill(&store, 3, (1_000 + round) * 15_000, 1, 15_000);
            }
        });
        store.back_up(&copy.path().join("b")).unwrap();
        writer.join().unwrap();
    });
    let restored = open(&copy.path().join("b"));
    assert!(values(&restored, "host-2", 0, i64::MAX, Column::Last).len() >= 1_000);
    assert!(restored.damage().is_empty());
    assert!(store.back_up(copy.path()).is_err());
}

#[test]
fn limits_refuse_with_a_reason_and_keep_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let limits = Limits { series: 2, labels: 3, label_name_bytes: 10, label_value_bytes: 5 };
    let store = Store::open(dir.path(), Options { limits, ..Options::default() }).unwrap();
    let mut appender = store.appender();
    assert!(matches!(appender.series(&[("a", "123456")]), Err(Refusal::LongValue(..))));
    assert!(matches!(appender.series(&[("abcdefghijk", "1")]), Err(Refusal::LongName(..))));
    let many = [("a", "1"), ("b", "1"), ("c", "1"), ("d", "1")];
    assert!(matches!(appender.series(&many), Err(Refusal::TooManyLabels(4, 3))));
    assert!(matches!(appender.series(&[("a", "1"), ("a", "2")]), Err(Refusal::RepeatedLabel(..))));
    appender.series(&[("a", "1")]).unwrap();
    appender.series(&[("a", "2")]).unwrap();
    assert!(matches!(appender.series(&[("a", "3")]), Err(Refusal::TooManySeries(2))));
    assert!(appender.series(&[("a", "2")]).is_ok());
}

#[test]
fn what_never_reached_the_log_is_stored_when_it_is_sent_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    // As when the disk is full or a request breaks off: visible, and in no log.
    let mut lost = store.appender();
    let id = lost.series(&[("__name__", "load"), ("instance", "host-0")]).unwrap();
    lost.float(id, 1000, 7.0);
    drop(lost);
    let mut again = store.appender();
    let id = again.series(&[("__name__", "load"), ("instance", "host-0")]).unwrap();
    again.float(id, 1000, 7.0);
    let receipt = again.commit().unwrap();
    assert!(receipt.is_complete() && receipt.duplicates == 1);
    drop(store);
    assert_eq!(values(&open(dir.path()), "host-0", 0, i64::MAX, Column::Last).v, [7.0]);
}

#[test]
fn damage_in_the_middle_of_the_log_costs_only_what_it_hit() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for batch in 0..10 {
        fill(&store, 2, 1_000 + batch * 150_000, 10, 15_000);
    }
    drop(store);
    let wal = fs::read_dir(dir.path().join("wal")).unwrap().map(|e| e.unwrap().path()).next().unwrap();
    let mut bytes = fs::read(&wal).unwrap();
    // The length of the fifth frame becomes one that leads nowhere.
    let mut at = 0;
    for _ in 0..4 {
        at += 8 + u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    }
    bytes[at..at + 4].copy_from_slice(&0x0fff_ffff_u32.to_le_bytes());
    fs::write(&wal, bytes).unwrap();
    let store = open(dir.path());
    assert_eq!(values(&store, "host-1", 0, i64::MAX, Column::Last).len(), 90);
    let damage = store.damage();
    assert!(damage.len() == 1 && damage[0].offset == at as u64, "{damage:?}");
    assert!(damage[0].reason.contains("skipped"), "{}", damage[0].reason);
}

#[test]
fn what_is_remembered_of_files_never_outlives_them() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { late_ms: i64::MAX / 4, five_minutes_ms: 0, hour_ms: 0, ..Options::default() };
    let store = Store::open(dir.path(), options).unwrap();
    let all = |store: &Store| values(store, "host-0", 0, i64::MAX, Column::Last);
    fill(&store, 1, 1_000, 4_000, 15_000);
    store.compact_all().unwrap();
    assert_eq!((all(&store).len(), all(&store).len()), (4_000, 4_000));
    assert!(store.status().cache_bytes > 4_000 * 12, "nothing is remembered");
    // A late sample makes another file of the same day.
    fill(&store, 1, 1_007, 1, 1);
    store.compact_all().unwrap();
    assert_eq!(all(&store).t[..3], [1_000, 1_007, 16_000]);
    // The day is removed, and begins anew with other values at the same places of a file of the same name.
    assert_eq!(store.maintain(100 * DAY).unwrap().partitions_removed, 1);
    assert!(all(&store).is_empty());
    let mut appender = store.appender();
    let id = appender.series(&[("__name__", "load"), ("instance", "host-0")]).unwrap();
    for i in 0..4_000 {
        appender.float(id, 1_000 + i * 15_000, -1.0);
    }
    assert!(appender.commit().unwrap().is_complete());
    store.compact_all().unwrap();
    assert!(all(&store).len() == 4_000 && all(&store).v.iter().all(|v| *v == -1.0));
}

#[test]
fn readers_see_every_acknowledged_sample_while_files_are_replaced() {
    let dir = tempfile::tempdir().unwrap();
    // So little room that entries also leave it all the time.
    let store = Store::open(dir.path(), Options { cache_bytes: 300_000, ..Options::default() }).unwrap();
    let acknowledged = std::sync::atomic::AtomicI64::new(0);
    let batches = 120;
    std::thread::scope(|scope| {
        for host in ["host-0", "host-1"] {
            let (store, acknowledged) = (&store, &acknowledged);
            scope.spawn(move || {
                let offset = if host == "host-0" { 0.0 } else { 1000.0 };
                loop {
                    let before = acknowledged.load(std::sync::atomic::Ordering::Acquire);
                    let found = values(store, host, 0, i64::MAX, Column::Last);
                    assert!(found.len() as i64 >= before * 50, "{} of {before} batches", found.len());
                    for (i, (t, v)) in found.t.iter().zip(&found.v).enumerate() {
                        let i = i as i64;
                        assert_eq!((*t, *v), (i * 60_000, offset + (i % 50) as f64), "sample {i}");
                    }
                    if before == batches {
                        return;
                    }
                }
            });
        }
        for batch in 0..batches {
            fill(&store, 2, batch * 50 * 60_000, 50, 60_000);
            acknowledged.store(batch + 1, std::sync::atomic::Ordering::Release);
            match batch % 6 {
                2 => drop(store.maintain(batch * 50 * 60_000).unwrap()),
                5 => store.compact_all().unwrap(),
                _ => {}
            }
        }
    });
}
