//! Serves one of the axum sites on a loopback port, on one thread, until the process is killed.
//! Prints the address, a cookie that the page accepts, and the secret that signed the cookie, which
//! a server in another language can use.

use std::convert::Infallible;

use axum::{body::Body, extract::Request, response::Response};
use hallpass_peers::{
    axum_sites::{Visit, visit},
    install_jsonwebtoken,
};
use serde_json::json;
use tokio::runtime::{Builder, Runtime};
use tower::Service;

pub(crate) fn run(name: &str) {
    install_jsonwebtoken();
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    visit(name, &runtime, Serve { runtime: &runtime });
}

struct Serve<'r> {
    runtime: &'r Runtime,
}

impl Visit for Serve<'_> {
    type Outcome = ();

    fn visit<S>(self, site: S, cookies: Vec<String>)
    where
        S: Service<Request, Response = Response<Body>, Error = Infallible>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send,
    {
        self.runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let address = listener.local_addr().expect("its address");
            let secret = str::from_utf8(&hallpass_benches::SECRET).expect("a printable secret");
            println!(
                "{}",
                json!({ "address": address.to_string(), "cookie": cookies[0], "secret": secret })
            );
            axum::serve(listener, tower::make::Shared::new(site))
                .await
                .expect("a server without an error");
        });
    }
}
