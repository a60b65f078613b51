//! `mainstay up`: serve, look after this machine, and say what was found. `add-host`: the line for another one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use mainstay_kernel::{Clock, Fault};
use mainstay_record::agent;
use tokio::sync::watch;

use super::{AddHost, Up, interrupted, job_program};
use crate::first_minute::{self, FirstMinute};
use crate::server::{Server, Settings};
use crate::tls;

/// The first look is told after this long, whatever is still missing.
const PATIENCE: Duration = Duration::from_secs(45);

pub(super) async fn up(words: Up) -> Result<(), Fault> {
    let (clock, started) = (Clock::machine(), Instant::now());
    let started_ms = clock.now_ms();
    let tls = match (words.tls_certificate, words.tls_key) {
        (Some(certificate), Some(key)) => tls::Choice::Files { certificate, key },
        _ => tls::Choice::ByAddress,
    };
    let data = words.place.data.clone();
    let settings = Settings { data: data.clone(), listen: words.listen, postgres: words.place.postgres, tls };
    let server = Server::start(&settings, clock).await?;
    let link = server.sign_in_link().await?;
    if !words.json {
        first_minute::greet(&server, &link, &data, !words.no_agent);
    } else if words.no_agent {
        println!("{}", first_minute::doors(&server, &link));
    }
    let (stop, stopped) = watch::channel(false);
    let looking = if words.no_agent {
        None
    } else {
        Some(tokio::spawn(own_agent(config(&server, &data).await?, stopped)))
    };
    if looking.is_some() {
        let told = tokio::select! {
            told = FirstMinute::wait(&server, &data, PATIENCE, (started, started_ms)) => Some(told?),
            () = interrupted() => None,
        };
        if let Some(minute) = told {
            if words.json {
                println!("{}", minute.json(&server, &link));
            } else {
                minute.print(&server);
            }
            interrupted().await;
        }
    } else {
        interrupted().await;
    }
    let _ = stop.send(true);
    if let Some(agent) = looking {
        drop(agent.await);
    }
    server.stop().await;
    Ok(())
}

/// The agent of this machine speaks like any other, to the address listened on; over loopback where that is all of them.
/// An identity that this store does not know, or no longer, is given up for a new one.
async fn config(server: &Server, data: &std::path::Path) -> Result<mainstay_agent::Config, Fault> {
    let mut config = mainstay_agent::Config::new(data.join("agent"), job_program()?);
    let scheme = if server.fingerprint.is_some() { "https" } else { "http" };
    config.server = Some(format!("{scheme}://{}", reachable(server.address)));
    config.fingerprint.clone_from(&server.fingerprint);
    let file = data.join("agent/agent.json");
    if let Some(own) = first_minute::Own::read(data) {
        let org = server.org;
        match server.ground.db.read(move |tx| agent::by_key(tx, org, &own.key)).await {
            Err(Fault::SignIn) => std::fs::remove_file(&file).map_err(Fault::broken)?,
            known => drop(known?),
        }
    }
    if !file.exists() {
        let cx = server.ground.cx(server.org, "up");
        config.token = Some(server.ground.db.write(move |tx| agent::invite(tx, &cx)).await?);
    }
    Ok(config)
}

/// Where this machine itself reaches what is listened on.
fn reachable(listening: SocketAddr) -> SocketAddr {
    let loopback = match listening.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(loopback, listening.port())
}

async fn own_agent(config: mainstay_agent::Config, mut stop: watch::Receiver<bool>) {
    let until = async move { drop(stop.wait_for(|stopped| *stopped).await) };
    if let Err(fault) = mainstay_agent::run(config, until).await {
        eprintln!("error: this machine is not looked after: {fault}");
    }
}

pub(super) async fn add_host(words: &AddHost) -> Result<(), Fault> {
    let place = &words.place;
    let line = first_minute::invitation(&place.data, place.postgres.as_deref(), &words.org).await?;
    println!("{line}");
    Ok(())
}
