//! Keys from a real server that rotates its key, fails, sends other content, and hangs.

#![allow(clippy::unwrap_used, reason = "a test may panic if its set-up fails")]

use std::{
    error::Error,
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use hallpass_core::{
    Algorithm, Claims, Issuer, KeyRing, LoggedIn, MAX_CLOCK_SKEW, Role, TokenErrorKind, UnixTime,
    Verifier,
};
use hallpass_remote::{
    BodyTooLong, Fetch, FetchRequest, FetchResponse, LimitedBody, RemoteJwks, RemoteJwksError,
    get_with,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    time::sleep,
};

const NOW: UnixTime = UnixTime::from_secs(1_764_000_000);
const URL: &str = "https://login.example/.well-known/jwks.json";

#[derive(Role, Clone, Copy, Debug, PartialEq, Eq)]
enum SiteRole {
    Guest,
    Admin,
}

/// A server with one response, which counts its requests.
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
        self.0.lock().unwrap().0 = format!(
            "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
    }

    fn asked(&self) -> u32 {
        self.0.lock().unwrap().1
    }
}

/// A client that reads a response of any length from a socket.
struct Client(String);

impl Fetch for Client {
    type Error = Box<dyn Error + Send + Sync>;

    async fn fetch(&self, request: FetchRequest) -> Result<FetchResponse, Self::Error> {
        let mut stream = TcpStream::connect(&self.0).await?;
        let path = request.url().trim_start_matches("https://login.example");
        let head = format!("{} {path} HTTP/1.1\r\nhost: login.example\r\n", request.method());
        stream.write_all(head.as_bytes()).await?;
        for (name, value) in request.headers() {
            stream.write_all(format!("{name}: {value}\r\n").as_bytes()).await?;
        }
        stream.write_all(b"\r\n").await?;
        stream.write_all(request.body()).await?;

        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let status = line.split(' ').nth(1).ok_or("no status")?.parse()?;
        let mut headers = Vec::new();
        loop {
            line.clear();
            stream.read_line(&mut line).await?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            headers.push((name.to_owned(), value.to_owned()));
        }
        let mut body = LimitedBody::default();
        let mut chunk = [0; 4096];
        while let read @ 1.. = stream.read(&mut chunk).await? {
            body.push(&chunk[..read])?;
        }
        let response = FetchResponse::new(status, body);
        Ok(headers
            .into_iter()
            .fold(response, |response, (name, value)| response.header(name, value)))
    }
}

fn issuer(random: u8) -> Issuer {
    let ring = KeyRing::generate(Algorithm::EdDsa, [random; 32], NOW).unwrap();
    Issuer::new(ring, "https://login.example", "orders")
}

fn token(issuer: &Issuer) -> String {
    let who = LoggedIn::insecure_new(
        Claims::new("17", 0, NOW).with_username("alice").with_session("s-1"),
        SiteRole::Admin,
    );
    issuer.issue(&who, NOW).unwrap().as_str().to_owned()
}

fn kind(verifier: &Verifier<SiteRole>, token: &str) -> Option<TokenErrorKind> {
    verifier.verify(token.as_bytes(), NOW).err().map(|error| error.kind())
}

