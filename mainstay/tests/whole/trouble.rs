//! What else goes wrong: a full disk, a database that is away, one that has to be sure of its name, a spool cut in half.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mainstay::house::schemas;
use mainstay_kernel::store::{Address, Db};

use super::cluster::Cluster;
use super::folder;
use super::hosts::Host;
use super::process::{Process, Reply, get_json, invitation, send};

type Damage = Box<dyn Fn(Vec<u8>) -> Vec<u8>>;

fn write(server: &Process, cookie: &str, title: &str) -> Reply {
    send(server.address, "POST", "/work/new", cookie, &format!("title={title}&priority=2"))
        .expect("it answers")
}

fn is_told_to_wait(reply: &Reply) -> bool {
    reply.status == 503 && reply.head.to_lowercase().contains("\nretry-after: ")
}

/// Tries until it is taken; the number it got.
fn until_taken(server: &Process, cookie: &str, title: &str, patience: Duration) -> String {
    let begun = Instant::now();
    loop {
        let reply = write(server, cookie, title);
        if let Some(place) = reply.head.lines().find_map(|line| line.strip_prefix("location: ")) {
            return place.to_owned();
        }
        assert!(is_told_to_wait(&reply), "{reply:?}");
        assert!(begun.elapsed() < patience, "after {patience:?}: {reply:?}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// People who write all the time; whoever is refused is told to wait, and what was taken in is remembered.
struct Writing {
    stop: Arc<AtomicBool>,
    people: Vec<JoinHandle<Written>>,
}

/// What was taken in, as place and title, and how often somebody was told to wait.
type Written = (Vec<(String, String)>, usize);

impl Writing {
    fn start(server: &Process, cookie: &str) -> Self {
        let stop = Arc::<AtomicBool>::default();
        let person = |number: usize| {
            let (stop, to, cookie) = (stop.clone(), server.address, cookie.to_owned());
            std::thread::spawn(move || {
                let (mut taken, mut refused) = (Vec::new(), 0);
                for count in 0.. {
                    if stop.load(Ordering::SeqCst) {
                        break;
                    }
                    let title = format!("w{number}-{count}");
                    let form = format!("title={title}&priority=2");
                    let reply =
                        send(to, "POST", "/work/new", &cookie, &form).expect("the server itself lives");
                    if let Some(place) = reply.head.lines().find_map(|line| line.strip_prefix("location: ")) {
                        taken.push((place.to_owned(), title));
                    } else {
                        assert!(is_told_to_wait(&reply), "{reply:?}");
                        refused += 1;
                    }
                }
                (taken, refused)
            })
        };
        let people = (0..4).map(person).collect();
        Self { stop, people }
    }

    fn end(self) -> Written {
        self.stop.store(true, Ordering::SeqCst);
        let ended = self.people.into_iter().map(|person| person.join().unwrap());
        ended.fold((Vec::new(), 0), |(mut all, sum), (taken, refused)| {
            all.extend(taken);
            (all, sum + refused)
        })
    }
}

/// A small disk of its own, gone at the end.
struct Disk<'p>(&'p Path);

impl<'p> Disk<'p> {
    fn mount(at: &'p Path, megabytes: u32) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let size = format!("size={megabytes}m,mode=0700");
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at).output().ok()?;
        mount.status.success().then_some(Self(at))
    }

    /// Leaves this many bytes free; answers the file that takes the rest.
    fn fill(&self, leave: u64) -> std::path::PathBuf {
        let disk = rustix::fs::statvfs(self.0).unwrap();
        let take = (disk.f_bavail * disk.f_frsize).saturating_sub(leave);
        let path = self.0.join("filler");
        let zeros = vec![0_u8; usize::try_from(take).unwrap()];
        // The last page may not fit any more: full is what was wanted.
        drop(std::fs::write(&path, zeros));
        path
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("--lazy").arg(self.0).status());
    }
}

