//! A password, exactly as typed.
//!
//! No trimming, no Unicode normalisation, no case folding: the bytes that came are the bytes that are hashed. NIST
//! SP 800-63B suggests normalising; ASVS 6.2.8 asks for "exactly as received". The second is taken, because a
//! normalisation can never be changed again once hashes exist, and keyboards of one person type one form; pinned by
//! `a_password_is_taken_byte_for_byte` in `password_hasher/tests.rs`.

pub(crate) mod change;
mod common_password;
pub(crate) mod hash_cost;
pub(crate) mod offline_hash;
pub(crate) mod password_hasher;
pub(crate) mod password_hasher_settings;
pub(crate) mod policy;
pub(crate) mod store;
pub(crate) mod stored_hash;

use std::fmt;

use zeroize::Zeroizing;

/// What somebody typed as a password. Redacted in `Debug`, wiped on drop.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes what was typed, whatever it is. Whether it may *become* a password is
    /// [`PasswordPolicy`](crate::PasswordPolicy)'s to say.
    #[must_use]
    pub fn typed(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}
