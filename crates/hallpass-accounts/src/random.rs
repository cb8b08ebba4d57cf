//! Where random bytes come from: the one file that asks the operating system.

/// A source of bytes that nobody can predict. The operating system's, outside tests.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a source of random bytes: it does not implement `Random`",
    label = "`Random` is not implemented for this type",
    note = "use `SystemRandom`, or write `impl Random for {Self}` with the method `fill`",
    note = "guide: docs/guide/src/testing.md"
)]
pub trait Random: Send + Sync + 'static {
    /// Fills the buffer.
    ///
    /// # Errors
    /// When the source cannot deliver; the sign-in then answers 503 rather than using anything
    /// weaker.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness>;
}

/// The operating system's source (`getrandom(2)` and its kin).
///
/// ```
/// use hallpass_accounts::{Random, SystemRandom};
///
/// let mut bytes = [0; 16];
/// SystemRandom.fill(&mut bytes)?;
/// assert_ne!(bytes, [0; 16]);
/// # Ok::<(), hallpass_accounts::NoRandomness>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        getrandom::fill(bytes).map_err(|_| NoRandomness)
    }
}

/// The source of random bytes did not deliver.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the operating system gave no random bytes: check that getrandom(2) works")]
pub struct NoRandomness;

/// Draws an array.
pub(crate) fn draw<const N: usize>(source: &dyn Random) -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    source.fill(&mut bytes)?;
    Ok(bytes)
}
