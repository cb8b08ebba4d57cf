//! A stored password hash: a PHC string, parsed and compared with a ceiling before any memory is
//! allocated for it.
//!
//! A hash in the store is untrusted input. Anyone who can write one (an import, an injection
//! elsewhere) could name 2 GiB of memory or 4 billion passes, and argon2 0.6 would run it.
//! Therefore the parameters are checked first.
//!
//! # Peppers
//! A pepper is a secret of the key ring that is mixed into password hashes, so that passwords
//! cannot be guessed with a copy of the database alone (argon2's secret value, RFC 9106 section
//! 3.1). A hash names its pepper in `keyid` of the PHC string, by eight bytes of a hash of the
//! key's name, because `keyid` has room for no more. The store does not receive the key's name.
//! Peppers rotate like the other keys: an older pepper is still accepted, and the first right
//! password replaces the hash with one of the pepper in use.
//!
//! # Other schemes
//! This crate writes and reads argon2. A site with accounts whose hashes are bcrypt, scrypt or
//! PBKDF2 gives the hasher a reader of that scheme. The first right password of each account
//! replaces its hash with argon2id. Once all hashes are replaced, the reader can be removed.

use std::fmt;

use argon2::{Algorithm, Argon2, Block, Params, Version, password_hash::phc::PasswordHash};
use hallpass_core::{KeyId, KeyRing};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::password::HashCost;

/// A stored hash whose cost is within the ceiling.
pub(crate) struct StoredHash {
    algorithm: Algorithm,
    version: Version,
    params: Params,
    salt: Vec<u8>,
    tag: Vec<u8>,
}

/// The reason that a stored hash cannot be checked. For logs: the person receives the response for
/// a wrong password.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum UnusableHash {
    #[error("the stored password hash is not a PHC string of argon2")]
    Malformed,
    #[error("the stored password hash requires more memory or time than the ceiling allows")]
    OverCeiling,
    #[error("the stored password hash was made with a pepper that the key ring does not have")]
    UnknownPepper,
}

impl StoredHash {
    /// Parses `$argon2id$…` (or `argon2i`, `argon2d`) whose cost is at most `ceiling`.
    pub(crate) fn parse(phc: &str, ceiling: HashCost) -> Result<Self, UnusableHash> {
        let malformed = UnusableHash::Malformed;
        let hash = PasswordHash::new(phc).map_err(|_| malformed)?;
        let algorithm = Algorithm::new(hash.algorithm.as_str()).map_err(|_| malformed)?;
        // The PHC strings of argon2 before version 1.3 have no version field.
        let version = hash.version.unwrap_or(0x10);
        let version = Version::try_from(version).map_err(|_| malformed)?;
        let params = Params::try_from(&hash).map_err(|_| malformed)?;
        let cost = HashCost::new(params.m_cost(), params.t_cost(), params.p_cost());
        if !cost.is_within(ceiling) {
            return Err(UnusableHash::OverCeiling);
        }
        Ok(Self {
            algorithm,
            version,
            params,
            salt: hash.salt.ok_or(malformed)?.as_ref().to_vec(),
            tag: hash.hash.ok_or(malformed)?.as_bytes().to_vec(),
        })
    }

    /// Creates the hash that is checked for an account that does not exist, at the same cost. No
    /// password for it is known, and the hasher ignores the result.
    pub(crate) fn dummy(cost: HashCost, salt: [u8; 16]) -> Result<Self, argon2::Error> {
        Ok(Self {
            algorithm: Algorithm::Argon2id,
            version: Version::V0x13,
            params: cost.params()?,
            salt: salt.to_vec(),
            tag: vec![0; Params::DEFAULT_OUTPUT_LEN],
        })
    }

    /// Returns the memory that a check needs, in blocks of 1 KiB.
    pub(crate) fn blocks(&self) -> usize {
        self.params.block_count()
    }

    /// Finds the pepper that the hash was made with. Returns `None` if the hash names none.
    pub(crate) fn pepper<'r>(&self, ring: &'r KeyRing) -> Result<Option<Pepper<'r>>, UnusableHash> {
        match self.params.keyid() {
            [] => Ok(None),
            name => Pepper::named(ring, name).map(Some).ok_or(UnusableHash::UnknownPepper),
        }
    }

    /// Returns whether the hash is weaker than a new hash would be, of an older kind, or of another
    /// pepper.
    pub(crate) fn is_outdated(&self, cost: HashCost, pepper: Option<Pepper<'_>>) -> bool {
        self.algorithm != Algorithm::Argon2id
            || self.version != Version::V0x13
            || self.params.keyid() != pepper.map(Pepper::name).as_ref().map_or(&[][..], |name| name)
            || !cost.is_within(HashCost::new(self.params.m_cost(), self.params.t_cost(), u32::MAX))
    }

    /// Runs argon2 once and compares the result in constant time.
    pub(crate) fn check(
        &self,
        password: &[u8],
        pepper: Option<Pepper<'_>>,
        memory: &mut [Block],
    ) -> Result<Match, argon2::Error> {
        let argon2 = argon2(self.algorithm, self.version, self.params.clone(), pepper)?;
        let mut tag = Zeroizing::new(vec![0; self.tag.len()]);
        argon2.hash_password_into_with_memory(password, &self.salt, &mut tag, memory)?;
        let equal = tag.ct_eq(&self.tag);
        Ok(if bool::from(equal) { Match::Right } else { Match::Wrong })
    }
}

