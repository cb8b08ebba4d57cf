//! Runs the example's program, and calls it with a tonic client.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::{process::Command, time::Duration};

use hallpass_core::{Claims, Clock, Issuer, KeyRing, LoggedIn, Role, SystemClock};
use hallpass_test_support::process::{Process, free_address};
use tonic::{
    Code, Request, Status, client::Grpc, codegen::http::uri::PathAndQuery, transport::Endpoint,
};
use tonic_prost::ProstCodec;

#[derive(Role, Clone, Copy, Debug, PartialEq, Eq)]
enum SiteRole {
    Guest,
    Admin,
}

fn token(keys: KeyRing, role: SiteRole) -> String {
    let now = SystemClock.now();
    let user = LoggedIn::insecure_new(
        Claims::new("1", 0, now).with_username("alice").with_session("s"),
        role,
    );
    Issuer::new(keys, "https://site.example", "site").issue(&user, now).unwrap().as_str().to_owned()
}

async fn read(address: &str, token: Option<String>) -> Result<String, Status> {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    let channel = loop {
        match endpoint.connect().await {
            Ok(channel) => break channel,
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    let mut client = Grpc::new(channel);
    client.ready().await.unwrap();
    let mut request = Request::new("sales".to_owned());
    if let Some(token) = token {
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    }
    let path = PathAndQuery::from_static("/site.Report/Read");
    let answer = client.unary(request, path, ProstCodec::<String, String>::default()).await?;
    Ok(answer.into_inner())
}

#[tokio::test]
async fn only_an_admin_reads_the_report() {
    let keys = KeyRing::generate_hs256([7; 32], SystemClock.now());
    let address = free_address().to_string();
    let mut program = Command::new(env!("CARGO_BIN_EXE_tonic-quickstart"));
    let _server = Process::start(
        program.env("SITE_KEYS", keys.to_json().as_str()).env("SITE_ADDR", &address),
    );
    let read = |token| tokio::time::timeout(Duration::from_secs(20), read(&address, token));
    assert_eq!(read(None).await.unwrap().unwrap_err().code(), Code::Unauthenticated);
    assert_eq!(
        read(Some("x.y.z".into())).await.unwrap().unwrap_err().code(),
        Code::Unauthenticated
    );
    let guest = read(Some(token(keys.clone(), SiteRole::Guest))).await.unwrap();
    assert_eq!(guest.unwrap_err().code(), Code::PermissionDenied);
    assert_eq!(read(Some(token(keys, SiteRole::Admin))).await.unwrap().unwrap(), "sales for alice");
}
