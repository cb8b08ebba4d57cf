//! The source of random bytes. Only this file reads from the operating system's generator.

/// A source of unpredictable bytes. Outside tests, use the source of the operating system.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a source of random bytes: it does not implement `Random`",
    label = "`Random` is not implemented for this type",
    note = "use `SystemRandom`, or write `impl Random for {Self}` with the method `fill`",
    note = "guide: docs/guide/src/testing.md"
)]
pub trait Random: Send + Sync + 'static {
    /// Fills the whole buffer with random bytes.
    ///
    /// # Errors
    /// The source is not available. The login then returns a 503 and never uses a weaker source.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness>;
}

/// The operating system's source (`getrandom(2)` or its equivalent).
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

/// The source of random bytes is not available.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the operating system returned no random bytes: check that getrandom(2) works")]
pub struct NoRandomness;

/// Draws an array of random bytes.
pub(crate) fn draw<const N: usize>(source: &dyn Random) -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    source.fill(&mut bytes)?;
    Ok(bytes)
}
