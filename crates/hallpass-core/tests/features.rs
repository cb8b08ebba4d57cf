//! With every combination of features, a token is signed and verified. `.ci/run` runs this test
//! with each combination.

#![allow(clippy::unwrap_used, reason = "a test")]

use hallpass_core::{Claims, Issuer, KeyRing, LoggedIn, Role, TokenErrorKind, UnixTime, Verifier};

const NOW: UnixTime = UnixTime::from_secs(1_764_000_000);

/// Implemented by hand, because the macro is a feature.
struct Admin;

impl Role for Admin {
    const ALL: &'static [Self] = &[Self];

    fn name(&self) -> &'static str {
        "admin"
    }

    fn index(&self) -> u8 {
        0
    }

    fn from_index(index: u8) -> Option<Self> {
        (index == 0).then_some(Self)
    }
}

fn rings() -> Vec<KeyRing> {
    let mut rings = Vec::from([KeyRing::generate_hs256([7; 32], NOW)]);
    if cfg!(feature = "asymmetric") {
        rings.push(KeyRing::generate(hallpass_core::Algorithm::EdDsa, [8; 32], NOW).unwrap());
    }
    rings
}

#[test]
fn a_token_is_signed_and_verified() {
    for ring in rings() {
        let issuer = Issuer::new(ring, "https://site.example", "site");
        let who = LoggedIn::insecure_new(Claims::new("17", 0, NOW).with_username("alice"), Admin);
        let token = issuer.issue(&who, NOW).unwrap();
        let verifier: Verifier<Admin> = issuer.verifier();
        let identity = verifier.verify(token.as_str().as_bytes(), NOW).unwrap();
        assert!(identity.roles().contains(Admin));

        let last = token.as_str().len() - 1;
        let cut = &token.as_str().as_bytes()[..last];
        assert!(verifier.verify(cut, NOW).is_err());
        let late = verifier.verify(token.as_str().as_bytes(), token.expires_at());
        assert_eq!(late.unwrap_err().kind(), TokenErrorKind::Expired);
    }
}

/// Without the feature, the algorithm has its name, but its keys are refused.
#[cfg(not(feature = "asymmetric"))]
#[test]
fn a_key_of_an_absent_algorithm_is_refused() {
    assert!(KeyRing::generate(hallpass_core::Algorithm::EdDsa, [8; 32], NOW).is_err());
}

#[cfg(feature = "derive")]
mod derived {
    use hallpass_core::Role;

    #[derive(Role, Clone, Copy, PartialEq, Eq, Debug)]
    enum SiteRole {
        Guest,
    }

    #[test]
    fn derived_role_matches_a_manual_implementation() {
        assert_eq!(
            (SiteRole::from_name("guest"), SiteRole::from_name("Guest")),
            (Some(SiteRole::Guest), None)
        );
    }
}

#[cfg(feature = "totp")]
#[test]
fn totp_code_is_generated_and_checked() {
    use hallpass_core::{Totp, TotpSecret, TotpSettings};
    let totp = Totp::new(TotpSecret::from_random([7; 20]), TotpSettings::default());
    assert!(totp.check(&totp.code_at(NOW), NOW).is_ok());
    assert!(totp.check("000000x", NOW).is_err());
}
