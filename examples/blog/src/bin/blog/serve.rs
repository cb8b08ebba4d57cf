//! From settings to a running server, and from a signal to its end.

use std::error::Error;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;

use blog::{Config, Site};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::routes::routes;

/// Serves until SIGINT or SIGTERM, then finishes what is in flight.
pub(crate) async fn serve(config: &Config) -> Result<(), Box<dyn Error + Send + Sync>> {
    let site = Site::open(config).await?;
    let listener = TcpListener::bind(config.address)
        .await
        .map_err(|source| BindError { address: config.address, source })?;
    let stopped = stop_signal()?;
    let app = routes(site).into_make_service_with_connect_info::<SocketAddr>();
    let address = listener.local_addr()?;
    let server = axum::serve(listener, app).with_graceful_shutdown(heard(stopped.clone()));
    writeln!(io::stdout(), "listening on http://{address}")?;
    tokio::select! {
        ended = server.into_future() => Ok(ended?),
        () = grace_over(stopped) => Ok(()),
    }
}

/// Becomes `true` at the first SIGINT or SIGTERM.
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
    // An error means that the sender is gone, which only happens once it has spoken.
    let _ = stopped.wait_for(|stop| *stop).await;
}

async fn grace_over(stopped: watch::Receiver<bool>) {
    heard(stopped).await;
    tokio::time::sleep(GRACE).await;
}

#[derive(Debug, thiserror::Error)]
#[error(
    "BLOG_ADDR {address} cannot be listened on; stop what listens there, or write another address, such as 127.0.0.1:0"
)]
struct BindError {
    address: SocketAddr,
    source: io::Error,
}

/// What is in flight gets ten seconds from the signal to the exit; half a second of them is for the
/// exit.
const GRACE: Duration = Duration::from_millis(9_500);
