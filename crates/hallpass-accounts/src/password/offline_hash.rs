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
/// [`HashError::Cost`] if argon2 does not allow the cost or it is above [`HashCost::MAX`], and
/// [`HashError::NoMemory`] if this machine has not enough memory for it.
pub fn hash_password(
    password: &Password,
    salt: [u8; 16],
    cost: HashCost,
) -> Result<String, HashError> {
    let blocks = cost.params().map_err(|_| HashError::Cost(cost))?.block_count();
    hash(password.as_bytes(), salt, cost, None, &mut memory_of(blocks)?)
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
    let mut memory = memory_of(stored.blocks())?;
    match stored.check(password.as_bytes(), pepper, &mut memory) {
        Ok(Match::Right) => Ok(RightPassword(())),
        Ok(Match::Wrong) => Err(HashError::Wrong),
        Err(_) => Err(HashError::Malformed),
    }
}

/// Returns the memory of a run. A failed allocation of a `Vec` would end the process.
fn memory_of(blocks: usize) -> Result<Vec<Block>, HashError> {
    let mut memory = Vec::new();
    memory.try_reserve_exact(blocks).map_err(|_| HashError::NoMemory)?;
    memory.resize(blocks, Block::default());
    Ok(memory)
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
    /// argon2 does not allow the cost, or it is above [`HashCost::MAX`].
    #[error(
        "argon2 cannot run at {0}: give at least 8 KiB of memory per lane, one pass and one lane, and at most {max}",
        max = HashCost::MAX
    )]
    Cost(HashCost),
    /// The memory of the run could not be allocated.
    #[error("this machine has not enough memory for the hash: give a lower memory cost")]
    NoMemory,
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
        let max = HashCost::MAX;
        for cost in [
            HashCost::new(1, 0, 0),
            HashCost::new(u32::MAX, 1, 1),
            HashCost::new(max.memory_kib() + 1, 1, 1),
            HashCost::new(64, max.passes() + 1, 1),
            HashCost::new(64, u32::MAX, 1),
            HashCost::new(1 << 20, 1, max.lanes() + 1),
        ] {
            let error = hash_password(&Password::typed("any"), [0; 16], cost).unwrap_err();
            assert_eq!(error, HashError::Cost(cost));
            assert!(error.to_string().contains("at most m=2097152,t=64,p=64"), "{error}");
        }
        assert!(max.params().is_ok());
        assert_eq!(memory_of(usize::MAX / 2048).unwrap_err(), HashError::NoMemory);
    }
}