#[test]
fn a_full_disk_is_said_and_nothing_that_was_acknowledged_is_lost() {
    let data = folder("full");
    let Some(disk) = Disk::mount(&data, 64) else {
        println!("skipped: a small disk can be mounted by root only");
        return;
    };
    let server = Process::start(&data, None);
    let cookie = server.sign_in();
    let before = until_taken(&server, &cookie, "before", Duration::from_secs(5));
    for leave in [8 << 20, 0] {
        let filler = disk.fill(leave);
        let refused = (0..40).map(|_| write(&server, &cookie, "refused")).find(|reply| reply.status != 303);
        let refused = refused.or_else(|| {
            std::thread::sleep(Duration::from_secs(2));
            Some(write(&server, &cookie, "refused"))
        });
        let refused = refused.unwrap();
        assert!(is_told_to_wait(&refused) && refused.body.contains("disk"), "{refused:?}");
        let seen = send(server.address, "GET", &before, &cookie, "").unwrap();
        assert!(seen.status == 200 && seen.body.contains("before"), "what is there can be read: {seen:?}");
        std::fs::remove_file(filler).unwrap();
        until_taken(&server, &cookie, "afterwards", Duration::from_secs(10));
    }
    server.kill();
    let server = Process::start(&data, None);
    let cookie = server.sign_in();
    assert!(send(server.address, "GET", &before, &cookie, "").unwrap().body.contains("before"));
    server.kill();
    let mut doctor = Command::new(env!("CARGO_BIN_EXE_mainstay"));
    let said = doctor.arg("doctor").arg("--data").arg(&data).arg("verify").output().unwrap();
    assert!(said.status.success(), "{said:?}");
    drop(disk);
    drop(std::fs::remove_dir_all(data));
}

#[test]
fn a_full_disk_of_the_index_stops_nobody_from_writing_and_nothing_stays_unfindable() {
    let data = folder("full-index");
    std::fs::create_dir_all(&data).unwrap();
    let place = data.join("search");
    let Some(disk) = Disk::mount(&place, 12) else {
        println!("skipped: a small disk can be mounted by root only");
        return;
    };
    let server = Process::start(&data, None);
    let cookie = server.sign_in();
    let find = |word: &str| send(server.address, "GET", &format!("/find?q={word}"), &cookie, "").unwrap();
    let finds = |word: &str| {
        let begun = Instant::now();
        loop {
            let found = find(word);
            if found.status == 200 && found.body.contains(&format!("{word} lies here")) {
                return;
            }
            assert!(found.status == 200 || is_told_to_wait(&found), "{found:?}");
            assert!(begun.elapsed() < Duration::from_secs(20), "{word} is not found: {found:?}");
            std::thread::sleep(Duration::from_millis(300));
        }
    };
    write(&server, &cookie, "amber+lies+here");
    finds("amber");
    let filler = disk.fill(0);
    for count in 0..200 {
        let reply = write(&server, &cookie, &format!("beryl{count}+lies+here"));
        assert_eq!(reply.status, 303, "the index keeps nobody from writing: {reply:?}");
    }
    let refused = find("beryl7");
    assert!(is_told_to_wait(&refused) && refused.body.contains("search"), "{refused:?}");
    std::fs::remove_file(filler).unwrap();
    for word in ["amber", "beryl0", "beryl199"] {
        finds(word);
    }
    server.kill();
    drop(disk);
    drop(std::fs::remove_dir_all(data));
}

#[test]
fn a_database_that_goes_away_is_said_and_comes_back_by_itself() {
    let Some(cluster) = Cluster::start("away") else {
        println!("skipped: PostgreSQL is not installed");
        return;
    };
    let data = folder("away");
    let server = Process::start(&data, Some(&cluster.url("127.0.0.1", "")));
    let cookie = server.sign_in();
    let before = until_taken(&server, &cookie, "before", Duration::from_secs(10));
    let writing = Writing::start(&server, &cookie);
    for _ in 0..2 {
        std::thread::sleep(Duration::from_millis(700));
        cluster.down();
        for path in ["/", "/work", &before, "/api/v1/work"] {
            let reply = send(server.address, "GET", path, &cookie, "").unwrap();
            assert!(is_told_to_wait(&reply) && reply.body.contains("PostgreSQL"), "{path}: {reply:?}");
        }
        assert!(is_told_to_wait(&write(&server, &cookie, "refused")));
        assert_eq!(
            send(server.address, "GET", "/health", "", "").unwrap().status,
            200,
            "the server itself lives"
        );
        cluster.up();
        until_taken(&server, &cookie, "afterwards", Duration::from_secs(20));
        let seen = send(server.address, "GET", &before, &cookie, "").unwrap();
        assert!(seen.status == 200 && seen.body.contains("before"), "{seen:?}");
    }
    std::thread::sleep(Duration::from_millis(700));
    let (taken, refused) = writing.end();
    assert!(refused > 0 && taken.len() > 4, "it went away while people wrote: {refused} of {}", taken.len());
    for (place, title) in &taken {
        let seen = send(server.address, "GET", place, &cookie, "").unwrap();
        assert!(
            seen.status == 200 && seen.body.contains(title.as_str()),
            "{title} was taken and is lost: {seen:?}"
        );
    }
    println!("{} taken in, {refused} told to wait, none lost", taken.len());
    server.kill();
    drop(std::fs::remove_dir_all(data));
}

