//! The times of a token at a verifier whose clock is ahead of or behind the issuer's clock. `iat`,
//! `nbf` and `auth_time` may be up to 60 seconds in the future; `exp` has no tolerance.

use std::time::Duration;

use hallpass_core::{
    Algorithm, Authentication, Claims, EnrolmentPending, IssueError, LoggedIn, MAX_CLOCK_SKEW,
    Methods, MfaPending, RejectionKind, RequestAuthenticator, Requirement, TokenError,
    TokenErrorKind, UnixTime, Unprivileged, Verifier,
};

use crate::site::{HEADER, NOW, SiteRole, alice, issuer, k1, ring, token, verifier};

/// Returns the time this many seconds after [`NOW`], or before it if `seconds` is negative.
fn at(seconds: i64) -> UnixTime {
    UnixTime::from_secs(NOW.as_secs().saturating_add_signed(seconds))
}

fn kind<T>(result: Result<T, TokenError>) -> Option<TokenErrorKind> {
    result.err().map(TokenError::kind)
}

/// Returns a token in which this claim has this time, and the other times are [`NOW`].
fn with(claim: &str, time: UnixTime) -> Vec<u8> {
    let of = |name: &str, usual: UnixTime| if name == claim { time } else { usual }.as_secs();
    let (iat, nbf, auth_time) = (of("iat", NOW), of("nbf", NOW), of("auth_time", NOW));
    let exp = of("exp", at(900));
    token(
        HEADER,
        &format!(
            r#"{{"iss":"https://site.example","aud":"site","sub":"alice","user_id":"17","role":"admin","iat":{iat},"nbf":{nbf},"exp":{exp},"auth_time":{auth_time}}}"#
        ),
    )
}

#[test]
fn each_begin_may_be_sixty_seconds_ahead() {
    const AHEAD: Option<TokenErrorKind> = Some(TokenErrorKind::NotYetValid);
    assert_eq!(MAX_CLOCK_SKEW, Duration::from_secs(60));
    // The second verifier remembers the token when its time has come, and then checks it early.
    let remembering = verifier().remember_all(64);
    for claim in ["iat", "nbf", "auth_time"] {
        for (seconds, expected) in
            [(-1, None), (0, None), (1, None), (59, None), (60, None), (61, AHEAD), (600, AHEAD)]
        {
            let token = with(claim, at(seconds));
            let place = format!("{claim}: {seconds}");
            assert_eq!(kind(verifier().verify(&token, NOW)), expected, "{place}");
            assert_eq!(kind(verifier().claims(&token, NOW, |_, _| ())), expected, "{place}");
            assert_eq!(kind(remembering.verify(&token, at(seconds.max(0)))), None, "{place}");
            assert_eq!(kind(remembering.verify(&token, NOW)), expected, "{place}");
        }
    }
    assert!(remembering.remembered() > 3);
}

#[test]
fn expiry_has_no_tolerance() {
    const EXPIRED: Option<TokenErrorKind> = Some(TokenErrorKind::Expired);
    let remembering = verifier().remember_all(64);
    for (seconds, expected) in [(-59, EXPIRED), (-1, EXPIRED), (0, EXPIRED), (1, None), (59, None)]
    {
        let token = with("exp", at(seconds));
        assert_eq!(kind(verifier().verify(&token, NOW)), expected, "{seconds}");
        assert_eq!(kind(remembering.verify(&token, at(-60))), None, "{seconds}");
        assert_eq!(kind(remembering.verify(&token, NOW)), expected, "{seconds}");
    }
}

/// A token without an `iat` may have been issued by a clock that is ahead.
#[test]
fn lifetime_without_iat_allows_for_the_clocks() {
    let day = 86_400;
    let without_iat = |exp: i64| {
        let claims = format!(
            r#"{{"iss":"https://site.example","aud":"site","sub":"alice","user_id":"17","role":"admin","exp":{}}}"#,
            at(exp).as_secs()
        );
        kind(verifier().verify(&token(HEADER, &claims), NOW))
    };
    assert_eq!(without_iat(day + 60), None);
    assert_eq!(without_iat(day + 61), Some(TokenErrorKind::LifetimeTooLong));
    assert_eq!(kind(verifier().verify(&with("exp", at(day)), NOW)), None);
    assert_eq!(
        kind(verifier().verify(&with("exp", at(day + 1)), NOW)),
        Some(TokenErrorKind::LifetimeTooLong)
    );
}

