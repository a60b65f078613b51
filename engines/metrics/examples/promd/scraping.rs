//! Scraping targets and evaluating rules, each target in a thread of its own.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use mainstay_metrics::rules::{Rules, Written};
use mainstay_metrics::sample::Value;
use mainstay_metrics::scrape::{self, Job, Memory, Page, Target, ingest};

use crate::fetch::fetch;
use crate::setup::Setup;
use crate::{Promd, now_ms};

/// A scrape this near to its time counts as on time: regular times take less space.
const TOLERANCE_MS: i64 = 2;

/// A target that is scraped.
pub struct Watch {
    pub job: Arc<Job>,
    pub target: Target,
    pub last: Mutex<Last>,
    has_ended: AtomicBool,
}

/// How the last scrape went.
#[derive(Default, Clone)]
pub struct Last {
    pub at_ms: i64,
    pub seconds: f64,
    pub fault: Option<String>,
}

/// The rules of a configuration with the state that an earlier process left.
pub fn restored_rules(setup: &Setup, data: &Path) -> Result<Rules, Box<dyn std::error::Error>> {
    let mut rules = Rules::new(setup.groups.clone());
    rules.external_labels = setup.config.external_labels.clone();
    if let Ok(saved) = std::fs::read_to_string(state_file(data)) {
        rules.restore(&saved)?;
    }
    Ok(rules)
}

fn state_file(data: &Path) -> PathBuf {
    data.join("rules.json")
}

pub fn start(promd: &Arc<Promd>) {
    watch_targets(promd);
    let promd = promd.clone();
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(Duration::from_millis(200));
            evaluate(&promd);
        }
    });
}

/// Reads the configuration again. Targets and rules that stay go on; the series of those that went are ended.
pub fn reload(promd: &Arc<Promd>) -> Result<(), String> {
    let mut setup = promd.setup.write().unwrap_or_else(PoisonError::into_inner);
    let new = match Setup::read(promd.arguments.config.as_deref(), now_ms()) {
        Ok(new) => new,
        Err(reason) => {
            setup.fault = Some(reason.clone());
            return Err(reason);
        }
    };
    let mut rules = promd.rules.lock().unwrap_or_else(PoisonError::into_inner);
    store(promd, rules.replace(new.groups.clone(), now_ms()));
    rules.external_labels = new.config.external_labels.clone();
    drop(rules);
    *setup = new;
    drop(setup);
    watch_targets(promd);
    Ok(())
}

/// Starts what is new and ends what is gone.
fn watch_targets(promd: &Arc<Promd>) {
    let setup = promd.setup.read().unwrap_or_else(PoisonError::into_inner);
    let mut watches = promd.watches.lock().unwrap_or_else(PoisonError::into_inner);
    let mut kept = Vec::new();
    for job in &setup.config.jobs {
        let mut alone = job.clone();
        (alone.targets, alone.dropped) = (Vec::new(), Vec::new());
        let alone = Arc::new(alone);
        for target in &job.targets {
            let is_same =
                |w: &Arc<Watch>| w.target == *target && format!("{:?}", w.job) == format!("{alone:?}");
            if let Some(at) = watches.iter().position(is_same) {
                kept.push(watches.swap_remove(at));
                continue;
            }
            let watch = Arc::new(Watch {
                job: alone.clone(),
                target: target.clone(),
                last: Mutex::default(),
                has_ended: AtomicBool::new(false),
            });
            kept.push(watch.clone());
            let promd = promd.clone();
            std::thread::spawn(move || scrape_until_ended(&promd, &watch));
        }
    }
    for gone in watches.drain(..) {
        gone.has_ended.store(true, Ordering::Relaxed);
    }
    *watches = kept;
}

fn store(promd: &Promd, written: Vec<Written>) {
    let mut appender = promd.store.appender();
    for (labels, t, value) in written {
        match (appender.series(labels.pairs()), value) {
            (Ok(id), Value::Float(v)) => appender.float(id, t, v),
            (Ok(id), Value::Histogram(h)) => appender.histogram(id, t, (*h).clone()),
            (Err(reason), _) => eprintln!("rule: {reason}"),
        }
    }
    if let Err(fault) = appender.commit() {
        eprintln!("rule: {fault}");
    }
}

fn evaluate(promd: &Promd) {
    let mut rules = promd.rules.lock().unwrap_or_else(PoisonError::into_inner);
    let has_run =
        rules.evaluate(&promd.store, &promd.options, now_ms(), &mut |written| store(promd, written));
    if !has_run {
        return;
    }
    let file = state_file(&promd.arguments.data);
    let temporary = file.with_extension("tmp");
    let saved = std::fs::write(&temporary, rules.save()).and_then(|()| std::fs::rename(&temporary, &file));
    if let Err(fault) = saved {
        eprintln!("rules: {fault}");
    }
}

fn scrape_until_ended(promd: &Promd, watch: &Watch) {
    let (job, target) = (&watch.job, &watch.target);
    let mut memory = Memory::default();
    let mut due = now_ms();
    while !watch.has_ended.load(Ordering::Relaxed) {
        let now = now_ms();
        if now < due {
            let wait = (due - now).min(200);
            std::thread::sleep(Duration::from_millis(u64::try_from(wait).unwrap_or(0)));
            continue;
        }
        if now - due > TOLERANCE_MS {
            due = now;
        }
        let started = Instant::now();
        let page = fetch(job, target);
        let seconds = started.elapsed().as_secs_f64();
        let page =
            page.as_ref().map(|(encoding, body)| Page { encoding: *encoding, body }).map_err(Clone::clone);
        let fault = match ingest(&promd.store, job, target, &mut memory, due, seconds, page) {
            Ok((_, fault)) => fault,
            Err(fault) => Some(fault.to_string()),
        };
        *watch.last.lock().unwrap_or_else(PoisonError::into_inner) = Last { at_ms: due, seconds, fault };
        due += job.interval_ms;
    }
    if let Err(fault) = scrape::end(&promd.store, job, target, memory, now_ms()) {
        eprintln!("{}: {fault}", target.address);
    }
}
