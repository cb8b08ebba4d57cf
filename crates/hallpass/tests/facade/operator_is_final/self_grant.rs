//! A demoted admin cannot give the role back to themselves through the site's own route.
//!
//! Three attacks on a route that only admins may call:
//!
//! - The request is in progress at the time of the demotion.
//! - The body of the request arrives after the demotion.
//! - The request has a token from an own change that was in progress at the time of the demotion.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    slice::from_ref,
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{Request, StatusCode, header},
    routing::post,
};
use hallpass::{Hallpass, Identity, Username, require_roles};
use tokio::{net::TcpListener, sync::Barrier};
use tower::ServiceExt;

use super::{
    fleet::{Fleet, Person, RateLimitStore},
    own_change::OwnChange,
    race::spin,
    rounds,
};
use crate::site::SiteRole;

const ROUNDS: usize = 20;
const TWO_HUNDRED: usize = 200;

/// The site's own route: an admin makes the named person an admin.
async fn make_admin(
    State(hallpass): State<Hallpass<SiteRole>>,
    me: Identity<SiteRole>,
    // The body is the name of the person.
    name: String,
) -> StatusCode {
    let Ok(name) = Username::parse(&name) else { return StatusCode::UNPROCESSABLE_ENTITY };
    let Ok(Some(account)) = hallpass.find(&name).await else { return StatusCode::NOT_FOUND };
    match hallpass.commands_of(&me).set_roles(account.id(), [SiteRole::Admin]).await {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::FORBIDDEN,
    }
}

fn site(hallpass: &Hallpass<SiteRole>) -> Router {
    let admin = require_roles([SiteRole::Admin]);
    Router::new()
        .route("/admin/role", post(make_admin).route_layer(admin))
        .with_state(hallpass.clone())
        .layer(hallpass.layer())
}

/// Sends a request to a node that makes the person an admin, with this access token.
async fn ask(site: &Router, access: &str, person: &Person) -> StatusCode {
    let request = Request::post("/admin/role")
        .header(header::COOKIE, format!("__Host-hallpass={access}"))
        .body(Body::from(person.name.clone()));
    site.clone().oneshot(request.unwrap()).await.unwrap().status()
}

struct Attack {
    fleet: Fleet,
    sites: Vec<Router>,
}

impl Attack {
    async fn on(fleet: Fleet) -> Arc<Self> {
        let sites: Vec<_> = fleet.nodes.iter().map(site).collect();
        let admin = fleet.register(0).await;
        let guest = fleet.register(1).await;
        fleet.operator.set_roles(&guest.id, [SiteRole::Guest]).await.unwrap();
        // The route works for an admin.
        let answer = ask(&sites[2], &admin.tokens.access, &guest).await;
        assert_eq!(answer, StatusCode::NO_CONTENT);
        let made = fleet.account(&guest.id).await.unwrap();
        assert_eq!(made.roles(), ["admin"]);
        Arc::new(Self { fleet, sites })
    }

    async fn demote(&self, person: &Person) {
        self.fleet.operator.set_roles(&person.id, [SiteRole::Guest]).await.unwrap();
    }

    /// Repeats the request with these tokens on every node, and returns whether the person has the
    /// role in spite of the demotion.
    async fn succeeded(&self, person: &Person, tokens: &[String]) -> bool {
        for again in 0..2 {
            for access in tokens {
                for site in &self.sites {
                    ask(site, access, person).await;
                }
            }
            if again == 0 {
                self.fleet.caught_up().await;
            }
        }
        self.fleet.account(&person.id).await.unwrap().roles() != ["guest"]
    }

    /// The requests and the demotion start at the same time.
    async fn in_progress(self: &Arc<Self>, round: usize) -> bool {
        let person = self.fleet.register(round % 3).await;
        let barrier = Arc::new(Barrier::new(self.sites.len() + 1));
        let mut asked = Vec::new();
        for node in 0..self.sites.len() {
            let (attack, person, barrier) = (self.clone(), person.clone(), barrier.clone());
            asked.push(tokio::spawn(async move {
                barrier.wait().await;
                ask(&attack.sites[node], &person.tokens.access, &person).await
            }));
        }
        barrier.wait().await;
        spin(Duration::from_micros(u64::try_from(round % 20).unwrap() * 50));
        self.demote(&person).await;
        for asked in asked {
            asked.await.unwrap();
        }
        self.succeeded(&person, from_ref(&person.tokens.access)).await
    }

