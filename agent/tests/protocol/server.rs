//! A small server of the agent protocol on loopback, strict about it, that can be away, slow or rude.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use mainstay_agent::wire::{
    Enrol, Enrolled, Heard, Item, Order, Orders, Outcome, Output, Received, Report, Section,
};

/// How the server behaves now.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Fine,
    /// 503 to everything.
    Away,
    /// Takes the report and breaks off before the answer.
    Deaf,
    /// 200 with something that is no JSON.
    Rude,
    /// 200 with a body far over the limit.
    Giant,
    /// 422 to this section only.
    Picky,
}

pub struct State {
    pub mood: Mood,
    pub enrolled: Vec<Enrol>,
    /// Every item stored, by number.
    pub items: BTreeMap<u64, Item>,
    /// Numbers that came again.
    pub repeats: u64,
    pub hashes: HashMap<Section, String>,
    pub orders: Vec<Order>,
    pub output: HashMap<String, String>,
    pub outcomes: HashMap<String, Vec<Outcome>>,
    pub dropped: u64,
    pub calls: u64,
}

pub struct Server {
    pub address: String,
    pub state: Arc<Mutex<State>>,
}

pub const TOKEN: &str = "once";
pub const KEY: &str = "key-of-the-agent";

impl Server {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State {
            mood: Mood::Fine,
            enrolled: Vec::new(),
            items: BTreeMap::new(),
            repeats: 0,
            hashes: HashMap::new(),
            orders: Vec::new(),
            output: HashMap::new(),
            outcomes: HashMap::new(),
            dropped: 0,
            calls: 0,
        }));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                std::thread::spawn(move || serve(stream, &state));
            }
        });
        Self { address, state }
    }

    pub fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap())
    }

    /// Waits until `is_so`; a test that waits longer than 30 seconds has failed.
    pub fn until(&self, what: &str, is_so: impl Fn(&State) -> bool) {
        for _ in 0..3000 {
            if self.with(|state| is_so(state)) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("never came: {what}");
    }
}

fn serve(stream: TcpStream, state: &Mutex<State>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut head = String::new();
    loop {
        let before = head.len();
        reader.read_line(&mut head).ok().filter(|length| *length > 0)?;
        if head[before..].trim().is_empty() {
            break;
        }
    }
    let lower = head.to_ascii_lowercase();
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let path = head.split(' ').nth(1)?.to_owned();
    let is_signed = head.contains(&format!("Bearer {KEY}"));
    let answer = {
        let mut state = state.lock().unwrap();
        state.calls += 1;
        answer(&mut state, &path, is_signed, &body)
    };
    let (status, text) = answer?; // else broken off
    if path.contains("/orders") && text.contains("[]") {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let mut stream = stream;
    let length = text.len();
    write!(stream, "HTTP/1.1 {status} x\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n").ok()?;
    stream.write_all(text.as_bytes()).ok()
}

#[expect(clippy::unnecessary_wraps, reason = "an answer that breaks off is None, here and in all callers")]
fn json<T: serde::Serialize>(value: &T) -> Option<(u16, String)> {
    Some((200, serde_json::to_string(value).unwrap()))
}

fn answer(state: &mut State, path: &str, is_signed: bool, body: &[u8]) -> Option<(u16, String)> {
    match state.mood {
        Mood::Away => return Some((503, "not now".to_owned())),
        Mood::Rude => return Some((200, "<html>proxy</html>".to_owned())),
        Mood::Giant => return Some((200, " ".repeat(9 << 20))),
        _ => {}
    }
    if path.ends_with("/enrol") {
        let enrol: Enrol = serde_json::from_slice(body).unwrap();
        let is_repeat = state.enrolled.iter().any(|before| before.nonce == enrol.nonce);
        if enrol.token != TOKEN || (!state.enrolled.is_empty() && !is_repeat) {
            return Some((401, "{}".to_owned()));
        }
        state.enrolled.push(enrol);
        return json(&Enrolled { agent_id: "a1".to_owned(), key: KEY.to_owned() });
    }
    if !is_signed {
        return Some((401, "{}".to_owned()));
    }
    if path.contains("/orders") {
        return json(&Orders { orders: state.orders.clone() });
    }
    if path.ends_with("/output") {
        return hear(state, serde_json::from_slice(body).unwrap());
    }
    let report: Report = serde_json::from_slice(body).unwrap();
    if state.mood == Mood::Picky && report.items.iter().any(|item| item.section == Section::Units) {
        return Some((422, "no units".to_owned()));
    }
    state.dropped += report.dropped;
    let mut whole = Vec::new();
    let mut before = 0;
    for item in report.items {
        assert!(item.seq > before, "numbers rise within a report");
        before = item.seq;
        if state.items.contains_key(&item.seq) {
            state.repeats += 1;
            continue;
        }
        let newest = state.items.keys().next_back().copied().unwrap_or(0);
        assert!(item.seq > newest, "{} came after {newest}", item.seq);
        if item.content.is_some() {
            state.hashes.insert(item.section.clone(), item.hash.clone());
        } else if state.hashes.get(&item.section) != Some(&item.hash) {
            whole.push(item.section.clone());
        }
        state.items.insert(item.seq, item);
    }
    let acked = state.items.keys().next_back().copied().unwrap_or(0);
    if state.mood == Mood::Deaf {
        return None;
    }
    json(&Received { acked, whole, orders: state.orders.clone() })
}

/// Output as a server keeps it: what it has already is skipped, a gap is asked for again.
fn hear(state: &mut State, output: Output) -> Option<(u16, String)> {
    let kept = state.output.entry(output.order_id.clone()).or_default();
    let (offset, have) = (usize::try_from(output.offset).unwrap(), kept.len());
    if offset <= have && offset + output.chunk.len() > have {
        kept.push_str(&output.chunk[have - offset..]);
    }
    let next_offset = kept.len() as u64;
    let mut is_done = false;
    if let Some(outcome) = output.done {
        assert_eq!(offset + output.chunk.len(), kept.len(), "the outcome comes with the last chunk");
        state.outcomes.entry(output.order_id.clone()).or_default().push(outcome);
        state.orders.retain(|order| order.id != output.order_id);
        is_done = true;
    }
    json(&Heard { next_offset, is_done, stop: false })
}
