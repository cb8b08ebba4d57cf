//! The kit: the keys, names and clock of one site in a test.

use std::{
    fmt,
    marker::PhantomData,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use hallpass_core::{
    Clock, Issuer, KeyRing, Keys, Maintenance, RequestAuthenticator, RevocationList, Role, UnixTime,
};

use crate::{authenticator::Authenticator, frozen_clock::FrozenClock};

/// One site in a test: it signs tokens, and its layer verifies them.
///
/// Kits share nothing, not even keys: each draws its own at random, so a kit rejects the tokens of
/// another kit and of another run. Clones of a kit share its state. Use it in tests only: its clock
/// stands still.
pub struct Kit<R> {
    issuer: Issuer,
    revocations: RevocationList,
    maintenance: Arc<Maintenance>,
    clock: FrozenClock,
    pub(crate) store_calls: StoreCalls,
    roles: PhantomData<fn() -> R>,
}

impl<R: Role> Kit<R> {
    /// Creates a kit with its own keys, whose clock is at 2026-01-01T00:00:00Z. Issuer and audience
    /// are `hallpass`, the defaults of a site.
    #[must_use]
    pub fn new() -> Self {
        Self::named("hallpass", "hallpass")
    }

    /// Creates a kit with this issuer (`iss`) and audience (`aud`) in its tokens, for a site that
    /// sets them.
    #[must_use]
    pub fn named(issuer: &str, audience: &str) -> Self {
        let keys = KeyRing::generate_hs256(key_of_this_kit(), NEW_YEAR);
        let revocations = RevocationList::new();
        Self {
            issuer: Issuer::new(keys, issuer, audience),
            maintenance: Arc::new(revocations.maintain()),
            revocations,
            clock: FrozenClock::at(NEW_YEAR),
            store_calls: StoreCalls::default(),
            roles: PhantomData,
        }
    }

    /// Returns the clock of the kit. Its tokens are signed and verified at the time of this clock.
    #[must_use]
    pub fn clock(&self) -> FrozenClock {
        self.clock.clone()
    }

    /// Returns the keys, for a site's own builder or for a rotation.
    #[must_use]
    pub fn keys(&self) -> Keys {
        self.issuer.keys().clone()
    }

    /// Returns the issuer of this kit's tokens.
    #[must_use]
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Returns the revocation list of the kit's layers.
    #[must_use]
    pub fn revocations(&self) -> &RevocationList {
        &self.revocations
    }

    /// Completes the futures of [`Identity::revoked`](hallpass_core::Identity::revoked) whose token
    /// has expired by the kit's clock. A site does it every second.
    pub fn end_expired_streams(&self) {
        self.maintenance.tick(self.clock.now());
    }

    /// Returns the authenticator of the kit's layers, which finds and verifies the token of a
    /// request. It accepts a bearer token, too, which a site accepts only if it enables that.
    #[must_use]
    pub fn request_authenticator(&self) -> RequestAuthenticator<R> {
        RequestAuthenticator::new(self.issuer.verifier().revocation(self.revocations.clone()))
            .bearer()
    }

    /// Returns the outer layer of the site under test, in place of `hallpass.layer()`. It is the
    /// same on axum and actix-web. It does not refresh sessions.
    #[cfg(any(feature = "actix", feature = "axum"))]
    pub fn layer(&self) -> hallpass::AuthLayer<R> {
        hallpass::AuthLayer::new(self.request_authenticator()).clock(self.clock())
    }

    /// Returns an authenticator app that has scanned this `otpauth://` link. Its codes follow the
    /// kit's clock.
    ///
    /// # Panics
    /// `otpauth_uri` is not a valid `otpauth://` link.
    #[must_use]
    pub fn authenticator(&self, otpauth_uri: &str) -> Authenticator {
        Authenticator::scan(otpauth_uri, self.clock())
    }

    /// Returns the number of calls to the watched stores since the kit was created, or since the
    /// last call of [`forget_store_calls`](Self::forget_store_calls).
    #[must_use]
    pub fn store_calls(&self) -> u64 {
        self.store_calls.count()
    }

    /// Sets the number of store calls to 0, for example after the login.
    pub fn forget_store_calls(&self) {
        self.store_calls.forget();
    }

    /// Asserts that no watched store was called since the kit was created, or since the last call
    /// of [`forget_store_calls`](Self::forget_store_calls).
    ///
    /// # Panics
    /// A watched store was called.
    #[track_caller]
    pub fn assert_no_store_calls(&self) {
        let calls = self.store_calls();
        assert!(calls == 0, "the store was called {calls} times");
    }

    /// Makes each later call of a watched store panic, so that the backtrace shows the caller.
    pub fn forbid_store_calls(&self) {
        self.store_calls.forbid();
    }

    pub(crate) fn now(&self) -> UnixTime {
        self.clock.now()
    }
}

impl<R: Role> Default for Kit<R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R> Clone for Kit<R> {
    fn clone(&self) -> Self {
        Self {
            issuer: self.issuer.clone(),
            revocations: self.revocations.clone(),
            maintenance: Arc::clone(&self.maintenance),
            clock: self.clock.clone(),
            store_calls: self.store_calls.clone(),
            roles: PhantomData,
        }
    }
}

impl<R> fmt::Debug for Kit<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kit").field("clock", &self.clock).finish_non_exhaustive()
    }
}

/// The count that a kit shares with the stores that it watches.
#[derive(Clone, Debug, Default)]
pub(crate) struct StoreCalls(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    count: AtomicU64,
    forbidden: AtomicBool,
}

impl StoreCalls {
    /// Counts a call of this method. Panics if calls are forbidden.
    #[cfg(feature = "stores")]
    pub(crate) fn called(&self, method: &str) {
        self.0.count.fetch_add(1, Ordering::SeqCst);
        assert!(!self.0.forbidden.load(Ordering::SeqCst), "the store was called: {method}");
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.count.load(Ordering::SeqCst)
    }

    pub(crate) fn forget(&self) {
        self.0.count.store(0, Ordering::SeqCst);
    }

    pub(crate) fn forbid(&self) {
        self.0.forbidden.store(true, Ordering::SeqCst);
    }
}

/// Draws the key of a kit. It is not a constant, so that a site that uses the kit by mistake
/// accepts no token that somebody else can make: tested by `no_published_key_signs_for_a_kit`.
fn key_of_this_kit() -> [u8; 32] {
    let mut key = [0; 32];
    if let Err(error) = getrandom::fill(&mut key) {
        panic!("the operating system has no random bytes for the key of the kit: {error}");
    }
    key
}

/// 2026-01-01T00:00:00Z. A multiple of 30 seconds, so that a one-time code of this time stays the
/// same for 30 seconds.
const NEW_YEAR: UnixTime = UnixTime::from_secs(1_767_225_600);
