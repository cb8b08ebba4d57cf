//! An account that must have a second factor receives no access token before it has one.

use hallpass_accounts::{
    Accounts, AccountsErrorKind, AdministrationStore as _, Event, FactorOff, LoginStep, Proof,
    Settings, SettingsError, TwoFactor, TwoFactorPolicy, Username,
};
use hallpass_core::{EnrolmentPending, Methods, Token, Totp, TotpSettings};

use crate::site::{PASSWORD, Site, SiteRole, here, id_of, stores};

fn required(policy: TwoFactorPolicy<SiteRole>) -> Site {
    let site = Site::new();
    Site::node(site.store.clone(), site.clock.clone(), site.keys.clone(), |settings| {
        settings.two_factor = policy
    })
}

fn enrolment_required(step: LoginStep) -> Token<EnrolmentPending> {
    match step {
        LoginStep::EnrolmentRequired(token) => token,
        other => panic!("no enrolment is required: {other:?}"),
    }
}

/// Returns the current code of the secret that this enrolment offers.
async fn first_code(site: &Site, token: &Token<EnrolmentPending>) -> String {
    let set_up =
        site.accounts.enrolling(token.as_str().as_bytes()).await.unwrap().set_up().unwrap();
    Totp::new(set_up.secret, TotpSettings::default()).code_at(site.now())
}

#[tokio::test]
async fn an_admin_receives_no_access_token_before_enrolment() {
    let site = required(TwoFactorPolicy::RequiredFor(SiteRole::Admin.into()));
    let who = site.verify(&site.register("alice").await.access).unwrap();
    let roles = ["guest", "admin"].map(str::to_owned);
    let _done = site.store.set_roles(&id_of(&who), &roles, &[], None, site.now()).await.unwrap();

    let token = enrolment_required(site.log_in("alice", PASSWORD, None).await.unwrap());
    assert_eq!(site.heard(|event| matches!(event, Event::EnrolmentRequired { .. })), 1);
    let verifier = site.accounts.issuer().verifier::<SiteRole>();
    assert!(verifier.verify(token.as_str().as_bytes(), site.now()).is_err(), "not an access token");
    let pending =
        site.accounts.log_in_with_code(token.as_str().as_bytes(), "000000", &here()).await;
    assert_eq!(pending.unwrap_err().kind(), AccountsErrorKind::Refused, "not a pending token");

    let enrolling = site.accounts.enrolling(token.as_str().as_bytes()).await.unwrap();
    let wrong = enrolling.accept_first_code("000000", &here()).await;
    assert_eq!(wrong.map(|_| ()).unwrap_err().kind(), AccountsErrorKind::Refused);
    let code = first_code(&site, &token).await;
    let (codes, opened) = enrolling.accept_first_code(&code, &here()).await.unwrap();
    assert_eq!(opened.user.roles, ["guest", "admin"]);
    let who = site.verify(&opened.access).unwrap();
    assert_eq!(who.methods(), Methods::PASSWORD | Methods::ONE_TIME_CODE);
    let again = site.accounts.enrolling(token.as_str().as_bytes()).await;
    assert_eq!(
        again.map(|_| ()).unwrap_err().kind(),
        AccountsErrorKind::NotLoggedIn,
        "an enrolment token is accepted once"
    );
    assert!(matches!(site.log_in("alice", PASSWORD, None).await, Ok(LoginStep::MfaRequired(_))));

    let off = site
        .accounts
        .disable_two_factor(&who, &Proof::of_password(PASSWORD).with_code(Some(codes[1].as_str())))
        .await
        .unwrap();
    assert!(site.verify(&opened.access).is_none(), "disabling the factor ends every session");
    let FactorOff::EnrolmentRequired(token) = off else {
        panic!("the session continued without a factor: {off:?}")
    };
    let code = first_code(&site, &token).await;
    let enrolling = site.accounts.enrolling(token.as_str().as_bytes()).await.unwrap();
    assert!(enrolling.accept_first_code(&code, &here()).await.is_ok(), "enrols another app");
}

#[tokio::test]
async fn required_for_all_leads_register_and_login_to_enrolment() {
    let site = required(TwoFactorPolicy::RequiredForAll);
    let first =
        enrolment_required(site.accounts.register("alice", PASSWORD, &here()).await.unwrap());
    let second = enrolment_required(site.log_in("alice", PASSWORD, None).await.unwrap());
    let (one, other) = (first_code(&site, &first).await, first_code(&site, &second).await);
    assert_ne!(one, other, "another browser with the same password is shown another secret");
    let enrolling = site.accounts.enrolling(second.as_str().as_bytes()).await.unwrap();
    assert!(enrolling.accept_first_code(&one, &here()).await.is_err());
    assert!(enrolling.accept_first_code(&other, &here()).await.is_ok());
}

