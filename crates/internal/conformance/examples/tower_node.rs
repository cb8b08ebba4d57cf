//! A node that uses tower only: hyper, the layers of `hallpass-tower`, and one page that requires a
//! role.
//!
//! The tests with many nodes (`examples/blog/tests/blog/many_nodes`) run this node together with
//! the nodes of the blog. All nodes use the same database, key file and settings. This node has two
//! features that the blog does not have:
//!
//! - It counts the calls to the store, so that a test detects requests that query the store. `GET
//!   /calls` returns the number of calls during requests. The revocation log has a separate store,
//!   which is not counted.
//! - It reads operator commands from standard input, one command per line, and prints one line per
//!   command: `register NAME`, `log-in NAME` (prints the access token), `set-role NAME ROLE`,
//!   `disable NAME`, `enable NAME`, `password NAME`. One process is therefore enough for a thousand
//!   commands. They take little time, because passwords are hashed at a minimal cost.

#![allow(clippy::print_stdout, reason = "the parent process reads the output")]

use hallpass::flow::Proof;
use std::{
    collections::HashSet,
    convert::Infallible,
    env,
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use hallpass::flow::Visitor;
use hallpass::store::{RedisStore, SqlStore};
use hallpass::{
    AccountId, Hallpass, HashCost, PasswordHasherSettings, Role, Username, require_roles,
};
use hallpass_testkit::Kit;
use http::{Request, Response};
use http_body_util::Full;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader, stdin},
    net::TcpListener,
};
use tower::{Layer, ServiceExt, service_fn};

/// The blog's roles.
#[derive(Role, Clone, Copy, Debug, PartialEq, Eq)]
enum SiteRole {
    Guest,
    Moderator,
    Admin,
}

type Fault = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Fault> {
    let kit = Arc::new(Kit::<SiteRole>::new());
    let store = SqlStore::open(&env::var("DATABASE_URL")?).await?;
    let site = Hallpass::<SiteRole>::builder(kit.watch(store.clone()))
        .registration()
        .passwords()
        .refresh_tokens()
        .administration()
        .rate_limits_in_store()
        .revocation_log_in(store)
        .key_file("blog-keys.json")
        .default_roles([SiteRole::Guest])
        .password_hasher(PasswordHasherSettings::default().hash_cost(NEXT_TO_NOTHING));
    let site = match env::var("REDIS_URL") {
        Ok(url) => site.shared_backend(RedisStore::open(&url).await?),
        Err(_) => site,
    };
    let hallpass = site.start().await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    tokio::spawn(serve(listener, hallpass.clone(), kit));
    obey(&hallpass).await
}

async fn serve(listener: TcpListener, hallpass: Hallpass<SiteRole>, kit: Arc<Kit<SiteRole>>) {
    let page = service_fn(async |_: Request<hyper::body::Incoming>| {
        Ok::<_, Infallible>(Response::new(Full::from("a page")))
    });
    let guarded = hallpass.layer().layer(require_roles([SiteRole::Admin]).layer(page));
    let within_requests = Arc::new(AtomicU64::new(0));
    let site = service_fn(move |request: Request<hyper::body::Incoming>| {
        let (guarded, kit, within_requests) =
            (guarded.clone(), Arc::clone(&kit), Arc::clone(&within_requests));
        async move {
            if request.uri().path() == "/calls" {
                let count = within_requests.load(Ordering::SeqCst);
                return Ok(Response::new(Full::<Bytes>::from(count.to_string())));
            }
            let before = kit.store_calls();
            let answer = guarded.oneshot(request).await;
            within_requests.fetch_add(kit.store_calls() - before, Ordering::SeqCst);
            answer
        }
    });
    while let Ok((stream, _)) = listener.accept().await {
        let service = TowerToHyperService::new(site.clone());
        tokio::spawn(async move {
            // The error is ignored: a client may close the connection.
            let _ = auto::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// Executes commands until standard input ends.
async fn obey(hallpass: &Hallpass<SiteRole>) -> Result<(), Fault> {
    let mut orders = BufReader::new(stdin()).lines();
    let mut changed = HashSet::new();
    while let Some(order) = orders.next_line().await? {
        let words: Vec<_> = order.split(' ').collect();
        let said = match words.as_slice() {
            ["register", name] => {
                let _registered =
                    hallpass.accounts().register(name, PASSWORDS[0], &Visitor::default()).await?;
                "done".to_owned()
            }
            ["log-in", name] => log_in(hallpass, name, changed.contains(*name)).await?,
            ["set-role", name, role] => {
                let role = SiteRole::from_name(role).ok_or("unknown role")?;
                hallpass.set_roles(&id(hallpass, name).await?, [role]).await?;
                "done".to_owned()
            }
            ["disable", name] => {
                hallpass.disable(&id(hallpass, name).await?).await?;
                "done".to_owned()
            }
            ["enable", name] => {
                hallpass.enable(&id(hallpass, name).await?).await?;
                "done".to_owned()
            }
            ["password", name] => {
                let was = changed.contains(*name);
                let token = log_in(hallpass, name, was).await?;
                let who = hallpass
                    .request_authenticator()
                    .verifier()
                    .verify(token.as_bytes(), hallpass.accounts().now());
                let who = who.map_err(|_| "the token of this node is not valid")?;
                let (old, new) = (PASSWORDS[usize::from(was)], PASSWORDS[usize::from(!was)]);
                let _tokens = hallpass
                    .accounts()
                    .change_password(&who, &Proof::of_password(old), new)
                    .await?;
                if was {
                    changed.remove(*name)
                } else {
                    changed.insert((*name).to_owned())
                };
                "done".to_owned()
            }
            _ => return Err(format!("unknown command: {order}").into()),
        };
        println!("{said}");
    }
    Ok(())
}

async fn log_in(hallpass: &Hallpass<SiteRole>, name: &str, changed: bool) -> Result<String, Fault> {
    let step = hallpass
        .accounts()
        .log_in(name, PASSWORDS[usize::from(changed)], None, &Visitor::default())
        .await?;
    let opened = step.opened().ok_or("the account requires a second factor")?;
    Ok(opened.access.as_str().to_owned())
}

async fn id(hallpass: &Hallpass<SiteRole>, name: &str) -> Result<AccountId, Fault> {
    let account =
        hallpass.find(&Username::parse(name)?).await?.ok_or("no account has this name")?;
    Ok(account.id().clone())
}

/// The password at registration, and the password after each odd number of changes.
const PASSWORDS: [&str; 2] = ["correct horse battery staple", "another horse battery staple"];
/// 8 KiB of memory and one pass: these passwords protect nothing.
const NEXT_TO_NOTHING: HashCost = HashCost::new(8, 1, 1);