/// Returns when the token is accepted; a test that hangs here fails.
async fn until_known(verifier: &Verifier<SiteRole>, token: &str) {
    while kind(verifier, token).is_some() {
        sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn rotated_key_is_used_and_failing_server_changes_nothing() {
    let (server, old, new) = (Server::default(), issuer(1), issuer(2));
    let address = server.listen().await;
    server.answer("200 OK", &old.keys().current().to_jwks());
    let remote = RemoteJwks::new(URL, Client(address)).period(Duration::from_millis(40));
    let verifier = Verifier::<SiteRole>::new(remote.keys(), "https://login.example", "orders");
    assert_eq!(kind(&verifier, &token(&old)), Some(TokenErrorKind::UnknownKey));
    let task = tokio::spawn(remote.run());
    until_known(&verifier, &token(&old)).await;

    // At most 40 ms between two fetches, because no pause is longer than the period.
    let new_set = new.keys().current().to_jwks();
    let long = format!("{new_set}{}", " ".repeat(LimitedBody::MAX));
    for (status, body) in [
        ("500 Oops", ""),
        ("404 Not Found", &new_set),
        ("302 Found", &new_set),
        ("200 OK", "<html>"),
        ("200 OK", r#"{"keys":[]}"#),
        ("200 OK", &long),
    ] {
        server.answer(status, body);
        let asked = server.asked();
        while server.asked() < asked + 3 {
            sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(kind(&verifier, &token(&old)), None, "{status} {body:.60}");
    }

    server.answer("200 OK", &new_set);
    until_known(&verifier, &token(&new)).await;
    assert_eq!(kind(&verifier, &token(&old)), Some(TokenErrorKind::UnknownKey));
    task.abort();
}

#[tokio::test]
async fn a_service_may_be_a_minute_behind_the_issuer() {
    let server = Server::default();
    let address = server.listen().await;
    let issuer = issuer(1);
    server.answer("200 OK", &issuer.keys().current().to_jwks());
    let mut remote = RemoteJwks::new(URL, Client(address));
    remote.load().await.unwrap();
    let verifier = Verifier::<SiteRole>::new(remote.keys(), "https://login.example", "orders");
    let token = token(&issuer);
    let at = |now| verifier.verify(token.as_bytes(), now).map(drop).map_err(|error| error.kind());
    for behind in [1, 3, 59, 60].map(Duration::from_secs) {
        assert_eq!(at(NOW.saturating_sub(behind)), Ok(()), "{behind:?} behind");
    }
    let too_far = MAX_CLOCK_SKEW + Duration::from_secs(1);
    assert_eq!(at(NOW.saturating_sub(too_far)), Err(TokenErrorKind::NotYetValid));
    let expiry = NOW.saturating_add(issuer.access_lifetime());
    assert_eq!(at(expiry), Err(TokenErrorKind::Expired));
}

#[tokio::test(start_paused = true)]
async fn unknown_kid_causes_one_more_fetch_per_30_seconds() {
    let (sets, asked) =
        (Arc::new(Mutex::new(issuer(1).keys().current().to_jwks())), Arc::new(Mutex::new(0)));
    let mut remote = {
        let (sets, asked) = (sets.clone(), asked.clone());
        let get = move |_| {
            *asked.lock().unwrap() += 1;
            let text = sets.lock().unwrap().clone();
            async move { Ok::<_, io::Error>(text) }
        };
        RemoteJwks::new(URL, get_with(get))
    };
    remote.load().await.unwrap();
    let verifier = Verifier::<SiteRole>::new(remote.keys(), "https://login.example", "orders");
    tokio::spawn(remote.run());
    let asked = || *asked.lock().unwrap();

    sleep(Duration::from_secs(10)).await;
    assert_eq!(asked(), 1);
    *sets.lock().unwrap() = issuer(2).keys().current().to_jwks();
    assert_eq!(kind(&verifier, &token(&issuer(2))), Some(TokenErrorKind::UnknownKey));
    sleep(Duration::from_millis(200)).await;
    assert_eq!((kind(&verifier, &token(&issuer(2))), asked()), (None, 2));

    // Tokens with an invented key name, for 800 seconds.
    let before = asked();
    for _ in 0..400 {
        assert_eq!(kind(&verifier, &token(&issuer(3))), Some(TokenErrorKind::UnknownKey));
        sleep(Duration::from_secs(2)).await;
    }
    let more = asked() - before;
    assert!((26..=28).contains(&more), "{more}");

    // The next rollover is noticed immediately nevertheless.
    *sets.lock().unwrap() = issuer(4).keys().current().to_jwks();
    assert_eq!(kind(&verifier, &token(&issuer(4))), Some(TokenErrorKind::UnknownKey));
    sleep(Duration::from_millis(200)).await;
    assert_eq!(kind(&verifier, &token(&issuer(4))), None);
}

#[tokio::test(start_paused = true)]
async fn fetch_that_hangs_times_out_and_is_retried() {
    let asked = Arc::new(Mutex::new(0));
    let mut remote = {
        let asked = asked.clone();
        let get = move |_| {
            *asked.lock().unwrap() += 1;
            std::future::pending::<Result<String, io::Error>>()
        };
        RemoteJwks::new(URL, get_with(get))
    };
    assert!(matches!(remote.load().await, Err(RemoteJwksError::TimedOut(_))));
    tokio::spawn(remote.run());
    sleep(Duration::from_secs(60)).await;
    let asked = *asked.lock().unwrap();
    assert!((3..=5).contains(&asked), "{asked}");
}

/// The largest and the smallest times cause neither a panic nor a flood of requests.
#[tokio::test(start_paused = true)]
async fn extreme_times_are_bounded() {
    for time in [Duration::MAX, Duration::ZERO] {
        let asked = Arc::new(Mutex::new(0));
        let set = issuer(1).keys().current().to_jwks();
        let counted = asked.clone();
        let get = move |_| {
            *counted.lock().unwrap() += 1;
            let text = set.clone();
            async move { Ok::<_, io::Error>(text) }
        };
        let mut remote = RemoteJwks::new(URL, get_with(get)).period(time).max_staleness(time);
        if time == Duration::MAX {
            remote = remote.timeout(time);
        }
        remote.load().await.unwrap();
        let (keys, task) = (remote.keys(), tokio::spawn(remote.run()));
        sleep(Duration::from_secs(10)).await;
        assert!(!task.is_finished());
        let asked = *asked.lock().unwrap();
        let accepted = keys.current().keys().count();
        let expected = if time == Duration::MAX { (1..=1, 1) } else { (2..=1_001, 0) };
        assert!(expected.0.contains(&asked), "{time:?}: {asked}");
        assert!(accepted >= expected.1, "{time:?}");
        task.abort();
    }
}

#[tokio::test]
async fn each_failed_fetch_has_its_own_error() {
    let server = Server::default();
    let address = server.listen().await;
    let mut remote = RemoteJwks::new(URL, Arc::new(Client(address)));
    server.answer("503 Service Unavailable", "");
    assert!(matches!(remote.load().await, Err(RemoteJwksError::Status(503))));
    server.answer("200 OK", "{}");
    assert!(matches!(remote.load().await, Err(RemoteJwksError::Set(_))));
    server.answer("200 OK", &" ".repeat(LimitedBody::MAX + 1));
    let error = remote.load().await.unwrap_err();
    let source = error.source().unwrap();
    assert_eq!(source.downcast_ref::<BodyTooLong>(), Some(&BodyTooLong), "{error}");

    let refused = get_with(|_| async { Err::<Vec<u8>, _>(io::Error::other("no route")) });
    let error = RemoteJwks::new(URL, refused).load().await.unwrap_err();
    assert_eq!(error.source().unwrap().to_string(), "no route");
    let bytes = get_with(|_| async { Ok::<_, io::Error>(vec![0xff]) });
    let result = RemoteJwks::new(URL, bytes).load().await;
    assert!(matches!(result, Err(RemoteJwksError::NotUtf8)));
}

#[tokio::test]
async fn closure_gets_the_url_and_sends_nothing_but_get() {
    let echo = get_with(|url: String| async move { Ok::<_, io::Error>(url) });
    let response = echo.fetch(FetchRequest::get(URL)).await.unwrap();
    assert_eq!((response.status(), response.body()), (200, URL.as_bytes()));
    assert!(echo.fetch(FetchRequest::post(URL, "grant_type=x")).await.is_err());
    let long = get_with(|_| async { Ok::<_, io::Error>(vec![0; LimitedBody::MAX + 1]) });
    assert!(long.fetch(FetchRequest::get(URL)).await.unwrap_err().is::<BodyTooLong>());
}
