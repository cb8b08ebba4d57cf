use axum::{Router, routing::get};
use hallpass::{Hallpass, Identity, Role, require_login, require_roles};

#[derive(Role)]
enum SiteRole {
    #[role(default)] // the role of a new account
    Guest,
    Admin,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let hallpass = Hallpass::<SiteRole>::open("sqlite://site.db").await?; // accounts, sessions, keys: made on first start
    let app = Router::new()
        .route("/", get(hello))
        .route("/profile", get(hello).route_layer(require_login()))
        .route("/admin", get(hello).route_layer(require_roles([SiteRole::Admin])))
        .merge(hallpass.routes()); // log in, log out, sign up, account page
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(hallpass::axum::serve(listener, hallpass.protect(app)).await?) // authentication, refresh, error pages
}

async fn hello(me: Option<Identity<SiteRole>>) -> String {
    me.map_or("Hello, stranger".into(), |me| format!("{} may {:?}", me.username(), me.roles()))
}
