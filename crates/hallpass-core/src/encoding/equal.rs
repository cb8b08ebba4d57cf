//! Comparison of secrets in a time that depends only on their length.

use subtle::ConstantTimeEq;

/// Returns whether both slices have the same bytes. The length is not secret: the algorithm fixes
/// the length of a signature.
///
/// The loop combines the differences of the whole slice, which the compiler does in vector
/// registers. Only the combined value is compared, and `subtle` prevents the compiler from turning
/// this comparison into a branch. A byte-wise comparison by `subtle` takes several times as long
/// for a whole token.
pub(crate) fn equal_in_constant_time(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let difference = left.iter().zip(right).fold(0, |sum, (left, right)| sum | (left ^ right));
    bool::from(difference.ct_eq(&0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_changed_bit_makes_slices_unequal() {
        let original = [0x5a_u8; 70];
        assert!(equal_in_constant_time(&original, &original));
        for place in 0..original.len() {
            for bit in 0..8 {
                let mut other = original;
                other[place] ^= 1 << bit;
                assert!(!equal_in_constant_time(&original, &other), "bit {bit} of byte {place}");
            }
        }
        assert!(!equal_in_constant_time(&original, &original[..69]));
        assert!(equal_in_constant_time(&[], &[]));
    }
}
