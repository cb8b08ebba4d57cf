//! The 25 lines as a process of their own: register, a guarded page, a role given from elsewhere.

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

/// The process, in a directory of its own.
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
fn a_person_registers_and_an_operator_makes_her_an_admin() {
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
    // Her token says that she is none, so it is revoked: within the published bound, in the other
    // process.
    within(Duration::from_secs(5), "her token is revoked", || alice.get("/profile").status == 303);

    assert_eq!(alice.post_body("/login", form).status, 303);
    assert_eq!(alice.get("/admin").text(), "alice may {admin}");
    alice.cookies.clear();
    assert_eq!(alice.get("/admin").status, 303);
}

/// What an operator's command does, in a process of its own, on the same file.
#[tokio::main]
async fn make_admin(database: &Path) {
    let url = format!("sqlite://{}", database.display());
    let hallpass = Hallpass::<SiteRole>::open(&url).await.unwrap();
    let alice = hallpass.find(&Username::parse("Alice").unwrap()).await.unwrap().unwrap();
    hallpass.set_roles(alice.id(), [SiteRole::Admin]).await.unwrap();
}

#[test]
#[ignore = "is the process that the other test starts"]
fn serve() {
    quickstart::run();
}
