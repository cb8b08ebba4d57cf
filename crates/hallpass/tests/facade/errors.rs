//! The texts of errors: each cause is printed once, and every text has the same form.

use std::{error::Error, fs, iter, time::Duration};

use hallpass::{
    AccountsError, AccountsErrorKind, CookieSettings, Hallpass, Rejection, RejectionKind, UnixTime,
    Username,
    keys::{KeyFile, KeyRing},
    store::SessionId,
    token::{TokenError, TokenErrorKind},
    totp::{OtpauthUri, TotpSecret},
};

use crate::{scratch::Scratch, site::SiteRole, users::Users};

type BoxError = Box<dyn Error + Send + Sync>;

/// Returns the texts of an error and of its causes, the outermost first.
fn chain(error: &(dyn Error + 'static)) -> Vec<String> {
    iter::successors(Some(error), |error| (*error).source()).map(ToString::to_string).collect()
}

async fn open(url: String) -> BoxError {
    Hallpass::<SiteRole>::open(&url).await.unwrap_err().into()
}

async fn errors(scratch: &Scratch) -> Vec<BoxError> {
    let now = UnixTime::from_secs(1_790_000_000);
    let short = r#"{"keys":[{"kty":"oct","k":"c2hvcnQ","alg":"HS256","kid":"a"}],"active":"a"}"#;
    let short_keys = scratch.file("short-keys.json", short);
    fs::write(scratch.path("text.db"), "not a database, but longer than its header".repeat(100))
        .unwrap();
    let mut errors: Vec<BoxError> = vec![
        KeyRing::from_json(short).unwrap_err().into(),
        KeyRing::from_json("{}").unwrap_err().into(),
        KeyFile::new(short_keys).load().unwrap_err().into(),
        KeyFile::new(scratch.path("no/keys.json")).rotate(now, Duration::ZERO).unwrap_err().into(),
        KeyFile::new(scratch.path("no/keys.json"))
            .create(&KeyRing::generate_hs256(hallpass_test_support::random::bytes(1), now))
            .unwrap_err()
            .into(),
        open("mysql://site".to_owned()).await,
        open(scratch.url("no/site.db")).await,
        open(scratch.url("short.db")).await,
        open(scratch.url("text.db")).await,
        Hallpass::<SiteRole>::builder(Users::default()).start().await.unwrap_err().into(),
        CookieSettings::builder().access_name("a b").build().unwrap_err().into(),
        OtpauthUri::parse("otpauth://totp/a?secret=JBSW").unwrap_err().into(),
        TotpSecret::from_base32("1").unwrap_err().into(),
        "x".parse::<SessionId>().unwrap_err().into(),
        Username::parse("a b").unwrap_err().into(),
    ];
    errors.extend(RejectionKind::ALL.iter().map(|kind| Rejection::new(*kind).into()));
    errors.extend(TokenErrorKind::ALL.iter().map(|kind| TokenError::from(*kind).into()));
    let retry_after = Duration::from_millis(1500);
    for kind in [
        AccountsErrorKind::Refused,
        AccountsErrorKind::Username(Username::parse("").unwrap_err()),
        AccountsErrorKind::NameTaken,
        AccountsErrorKind::AlreadyOn,
        AccountsErrorKind::AlreadyOff,
        AccountsErrorKind::NotFound,
        AccountsErrorKind::NotLoggedIn,
        AccountsErrorKind::Revoked,
        AccountsErrorKind::NotOffered,
        AccountsErrorKind::Limited { retry_after },
        AccountsErrorKind::Busy { retry_after },
        AccountsErrorKind::Unavailable { retry_after },
        AccountsErrorKind::Internal,
    ] {
        errors.push(AccountsError::from(kind).into());
    }
    errors
}

#[tokio::test]
async fn each_cause_of_an_error_is_printed_once() {
    let scratch = Scratch::new();
    let mut longest = 0;
    for error in errors(&scratch).await {
        let chain = chain(&*error);
        longest = longest.max(chain.len());
        for (place, line) in chain.iter().enumerate() {
            let printed = chain.iter().filter(|other| other.contains(line)).count();
            assert_eq!(printed, 1, "{place} of {chain:#?}");
        }
        // The form of the causes is not checked: they are errors of a driver or of the system.
        let ours = &chain[0];
        let first = ours.chars().next().unwrap();
        assert!(!ours.ends_with('.') && !ours.contains('\n'), "{ours}");
        assert!(!first.is_uppercase() || ours.starts_with("JWK"), "{ours}");
    }
    assert!(longest >= 3, "the error of a key file has the key and the fault as causes");
}
