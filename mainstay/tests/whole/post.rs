//! Notices told beside the servers, and the receiver that counts what arrives.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use mainstay::house;
use mainstay_kernel::id::{ChannelId, OrgId};
use mainstay_kernel::notify::{self, ChannelKind, NewChannel, To, Urgency};
use mainstay_kernel::outbound::OutboundSetting;
use mainstay_kernel::store::{Address, Db, Tx};
use mainstay_kernel::{Clock, Fault, Ground, args, node, secrets, settings, sql, tenancy};
use serde_json::Value;

/// Notices told beside the server, and the webhook they go to.
pub struct Post {
    pub ground: Arc<Ground>,
    org: OrgId,
    channel: ChannelId,
    /// The number of a process beside the server, to be renewed.
    node: Option<(u16, String)>,
    pub told: usize,
    /// While this is set, the receiver says that it cannot take anything now.
    pub refuses: Arc<AtomicBool>,
    /// `webhook-id` → title and how often it came.
    arrived: Arrived,
}

type Arrived = Arc<Mutex<BTreeMap<String, (String, usize)>>>;

impl Post {
    pub async fn beside(data: &Path, postgres: Option<&str>) -> Self {
        let address = match postgres {
            Some(url) => Address::postgres(url).unwrap(),
            None => Address::Sqlite(data.join("mainstay.db")),
        };
        let db = Db::beside(address, house::schemas()).await.unwrap();
        let keys = secrets::unlock(&db, &data.join("key")).await.unwrap();
        let (clock, holder) = (Clock::machine(), "storm".to_owned());
        let (c, h) = (clock.clone(), holder.clone());
        let number = db.write(move |tx| node::take(tx, &c, &h)).await.unwrap();
        let ground = Arc::new(house::ground(db, keys, clock, number, data).unwrap());
        ground.keep_order().await.unwrap();
        Self::on(ground, Some((number, holder))).await
    }

    /// Notices that are told in this process.
    pub async fn on(ground: Arc<Ground>, node: Option<(u16, String)>) -> Self {
        let org = ground.db.read(tenancy::list).await.unwrap()[0].id;
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", socket.local_addr().unwrap());
        let cx = ground.cx(org, "storm");
        let channel = ground
            .db
            .write(move |tx| {
                settings::set(tx, &cx, 0, &OutboundSetting { allow: vec!["127.0.0.1".to_owned()] })?;
                let new = NewChannel {
                    kind: ChannelKind::Webhook,
                    name: "storm".into(),
                    url: url.clone(),
                    causes: Vec::new(),
                    token: None,
                };
                notify::make(tx, &cx, &new)
            })
            .await
            .unwrap()
            .0;
        let (arrived, refuses) = (Arc::default(), Arc::default());
        receive(socket, &arrived, &refuses);
        Self { ground, org, channel, node, told: 0, refuses, arrived }
    }

    /// Tells one thing, twice: the second time is none.
    pub async fn tell(&mut self) {
        if let Some(node) = self.node.clone() {
            let clock = self.ground.clock.clone();
            assert!(
                self.write(move |tx| node::renew(tx, &clock, node.0, &node.1)).await,
                "our number is ours"
            );
        }
        let (cx, channel, count) = (self.ground.cx(self.org, "storm"), self.channel, self.told);
        for turn in 0..2 {
            let new = notify::New {
                once_key: format!("storm:{count}"),
                cause: "storm",
                title: format!("notice {count}"),
                body: String::new(),
                link: String::new(),
                urgency: Urgency::Normal,
                to: vec![To::Channel(channel)],
                about: vec![],
            };
            let cx = cx.clone();
            let told = self.write(move |tx| notify::post(tx, &cx, &new)).await;
            assert_eq!(told.is_some(), turn == 0, "a notice is told once");
        }
        self.told += 1;
    }

    /// How many messages of agents the store has taken in.
    pub async fn reports(&self) -> i64 {
        let org = self.org;
        let ask = move |tx: &mut Tx<'_>| {
            let sum = sql!("SELECT CAST(SUM(acked) AS BIGINT) FROM agent WHERE org_id = $1");
            tx.one(sum, args![org], |row| row.get(0))
        };
        self.ground.db.read(ask).await.unwrap()
    }

    /// Beside a busy server the file may be locked for long; a refused write has done nothing.
    async fn write<T: Send + 'static>(
        &self,
        act: impl Fn(&mut Tx<'_>) -> Result<T, Fault> + Clone + Send + 'static,
    ) -> T {
        loop {
            match self.ground.db.write(act.clone()).await {
                Ok(done) => return done,
                Err(Fault::Away { .. }) => {}
                Err(other) => panic!("{other}"),
            }
        }
    }

    pub fn missing(&self) -> usize {
        self.told - self.arrived.lock().unwrap().len().min(self.told)
    }

    /// Every notice came under one id; answers how many came again under it.
    pub fn compare(&self) -> usize {
        let arrived = self.arrived.lock().unwrap();
        let mut titles: Vec<_> = arrived.values().map(|(title, _)| title.clone()).collect();
        titles.sort();
        titles.dedup();
        assert_eq!(titles.len(), arrived.len(), "a notice came under two ids: it reads as two");
        assert_eq!(arrived.len(), self.told);
        arrived.values().map(|(_, times)| times - 1).sum()
    }
}

/// Takes webhooks and answers 204, or 503 while it is to refuse.
fn receive(socket: TcpListener, arrived: &Arrived, refuses: &Arc<AtomicBool>) {
    let (arrived, refuses) = (arrived.clone(), refuses.clone());
    std::thread::spawn(move || {
        for stream in socket.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(stream);
            let (mut id, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
                    break;
                }
                let (name, value) = line.split_once(':').unwrap_or((&line, ""));
                match name.to_ascii_lowercase().as_str() {
                    "webhook-id" => value.trim().clone_into(&mut id),
                    "content-length" => length = value.trim().parse().unwrap_or(0),
                    _ => {}
                }
            }
            let mut body = vec![0; length];
            // A sender that was killed has sent half; nothing arrived then.
            let Ok(()) = reader.read_exact(&mut body) else { continue };
            let Ok(said) = serde_json::from_slice::<Value>(&body) else { continue };
            let title = said["data"]["title"].as_str().unwrap_or_default().to_owned();
            if refuses.load(Ordering::SeqCst) {
                drop(reader.get_mut().write_all(b"HTTP/1.1 503 Not Now\r\nContent-Length: 0\r\n\r\n"));
                continue;
            }
            arrived.lock().unwrap().entry(id).or_insert((title, 0)).1 += 1;
            drop(reader.get_mut().write_all(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"));
        }
    });
}
