//! Password hashes of other schemes, for accounts that come from elsewhere.
//!
//! argon2 is what this crate writes and reads. Whoever brings accounts along with bcrypt, scrypt or PBKDF2 gives the gate a reader
//! of that scheme; the first right password of each account turns its hash into argon2id, and one day the reader can go.

/// Reads the stored hashes of one other scheme.
///
/// It runs in the hash gate, on a blocking thread and with a permit, **beside** the one argon2 run that every path takes: so an
/// account with a foreign hash never answers faster than one that does not exist.
///
/// ```
/// use hallpass_signin::{ForeignHash, ForeignMatch, HashGateSettings};
///
/// struct Rot13; // for the shape of it
///
/// impl ForeignHash for Rot13 {
///     fn check(&self, password: &[u8], stored: &str) -> Option<ForeignMatch> {
///         let stored = stored.strip_prefix("$rot13$")?; // not of this scheme: the next reader is asked
///         let turned = password.iter().map(|b| if b.is_ascii_lowercase() { (b - b'a' + 13) % 26 + b'a' } else { *b });
///         Some(if turned.eq(stored.bytes()) { ForeignMatch::Right } else { ForeignMatch::Wrong })
///     }
/// }
///
/// assert_eq!(Rot13.check(b"hello", "$rot13$uryyb"), Some(ForeignMatch::Right));
/// assert_eq!(Rot13.check(b"hullo", "$rot13$uryyb"), Some(ForeignMatch::Wrong));
/// assert_eq!(Rot13.check(b"hello", "$2b$12$…"), None);
/// let gate = HashGateSettings::default().read_also(Rot13);
/// # let _ = gate;
/// ```
pub trait ForeignHash: Send + Sync + 'static {
    /// Checks a password against a stored hash; `None` where the hash is not of this scheme.
    ///
    /// The stored text is input: a cost above what the scheme was used with must be refused here, as [`ForeignMatch::Wrong`].
    fn check(&self, password: &[u8], stored: &str) -> Option<ForeignMatch>;
}

/// Whether a password is the one of a foreign hash.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum ForeignMatch {
    /// It is.
    Right,
    /// It is not, or the hash may not be run.
    Wrong,
}
