//! Attack strings, sanitised and shown by a real browser engine: no script runs, nothing is requested. The same strings
//! unsanitised do both, so the test can fail.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use mainstay_mailroom::{Pictures, sanitise};

/// Payloads; `HIT` is the call a script makes, `URL` an address that must not be asked for.
const ATTACKS: &str = include_str!("mails/attacks.txt");
const PARTS: &str = include_str!("mails/attack_parts.txt");

/// A section of the parts.
fn section(name: &str) -> Vec<String> {
    let lines = PARTS.lines().skip_while(|l| l.strip_prefix("== ") != Some(name)).skip(1);
    let found = lines.take_while(|l| !l.starts_with("== ")).map(|l| {
        l.replace("\\t", "\t")
            .replace("\\n", "\n")
            .replace("\\u{1}", "\u{1}")
            .replace("\\u{feff}", "\u{feff}")
    });
    let found: Vec<String> = found.collect();
    assert!(!found.is_empty(), "no section {name}");
    found
}

fn attacks() -> Vec<String> {
    let mut all: Vec<String> = ATTACKS.lines().filter(|l| !l.is_empty()).map(str::to_owned).collect();
    for event in section("events") {
        for tag in section("tags") {
            all.push(format!("<{tag} {event}=HIT>x"));
            all.push(format!("<{tag}/{event}=\"HIT\"/>x"));
        }
    }
    for scheme in section("schemes") {
        all.extend(section("wraps").iter().map(|wrap| wrap.replace('@', &format!("{scheme}HIT"))));
    }
    for property in section("properties") {
        for value in section("values") {
            all.push(format!("<div style='{property}:{}'>x</div>", value.replace('\'', "&#39;")));
            all.push(format!("<p style=\"color:red;}}*{{{property}:{}\">x", value.replace('"', "&quot;")));
        }
    }
    for resource in section("resources") {
        all.push(format!("<!--[if mso]>{resource}<![endif]-->{resource}"));
        all.push(format!("<noscript>{resource}</noscript><template>{resource}</template>"));
        all.push(format!("<table><p>{resource}</table>"));
        for raw in ["xmp", "textarea", "title", "noscript", "iframe", "style"] {
            all.push(format!("<{raw}><p title=\"</{raw}>{resource}\">"));
        }
        all.push(format!("<svg><style><p title=\"</style>{resource}\"></svg>"));
        all.push(format!("<math><mtext><table><mglyph><style><!--</style>{resource}"));
        all.push(format!(
            "<form><math><mtext></form><form><mglyph><svg><mtext><style><path id=\"</style>{resource}\">"
        ));
        all.push(resource);
    }
    all
}

/// A page with one frame for each piece; every element in it is poked at.
fn page(pieces: &[String]) -> String {
    let mut page = String::from(
        "<!doctype html><body data-hits=0><script>var hits=0;function hit(){hits++;document.body.dataset.hits=hits}window.alert=hit;</script>",
    );
    for piece in pieces {
        let document = format!("<!doctype html><meta charset=utf-8><body>{piece}");
        page.push_str("<iframe srcdoc=\"");
        page.push_str(&document.replace('&', "&amp;").replace('"', "&quot;"));
        page.push_str("\"></iframe>\n");
    }
    page.push_str("<script>onload=()=>{for(const f of document.querySelectorAll('iframe')){try{const d=f.contentDocument;for(const e of d.querySelectorAll('*')){for(const n of ['mouseover','pointerenter','focus','toggle','scroll','wheel','copy','input','animationstart'])e.dispatchEvent(new Event(n,{bubbles:true}));const h=(e.getAttribute&&e.getAttribute('href'))||'';if(!/^(https?:|mailto:|tel:)/.test(h)&&h!=='#'&&e.click)try{e.click()}catch(x){}}}catch(x){}}document.body.dataset.done=1}</script>");
    page
}

/// Serves the pages and writes down everything else that is asked for.
fn serve(pages: Vec<String>) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has ports");
    let port = listener.local_addr().expect("it is bound").port();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let pages: Arc<Vec<String>> =
        Arc::new(pages.into_iter().map(|p| p.replace("HOST", &format!("127.0.0.1:{port}"))).collect());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (pages, seen) = (Arc::clone(&pages), Arc::clone(&seen));
            std::thread::spawn(move || reply(stream, &pages, &seen));
        }
    });
    (port, asked)
}

fn reply(mut stream: TcpStream, pages: &[String], seen: &Mutex<Vec<String>>) {
    let mut request = [0u8; 4_096];
    let length = stream.read(&mut request).unwrap_or(0);
    let line = String::from_utf8_lossy(&request[..length]).lines().next().unwrap_or_default().to_owned();
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let page = path.strip_prefix("/page/").and_then(|n| n.parse::<usize>().ok()).and_then(|n| pages.get(n));
    if page.is_none() && path != "/favicon.ico" && !path.is_empty() {
        seen.lock().expect("no one panicked").push(path);
    }
    let body = page.map_or("", String::as_str);
    let _ = write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
}

/// What the browser counted on the page.
fn show(port: u16, number: usize) -> Option<String> {
    let profile = tempfile::tempdir().expect("a folder");
    let output = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--virtual-time-budget=8000",
            "--dump-dom",
        ])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("http://127.0.0.1:{port}/page/{number}"))
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let dom = String::from_utf8_lossy(&output.stdout).into_owned();
    let at = dom.find("data-hits=\"")? + 11;
    assert!(dom.contains("data-done=\"1\""), "the page did not come to its end");
    Some(dom[at..].chars().take_while(char::is_ascii_digit).collect())
}

#[test]
fn no_script_runs_and_nothing_is_asked_for() {
    let raw: Vec<String> =
        attacks().iter().map(|a| a.replace("HIT", "top.hit()").replace("URL", "http://HOST/hit")).collect();
    let clean: Vec<String> = raw.iter().map(|a| sanitise(a, &Pictures::NONE).html).collect();
    let is_there = Command::new("chromium")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok();
    if !is_there {
        println!("skipped: chromium is not here");
        return;
    }
    // What is sanitised is balanced, so many pieces share a frame. Of the raw ones a part shows that they bite.
    let clean: Vec<String> = clean.chunks(24).map(|pieces| pieces.join("\n<hr>")).collect();
    let control: Vec<String> = raw.iter().step_by(37).cloned().collect();
    let (port, asked) = serve(vec![page(&clean), page(&control)]);
    let hits = show(port, 0).expect("the browser shows the page");
    let requests = asked.lock().expect("no one panicked").clone();
    assert_eq!((hits.as_str(), requests.as_slice()), ("0", [].as_slice()), "of {} attack strings", raw.len());
    let bites: u32 = show(port, 1).and_then(|h| h.parse().ok()).expect("the browser shows the control page");
    let asked = asked.lock().expect("no one panicked").len();
    assert!(bites >= 5 && asked >= 5, "unsanitised strings must run and ask: {bites} ran, {asked} asked");
    println!(
        "{} attack strings: 0 scripts, 0 requests; unsanitised, {} of them: {bites} scripts, {asked} requests",
        raw.len(),
        control.len()
    );
}
