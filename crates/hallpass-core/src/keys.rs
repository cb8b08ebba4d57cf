//! The ring that everything shares, and that can be swapped while requests run.

use std::{fmt, sync::Arc};

use arc_swap::{ArcSwap, Guard};

use crate::KeyRing;

/// A handle on the key ring in use. Clones are handles on the same one, so a [replacement](Self::replace) reaches every issuer and
/// verifier at once and each request sees the old ring or the new one, whole.
///
/// ```
/// use hallpass_core::{KeyRing, Keys, UnixTime};
///
/// let keys = Keys::from(KeyRing::generate_hs256([1; 32], UnixTime::from_secs(0)));
/// let seen_by_the_verifier = keys.clone();
/// keys.replace(KeyRing::generate_hs256([2; 32], UnixTime::from_secs(0)));
/// assert_eq!(seen_by_the_verifier.current().active().unwrap().id(), keys.current().active().unwrap().id());
/// ```
#[derive(Clone)]
pub struct Keys(Arc<ArcSwap<KeyRing>>);

impl Keys {
    /// Puts another ring into use, for everyone who shares this handle.
    pub fn replace(&self, ring: KeyRing) {
        self.0.store(Arc::new(ring));
    }

    /// The ring in use.
    pub fn current(&self) -> Arc<KeyRing> {
        self.0.load_full()
    }

    /// The ring in use, for the length of one request and without touching its reference count.
    pub(crate) fn borrow(&self) -> Guard<Arc<KeyRing>> {
        self.0.load()
    }
}

impl From<KeyRing> for Keys {
    fn from(ring: KeyRing) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(ring)))
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keys").field(&*self.borrow()).finish()
    }
}
