//! Every route with every role, on axum and on actix-web.

use std::panic::catch_unwind;

use actix_web::{App, test, web};
use axum::{Router, routing::get};
use hallpass::{require_any_role, require_login, require_roles};
use hallpass_test_support::scratch::Scratch;
use hallpass_testkit::{Kit, assert_snapshot};

use crate::SiteRole::{self, Admin, Moderator};

const ROUTES: &[&str] = &["/", "/profile", "/queue", "/admin", "/forgotten", "/nowhere"];

/// `/forgotten` should have a guard.
const TABLE: &str = "\
route       logged out  guest  moderator  admin
/           200         200    200        200
/profile    303         200    200        200
/queue      303         403    200        200
/admin      303         403    403        403→200
/forgotten  200         200    200        200
/nowhere    404         404    404        404
";

async fn page() -> &'static str {
    "a page"
}

#[tokio::test]
async fn answers_lists_each_route_for_each_role() {
    let kit = Kit::<SiteRole>::new();
    let app: Router = Router::new()
        .route("/", get(page))
        .route("/profile", get(page).route_layer(require_login()))
        .route("/queue", get(page).route_layer(require_any_role([Moderator, Admin])))
        .route("/admin", get(page).route_layer(require_roles([Admin]).and_second_factor()))
        .route("/forgotten", get(page))
        .layer(kit.layer());
    let answers = kit.answers(&app, ROUTES).await;
    assert_eq!(answers.to_string(), TABLE);
    assert_eq!(answers.cell("/admin", "moderator"), Some("403"));
    assert_eq!(answers.cell("/forgotten", "logged out"), Some("200"));
    assert_eq!((answers.cell("/elsewhere", "admin"), answers.cell("/admin", "root")), (None, None));
}

#[actix_web::test]
async fn actix_answers_equal_those_on_axum() {
    let kit = Kit::<SiteRole>::new();
    let app = App::new()
        .wrap(kit.layer())
        .route("/", web::get().to(page))
        .service(web::resource("/profile").wrap(require_login()).to(page))
        .service(web::resource("/queue").wrap(require_any_role([Moderator, Admin])).to(page))
        .service(web::resource("/admin").wrap(require_roles([Admin]).and_second_factor()).to(page))
        .route("/forgotten", web::get().to(page));
    let app = test::init_service(app).await;
    assert_eq!(kit.actix_answers(&app, ROUTES).await.to_string(), TABLE);
}

#[::core::prelude::v1::test]
fn snapshot_fails_if_the_file_differs_or_is_missing() {
    let scratch = Scratch::new();
    let file = scratch.path("routes.txt");
    let message = |text: &'static str| {
        let file = file.clone();
        let panicked = catch_unwind(move || assert_snapshot(file, text)).err();
        panicked.map(|payload| payload.downcast_ref::<String>().unwrap().clone())
    };
    assert!(message(TABLE).unwrap().contains("cannot be read"));
    std::fs::write(&file, TABLE).unwrap();
    assert_eq!(message(TABLE), None);
    assert!(message("route  guest\n").unwrap().contains("+ route  guest"));
}
