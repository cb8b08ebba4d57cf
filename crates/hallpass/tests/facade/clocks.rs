//! Two nodes on one database whose clocks differ by up to a minute. A login on either node is
//! accepted by the other one.

use std::time::Duration;

use axum::{Router, routing::get};
use hallpass::keys::KeyRing;
use hallpass::store::SqlStore;
use hallpass::{Clock, Hallpass, Identity, SystemClock, require_login};

use crate::{
    hands::Hands,
    scratch::Scratch,
    site::SiteRole,
    visit::{Jar, send},
};

/// The differences between the two clocks, in seconds.
const APART: [u64; 4] = [1, 3, 59, 60];
const RECENT: Duration = Duration::from_secs(600);
const CHANGE: &str =
    "current_password=correct+horse+battery+staple&new_password=seven+maps+of+nowhere";

fn registration(name: &str) -> String {
    format!("username={name}&password=correct+horse+battery+staple")
}

/// Returns two nodes on one file. The clock of the second one is behind that of the first one.
async fn nodes(scratch: &Scratch, apart: u64) -> [Hallpass<SiteRole>; 2] {
    let (ahead, behind) = (Hands::new(), Hands::new());
    ahead.turn(Duration::from_secs(apart));
    let keys = KeyRing::generate_hs256(hallpass_test_support::random::bytes(7), SystemClock.now());
    let start = async |clock: Hands| {
        let store = SqlStore::open(&scratch.url("site.db")).await.unwrap();
        let builder = Hallpass::<SiteRole>::builder(store).keys(keys.clone()).clock(clock);
        builder.everything().start().await.unwrap()
    };
    [start(ahead).await, start(behind).await]
}

async fn name(me: Identity<SiteRole>) -> String {
    me.username().to_owned()
}

#[tokio::test]
async fn on_axum_a_login_is_accepted_by_the_other_node() {
    for apart in APART {
        let scratch = Scratch::new();
        let nodes = nodes(&scratch, apart).await;
        let [ahead, behind] = nodes.each_ref().map(|node| {
            let site: Router = Router::new()
                .route("/me", get(name).route_layer(require_login()))
                .route("/recent", get(name).route_layer(require_login().and_recent(RECENT)))
                .merge(node.routes())
                .layer(node.layer());
            site
        });
        for (person, here, there) in [("alice", &ahead, &behind), ("bob", &behind, &ahead)] {
            let mut jar = Jar::default();
            let place = format!("{person}, {apart} s apart");
            let accepted = (200, person.to_owned());
            let form = registration(person);
            assert_eq!(send(here, &mut jar, "/register", Some(&form)).await.0, 201, "{place}");
            for path in ["/me", "/recent"] {
                assert_eq!(send(there, &mut jar, path, None).await, accepted, "{place} {path}");
            }
            let refreshed = send(there, &mut jar, "/session/refresh", Some("")).await;
            assert_eq!(refreshed.0, 204, "{place}");
            assert_eq!(send(here, &mut jar, "/recent", None).await, accepted, "{place}");
            let changed = send(there, &mut jar, "/account/password", Some(CHANGE)).await;
            assert_eq!(changed.0, 204, "{place}: {}", changed.1);
            for site in [here, there] {
                assert_eq!(send(site, &mut jar, "/recent", None).await, accepted, "{place}");
            }
        }
    }
}

/// Otherwise a person whose request met a node with a wrong clock would be sent to the login by all
/// other nodes.
#[tokio::test]
async fn a_token_of_a_node_a_day_ahead_is_refreshed() {
    let scratch = Scratch::new();
    let nodes = nodes(&scratch, 86_400).await;
    let [ahead, behind] = nodes.each_ref().map(|node| {
        let site: Router = Router::new()
            .route("/me", get(name).route_layer(require_login()))
            .route("/recent", get(name).route_layer(require_login().and_recent(RECENT)))
            .merge(node.routes())
            .layer(node.layer());
        site
    });
    let mut jar = Jar::default();
    assert_eq!(send(&ahead, &mut jar, "/register", Some(&registration("alice"))).await.0, 201);
    let accepted = (200, "alice".to_owned());
    assert_eq!(send(&behind, &mut jar, "/me", None).await, accepted);
    assert_eq!(send(&behind, &mut jar, "/recent", None).await.0, 403);
    assert_eq!(send(&behind, &mut jar, "/logout", Some("")).await.0, 204);
    assert_eq!(send(&behind, &mut jar, "/me", None).await.0, 401);
}

#[cfg(feature = "actix")]
#[actix_web::test]
async fn on_actix_a_login_is_accepted_by_the_other_node() {
    use actix_web::{App, test, web};

    for apart in APART {
        let scratch = Scratch::new();
        let nodes = nodes(&scratch, apart).await;
        let app = async |node: &Hallpass<SiteRole>| {
            let recent = require_login().and_recent(RECENT);
            let app = App::new()
                .service(web::resource("/me").wrap(require_login()).to(name))
                .service(web::resource("/recent").wrap(recent).to(name))
                .service(node.routes())
                .wrap(node.layer());
            test::init_service(app).await
        };
        let [ahead, behind] = [app(&nodes[0]).await, app(&nodes[1]).await];
        for (person, here, there) in [("alice", &ahead, &behind), ("bob", &behind, &ahead)] {
            let mut jar = Jar::default();
            let form = registration(person);
            for (node, path, form, expected) in [
                (here, "/register", Some(&*form), 201),
                (there, "/me", None, 200),
                (there, "/recent", None, 200),
                (there, "/session/refresh", Some(""), 204),
                (here, "/recent", None, 200),
                (there, "/account/password", Some(CHANGE), 204),
                (here, "/recent", None, 200),
                (there, "/recent", None, 200),
            ] {
                let request = match form {
                    Some(form) => test::TestRequest::post().set_payload(form.to_owned()),
                    None => test::TestRequest::get(),
                };
                let request = request
                    .uri(path)
                    .insert_header(("accept", "application/json"))
                    .insert_header(("content-type", "application/x-www-form-urlencoded"))
                    .insert_header(("host", "site.example"))
                    .insert_header(("cookie", jar.header()));
                let response = test::call_service(node, request.to_request()).await;
                let set = response.headers().get_all("set-cookie");
                jar.keep(set.map(|cookie| cookie.to_str().unwrap()));
                let place = format!("{person} {path}, {apart} s apart");
                assert_eq!(response.status().as_u16(), expected, "{place}");
            }
        }
    }
}
