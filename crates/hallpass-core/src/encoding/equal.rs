//! Comparison of secrets in a time that depends on their length alone.

use subtle::ConstantTimeEq;

/// Whether both are the same bytes. The length is not secret: a signature's is fixed by its
/// algorithm.
///
/// The differences are gathered over the whole slice, which the compiler does in vector registers,
/// and only their sum is looked at; `subtle` keeps that one look from being turned into a branch. A
/// byte-wise `subtle` comparison takes several times as long on a whole token.
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
    fn one_bit_anywhere_is_a_difference() {
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
