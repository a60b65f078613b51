//! Every component of the house with content as it will be: `cargo run -p mainstay-face --example gallery`, then
//! open <http://127.0.0.1:8421/>. The browser tests walk through the same pages.

mod asset;
mod home;
mod incident;
mod pages;
mod public;
mod states;
mod work;

use std::time::Duration;

use mainstay_face::live::{Change, Hub};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let hub = Hub::new("gallery", 200);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8421").await?;
    println!("Open http://{}/", listener.local_addr()?);
    tokio::spawn(tick(hub.clone()));
    axum::serve(listener, pages::routes(hub.clone()))
        .with_graceful_shutdown(async move {
            tokio::signal::ctrl_c().await.ok();
            hub.close();
        })
        .await
}

/// Something changes every two seconds, so that live regions can be seen at work.
async fn tick(hub: Hub) {
    for number in 0_u32.. {
        tokio::time::sleep(Duration::from_secs(2)).await;
        work::TICKS.store(number + 1, std::sync::atomic::Ordering::Relaxed);
        hub.publish(Change::new("alder", "output.812", number.to_string()));
        hub.publish(Change::new("alder", "work", number.to_string()));
    }
}
