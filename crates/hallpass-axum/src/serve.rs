//! A server for axum with limits on slow clients, over HTTP/1.1.
//!
//! `axum::serve` has no time limits: a client that sends half a request head, or nothing, keeps its
//! connection for ever. A few hundred such clients use all file descriptors of a process
//! (Slowloris, CVE-2007-6750), and then nobody can log in. The server of this module closes these
//! connections. Everything else is that of axum: hyper serves the connections.
//!
//! `hyper_util::server::conn::auto` is not used: it waits for the first bytes of a connection
//! without a time limit. So this module serves HTTP/1.1 only, which browsers use without TLS and
//! reverse proxies use by default. A site that ends TLS itself or needs HTTP/2 serves with
//! `hyper-util`, with the limits of [`serve`].
//!
//! Tested by `examples/quickstart/tests/quickstart/slow_clients.rs` and
//! `examples/blog/tests/blog/slow_clients.rs` with 300 half heads and 300 half bodies on 256 file
//! descriptors.

use std::{
    convert::Infallible,
    future::pending,
    io,
    net::SocketAddr,
    pin::pin,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use axum::{body::Body, extract::ConnectInfo};
use http::{Request, Response};
use hyper::{
    body::Incoming,
    server::conn::http1::{Builder, UpgradeableConnection},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tower_service::Service;

/// Maximum time from the start of a connection, or from the end of a response, to the end of the
/// next request head: 10 seconds. It also ends idle connections.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// Maximum size of a request head, in bytes: 64 KiB, several times the 16 KiB of headers that
/// browsers and proxies accept.
const HEAD_LIMIT: usize = 64 * 1024;

/// Serves a site over HTTP/1.1 until the process ends. A request head that is not complete within
/// [`HEAD_TIMEOUT`], and a connection that is idle for that time, are closed.
///
/// Each request gets the address of its connection
/// ([`ConnectInfo<SocketAddr>`](axum::extract::ConnectInfo)), which the rate limits per address
/// need.
///
/// ```no_run
/// use axum::{Router, routing::get};
///
/// # async fn example() -> std::io::Result<()> {
/// let site = Router::new().route("/", get(|| async { "hello" }));
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
/// hallpass_axum::serve(listener, site).await
/// # }
/// ```
///
/// # Errors
/// Returns no error at present: an error of one connection ends that connection only.
pub async fn serve<S>(listener: TcpListener, site: S) -> io::Result<()>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    serve_until(listener, site, pending()).await
}

/// Serves as [`serve`] until `stop` is ready. It then accepts no connection, and returns when the
/// requests in progress are complete.
///
/// # Errors
/// As [`serve`].
pub async fn serve_until<S>(
    listener: TcpListener,
    site: S,
    stop: impl Future<Output = ()>,
) -> io::Result<()>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    let mut server = Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_header_size(HEAD_LIMIT);
    let (stopping, stopped) = watch::channel(());
    let mut stop = pin!(stop);
    let mut reported = None;
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    wait_after(&error, &mut reported).await;
                    continue;
                }
            },
            () = &mut stop => break,
        };
        let service = TowerToHyperService::new(Addressed { site: site.clone(), peer });
        let connection = server.serve_connection(TokioIo::new(stream), service).with_upgrades();
        tokio::spawn(until_stopped(connection, stopped.clone()));
    }
    drop((listener, stopped));
    // No receiver is left if there is no connection.
    let _ = stopping.send(());
    stopping.closed().await;
    Ok(())
}

/// Serves a connection. After the stop it completes the request in progress.
async fn until_stopped<S>(
    connection: UpgradeableConnection<TokioIo<TcpStream>, TowerToHyperService<Addressed<S>>>,
    mut stopped: watch::Receiver<()>,
) where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(target: "hallpass", %error, "a connection ended with an error");
    }
}

/// Waits before the next `accept`, unless the error is that of one connection. Without file
/// descriptors, `accept` fails immediately, and a loop without a pause would use a whole core. The
/// error is logged at most once per minute.
async fn wait_after(error: &io::Error, reported: &mut Option<Instant>) {
    let of_one_connection = matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
    );
    if of_one_connection {
        return;
    }
    if reported.is_none_or(|at| at.elapsed() > Duration::from_secs(60)) {
        *reported = Some(Instant::now());
        tracing::error!(target: "hallpass", %error, "a connection cannot be accepted: raise the limit of open files, or end other connections");
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
}

/// A site that receives the address of the connection with each request.
#[derive(Clone)]
struct Addressed<S> {
    site: S,
    peer: SocketAddr,
}

impl<S: Service<Request<Body>>> Service<Request<Incoming>> for Addressed<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.site.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Incoming>) -> S::Future {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(self.peer));
        self.site.call(request)
    }
}