/// The verifiers of two nodes, for each key and each kind of token. The node that issues is ahead
/// of the node that verifies, or behind it.
#[test]
fn tokens_of_a_node_ahead_are_valid_on_a_node_behind() {
    for algorithm in [Algorithm::Hs256, Algorithm::EdDsa, Algorithm::Es256] {
        let issuer = issuer(ring(algorithm));
        let verifier: Verifier<SiteRole> = issuer.verifier();
        let token = issuer.issue(&alice(), NOW).unwrap();
        let token = token.as_str().as_bytes();
        for behind in [-59, -3, -1, 0, 1, 3, 59, 60] {
            assert_eq!(kind(verifier.verify(token, at(-behind))), None, "{algorithm:?} {behind}");
        }
        assert_eq!(kind(verifier.verify(token, at(-61))), Some(TokenErrorKind::NotYetValid));
    }
    other_kind::<MfaPending>();
    other_kind::<EnrolmentPending>();
}

fn other_kind<K: Unprivileged>() {
    let issuer = issuer(k1());
    let token = issuer.issue(&Claims::<K>::new("17", 3, NOW).with_session("s-1"), NOW).unwrap();
    let verified = |behind: i64| kind(issuer.verify::<K>(token.as_str().as_bytes(), at(-behind)));
    for behind in [-59, -3, -1, 0, 1, 3, 59, 60] {
        assert_eq!(verified(behind), None, "{behind}");
    }
    assert_eq!(verified(61), Some(TokenErrorKind::NotYetValid));
    let life = i64::try_from(token.expires_at().since(NOW).as_secs()).unwrap();
    assert_eq!((verified(1 - life), verified(-life)), (None, Some(TokenErrorKind::Expired)));
}

#[test]
fn recent_login_of_a_node_ahead_counts_as_now() {
    let authenticator = RequestAuthenticator::new(verifier());
    let requirement = Requirement::login().and_recent(Duration::from_secs(600));
    let asked = |seconds: i64, now: UnixTime| {
        let token = String::from_utf8(with("auth_time", at(seconds))).unwrap();
        let cookie = format!("__Host-hallpass={token}");
        let who: Authentication =
            authenticator.authenticate([cookie.as_bytes()], [], at(seconds.max(0)));
        requirement.admit(&who, now).map_err(|rejection| rejection.kind())
    };
    for seconds in [-600, -1, 0, 1, 59, 60] {
        assert_eq!(asked(seconds, NOW), Ok(()), "{seconds}");
    }
    assert_eq!(asked(-601, NOW), Err(RejectionKind::NotRecent));
    // Verified before the clock was set back: the time of the login is not known.
    assert_eq!(asked(61, NOW), Err(RejectionKind::NotRecent));
}

/// Without this check a person would be sent from the login page to the login page.
#[test]
fn a_token_that_is_not_valid_now_is_not_issued() {
    let issuer = issuer(k1());
    let login = |seconds: i64| {
        let claims = Claims::new("17", 3, at(seconds)).with_username("alice");
        LoggedIn::insecure_new(claims.with_methods(Methods::PASSWORD), [SiteRole::Admin])
    };
    for seconds in [-3600, -1, 0, 1, 59, 60] {
        let token = issuer.issue(&login(seconds), NOW).unwrap();
        let verifier = issuer.verifier::<SiteRole>();
        assert_eq!(kind(verifier.verify(token.as_str().as_bytes(), NOW)), None, "{seconds}");
    }
    let refused = issuer.issue(&login(61), NOW).unwrap_err();
    assert_eq!(refused, IssueError::NotValidNow);
    assert!(refused.to_string().contains("clock"), "{refused}");
    let pending = Claims::<MfaPending>::new("17", 3, at(61));
    assert_eq!(issuer.issue(&pending, NOW).unwrap_err(), IssueError::NotValidNow);
    let instant = issuer.lifetime(Duration::ZERO);
    assert_eq!(instant.issue(&login(0), NOW).unwrap_err(), IssueError::NotValidNow);
    // `SystemClock` returns the latest time if the clock is before 1970.
    let end = UnixTime::from_secs(u64::MAX);
    assert_eq!(issuer_at_the_end(end), IssueError::NotValidNow);
}

fn issuer_at_the_end(now: UnixTime) -> IssueError {
    issuer(k1()).issue(&Claims::<MfaPending>::new("17", 3, now), now).unwrap_err()
}