#[tokio::test]
async fn an_enrolment_ends_at_its_expiry_or_at_an_account_change() {
    let site = required(TwoFactorPolicy::RequiredForAll);
    let token =
        enrolment_required(site.accounts.register("alice", PASSWORD, &here()).await.unwrap());
    let kind = async |token: &Token<EnrolmentPending>| {
        site.accounts
            .enrolling(token.as_str().as_bytes())
            .await
            .map(|_| ())
            .map_err(|error| error.kind())
    };
    assert_eq!(kind(&token).await, Ok(()));
    site.clock.pass(15 * 60);
    assert_eq!(kind(&token).await, Err(AccountsErrorKind::NotLoggedIn));
    let token = enrolment_required(site.log_in("alice", PASSWORD, None).await.unwrap());
    let account = site.accounts.find(&Username::parse("alice").unwrap()).await.unwrap().unwrap();
    site.accounts.log_out_everywhere(account.id()).await.unwrap();
    assert_eq!(kind(&token).await, Err(AccountsErrorKind::NotLoggedIn));
}

/// A session that was opened before the policy lasts until its access token expires or a refresh is
/// tried. A change of the account grants no roles to it, and the refresh is rejected.
#[tokio::test]
async fn a_session_opened_before_the_policy_is_not_refreshed() {
    let before = Site::new();
    let opened = before.register("alice").await;
    let after =
        Site::node(before.store.clone(), before.clock.clone(), before.keys.clone(), |settings| {
            settings.two_factor = TwoFactorPolicy::RequiredForAll;
        });
    let who = after.verify(&opened.access).unwrap();
    let refresh = opened.refresh.unwrap();
    let proof = Proof::of_password(PASSWORD).with_refresh(Some(refresh.as_str().as_bytes()));
    let tokens =
        after.accounts.change_password(&who, &proof, "seven maps of nowhere").await.unwrap();
    assert!(after.verify(&tokens.access).unwrap().roles().is_empty());
    let refreshed = after.accounts.refresh(tokens.refresh.unwrap().as_str().as_bytes()).await;
    assert_eq!(refreshed.map(|_| ()).unwrap_err().kind(), AccountsErrorKind::NotLoggedIn);
    assert!(after.verify(&tokens.access).is_none(), "the session has ended");
}

/// A promotion to a role that requires a factor does not end the sessions without one. They
/// continue without the new role, until a factor is proven.
#[tokio::test]
async fn a_role_that_requires_a_factor_is_granted_at_the_next_proof() {
    let site = required(TwoFactorPolicy::RequiredFor(SiteRole::Admin.into()));
    let opened = site.register("alice").await;
    let who = site.verify(&opened.access).unwrap();
    site.accounts.set_roles(&id_of(&who), [SiteRole::Guest, SiteRole::Admin]).await.unwrap();
    assert!(site.verify(&opened.access).is_none(), "the token is stale");
    let tokens = site.accounts.refresh(opened.refresh.unwrap().as_str().as_bytes()).await.unwrap();
    let who = site.verify(&tokens.access).unwrap();
    assert_eq!(who.roles(), SiteRole::Guest.into());
    assert_eq!(site.heard(|event| matches!(event, Event::EnrolmentRequired { .. })), 1);

    let TwoFactor::Off(set_up) = site.accounts.two_factor(&who).await.unwrap() else {
        panic!("the account has no factor")
    };
    let code = Totp::new(set_up.secret, TotpSettings::default()).code_at(site.now());
    let (_, tokens) =
        site.accounts.enable_two_factor(&who, &Proof::of_password(PASSWORD), &code).await.unwrap();
    let roles = site.verify(&tokens.access).unwrap().roles();
    assert_eq!(roles, [SiteRole::Guest, SiteRole::Admin].into());
}

#[test]
fn required_factor_without_a_store_is_a_settings_error() {
    let keys =
        hallpass_core::KeyRing::generate_hs256([1; 32], hallpass_core::UnixTime::from_secs(0));
    let mut stores = stores(&hallpass_test_support::memory_store::MemoryStore::default());
    stores.two_factor = None;
    let settings =
        Settings { two_factor: TwoFactorPolicy::RequiredForAll, ..Settings::<SiteRole>::default() };
    let built = Accounts::new(keys, stores, settings);
    assert_eq!(built.map(|_| ()).unwrap_err(), SettingsError::TwoFactorWithoutStore);
}
