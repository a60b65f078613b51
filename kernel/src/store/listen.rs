//! Telling the other processes on one PostgreSQL that something was committed. Only a hint: everybody also looks by
//! the clock, because notifications stay on one node of a cluster and are lost while a connection is away.

use std::future::poll_fn;
use std::time::Duration;

use tokio_postgres::{AsyncMessage, Client};

use super::address::Server;
use super::signal::{Bells, Signal, Signals};

/// NOTIFY takes a lock that every commit of the server passes: at most one in this time.
const BETWEEN: Duration = Duration::from_millis(50);
const CHANNEL: &str = "mainstay";

/// Listens and tells for as long as the runtime lives; connects again after a pause when the server was away.
pub(super) fn start(server: Server, bells: Bells) {
    tokio::spawn(async move {
        loop {
            if let Err(error) = listen(&server, &bells).await {
                tracing::debug!(%error, "not listening for other processes");
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
}

async fn listen(server: &Server, bells: &Bells) -> Result<(), tokio_postgres::Error> {
    let (client, mut connection) = server.connect().await?;
    let own = format!("{}", std::process::id());
    let hears = {
        let (bells, own) = (bells.clone(), own.clone());
        tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                if let AsyncMessage::Notification(note) = message
                    && note.payload() != own
                {
                    bells.ring_inward(&everything());
                }
            }
        })
    };
    client.batch_execute(&format!("LISTEN {CHANNEL}")).await?;
    let told = tell(&client, bells, &own).await;
    hears.abort();
    told
}

async fn tell(client: &Client, bells: &Bells, own: &str) -> Result<(), tokio_postgres::Error> {
    loop {
        bells.outward().notified().await;
        client.execute("SELECT pg_notify($1, $2)", &[&CHANNEL, &own]).await?;
        tokio::time::sleep(BETWEEN).await;
    }
}

fn everything() -> Signals {
    let mut signals = Signals::default();
    signals.add(Signal::Jobs);
    signals.add(Signal::Events);
    signals
}
