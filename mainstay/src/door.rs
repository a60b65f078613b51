//! The front door: every route of the house, and the loop that takes connections.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::extract::connect_info::Connected;
use axum::http::StatusCode;
use axum::serve::IncomingStream;
use mainstay_face::headers::{self, Transport};
use mainstay_face::{Door, Refusal, assets, door, pack, theme};
use mainstay_kernel::Fault;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::house::ROOMS;
use crate::tls::Secured;
use crate::{api, pages};

/// The largest form or JSON a person or program may send; agents have their own limit.
const MOST_BODY_BYTES: usize = 1 << 20;
/// A peer that has not finished its handshake by then is let go.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Every route, with everything around it.
pub fn routes(at: Door) -> Router {
    let transport = if at.cookie_name().starts_with("__Host") { Transport::Tls } else { Transport::Plain };
    let inner = ROOMS
        .iter()
        .fold(pages::routes(), |routes, room| routes.merge((room.pages)()))
        .merge(api::routes())
        .merge(theme::routes())
        .fallback(async || Refusal(Fault::NotFound { what: "page" }))
        .layer(DefaultBodyLimit::max(MOST_BODY_BYTES));
    let routes = pack::packed(door::finished(inner, at.clone()), transport).merge(assets::routes());
    headers::secured(routes, transport)
        .route("/health", axum::routing::get(async || StatusCode::OK))
        .with_state(at)
}

/// Who is at the other end.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

impl Connected<IncomingStream<'_, PlainListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, PlainListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

impl Connected<IncomingStream<'_, TlsListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TlsListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

/// Takes connections until told to stop, then lets what runs finish for a few seconds.
pub async fn serve(
    listener: TcpListener,
    secured: Option<Secured>,
    routes: Router,
    stop: watch::Receiver<bool>,
) {
    let service = routes.into_make_service_with_connect_info::<Peer>();
    let mut stopped = stop.clone();
    let until = async move { drop(stopped.wait_for(|stopped| *stopped).await) };
    let served = async {
        match secured {
            None => axum::serve(PlainListener(listener), service).with_graceful_shutdown(until).await,
            Some(secured) => {
                axum::serve(TlsListener::new(listener, &secured), service).with_graceful_shutdown(until).await
            }
        }
    };
    let mut hurry = stop;
    let patience = async move {
        drop(hurry.wait_for(|stopped| *stopped).await);
        tokio::time::sleep(Duration::from_secs(3)).await;
    };
    tokio::select! {
        ended = served => {
            if let Err(error) = ended {
                tracing::error!(%error, "the door closed");
            }
        }
        () = patience => {}
    }
}

/// A small message goes out now, not when the one before it has been acknowledged: a stream of live updates is nothing else.
fn at_once(stream: &mut TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps small messages back");
    }
}

/// A listener whose connections keep nothing back.
struct PlainListener(TcpListener);

impl axum::serve::Listener for PlainListener {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        let (mut stream, peer) = axum::serve::Listener::accept(&mut self.0).await;
        at_once(&mut stream);
        (stream, peer)
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// A listener whose handshakes happen beside each other: one slow peer holds up nobody.
struct TlsListener {
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    local: SocketAddr,
}

impl TlsListener {
    fn new(listener: TcpListener, secured: &Secured) -> Self {
        let (done, ready) = mpsc::channel(64);
        let local = listener.local_addr().unwrap_or(SocketAddr::from(([0, 0, 0, 0], 0)));
        let acceptor = TlsAcceptor::from(secured.config.clone());
        tokio::spawn(async move {
            while !done.is_closed() {
                let Ok((mut stream, peer)) = listener.accept().await else {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                };
                at_once(&mut stream);
                let (acceptor, done) = (acceptor.clone(), done.clone());
                tokio::spawn(async move {
                    if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                        drop(done.send((stream, peer)).await);
                    }
                });
            }
        });
        Self { ready, local }
    }
}

impl axum::serve::Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(ready) => ready,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        Ok(self.local)
    }
}
