//! Peppers: a secret of the key ring that goes into password hashes, so that a copy of the database alone cannot be guessed
//! against (argon2's secret value, RFC 9106 section 3.1).
//!
//! A hash names its pepper in the PHC string's `keyid`, by eight bytes of a hash of the key's name: room is for no more, and the
//! store learns nothing. So peppers rotate as the other keys do: an older one goes on being read, and the first right password
//! makes the hash anew with the one in use.

use std::fmt;

use hallpass_core::{KeyId, KeyRing};
use sha2::{Digest, Sha256};

/// A pepper of a ring.
#[derive(Clone, Copy)]
pub(crate) struct Pepper<'r> {
    name: PepperName,
    secret: &'r [u8; 32],
}

/// What stands in `keyid`.
pub(crate) type PepperName = [u8; 8];

impl<'r> Pepper<'r> {
    /// The one that new hashes are made with; `None` where the ring has none.
    pub(crate) fn in_use(ring: &'r KeyRing) -> Option<Self> {
        ring.peppers().next().map(Self::of)
    }

    /// The one that a hash was made with; `None` where the ring has it no more.
    pub(crate) fn named(ring: &'r KeyRing, name: &[u8]) -> Option<Self> {
        ring.peppers().map(Self::of).find(|pepper| pepper.name == *name)
    }

    pub(crate) fn name(self) -> PepperName {
        self.name
    }

    pub(crate) fn secret(self) -> &'r [u8] {
        self.secret
    }

    fn of((id, secret): (&KeyId, &'r [u8; 32])) -> Self {
        let digest = Sha256::new().chain_update("hallpass pepper\0").chain_update(id.as_str()).finalize();
        let [a, b, c, d, e, f, g, h, ..] = digest.0;
        Self { name: [a, b, c, d, e, f, g, h], secret }
    }
}

impl fmt::Debug for Pepper<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pepper(..)")
    }
}
