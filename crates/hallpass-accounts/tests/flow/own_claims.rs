//! The site's own claims: every flow that issues a token calls `Settings::claims` with the current
//! account.

use hallpass_accounts::{
    Account, AccountsErrorKind, AdministrationStore as _, FactorOff, LoginStep, OwnClaims, Proof,
    Tokens, TwoFactorPolicy, Username,
};
use hallpass_core::{Access, Identity, Token, Totp, TotpSettings};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::site::{PASSWORD, Site, SiteRole, here, id_of, logged_in};

/// The columns of the account's row when the token was issued.
#[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
struct RowClaims {
    name: String,
    row_roles: Vec<String>,
    row_generation: u32,
    has_factor: bool,
}

fn row_claims(account: &Account) -> RowClaims {
    RowClaims {
        name: account.username().as_str().to_owned(),
        row_roles: account.roles().to_vec(),
        row_generation: account.generation(),
        has_factor: account.second_factor().is_some(),
    }
}

fn with_claims<X>(claims: impl Fn(&Account) -> X + Send + Sync + 'static) -> Site
where
    X: Serialize + DeserializeOwned + Send + Sync + 'static,
{
    let site = Site::new();
    Site::node(site.store.clone(), site.clock.clone(), site.keys.clone(), |settings| {
        settings.claims = Some(OwnClaims::new(claims))
    })
}

/// Returns the claims of a token, and asserts that they match the row in the store.
async fn current(site: &Site, access: &Token<Access>) -> (Identity<SiteRole>, RowClaims) {
    let verifier = site.accounts.verifier();
    let who = verifier.verify(access.as_str().as_bytes(), site.now()).unwrap();
    let claims = who.claims::<RowClaims>().unwrap().clone();
    let account = site.accounts.find(&Username::parse("alice").unwrap()).await.unwrap().unwrap();
    assert_eq!(claims, row_claims(&account), "the claims are those of an older row");
    assert_eq!(claims.row_generation, who.generation());
    (who, claims)
}

fn totp_of(set_up: hallpass_accounts::SetUp) -> Totp {
    Totp::new(set_up.secret, TotpSettings::default())
}

#[tokio::test]
async fn every_flow_issues_the_claims_of_the_current_account() {
    let site = with_claims(row_claims);
    let opened = site.register("alice").await;
    let (_, claims) = current(&site, &opened.access).await;
    assert_eq!(
        (claims.name.as_str(), claims.row_roles.as_slice()),
        ("alice", &["guest".to_owned()][..])
    );

    let opened = logged_in(site.log_in("alice", PASSWORD, None).await);
    let (who, _) = current(&site, &opened.access).await;
    let roles = ["guest", "admin"].map(str::to_owned);
    let _done = site.store.set_roles(&id_of(&who), &roles, &[], None, site.now()).await.unwrap();
    let refresh = |tokens: &Tokens| tokens.refresh.as_ref().unwrap().as_str().to_owned();
    let tokens = site.accounts.refresh(opened.refresh.unwrap().as_str().as_bytes()).await.unwrap();
    let (who, claims) = current(&site, &tokens.access).await;
    assert_eq!(claims.row_roles, roles, "after a refresh");

    let before = claims.row_generation;
    let tokens = site
        .accounts
        .change_password(
            &who,
            &Proof::of_password(PASSWORD).with_refresh(Some(refresh(&tokens).as_bytes())),
            "seven maps of nowhere",
        )
        .await
        .unwrap();
    let (who, claims) = current(&site, &tokens.access).await;
    assert!(claims.row_generation > before, "after a password change");
    let before = claims.row_generation;
    let current_refresh = refresh(&tokens);
    let proof = Proof::of_refresh(Some(current_refresh.as_bytes()));
    let tokens = site.accounts.end_other_sessions(&who, &proof).await.unwrap();
    let (who, claims) = current(&site, &tokens.access).await;
    assert!(claims.row_generation > before, "after ending the other sessions");
    let tokens = site.accounts.refresh(refresh(&tokens).as_bytes()).await.unwrap();
    current(&site, &tokens.access).await;

    let hallpass_accounts::TwoFactor::Off(set_up) = site.accounts.two_factor(&who).await.unwrap()
    else {
        panic!("the account already has a factor");
    };
    let totp = totp_of(set_up);
    let (codes, tokens) = site
        .accounts
        .enable_two_factor(
            &who,
            &Proof::of_password("seven maps of nowhere"),
            &totp.code_at(site.now()),
        )
        .await
        .unwrap();
    let (_, claims) = current(&site, &tokens.access).await;
    assert!(claims.has_factor, "after turning the second factor on");

    site.clock.pass(60);
    let LoginStep::MfaRequired(pending) =
        site.log_in("alice", "seven maps of nowhere", None).await.unwrap()
    else {
        panic!("no code was required");
    };
    let code = totp.code_at(site.now());
    let opened =
        site.accounts.log_in_with_code(pending.as_str().as_bytes(), &code, &here()).await.unwrap();
    let (who, claims) = current(&site, &opened.access).await;
    assert!(claims.has_factor, "after a login with a code");

    let off = site
        .accounts
        .disable_two_factor(
            &who,
            &Proof::of_password("seven maps of nowhere").with_code(Some(codes[0].as_str())),
        )
        .await
        .unwrap();
    let FactorOff::GoesOn(tokens) = off else { panic!("the session ended: {off:?}") };
    let (_, claims) = current(&site, &tokens.access).await;
    assert!(!claims.has_factor, "after turning the second factor off");
}

#[tokio::test]
async fn an_enrolment_issues_claims_with_the_second_factor() {
    let site = Site::new();
    let site = Site::node(site.store.clone(), site.clock.clone(), site.keys.clone(), |settings| {
        settings.claims = Some(OwnClaims::new(row_claims));
        settings.two_factor = TwoFactorPolicy::RequiredForAll;
    });
    let LoginStep::EnrolmentRequired(token) =
        site.accounts.register("alice", PASSWORD, &here()).await.unwrap()
    else {
        panic!("no enrolment was required");
    };
    let enrolling = site.accounts.enrolling(token.as_str().as_bytes()).await.unwrap();
    let code = totp_of(enrolling.set_up().unwrap()).code_at(site.now());
    let (_codes, opened) = enrolling.accept_first_code(&code, &here()).await.unwrap();
    let (_, claims) = current(&site, &opened.access).await;
    assert!(claims.has_factor);
}

/// Serializes `tenant` under one name and deserializes it under another.
#[derive(Serialize, Deserialize)]
struct OneWay {
    #[serde(rename(serialize = "written", deserialize = "read"))]
    tenant: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Closed {
    tenant: String,
}

#[tokio::test]
async fn claims_that_cannot_be_verified_are_an_error_at_issue() {
    let nested =
        |depth: usize| (0..depth).fold(serde_json::json!(1), |inner, _| serde_json::json!([inner]));
    let wide: serde_json::Map<_, _> = (0..300).map(|at| (at.to_string(), 0.into())).collect();
    let tenant = || "acme".to_owned();
    let sites = [
        with_claims(move |_| serde_json::json!({ "deep": nested(20) })),
        with_claims(move |_| serde_json::Value::Object(wide.clone())),
        with_claims(|_| serde_json::json!({ "gen": 0 })),
        with_claims(|_| "not an object".to_owned()),
        with_claims(move |_| OneWay { tenant: tenant() }),
        with_claims(move |_| Closed { tenant: tenant() }),
    ];
    for (at, site) in sites.iter().enumerate() {
        let refused = site.accounts.register("alice", PASSWORD, &here()).await.map(|_| ());
        let kind = refused.unwrap_err().kind();
        assert_eq!(kind, AccountsErrorKind::Internal, "{at}");
    }
    let nearly =
        |depth: usize| (0..depth).fold(serde_json::json!(1), |inner, _| serde_json::json!([inner]));
    let site = with_claims(move |_| serde_json::json!({ "deep": nearly(12) }));
    let opened = site.register("alice").await;
    let who =
        site.accounts.verifier().verify(opened.access.as_str().as_bytes(), site.now()).unwrap();
    assert!(who.claims::<serde_json::Value>().is_some());
}
