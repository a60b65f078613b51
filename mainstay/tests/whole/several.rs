//! Several servers on one PostgreSQL: what one takes in the others know, notices go out once, open pages hear of
//! everything, and one of them can be killed.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mainstay::house::schemas;
use mainstay_kernel::store::testing::Scratch;
use mainstay_record::WorkId;

use super::post::Post;
use super::process::{Process, get_json, send};
use super::{Acknowledged, folder, write_until_gone};

/// A killed process leaves messages that it was just sending; their lease of a minute has to run out first.
const PATIENCE: Duration = Duration::from_secs(150);

#[test]
fn several_processes_share_one_postgresql_and_one_can_go() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let _inside = runtime.enter();
    let Some(scratch) = runtime.block_on(Scratch::postgres(schemas())) else {
        println!("skipped: no PostgreSQL for tests");
        return;
    };
    let (data, url) = (folder("shared"), scratch.url());
    let start = || Process::start(&data, url.as_deref());
    let (first, second, third) = (start(), start(), start());
    let cookie = first.sign_in();
    let mut post = runtime.block_on(Post::beside(&data, url.as_deref()));
    let heard = Listening::at(second.address, &cookie);

    tell(&runtime, &mut post, 60);
    assert_eq!(post.compare(), 0, "three servers sent a notice more than once");

    let (number, id) = make(&first, &cookie, "through the first");
    heard.hears(id, "what was made through the first");
    let note =
        send(third.address, "POST", &format!("/work/{number}/notes"), &cookie, "text=by+the+third").unwrap();
    assert_eq!(note.status, 303, "{note:?}");
    heard.hears(id, "a note through the third");

    let known = Acknowledged::default();
    for writer in 0..4 {
        write_until_gone(&first, &cookie, writer, 1, &known);
        write_until_gone(&second, &cookie, writer, 2, &known);
    }
    let killed = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(400));
        first.kill();
    });
    tell(&runtime, &mut post, 60);
    killed.join().unwrap();
    let repeats = post.compare();
    assert!(repeats <= MOST_UNDER_WAY, "{repeats} came again: more than one process can have had under way");
    println!("{} notices, one process killed: none lost, {repeats} again under their own id", post.told);

    let (_, after) = make(&third, &cookie, "after");
    heard.hears(after, "what came after the kill");
    let by_first = |title: &str| title.starts_with("r1-");
    let last: Vec<u64> =
        known.lock().unwrap().iter().rev().filter(|(_, t)| by_first(t)).map(|(n, _)| *n).take(20).collect();
    assert!(!last.is_empty(), "the first took something in before it went");
    for number in last {
        heard.hears(id_of(&third, &cookie, number), "the last that the killed one took in");
    }
    for (number, title) in known.lock().unwrap().iter() {
        let reply = send(third.address, "GET", &format!("/work/{number}"), &cookie, "").unwrap();
        assert!(reply.status == 200 && reply.body.contains(title.as_str()), "#{number} {title}");
    }
    runtime.block_on(post.ground.db.close());
    second.kill();
    third.kill();
    runtime.block_on(scratch.remove());
    drop(std::fs::remove_dir_all(data));
}

/// As many messages as one process sends at a time.
const MOST_UNDER_WAY: usize = 16;

/// Tells so many notices and waits until all have arrived.
fn tell(runtime: &tokio::runtime::Runtime, post: &mut Post, count: usize) {
    for _ in 0..count {
        runtime.block_on(post.tell());
    }
    let begun = Instant::now();
    while post.missing() > 0 {
        assert!(begun.elapsed() < PATIENCE, "{} notices have not arrived", post.missing());
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// An open page: the things of which it has heard that they changed.
struct Listening(Arc<Mutex<BTreeSet<String>>>);

impl Listening {
    fn at(to: SocketAddr, cookie: &str) -> Self {
        let mut stream = TcpStream::connect(to).unwrap();
        let request = format!("GET /live?topics=work HTTP/1.1\r\nHost: {to}\r\nCookie: {cookie}\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
        assert!(lines.any(|line| line.starts_with(": listening")), "the stream greets");
        let heard = Self(Arc::default());
        let things = heard.0.clone();
        std::thread::spawn(move || {
            for line in lines {
                // A page that was too slow is told to fetch everything anew.
                assert!(line != "event: missed", "a page that keeps up misses nothing");
                if let Some(thing) = line.strip_prefix("data: ") {
                    things.lock().unwrap().insert(thing.to_owned());
                }
            }
        });
        heard
    }

    /// Waits until it hears of a work item; forgets it then.
    fn hears(&self, of: WorkId, what: &str) {
        let begun = Instant::now();
        while !self.0.lock().unwrap().remove(&of.0.to_string()) {
            assert!(begun.elapsed() < Duration::from_secs(10), "the page did not hear of {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Makes a work item through this server; its number and its id.
fn make(through: &Process, cookie: &str, title: &str) -> (u64, WorkId) {
    let made =
        send(through.address, "POST", "/work/new", cookie, &format!("title={title}&priority=2")).unwrap();
    let number = made.head.lines().find_map(|line| line.strip_prefix("location: /work/"));
    let number = number.unwrap_or_else(|| panic!("{made:?}")).parse().unwrap();
    (number, id_of(through, cookie, number))
}

fn id_of(through: &Process, cookie: &str, number: u64) -> WorkId {
    let item = get_json(through.address, &format!("/api/v1/work/{number}"), cookie).expect("it is there");
    item["id"].as_str().unwrap().parse().unwrap()
}
