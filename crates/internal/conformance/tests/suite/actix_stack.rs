//! actix-web: guards around a resource, a scope, the default service and a whole app, and the
//! extractor.

use std::net::SocketAddr;

use actix_web::{
    App, HttpMessage, HttpRequest, HttpResponse, HttpServer,
    body::MessageBody,
    dev::{Server, ServiceResponse},
    http::{
        Method,
        header::{HeaderName, HeaderValue},
    },
    test::{TestRequest, init_service},
    web::{self, Data, ServiceConfig},
};
use hallpass_actix::{AuthLayer, Identity, RequireLayer, require_login, require_roles};
use hallpass_conformance::{Received, Sent, SiteRole, StoppedClock, authenticator, rows, settings};
use hallpass_core::{Authentication, Rejection, RejectionKind};

use crate::{
    Stack,
    routes::{OWN_PAGE, READ_ONLY, guarded},
    run, run_over_http1, run_over_http2,
    runs::Runs,
};

const STACK: Stack = Stack {
    name: "actix",
    doors: |named| match named {
        "admin" => vec!["/admin", "/nested/admin", "/scoped/admin"],
        "login" => vec!["/profile", "/nested/profile", "/me"],
        _ => Vec::new(),
    },
};

/// A whole app behind one guard. It has this route only.
const GUARDED_APP: Stack = Stack {
    name: "actix app",
    doors: |named| match named {
        "admin" => vec!["/only"],
        _ => Vec::new(),
    },
};

pub(crate) fn site(config: &mut ServiceConfig) {
    let office = || require_roles([SiteRole::Admin]);
    let nested = web::scope("/nested")
        .wrap(require_login())
        .service(web::resource("/profile").to(show))
        .service(web::resource("/admin").wrap(office()).to(show));
    config
        .service(web::resource("/").to(home))
        .service(web::resource("/me").to(me))
        .service(web::resource("/profile").wrap(require_login()).to(show))
        .service(web::resource("/admin").wrap(office()).to(show))
        .service(
            web::resource("/read-only")
                .wrap(RequireLayer::new(READ_ONLY))
                .route(web::get().to(show)),
        )
        .service(nested)
        .service(web::scope("/scoped").wrap(office()).service(web::resource("/admin").to(show)));
    for (path, requirement) in guarded() {
        config.service(web::resource(path).wrap(RequireLayer::new(requirement)).to(show));
    }
    config.default_service(web::to(nothing).wrap(require_login()));
}

pub(crate) fn auth() -> AuthLayer<SiteRole> {
    AuthLayer::new(authenticator())
        .clock(StoppedClock)
        .rejection_settings(settings())
        .on_rejection(own_page)
}

async fn home(me: Option<Identity<SiteRole>>, runs: Data<Runs>) -> String {
    runs.handle(me.as_ref().map(|me| me.username()))
}

async fn me(me: Identity<SiteRole>, runs: Data<Runs>) -> String {
    runs.handle(Some(me.username()))
}

async fn show(request: HttpRequest, runs: Data<Runs>) -> String {
    let extensions = request.extensions();
    runs.handle(extensions.get().and_then(Authentication::username))
}

async fn nothing(request: HttpRequest, runs: Data<Runs>) -> HttpResponse {
    HttpResponse::NotFound().body(show(request, runs).await)
}

fn own_page(rejection: Rejection, request: &HttpRequest) -> Option<HttpResponse> {
    let own = rejection.kind() == RejectionKind::RoleMissing && request.path() == "/own-page";
    own.then(|| HttpResponse::Ok().body(OWN_PAGE))
}

pub(crate) fn request(sent: &Sent) -> TestRequest {
    let method = Method::from_bytes(sent.method.as_bytes()).expect("the method is valid");
    sent.headers.iter().fold(
        TestRequest::with_uri(&sent.target).method(method),
        |request, (name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("the header name is valid");
            request.append_header((
                name,
                HeaderValue::from_bytes(value).expect("the header value is valid"),
            ))
        },
    )
}

pub(crate) async fn received<B: MessageBody>(response: ServiceResponse<B>) -> Received {
    let status = response.status().as_u16();
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
        .collect();
    let body = actix_web::body::to_bytes(response.into_body())
        .await
        .ok()
        .expect("the body can be read")
        .to_vec();
    Received { status, headers, body, handler_runs: 0 }
}

macro_rules! in_process {
    ($stack:expr, $app:expr) => {{
        let runs = Runs::default();
        let app = init_service($app.app_data(Data::new(runs.clone()))).await;
        let app = std::rc::Rc::new(app);
        run($stack, "in process", rows_for($stack), |sent| {
            let (runs, app) = (runs.clone(), std::rc::Rc::clone(&app));
            async move {
                let exchange = async {
                    received(
                        actix_web::test::call_service(&*app, request(&sent).to_request()).await,
                    )
                    .await
                };
                let received = runs.counted(exchange).await;
                // actix-web's dispatcher removes the body of a response to HEAD. This test has no
                // dispatcher.
                if sent.method == "HEAD" {
                    Received { body: Vec::new(), ..received }
                } else {
                    received
                }
            }
        })
        .await;
    }};
}

fn rows_for(stack: Stack) -> Vec<hallpass_conformance::Row> {
    let only_doors = stack.name == GUARDED_APP.name;
    rows().into_iter().filter(|row| !only_doors || row.asks_at_doors()).collect()
}

#[actix_web::test]
async fn in_process() {
    in_process!(STACK, App::new().configure(site).wrap(auth()));
}

#[actix_web::test]
async fn guarded_app_in_process() {
    let app = App::new()
        .service(web::resource("/only").to(show))
        .wrap(require_roles([SiteRole::Admin]))
        .wrap(auth());
    in_process!(GUARDED_APP, app);
}

#[actix_web::test]
async fn over_http1() {
    let runs = Runs::default();
    let (server, address) = serve(&runs);
    let handle = server.handle();
    actix_web::rt::spawn(server);
    run_over_http1(STACK, rows(), address, runs).await;
    handle.stop(false).await;
}

#[actix_web::test]
async fn over_http2() {
    let runs = Runs::default();
    let (server, address) = serve(&runs);
    let handle = server.handle();
    actix_web::rt::spawn(server);
    run_over_http2(STACK, rows(), address, runs).await;
    handle.stop(false).await;
}

/// Starts a server for HTTP/1.1, and for HTTP/2 with prior knowledge, on one port.
fn serve(runs: &Runs) -> (Server, SocketAddr) {
    let (runs, auth) = (Data::new(runs.clone()), auth());
    let server = HttpServer::new(move || {
        App::new().app_data(runs.clone()).configure(site).wrap(auth.clone())
    })
    .workers(1)
    .disable_signals()
    .bind_auto_h2c("127.0.0.1:0")
    .expect("a port is free");
    let address = server.addrs()[0];
    (server.run(), address)
}