/// The result of comparing a password with the stored hash.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub(crate) enum Match {
    Right,
    Wrong,
}

/// Runs argon2id once and returns the result as a PHC string that names the pepper.
pub(crate) fn hash(
    password: &[u8],
    salt: [u8; 16],
    cost: HashCost,
    pepper: Option<Pepper<'_>>,
    memory: &mut [Block],
) -> Result<String, argon2::Error> {
    let argon2 = argon2(Algorithm::Argon2id, Version::V0x13, cost.params()?, pepper)?;
    let mut tag = Zeroizing::new([0; Params::DEFAULT_OUTPUT_LEN]);
    argon2.hash_password_into_with_memory(password, &salt, &mut *tag, memory)?;
    let keyid =
        pepper.map(|pepper| format!(",keyid={}", base64(&pepper.name()))).unwrap_or_default();
    Ok(format!("$argon2id$v=19${cost}{keyid}${}${}", base64(&salt), base64(&*tag)))
}

fn argon2<'r>(
    algorithm: Algorithm,
    version: Version,
    params: Params,
    pepper: Option<Pepper<'r>>,
) -> Result<Argon2<'r>, argon2::Error> {
    match pepper {
        Some(pepper) => Argon2::new_with_secret(pepper.secret(), algorithm, version, params),
        None => Ok(Argon2::new(algorithm, version, params)),
    }
}

/// Encodes in the base64 of the PHC format: standard alphabet, no padding.
fn base64(bytes: &[u8]) -> String {
    base64_simd::STANDARD_NO_PAD.encode_to_string(bytes)
}

/// A pepper of a key ring.
#[derive(Clone, Copy)]
pub(crate) struct Pepper<'r> {
    name: PepperName,
    secret: &'r [u8; 32],
}

/// The value of `keyid`.
pub(crate) type PepperName = [u8; 8];

impl<'r> Pepper<'r> {
    /// Returns the pepper for new hashes, or `None` if the ring has no pepper.
    pub(crate) fn in_use(ring: &'r KeyRing) -> Option<Self> {
        ring.peppers().next().map(Self::of)
    }

    /// Returns the pepper with this name, or `None` if the ring does not have it any more.
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
        let digest =
            Sha256::new().chain_update("hallpass pepper\0").chain_update(id.as_str()).finalize();
        let [a, b, c, d, e, f, g, h, ..] = digest.0;
        Self { name: [a, b, c, d, e, f, g, h], secret }
    }
}

impl fmt::Debug for Pepper<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pepper(..)")
    }
}

/// Checks the stored hashes of another scheme.
///
/// It runs in the password hasher, on a blocking thread and with a permit, **in addition to** the
/// one argon2 run that every path takes. Each scheme is run once at every login: with the hash of
/// the account, or with its [`decoy`](Self::decoy). Therefore the time of a response does not show
/// whether an account exists, or whether its hash was replaced already. If a site has hashes of one
/// scheme with several costs, add one reader per cost.
///
/// ```
/// use hallpass_accounts::{ForeignHash, ForeignMatch, PasswordHasherSettings};
///
/// struct Rot13; // an example only, never use it
///
/// impl ForeignHash for Rot13 {
///     fn check(&self, password: &[u8], stored: &str) -> Option<ForeignMatch> {
///         let stored = stored.strip_prefix("$rot13$")?; // not of this scheme: the next reader is called
///         let turned = password.iter().map(|b| if b.is_ascii_lowercase() { (b - b'a' + 13) % 26 + b'a' } else { *b });
///         Some(if turned.eq(stored.bytes()) { ForeignMatch::Right } else { ForeignMatch::Wrong })
///     }
///
///     fn decoy(&self) -> &str {
///         "$rot13$uryyb" // as costly as the hashes of the accounts
///     }
/// }
///
/// assert_eq!(Rot13.check(b"hello", "$rot13$uryyb"), Some(ForeignMatch::Right));
/// assert_eq!(Rot13.check(b"hullo", "$rot13$uryyb"), Some(ForeignMatch::Wrong));
/// assert_eq!(Rot13.check(b"hello", "$2b$12$…"), None);
/// let hasher = PasswordHasherSettings::default().read_also(Rot13);
/// # let _ = hasher;
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot check password hashes of another scheme: it does not implement \
            `ForeignHash`",
    label = "`ForeignHash` is not implemented for this type",
    note = "write `impl ForeignHash for {Self}` with the methods `check` and `decoy`",
    note = "guide: docs/guide/src/moving.md"
)]
pub trait ForeignHash: Send + Sync + 'static {
    /// Checks a password against a stored hash. Returns `None` if the hash is not of this scheme.
    ///
    /// The stored text is untrusted input. Return [`ForeignMatch::Unusable`] for a hash that is not
    /// run: one that is malformed, or whose cost is above the costs that the site used with the
    /// scheme.
    fn check(&self, password: &[u8], stored: &str) -> Option<ForeignMatch>;

    /// Returns a stored hash of any password, with the same cost as the hashes of the accounts. It
    /// is checked at every login whose account has no hash of this scheme. No password logs in with
    /// it.
    fn decoy(&self) -> &str;
}

/// The result of checking a password against a foreign hash.
///
/// Exhaustive, because an implementation returns it and there is no further result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum ForeignMatch {
    /// The password is right.
    Right,
    /// The password is wrong.
    Wrong,
    /// The hash was not run. The login fails, and the decoy is run instead.
    Unusable,
}