#[test]
fn postgresql_over_tls_is_trusted_as_far_as_was_asked_for() {
    let Some(cluster) = Cluster::start("tls") else {
        println!("skipped: PostgreSQL is not installed");
        return;
    };
    let made = |name: &str| rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    let (own, other) = (made("localhost"), made("localhost"));
    cluster.only_tls(&own.cert.pem(), &own.signing_key.serialize_pem());
    let data = folder("tls");
    std::fs::create_dir_all(&data).unwrap();
    std::fs::write(data.join("own.pem"), own.cert.pem()).unwrap();
    std::fs::write(data.join("other.pem"), other.cert.pem()).unwrap();
    let place = |name: &str| data.join(name).display().to_string();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let opens = |host: &str, more: String| {
        runtime.block_on(async {
            let db = Db::open(Address::postgres(&cluster.url(host, &more))?, schemas()).await?;
            db.close().await;
            Ok::<_, mainstay_kernel::Fault>(())
        })
    };
    for (host, more) in [
        ("127.0.0.1", String::new()),
        ("127.0.0.1", "?sslmode=require".to_owned()),
        ("127.0.0.1", format!("?sslmode=verify-ca&sslrootcert={}", place("own.pem"))),
        ("localhost", format!("?sslmode=verify-full&sslrootcert={}", place("own.pem"))),
    ] {
        opens(host, more.clone()).unwrap_or_else(|fault| panic!("{host}{more}: {fault}"));
    }
    for (host, more, why) in [
        ("127.0.0.1", "?sslmode=disable".to_owned(), "no pg_hba.conf entry"),
        ("127.0.0.1", format!("?sslmode=verify-full&sslrootcert={}", place("own.pem")), "not valid for name"),
        ("localhost", format!("?sslmode=verify-full&sslrootcert={}", place("other.pem")), "certificate"),
        ("localhost", format!("?sslmode=require&sslrootcert={}", place("other.pem")), "certificate"),
        ("localhost", "?sslmode=verify-full".to_owned(), "certificate"),
    ] {
        let said = opens(host, more.clone()).expect_err(&more).to_string();
        assert!(said.contains(why), "{host}{more}: {said}");
    }
    let server = Process::start(
        &data,
        Some(&cluster.url("localhost", &format!("?sslmode=verify-full&sslrootcert={}", place("own.pem")))),
    );
    let cookie = server.sign_in();
    until_taken(&server, &cookie, "over TLS", Duration::from_secs(10));
    server.kill();
    drop(std::fs::remove_dir_all(data));
}

#[test]
fn an_agent_whose_spool_was_cut_or_damaged_tells_the_truth_again() {
    let data = folder("spool");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let _inside = runtime.enter();
    let server = Process::start(&data, None);
    let cookie = server.sign_in();
    let mut host = Host::start(server.address, &invitation(&data, None), "cut", &data);
    let shows = |is_open: bool| {
        let begun = Instant::now();
        let path = "/api/v1/findings?rule=patches.update_waiting&state=open";
        while get_json(server.address, path, &cookie)
            .is_none_or(|page| page["items"].as_array().unwrap().len() != usize::from(is_open))
        {
            assert!(begun.elapsed() < Duration::from_secs(30), "the finding is not {is_open}");
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    shows(true);
    let spool = host.folder.join("agent/spool");
    let half = b"00112233445566aa {\"seq\":99999,\"at_ms\":5,\"section\":\"upd".to_vec();
    let damage: [Damage; 4] = [
        Box::new(move |bytes| [bytes, half.clone()].concat()),
        Box::new(|bytes| bytes[..bytes.len() / 2].to_vec()),
        Box::new(|bytes| bytes.iter().map(|byte| byte ^ 1).collect()),
        Box::new(|_| Vec::new()),
    ];
    for (turn, damage) in damage.iter().enumerate() {
        runtime.block_on(host.halt());
        std::fs::write(&spool, damage(std::fs::read(&spool).unwrap())).unwrap();
        let is_open = turn % 2 == 1;
        std::fs::write(host.folder.join("installed"), if is_open { "1\n" } else { "2\n" }).unwrap();
        host.go_on();
        shows(is_open);
    }
    runtime.block_on(host.stop());
    server.kill();
    drop(std::fs::remove_dir_all(data));
}
