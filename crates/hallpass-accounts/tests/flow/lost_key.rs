//! A lost encryption key: the error does not pass by itself, the log names the key and the fix, and
//! nothing counts as an attempt.

use std::error::Error;

use hallpass_accounts::{AccountsErrorKind, Event, Proof, TwoFactor};
use hallpass_core::{Algorithm, Key, KeyId, KeyRing, Totp, TotpSettings};

use crate::reminders::subscribed;
use crate::secret::Log;
use crate::site::{PASSWORD, Site, here, logged_in};

/// Replaces the encryption key of the site's ring. Returns the id of the lost key.
fn lose_the_key(site: &Site) -> KeyId {
    let ring = site.keys.current();
    let lost = ring.encryption_keys().next().unwrap().0.clone();
    site.keys.replace(ring.rotate_encryption([9; 32], site.now()).retire(&lost).unwrap());
    lost
}

#[tokio::test]
async fn a_lost_key_is_an_internal_error_and_not_an_attempt() {
    let log = Log::default();
    let _guard = subscribed(&log);
    let site = Site::new();
    let alice = site.enrolled("alice").await;
    let who = site.verify(&alice.access).unwrap();
    let ring = site.keys.current();
    let lost = lose_the_key(&site);

    let code = alice.next_code();
    for _ in 0..20 {
        let error = site.accounts.log_in("alice", PASSWORD, Some(&code), &here()).await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), AccountsErrorKind::Internal);
        let cause = error.source().map(ToString::to_string).unwrap_or_default();
        assert!(cause.contains(lost.as_str()) && cause.contains("key file"), "{cause}");
        let error = site
            .accounts
            .replace_recovery_codes(&who, &Proof::of_password(PASSWORD).with_code(Some(&code)))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), AccountsErrorKind::Internal);
    }
    assert_eq!(site.heard(|event| matches!(event, Event::Limited { .. })), 0);
    assert_eq!(site.heard(|event| matches!(event, Event::Refused { .. })), 0);
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let named = |line: &&str| {
        line.contains("ERROR")
            && line.contains("a second factor could not be decrypted")
            && line.contains(lost.as_str())
            && line.contains("add it to the key file again")
    };
    assert_eq!(logged.lines().filter(named).count(), 40, "{logged}");

    // A recovery code needs no key.
    logged_in(site.log_in("alice", PASSWORD, Some(&alice.recovery[0])).await);
    site.keys.replace(KeyRing::clone(&ring));
    logged_in(site.log_in("alice", PASSWORD, Some(&code)).await);
}

/// Without a key no code matches, so a right code must not be rejected as a wrong one.
#[tokio::test]
async fn a_factor_cannot_be_enabled_without_an_encryption_key() {
    let site = Site::new();
    let opened = site.register("alice").await;
    let who = site.verify(&opened.access).unwrap();
    let TwoFactor::Off(set_up) = site.accounts.two_factor(&who).await.unwrap() else {
        panic!("a new account has no factor");
    };
    let code = Totp::new(set_up.secret, TotpSettings::default()).code_at(site.now());
    let ring = site.keys.current();
    let id = KeyId::parse("signs-only").unwrap();
    let key = Key::hmac(id, Algorithm::Hs256, b"thirty-two bytes that only sign it").unwrap();
    site.keys.replace(KeyRing::signing_with(key).unwrap());
    for _ in 0..20 {
        let error = site
            .accounts
            .enable_two_factor(&who, &Proof::of_password(PASSWORD), &code)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), AccountsErrorKind::Internal);
        let error = site.accounts.two_factor(&who).await.unwrap_err();
        assert_eq!(error.kind(), AccountsErrorKind::Internal);
    }
    site.keys.replace(KeyRing::clone(&ring));
    assert!(
        site.accounts.enable_two_factor(&who, &Proof::of_password(PASSWORD), &code).await.is_ok()
    );
}
