use actix_web::{App, HttpServer, web};
use hallpass::{Hallpass, Identity, Role, require_login, require_roles};

#[derive(Role)]
#[rustfmt::skip]
enum SiteRole { #[role(default)] Guest, Admin }

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let hallpass = Hallpass::<SiteRole>::open("sqlite://site.db").await?; // accounts, sessions, keys: made on first start
    let site = move || {
        App::new()
            .service(web::resource("/").to(hello))
            .service(web::resource("/profile").wrap(require_login()).to(hello))
            .service(web::resource("/admin").wrap(require_roles([SiteRole::Admin])).to(hello))
            .service(hallpass.routes())
            .wrap(hallpass.layer())
    };
    Ok(HttpServer::new(site).bind("127.0.0.1:3000")?.run().await?)
}

async fn hello(me: Option<Identity<SiteRole>>) -> String {
    me.map_or("Hello, stranger".into(), |me| format!("{} may {:?}", me.username(), me.roles()))
}
