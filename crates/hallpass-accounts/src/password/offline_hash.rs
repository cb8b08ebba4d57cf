//! Password hashes without a server: for an import, a first administrator and the command line.
//!
//! Each call takes one argon2 run on the caller's thread, in memory of its own. A server uses the
//! [`PasswordHasher`](crate::PasswordHasher), which limits the number of concurrent runs.

use argon2::Block;
use hallpass_core::KeyRing;

use crate::password::{
    HashCost, Password,
    password_hasher_settings::PasswordHasherSettings,
    stored_hash::{Match, StoredHash, UnusableHash, hash},
};

/// Hashes a password with argon2id and returns the PHC string that a login checks. No policy and no
/// pepper are applied. `salt` must be 16 random bytes that no other hash uses.
///
/// ```
/// use hallpass_accounts::{HashCost, HashError, Password, check_password, hash_password};
///
/// let password = Password::typed("correct horse battery staple");
/// let hash = hash_password(&password, [7; 16], HashCost::default())?; // the salt comes from the operating system
/// assert!(check_password(&password, &hash).is_ok());
/// assert_eq!(check_password(&Password::typed("another one"), &hash).unwrap_err(), HashError::Wrong);
/// # Ok::<(), HashError>(())
/// ```
///
/// # Errors
/// [`HashError::Cost`] if argon2 does not allow the cost.
pub fn hash_password(
    password: &Password,
    salt: [u8; 16],
    cost: HashCost,
) -> Result<String, HashError> {
    let blocks = cost.params().map_err(|_| HashError::Cost(cost))?.block_count();
    hash(password.as_bytes(), salt, cost, None, &mut vec![Block::default(); blocks])
        .map_err(|_| HashError::Cost(cost))
}

/// Checks a password against a PHC string of argon2, within the default cost ceiling of the
/// password hasher.
///
/// Only a server can check a hash that was made with a pepper of a key ring.
///
/// # Errors
/// [`HashError::Wrong`] if the password is wrong, and the other kinds if the hash cannot be
/// checked.
pub fn check_password(password: &Password, phc: &str) -> Result<RightPassword, HashError> {
    let stored = StoredHash::parse(phc, PasswordHasherSettings::default().ceiling())?;
    let no_peppers = KeyRing::default();
    let pepper = stored.pepper(&no_peppers)?;
    let mut memory = vec![Block::default(); stored.blocks()];
    match stored.check(password.as_bytes(), pepper, &mut memory) {
        Ok(Match::Right) => Ok(RightPassword(())),
        Ok(Match::Wrong) => Err(HashError::Wrong),
        Err(_) => Err(HashError::Malformed),
    }
}

/// Proof that a password is the stored one.
#[derive(Debug)]
#[must_use]
pub struct RightPassword(());

/// The reason that a password was not hashed, or is not the stored one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// The password is wrong.
    #[error("wrong password")]
    Wrong,
    /// The text is not a PHC string of argon2.
    #[error("the hash is not a PHC string of argon2: give one that begins with $argon2id$")]
    Malformed,
    /// The parameters of the hash exceed the ceiling. No memory was allocated for it.
    #[error(
        "the hash requires more memory or time than the ceiling allows: hash the password again"
    )]
    OverCeiling,
    /// The hash was made with a pepper, which is in the site's key ring.
    #[error(
        "the hash was made with a pepper: check it on the site that has the pepper in its key ring"
    )]
    Peppered,
    /// argon2 does not allow the cost. It needs at least 8 KiB of memory per lane, one pass and one
    /// lane.
    #[error(
        "argon2 cannot run at {0}: give at least 8 KiB of memory per lane, one pass and one lane"
    )]
    Cost(HashCost),
}

impl From<UnusableHash> for HashError {
    fn from(unusable: UnusableHash) -> Self {
        match unusable {
            UnusableHash::Malformed => Self::Malformed,
            UnusableHash::OverCeiling => Self::OverCeiling,
            UnusableHash::UnknownPepper => Self::Peppered,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_over_the_ceiling_is_rejected_before_it_is_run() {
        let greedy = "$argon2id$v=19$m=2097152,t=1,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g";
        let refused = check_password(&Password::typed("any"), greedy).unwrap_err();
        assert_eq!(refused, HashError::OverCeiling);
        assert_eq!(
            check_password(&Password::typed("any"), "$1$md5").unwrap_err(),
            HashError::Malformed
        );
    }

    #[test]
    fn unsupported_cost_is_an_error() {
        let cost = HashCost::new(1, 0, 0);
        assert_eq!(
            hash_password(&Password::typed("any"), [0; 16], cost).unwrap_err(),
            HashError::Cost(cost)
        );
    }
}
