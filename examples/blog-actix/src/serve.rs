//! From settings to a running server, and from a signal to its end.

use std::{
    error::Error,
    io::{self, Write},
};

use actix_web::{App, HttpServer, middleware::DefaultHeaders, web::Data};
use blog::{Config, Site};
use hallpass::actix::stated;
use tokio::signal::unix::{SignalKind, signal};

use crate::{routes, visit::denied_page};

/// Serves until SIGINT or SIGTERM, then finishes what is in flight.
pub(crate) async fn serve(config: &Config) -> Result<(), Box<dyn Error + Send + Sync>> {
    let site = Site::open(config).await?;
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
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
            .app_data(routes::forms())
            .configure(stated(|routes| routes::routes(&hallpass, routes)))
            .wrap(site.hallpass.origin_middleware())
            .wrap(site.hallpass.middleware().on_denied(denied_page).every_route_states_its_requirement())
            .wrap(security_headers())
    };
    let server = HttpServer::new(app)
        .bind(config.address)
        .map_err(|source| format!("BLOG_ADDR {} cannot be listened on: {source}", config.address))?
        .shutdown_signal(stopped)
        .shutdown_timeout(GRACE);
    for address in server.addrs() {
        writeln!(io::stdout(), "listening on http://{address}")?;
    }
    Ok(server.run().await?)
}

/// No script, no frame, no font, nothing from elsewhere.
fn security_headers() -> DefaultHeaders {
    DefaultHeaders::new()
        .add((
            "content-security-policy",
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
             frame-ancestors 'none'",
        ))
        .add(("x-content-type-options", "nosniff"))
        .add(("x-frame-options", "DENY"))
        .add(("referrer-policy", "same-origin"))
}

/// Seconds that what is in flight gets to finish.
const GRACE: u64 = 9;
