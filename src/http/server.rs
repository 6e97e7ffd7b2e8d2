//! The listening socket: bounded in connections, patient with nobody.
//!
//! `axum::serve` has no limit on how long a client may take to send its headers, so the accept
//! loop is our own on hyper.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::future::RouteFuture;
use futures::future::{Either, Ready, ready};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tower::Service as _;

use super::App;
use super::headers::{put_security_headers, record};
use crate::tiles::kept_tile;

/// Connections served at a time; more wait in the kernel's backlog.
const CONNECTIONS_MAX: usize = 4096;
/// From the connection (or the last answer) to the end of the headers.
const HEADER_READ_MAX: Duration = Duration::from_secs(10);
const HEADER_BYTES_MAX: usize = 64 << 10;
const HEADERS_MAX: usize = 64;
/// How long open requests may take to finish once shutdown began.
const GRACE: Duration = Duration::from_secs(10);

/// Address of the client, in the request's extensions.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// Answers a connection's requests: a tile that is kept or small at once, everything else by its route.
struct Answering {
    app: App,
    routes: Router,
    peer: Peer,
}

impl hyper::service::Service<Request<Incoming>> for Answering {
    type Response = Response;
    type Error = Infallible;
    type Future = Either<Ready<Result<Response, Infallible>>, RouteFuture<Infallible>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let started = Instant::now();
        if let Some((route, mut response)) = kept_tile(&self.app, &request) {
            put_security_headers(&mut response);
            record(route, request.method(), response.status(), started);
            return Either::Left(ready(Ok(response)));
        }
        request.extensions_mut().insert(self.peer);
        // a router is always ready
        let mut routes = self.routes.clone();
        Either::Right(routes.call(request.map(Body::new)))
    }
}

/// Serves until `shutdown` resolves, then lets open requests finish for up to ten seconds.
pub async fn serve(
    listener: TcpListener,
    app: App,
    routes: Router,
    shutdown: impl Future<Output = ()>,
) {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_READ_MAX)
        .max_buf_size(HEADER_BYTES_MAX)
        .max_headers(HEADERS_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(20));
    let builder = Arc::new(builder);
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut shutdown = std::pin::pin!(shutdown);

    loop {
        let place = Arc::clone(&places)
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // out of file descriptors, most likely: wait for some to come back
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
            () = &mut shutdown => break,
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
        let service = Answering {
            app: app.clone(),
            routes: routes.clone(),
            peer: Peer(peer),
        };
        let builder = Arc::clone(&builder);
        let watcher = graceful.watcher();
        tokio::spawn(async move {
            let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
            if let Err(error) = watcher.watch(connection.into_owned()).await {
                tracing::debug!(error, %peer, "connection ended early");
            }
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(GRACE, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("some requests did not finish in time");
    }
}
