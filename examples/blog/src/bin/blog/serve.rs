//! The start of the server, and its graceful shutdown.

use std::error::Error;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;

use blog::{Config, Site};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::routes::routes;

/// Serves until SIGINT or SIGTERM, then finishes the requests that are in flight.
pub(crate) async fn serve(config: &Config) -> Result<(), Box<dyn Error + Send + Sync>> {
    let listener = TcpListener::bind(config.address)
        .await
        .map_err(|source| BindError { address: config.address, source })?;
    let address = listener.local_addr()?;
    // The default public origin contains the port.
    let mut config = config.clone();
    config.address = address;
    let site = Site::open(&config).await?;
    let stopped = stop_signal()?;
    // Limits the time for request heads and of idle connections.
    let server = hallpass::axum::serve_until(listener, routes(site), heard(stopped.clone()));
    writeln!(io::stdout(), "listening on http://{address}")?;
    tokio::select! {
        ended = server => Ok(ended?),
        () = grace_over(stopped) => Ok(()),
    }
}

/// Returns a receiver whose value becomes `true` at the first SIGINT or SIGTERM.
fn stop_signal() -> io::Result<watch::Receiver<bool>> {
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        stop.send_replace(true);
    });
    Ok(stopped)
}

async fn heard(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender was dropped, which happens only after it has sent `true`.
    let _ = stopped.wait_for(|stop| *stop).await;
}

async fn grace_over(stopped: watch::Receiver<bool>) {
    heard(stopped).await;
    tokio::time::sleep(GRACE).await;
}

#[derive(Debug, thiserror::Error)]
#[error(
    "cannot listen on BLOG_ADDR {address}; stop the program that uses this address, or set another address, such as 127.0.0.1:0"
)]
struct BindError {
    address: SocketAddr,
    source: io::Error,
}

/// Maximum time for requests in flight after the signal. The process has 10 seconds from the signal
/// to its exit; half a second is reserved for the exit.
const GRACE: Duration = Duration::from_millis(9_500);
