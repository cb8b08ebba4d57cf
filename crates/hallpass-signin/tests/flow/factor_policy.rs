//! Who must have a second factor gets what asks for it by showing one, and not before.

use hallpass_core::{RoleSet, Totp, TotpSettings};
use hallpass_signin::{Administration as _, Event, FactorPolicy, SignInBuildError, TwoFactor};

use crate::site::{PASSWORD, Site, SiteRole, id_of, signed_in};

fn required(policy: FactorPolicy<SiteRole>) -> Site {
    let site = Site::new();
    Site::node(site.store.clone(), site.clock.clone(), site.keys.clone(), |builder| builder.factor_policy(policy))
}

#[tokio::test]
async fn an_admin_must_enrol_to_be_one() {
    let site = required(FactorPolicy::RequiredFor(SiteRole::Admin.into()));
    let who = site.verify(&site.register("alice").await.access).unwrap();
    assert_eq!(who.roles(), RoleSet::from(SiteRole::Guest), "guests as they like");
    let roles = ["guest", "admin"].map(str::to_owned);
    site.store.set_roles(&id_of(&who), &roles, site.now()).await.unwrap();

    let opened = signed_in(site.log_in("alice", PASSWORD, None).await);
    assert_eq!(opened.user.roles, ["guest"]);
    assert_eq!(site.heard(|event| matches!(event, Event::EnrolmentDue { .. })), 1);
    let who = site.verify(&opened.access).unwrap();
    let TwoFactor::Off(set_up) = site.sign_in.two_factor(&who).await.unwrap() else { panic!() };
    let totp = Totp::new(set_up.secret, TotpSettings::default());
    let (codes, tokens) = site.sign_in.enable_two_factor(&who, &totp.code_at(site.now())).await.unwrap();
    let who = site.verify(&tokens.access).unwrap();
    assert!(who.roles().contains(SiteRole::Admin), "the first right code brings the role");

    let opened = signed_in(site.log_in("alice", PASSWORD, Some(codes[0].as_str())).await);
    assert_eq!(opened.user.roles, ["guest", "admin"]);
    let off = site.sign_in.disable_two_factor(&who, PASSWORD, codes[1].as_str()).await.unwrap();
    assert!(!site.verify(&off.access).unwrap().roles().contains(SiteRole::Admin), "off, and the role is gone");
}

#[tokio::test]
async fn where_all_must_a_password_alone_grants_no_role() {
    let site = required(FactorPolicy::RequiredForAll);
    let opened = site.register("alice").await;
    assert_eq!(opened.user.roles, [""; 0]);
    assert!(site.verify(&opened.access).unwrap().roles().is_empty());
}

#[test]
fn a_factor_that_nobody_could_set_up_is_not_required() {
    let keys = hallpass_core::KeyRing::generate_hs256([1; 32], hallpass_core::UnixTime::from_secs(0));
    let issuer = hallpass_core::Issuer::new(keys, "https://site.example", "site");
    let store = crate::memory::MemoryStore::default();
    let builder = hallpass_signin::SignIn::<SiteRole>::builder(store, issuer);
    let built = builder.factor_policy(FactorPolicy::RequiredForAll).build();
    assert_eq!(built.map(|_| ()).unwrap_err(), SignInBuildError::FactorsRequiredButOff);
}
