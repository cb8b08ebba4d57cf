//! The kit: keys, names and a clock of one site in a test.

use std::{
    fmt,
    marker::PhantomData,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use hallpass_core::{
    Clock, Issuer, KeyRing, Keys, RequestAuthenticator, RevocationList, Role, UnixTime,
};

use crate::{authenticator::Authenticator, frozen_clock::FrozenClock};

/// One site in a test: it signs tokens, and its layer verifies them.
///
/// Kits share nothing, not even keys: a token of one is nobody in another. Clones of a kit are the
/// same kit.
pub struct Kit<R> {
    issuer: Issuer,
    revocations: RevocationList,
    clock: FrozenClock,
    pub(crate) store_calls: StoreCalls,
    roles: PhantomData<fn() -> R>,
}

impl<R: Role> Kit<R> {
    /// A kit with keys of its own, whose clock stands at 2026-01-01T00:00:00Z. Issuer and audience
    /// are `hallpass`, the names that a site has if it names none.
    #[must_use]
    pub fn new() -> Self {
        Self::named("hallpass", "hallpass")
    }

    /// A kit whose tokens carry these names, `iss` and `aud`, for a site that has its own.
    #[must_use]
    pub fn named(issuer: &str, audience: &str) -> Self {
        let keys = KeyRing::generate_hs256(key_of_this_kit(), NEW_YEAR);
        Self {
            issuer: Issuer::new(keys, issuer, audience),
            revocations: RevocationList::new(),
            clock: FrozenClock::at(NEW_YEAR),
            store_calls: StoreCalls::default(),
            roles: PhantomData,
        }
    }

    /// The clock by which tokens are signed and verified here.
    #[must_use]
    pub fn clock(&self) -> FrozenClock {
        self.clock.clone()
    }

    /// The keys, for a site's own builder or for a ring to be rotated.
    #[must_use]
    pub fn keys(&self) -> Keys {
        self.issuer.keys().clone()
    }

    /// The issuer of this kit's tokens.
    #[must_use]
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// What was revoked in this kit.
    #[must_use]
    pub fn revocations(&self) -> &RevocationList {
        &self.revocations
    }

    /// What finds and verifies the token of a request: what the kit's layers are made of.
    #[must_use]
    pub fn request_authenticator(&self) -> RequestAuthenticator<R> {
        RequestAuthenticator::new(self.issuer.verifier().revocation(self.revocations.clone()))
            .bearer()
    }

    /// Returns the outer layer of the site under test, as `hallpass.layer()` does for a site. It is
    /// the same on axum and actix-web.
    #[cfg(any(feature = "actix", feature = "axum"))]
    pub fn layer(&self) -> hallpass::AuthLayer<R> {
        hallpass::AuthLayer::new(self.request_authenticator()).clock(self.clock())
    }

    /// The authenticator app of somebody to whom a site showed this `otpauth://` link. Its codes
    /// follow the kit's clock.
    ///
    /// # Panics
    /// The link is none.
    #[must_use]
    pub fn authenticator(&self, otpauth_uri: &str) -> Authenticator {
        Authenticator::scan(otpauth_uri, self.clock())
    }

    /// How often the stores that this kit watches were asked since it was made or
    /// [`forget_store_calls`](Self::forget_store_calls).
    #[must_use]
    pub fn store_calls(&self) -> u64 {
        self.store_calls.count()
    }

    /// Begins to count anew: after the sign-in, say.
    pub fn forget_store_calls(&self) {
        self.store_calls.forget();
    }

    /// Asserts that no store that this kit watches was asked.
    ///
    /// # Panics
    /// One was.
    #[track_caller]
    pub fn assert_no_store_calls(&self) {
        let calls = self.store_calls();
        assert!(calls == 0, "the store was asked {calls} times");
    }

    /// From now on a watched store panics when it is asked, so that the test shows where from.
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
    /// Counts a call, in the name of the method that was called.
    #[cfg(feature = "stores")]
    pub(crate) fn called(&self, method: &str) {
        self.0.count.fetch_add(1, Ordering::SeqCst);
        assert!(!self.0.forbidden.load(Ordering::SeqCst), "the store was asked: {method}");
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

/// A different key for each kit of a process. Not a secret: it protects a test.
fn key_of_this_kit() -> [u8; 32] {
    static KITS: AtomicU64 = AtomicU64::new(1);
    let mut key = [0x5a; 32];
    for (byte, number) in key.iter_mut().zip(KITS.fetch_add(1, Ordering::Relaxed).to_le_bytes()) {
        *byte = number;
    }
    key
}

/// 2026-01-01T00:00:00Z, in seconds. A whole number of 30-second steps, so that a one-time code of
/// "now" is good for 30 more.
const NEW_YEAR: UnixTime = UnixTime::from_secs(1_767_225_600);
