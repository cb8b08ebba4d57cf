//! Clients that send nothing, half a request head or half a body, on a process with few file
//! descriptors (Slowloris). Other people are served when the time limits have passed.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::site::Site;

/// The file descriptors of the process, and the slow connections.
const DESCRIPTORS: u32 = 256;
const SLOW: usize = 300;

/// The limits of the site: 10 seconds for a head, twice, because not all connections are accepted
/// in one step; and some time for a machine that is busy.
const HEADS: Duration = Duration::from_secs(28);
/// The deadline of a login route is 1.8 seconds.
const BODIES: Duration = Duration::from_secs(10);

const HEAD: &str = "POST /login HTTP/1.1\r\nhost: localhost\r\n\
                    content-type: application/x-www-form-urlencoded\r\n";

/// Opens the connections, and returns them so that they stay open.
fn slow(site: &Site, sent: &str) -> Vec<TcpStream> {
    let connect = || {
        let mut stream = TcpStream::connect(site.address).expect("the backlog has a place");
        stream.write_all(sent.as_bytes()).expect("the connection is open");
        stream
    };
    (0..SLOW).map(|_| connect()).collect()
}

fn others_are_served(sent: &str, within: Duration) {
    let site = Site::start_with_descriptors(DESCRIPTORS);
    assert_eq!(site.browser().get("/login").status, 200);
    let open = slow(&site, sent);
    let start = Instant::now();
    assert_eq!(site.browser().get("/login").status, 200, "{sent:?}");
    let mut alice = site.browser();
    assert_eq!(
        alice.post("/register", &[("username", "alice"), ("password", PASSWORD)]).status,
        303
    );
    assert!(start.elapsed() < within, "{sent:?}: {:?}", start.elapsed());
    drop(open);
}

const PASSWORD: &str = "correct horse battery staple";

#[test]
fn others_are_served_beside_300_half_bodies() {
    others_are_served(&format!("{HEAD}content-length: 100\r\n\r\nusername=al"), BODIES);
}

#[test]
fn others_are_served_beside_300_half_heads() {
    others_are_served(HEAD, HEADS);
}

#[test]
fn others_are_served_beside_300_silent_connections() {
    others_are_served("", HEADS);
}
