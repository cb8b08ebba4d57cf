//! Runs the 25-line example as a process: registration, a guarded page, and a role that another
//! process sets.

use std::{net::SocketAddr, path::Path, time::Duration};

use hallpass::{Hallpass, Role, Username};
use hallpass_test_support::{
    http::client::Client,
    process::{Process, await_listener, free_address, this_test, within},
    scratch::Scratch,
};

mod quickstart {
    include!(concat!(env!("OUT_DIR"), "/quickstart.rs"));

    pub(super) fn run() {
        main().unwrap();
    }
}

/// The process of the example, in its own directory.
struct Quickstart {
    _process: Process,
    address: SocketAddr,
    scratch: Scratch,
}

impl Quickstart {
    fn start() -> Self {
        let (scratch, address) = (Scratch::new(), free_address());
        let mut command = this_test("served::serve");
        command.current_dir(scratch.directory()).env("QUICKSTART_ADDRESS", address.to_string());
        let process = Process::start(&mut command);
        await_listener(address);
        Self { _process: process, address, scratch }
    }
}

#[derive(Role, Clone, Copy, Debug, PartialEq, Eq)]
enum SiteRole {
    Guest,
    Admin,
}

#[test]
fn a_new_account_is_a_guest_until_an_operator_sets_admin() {
    let quickstart = Quickstart::start();
    let mut alice = Client::browser(quickstart.address);

    assert_eq!(alice.get("/").text(), "Hello, stranger");
    let refused = alice.get("/profile");
    assert_eq!((refused.status, refused.header("location")), (303, Some("/login?next=%2Fprofile")));
    assert_eq!(alice.get("/admin").status, 303);

    let form = "username=alice&password=correct+horse+battery+staple";
    assert_eq!(alice.post_body("/register", form).status, 303);
    assert_eq!(alice.get("/profile").text(), "alice may {guest}");
    assert_eq!(alice.get("/admin").status, 403);

    let database = quickstart.scratch.path("site.db");
    assert!(database.exists() && quickstart.scratch.path("site-keys.json").exists());
    make_admin(&database);
    // The session continues, and has the new role within the documented bound.
    within(Duration::from_secs(5), "the role is in force", || alice.get("/admin").status == 200);
    assert_eq!(alice.get("/admin").text(), "alice may {admin}");
    alice.cookies.clear();
    assert_eq!(alice.get("/admin").status, 303);
}

/// Sets the role `admin` in the same database, as an operator's command in another process does.
#[tokio::main]
async fn make_admin(database: &Path) {
    let url = format!("sqlite://{}", database.display());
    let hallpass = Hallpass::<SiteRole>::open(&url).await.unwrap();
    let alice = hallpass.find(&Username::parse("Alice").unwrap()).await.unwrap().unwrap();
    hallpass.set_roles(alice.id(), [SiteRole::Admin]).await.unwrap();
}

#[test]
#[ignore = "the other test runs it as a process"]
fn serve() {
    quickstart::run();
}
