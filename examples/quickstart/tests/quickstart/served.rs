//! The 25 lines as a process of their own: register, a guarded page, a role given from elsewhere.

use std::{
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

use hallpass::{Hallpass, Role, Username};

use crate::client::Client;

mod quickstart {
    include!(concat!(env!("OUT_DIR"), "/quickstart.rs"));

    pub(super) fn run() {
        main().unwrap();
    }
}

/// The process, in a directory of its own.
struct Quickstart {
    child: Child,
    directory: PathBuf,
    address: SocketAddr,
}

impl Quickstart {
    fn start() -> Self {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("quickstart-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        // Free now, and in all likelihood a moment later.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "served::serve", "--ignored"])
            .current_dir(&directory)
            .env("QUICKSTART_ADDRESS", address.to_string())
            .spawn()
            .unwrap();
        let quickstart = Self { child, directory, address };
        within(Duration::from_secs(20), || TcpStream::connect(address).is_ok());
        quickstart
    }
}

impl Drop for Quickstart {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn within(bound: Duration, holds: impl Fn() -> bool) {
    let end = Instant::now() + bound;
    while !holds() {
        assert!(Instant::now() < end, "not within {bound:?}");
        thread::sleep(Duration::from_millis(50));
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
    let mut alice = Client { address: quickstart.address, cookie: None };

    assert_eq!(alice.get("/").body, "Hello, stranger");
    let refused = alice.get("/profile");
    assert_eq!((refused.status, refused.header("location")), (303, Some("/login?next=%2Fprofile")));
    assert_eq!(alice.get("/admin").status, 303);

    let form = "username=alice&password=correct+horse+battery+staple";
    assert_eq!(alice.post("/register", form).status, 303);
    assert_eq!(alice.get("/profile").body, "alice may {}");
    assert_eq!(alice.get("/admin").status, 403);

    let database = quickstart.directory.join("site.db");
    assert!(database.exists() && quickstart.directory.join("site-keys.json").exists());
    make_admin(&database);
    // Her token says that she is none, so it is void: within the published bound, in the other process.
    within(Duration::from_secs(5), || alice.get("/profile").status == 303);

    assert_eq!(alice.post("/login", form).status, 303);
    assert_eq!(alice.get("/admin").body, "alice may {Admin}");
    alice.cookie = None;
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
