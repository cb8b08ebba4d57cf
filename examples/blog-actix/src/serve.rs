//! The start of the server, and its graceful shutdown.

use std::{
    error::Error,
    io::{self, Write},
    net::TcpListener,
    time::Duration,
};

use actix_web::{App, HttpServer, middleware::from_fn, web::Data};
use blog::{Config, Site};
use tokio::signal::unix::{SignalKind, signal};

use crate::{failure::render, routes, visit::rejection_page};

/// Serves until SIGINT or SIGTERM, then finishes the requests that are in flight.
pub(crate) async fn serve(config: &Config) -> Result<(), Box<dyn Error + Send + Sync>> {
    let listener = TcpListener::bind(config.address).map_err(|source| {
        let address = config.address;
        format!("cannot listen on BLOG_ADDR {address}; set another address: {source}")
    })?;
    // The default public origin contains the port.
    let mut config = config.clone();
    config.address = listener.local_addr()?;
    let site = Site::open(&config).await?;
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let stopped = async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    let app = move || {
        let hallpass = site.hallpass.clone();
        App::new()
            .app_data(Data::new(site.clone()))
            .configure(routes::addresses)
            .configure(routes::site(&hallpass).into_config())
            .wrap(from_fn(render))
            .wrap(site.hallpass.layer().on_rejection(rejection_page).deny_unguarded_routes())
            .wrap(site.hallpass.security_headers())
    };
    let server =
        HttpServer::new(app).listen(listener)?.shutdown_signal(stopped).shutdown_timeout(GRACE);
    // The request of a client that is gone ends, and gives up its place in the queue of logins.
    let server = server.h1_allow_half_closed(false);
    // Limits the time for request heads and of idle connections.
    let server = server.client_request_timeout(HEAD_TIMEOUT).keep_alive(HEAD_TIMEOUT);
    for address in server.addrs() {
        writeln!(io::stdout(), "listening on http://{address}")?;
    }
    Ok(server.run().await?)
}

/// Maximum time for requests in flight after the signal, in seconds.
const GRACE: u64 = 9;
/// Maximum time for a request head, and of an idle connection.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
