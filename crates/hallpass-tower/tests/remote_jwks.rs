//! Keys from a real server that rotates, fails, lies and hangs.

#![cfg(feature = "remote-jwks")]
#![allow(clippy::unwrap_used, reason = "what a test prepares must be there")]

mod office;

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use hallpass_core::{
    Algorithm, Issuer, KeyRing, Methods, RoleSet, SignedIn, SignedInFacts, TokenErrorKind, UnixTime, Verifier,
};
use hallpass_tower::{RemoteJwks, RemoteJwksError};
use office::SiteRole;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::sleep,
};

const NOW: UnixTime = UnixTime::from_secs(1_764_000_000);

/// What the server answers, and how often it was asked.
#[derive(Clone, Default)]
struct Server(Arc<Mutex<(String, u32)>>);

impl Server {
    async fn listen(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = self.clone();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0; 1024];
                let _ = stream.read(&mut request).await;
                let answer = {
                    let mut state = server.0.lock().unwrap();
                    state.1 += 1;
                    state.0.clone()
                };
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        address
    }

    fn answer(&self, status: &str, body: &str) {
        self.0.lock().unwrap().0 =
            format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    }

    fn asked(&self) -> u32 {
        self.0.lock().unwrap().1
    }
}

async fn fetch(address: String) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET /.well-known/jwks.json HTTP/1.1\r\nhost: login.example\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    head.starts_with("HTTP/1.1 200").then(|| body.to_owned()).ok_or_else(|| io::Error::other("not 200"))
}

fn issuer(random: u8) -> Issuer {
    let ring = KeyRing::generate(Algorithm::EdDsa, [random; 32], NOW).unwrap();
    Issuer::new(ring, "https://login.example", "orders")
}

fn token(issuer: &Issuer) -> String {
    let who = SignedIn::insecure_vouch(SignedInFacts {
        username: "alice".to_owned(),
        user_id: "17".to_owned(),
        roles: RoleSet::from(SiteRole::Admin),
        generation: 0,
        session: "s-1".to_owned(),
        authenticated_at: NOW,
        methods: Methods::PASSWORD,
    });
    issuer.issue(&who, NOW).unwrap().as_str().to_owned()
}

fn kind(verifier: &Verifier<SiteRole>, token: &str) -> Option<TokenErrorKind> {
    verifier.verify(token.as_bytes(), NOW).err().map(|error| error.kind())
}

/// Until it verifies, which a test that hangs here never does.
async fn until_known(verifier: &Verifier<SiteRole>, token: &str) {
    while kind(verifier, token).is_some() {
        sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_rotated_key_is_taken_up_and_a_failing_server_changes_nothing() {
    let (server, old, new) = (Server::default(), issuer(1), issuer(2));
    let address = server.listen().await;
    server.answer("200 OK", &old.keys().current().to_jwks());
    let remote = RemoteJwks::new(move || fetch(address.clone())).period(Duration::from_millis(40));
    let verifier = Verifier::<SiteRole>::new(remote.keys(), "https://login.example", "orders");
    assert_eq!(kind(&verifier, &token(&old)), Some(TokenErrorKind::UnknownKey));
    let task = tokio::spawn(remote.run());
    until_known(&verifier, &token(&old)).await;

    for (status, body) in [("500 Oops", ""), ("200 OK", "<html>"), ("200 OK", r#"{"keys":[]}"#)] {
        server.answer(status, body);
        let asked = server.asked();
        while server.asked() < asked + 3 {
            sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(kind(&verifier, &token(&old)), None, "{status} {body}");
    }

    server.answer("200 OK", &new.keys().current().to_jwks());
    until_known(&verifier, &token(&new)).await;
    assert_eq!(kind(&verifier, &token(&old)), Some(TokenErrorKind::UnknownKey));
    task.abort();
}

#[tokio::test(start_paused = true)]
async fn unknown_keys_have_it_fetched_once_more_in_a_period() {
    let (sets, asked) = (Arc::new(Mutex::new(issuer(1).keys().current().to_jwks())), Arc::new(Mutex::new(0)));
    let mut remote = {
        let (sets, asked) = (sets.clone(), asked.clone());
        RemoteJwks::new(move || {
            *asked.lock().unwrap() += 1;
            let text = sets.lock().unwrap().clone();
            async move { Ok::<_, io::Error>(text) }
        })
    };
    remote.load().await.unwrap();
    let verifier = Verifier::<SiteRole>::new(remote.keys(), "https://login.example", "orders");
    tokio::spawn(remote.run());
    let asked = || *asked.lock().unwrap();

    sleep(Duration::from_secs(10)).await;
    assert_eq!(asked(), 1);
    *sets.lock().unwrap() = issuer(2).keys().current().to_jwks();
    assert_eq!(kind(&verifier, &token(&issuer(2))), Some(TokenErrorKind::UnknownKey));
    sleep(Duration::from_secs(2)).await;
    assert_eq!((kind(&verifier, &token(&issuer(2))), asked()), (None, 2));

    // Made-up keys, for the rest of the period.
    for _ in 0..400 {
        assert_eq!(kind(&verifier, &token(&issuer(3))), Some(TokenErrorKind::UnknownKey));
        sleep(Duration::from_secs(2)).await;
    }
    assert_eq!(asked(), 2);
    sleep(Duration::from_secs(120)).await;
    assert!((3..=4).contains(&asked()), "{}", asked());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_is_not_waited_for_and_tried_again_soon() {
    let asked = Arc::new(Mutex::new(0));
    let mut remote = {
        let asked = asked.clone();
        RemoteJwks::new(move || {
            *asked.lock().unwrap() += 1;
            std::future::pending::<Result<String, io::Error>>()
        })
    };
    assert!(matches!(remote.load().await, Err(RemoteJwksError::TooSlow)));
    tokio::spawn(remote.run());
    sleep(Duration::from_secs(60)).await;
    let asked = *asked.lock().unwrap();
    assert!((3..=5).contains(&asked), "{asked}");
}
