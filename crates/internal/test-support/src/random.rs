//! Random bytes of a known seed.

/// Returns 32 bytes without a pattern, the same for each seed. A site refuses the keys of constant
/// bytes such as `[7; 32]`, because examples have them.
#[must_use]
pub fn bytes(seed: u8) -> [u8; 32] {
    std::array::from_fn(|place| {
        (place as u8).wrapping_mul(37).wrapping_add(seed.wrapping_mul(101)) ^ 0x6b
    })
}
