//! Scraping targets and evaluating rules, each in a thread of its own.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use mainstay_metrics::decode::text::Format;
use mainstay_metrics::rules::{Group, Rules};
use mainstay_metrics::sample::Value;
use mainstay_metrics::scrape::{Config, Job, Memory, Page, Target, ingest};
use serde_json::json;

use crate::{Promd, now_ms};

const LONGEST_PAGE: u64 = 64 << 20;

pub fn read_rules(config: &str, folder: &Path, data: &Path) -> Result<Rules, Box<dyn std::error::Error>> {
    let config = Config::read(config)?;
    let mut groups = Vec::new();
    for file in &config.rule_files {
        let yaml = std::fs::read_to_string(folder.join(file))?;
        groups.extend(Group::read(file, &yaml, config.evaluation_interval_ms)?);
    }
    let mut rules = Rules::new(groups);
    if let Ok(saved) = std::fs::read_to_string(state_file(data)) {
        rules.restore(&saved)?;
    }
    Ok(rules)
}

fn state_file(data: &Path) -> PathBuf {
    data.join("rules.json")
}

pub fn start(promd: &Arc<Promd>) -> Result<(), String> {
    let config = Config::read(&promd.config)?;
    let mut listed = Vec::new();
    for job in config.jobs {
        let job = Arc::new(job);
        for target in job.targets.clone() {
            listed.push(json!({ "labels": target.labels, "scrapePool": job.name, "scrapeUrl": format!("{}://{}{}", target.scheme, target.address, target.path), "health": "unknown" }));
            let (promd, job) = (promd.clone(), job.clone());
            std::thread::spawn(move || scrape_forever(&promd, &job, &target));
        }
    }
    *promd.targets.lock().unwrap_or_else(PoisonError::into_inner) =
        json!({ "activeTargets": listed, "droppedTargets": [] });
    let promd = promd.clone();
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(Duration::from_millis(500));
            evaluate(&promd);
        }
    });
    Ok(())
}

fn evaluate(promd: &Promd) {
    let mut rules = promd.rules.lock().unwrap_or_else(PoisonError::into_inner);
    let before = rules.save();
    rules.evaluate(&promd.store, &promd.options, now_ms(), &mut |written| {
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
    });
    let after = rules.save();
    if after != before {
        let file = state_file(&promd.data);
        let temporary = file.with_extension("tmp");
        if let Err(fault) =
            std::fs::write(&temporary, after).and_then(|()| std::fs::rename(&temporary, &file))
        {
            eprintln!("rules: {fault}");
        }
    }
}

fn scrape_forever(promd: &Promd, job: &Job, target: &Target) {
    let mut memory = Memory::default();
    loop {
        let at = now_ms();
        let started = Instant::now();
        let page = fetch(target, Duration::from_millis(u64::try_from(job.timeout_ms).unwrap_or(10_000)));
        let seconds = started.elapsed().as_secs_f64();
        let page = page.as_ref().map(|(format, text)| Page { format: *format, text }).map_err(Clone::clone);
        if let Err(fault) = ingest(&promd.store, job, target, &mut memory, at, seconds, page) {
            eprintln!("{}: {fault}", target.address);
        }
        let next = at + job.interval_ms;
        std::thread::sleep(Duration::from_millis(u64::try_from(next - now_ms()).unwrap_or(0)));
    }
}

/// A plain HTTP/1.0 GET: enough for targets on the own network.
fn fetch(target: &Target, timeout: Duration) -> Result<(Format, String), String> {
    if target.scheme != "http" {
        return Err(format!("scheme {:?} is not spoken here", target.scheme));
    }
    let get = || -> std::io::Result<Vec<u8>> {
        let address = target.address.to_socket_addrs()?.next().ok_or(std::io::ErrorKind::NotFound)?;
        let mut stream = TcpStream::connect_timeout(&address, timeout)?;
        stream.set_read_timeout(Some(timeout))?;
        write!(
            stream,
            "GET {} HTTP/1.0\r\nHost: {}\r\nAccept: application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5\r\n\r\n",
            target.path, target.address
        )?;
        let mut body = Vec::new();
        stream.take(LONGEST_PAGE).read_to_end(&mut body)?;
        Ok(body)
    };
    let answer = get().map_err(|fault| fault.to_string())?;
    let answer = String::from_utf8(answer).map_err(|_| "the page is not UTF-8".to_owned())?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no HTTP answer")?;
    let status = head.split(' ').nth(1).unwrap_or("");
    if status != "200" {
        return Err(format!("server returned HTTP status {status}"));
    }
    let content_type = head
        .lines()
        .find_map(|line| line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("content-type")))
        .map_or("", |(_, value)| value);
    Ok((Format::of_content_type(content_type), body.to_owned()))
}
