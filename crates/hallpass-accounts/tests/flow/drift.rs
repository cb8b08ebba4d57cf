//! Authenticators whose clock is wrong, on sites that remember the drift and on sites that do not.

use hallpass_accounts::{AccountsErrorKind, Username};
use hallpass_core::{TotpSettings, UnixTime};

use crate::site::{Enrolled, PASSWORD, Site, logged_in};

impl Site {
    fn that_remembers_drift() -> Self {
        let Self { store, clock, keys, .. } = Self::new();
        let totp = TotpSettings::default().remember_drift();
        Self::node(store, clock, keys, |settings| settings.totp = totp)
    }

    /// Logs in ten minutes later, with an authenticator whose clock is `seconds` ahead.
    async fn log_in_off_by(&self, seconds: i64, alice: &Enrolled) -> bool {
        self.clock.pass(600);
        let shown = self.now().as_secs().saturating_add_signed(seconds);
        let code = alice.totp.code_at(UnixTime::from_secs(shown));
        match self.log_in("alice", PASSWORD, Some(&code)).await {
            Err(AccountsErrorKind::Refused) => false,
            step => {
                logged_in(step);
                true
            }
        }
    }

    async fn drift(&self) -> i64 {
        let account =
            self.accounts.find(&Username::parse("alice").unwrap()).await.unwrap().unwrap();
        account.second_factor().unwrap().drift().steps()
    }
}

#[tokio::test]
async fn drift_of_a_slow_clock_is_remembered_up_to_the_bound() {
    let site = Site::that_remembers_drift();
    let alice = site.enrolled("alice").await;
    for (seconds, opens, kept) in [
        (-30, true, -1),
        (-60, true, -2),
        (-120, false, -2),
        (-90, true, -3),
        (-120, true, -4),
        (-150, true, -4),
        (-180, false, -4),
        (0, true, 0),
        (-60, false, 0),
    ] {
        let opened = site.log_in_off_by(seconds, &alice).await;
        assert_eq!((opened, site.drift().await), (opens, kept), "{seconds} s off");
    }
}

#[tokio::test]
async fn a_corrected_fast_clock_needs_a_later_code_than_the_last() {
    let site = Site::that_remembers_drift();
    let alice = site.enrolled("alice").await;
    for seconds in [30, 60, 90, 120] {
        assert!(site.log_in_off_by(seconds, &alice).await);
    }
    // The code of four steps ahead is consumed, so codes of earlier steps are rejected.
    for (seconds, opens) in [(30, false), (60, false), (30, false), (30, true)] {
        site.clock.pass(seconds);
        let opened = site.log_in("alice", PASSWORD, Some(&alice.totp.code_at(site.now()))).await;
        assert_eq!(opened.is_ok(), opens);
    }
}

#[tokio::test]
async fn a_code_is_consumed_also_if_drift_is_remembered() {
    let site = Site::that_remembers_drift();
    let alice = site.enrolled("alice").await;
    site.clock.pass(600);
    let code = alice.totp.code_at(site.now());
    logged_in(site.log_in("alice", PASSWORD, Some(&code)).await);
    for _ in 0..3 {
        let again = site.log_in("alice", PASSWORD, Some(&code)).await;
        assert_eq!(again.map(|_| ()), Err(AccountsErrorKind::Refused));
        site.clock.pass(30);
    }
}

#[tokio::test]
async fn without_the_setting_drift_is_neither_stored_nor_used() {
    let site = Site::that_remembers_drift();
    let alice = site.enrolled("alice").await;
    assert!(site.log_in_off_by(-30, &alice).await);
    assert_eq!(site.drift().await, -1);

    let strict = site.other_node();
    assert!(!strict.log_in_off_by(-60, &alice).await);
    assert!(strict.log_in_off_by(-30, &alice).await);
    assert_eq!(strict.drift().await, 0);
}