    /// The guard accepts the request, and the body is sent after the demotion.
    async fn late_body(self: &Arc<Self>, round: usize, address: SocketAddr) -> bool {
        let person = self.fleet.register(round % 3).await;
        let (name, access) = (person.name.clone(), person.tokens.access.clone());
        let in_there = move || {
            let mut stream = TcpStream::connect(address).unwrap();
            let length = name.len();
            write!(
                stream,
                "POST /admin/role HTTP/1.1\r\nhost: site.example\r\nconnection: close\r\n\
                 cookie: __Host-hallpass={access}\r\nexpect: 100-continue\r\n\
                 content-length: {length}\r\n\r\n"
            )
            .unwrap();
            // The server sends this when the handler begins to read the body, so after the guard.
            let mut continues = [0; 25];
            stream.read_exact(&mut continues).unwrap();
            assert_eq!(&continues, b"HTTP/1.1 100 Continue\r\n\r\n");
            (stream, name)
        };
        let (mut stream, name) = tokio::task::spawn_blocking(in_there).await.unwrap();
        self.demote(&person).await;
        let finish = move || {
            stream.write_all(name.as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert!(answer.starts_with("HTTP/1.1 "), "{answer}");
        };
        tokio::task::spawn_blocking(finish).await.unwrap();
        self.succeeded(&person, from_ref(&person.tokens.access)).await
    }

    /// An own change and the demotion start at the same time, and the new token of the change is
    /// used.
    async fn with_the_token_of_a_change(self: &Arc<Self>, round: usize) -> bool {
        let change = [OwnChange::EndOthers, OwnChange::Password, OwnChange::FactorOff][round % 3];
        let node = round / 3 % 3;
        let ready = change.ready(&self.fleet, node).await;
        let barrier = Arc::new(Barrier::new(2));
        let changed = {
            let (attack, ready, barrier) = (self.clone(), ready.clone(), barrier.clone());
            tokio::spawn(async move {
                barrier.wait().await;
                let made = change.make(&attack.fleet.nodes[node], &ready).await;
                let new = made.and_then(Result::ok).flatten();
                if let Some(new) = &new {
                    for site in &attack.sites {
                        ask(site, &new.access, &ready.person).await;
                    }
                }
                new
            })
        };
        barrier.wait().await;
        spin(Duration::from_micros(u64::try_from(round % 20).unwrap() * 50));
        self.demote(&ready.person).await;
        let mut tokens = vec![ready.person.tokens.access.clone()];
        if let Some(new) = changed.await.unwrap() {
            tokens.push(new.access);
            if let Some(refresh) = new.refresh {
                let refreshed = self.fleet.nodes[node].accounts().refresh(refresh.as_bytes()).await;
                tokens.extend(refreshed.ok().map(|tokens| tokens.access.as_str().to_owned()));
            }
        }
        self.succeeded(&ready.person, &tokens).await
    }
}

#[expect(clippy::print_stdout, reason = "prints the figures of each attack")]
async fn attacks(fleet: Fleet, rounds: usize) {
    let attack = Attack::on(fleet).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = tokio::spawn(axum::serve(listener, attack.sites[0].clone()).into_future());
    let mut succeeded = [0; 3];
    for round in 0..rounds {
        succeeded[0] += usize::from(attack.in_progress(round).await);
        succeeded[1] += usize::from(attack.late_body(round, address).await);
        succeeded[2] += usize::from(attack.with_the_token_of_a_change(round).await);
    }
    served.abort();
    let [request, body, token] = succeeded;
    let figures = format!(
        "of {rounds} rounds each: request in progress {request}, late body {body}, \
         token of a change {token}"
    );
    println!("self-grants {figures}");
    assert_eq!(succeeded, [0; 3], "a demoted admin made themselves an admin, {figures}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_demoted_admin_cannot_take_the_role_back() {
    attacks(Fleet::on_sqlite(RateLimitStore::Wide).await, ROUNDS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "200 rounds take half a minute; ROUNDS sets the number"]
async fn a_demoted_admin_cannot_take_the_role_back_in_200_rounds() {
    attacks(Fleet::on_sqlite(RateLimitStore::Wide).await, rounds(TWO_HUNDRED)).await;
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn on_postgres_a_demoted_admin_cannot_take_the_role_back() {
    let schema = crate::schema::Schema::new().await;
    attacks(Fleet::on_postgres(&schema, RateLimitStore::Wide).await, rounds(ROUNDS)).await;
}
