//! Steps of a person with an account, which several tests use.

use crate::site::Site;
use hallpass_test_support::authenticator::Authenticator;
use hallpass_test_support::http::{Response, client::Client};

pub(crate) const PASSWORD: &str = "correct horse battery staple";
pub(crate) const ACCESS: &str = "__Host-hallpass";
pub(crate) const REFRESH: &str = "__Host-hallpass_refresh";
pub(crate) const PENDING: &str = "__Host-hallpass_pending";
pub(crate) const BROWSER: &str = "__Host-hallpass_browser";

/// Registers an account and returns the client, which is logged in as a guest.
pub(crate) fn register(mut client: Client, name: &str) -> Client {
    let answer = client.post("/register", &[("username", name), ("password", PASSWORD)]);
    assert!(matches!(answer.status, 201 | 303), "{answer:#?}");
    assert!(client.cookies.contains(ACCESS));
    client
}

pub(crate) fn log_in(client: &mut Client, name: &str, code: &str) -> Response {
    client.post("/login", &[("username", name), ("password", PASSWORD), ("code", code)])
}

/// Registers an account, sets its role with the operator's command, and logs in again.
pub(crate) fn with_role(site: &Site, client: Client, name: &str, role: &str) -> Client {
    let mut client = register(client, name);
    site.operator(&["user", "set-role", name, role]);
    let answer = log_in(&mut client, name, "");
    assert!(matches!(answer.status, 200 | 303), "{answer:#?}");
    client
}

/// Enables the second factor, which replaces the cookies. Returns the authenticator and the
/// recovery codes.
pub(crate) fn enrol(client: &mut Client) -> (Authenticator, Vec<String>) {
    let mut script = client.as_script();
    let set_up = script.get("/account/two-factor").expect(200).json();
    assert_eq!(set_up["enabled"], false);
    let mut authenticator = Authenticator::of_base32(set_up["secret"].as_str().expect("a secret"));
    let code = authenticator.code();
    let codes = script.post("/account/two-factor", &[("code", &code)]).expect(200).json();
    client.cookies = script.cookies;
    let codes = codes["recovery_codes"].as_array().expect("codes").iter();
    (authenticator, codes.map(|code| code.as_str().expect("text").to_owned()).collect())
}

/// Registers an administrator who has logged in with the second factor, and returns the client and
/// the authenticator.
pub(crate) fn admin(site: &Site, client: Client, name: &str) -> (Client, Authenticator) {
    let mut client = register(client, name);
    let (mut authenticator, _) = enrol(&mut client);
    site.operator(&["user", "set-role", name, "admin"]);
    let answer = log_in(&mut client, name, &authenticator.code());
    assert!(matches!(answer.status, 200 | 303), "{answer:#?}");
    (client, authenticator)
}
