//! Rejection of Ed25519 points that no honest key or signature has.
//!
//! A public key of small order verifies one signature for many messages. A point with two encodings
//! gives a token two encodings. RFC 8032 leaves both to the implementation, and aws-lc accepts such
//! keys, so this module refuses them. The test `small_order_and_non_canonical_points_are_refused`
//! checks this.
//!
//! aws-lc also accepts 32 bytes that are not a point, and fails at each signature. A public key is
//! therefore decompressed once, when it is read. It must also be a multiple of the base point, as
//! every honest key is. The test `public_keys_outside_the_group_are_refused` checks this.

use curve25519_dalek::edwards::CompressedEdwardsY;

/// Length of a compressed point, in bytes (RFC 8032 section 5.1.2).
pub(crate) const LENGTH: usize = 32;

/// Bytes that are not a point of an honest key or signature.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct UnsoundPoint;

pub(crate) fn refuse_unsound_point(point: &[u8]) -> Result<(), UnsoundPoint> {
    let mut y = <[u8; LENGTH]>::try_from(point).map_err(|_| UnsoundPoint)?;
    // The last bit is the sign of x (RFC 8032 section 5.1.2). The other bits are y.
    y[LENGTH - 1] &= 0x7f;
    let is_canonical = y.iter().rev().lt(PRIME.iter().rev());
    if !is_canonical || SMALL_ORDER.contains(&y) {
        return Err(UnsoundPoint);
    }
    Ok(())
}

/// Refuses a public key that is not a point of the prime-order group in its canonical encoding.
pub(crate) fn refuse_unsound_key(key: &[u8]) -> Result<(), UnsoundPoint> {
    refuse_unsound_point(key)?;
    let compressed = CompressedEdwardsY::from_slice(key).map_err(|_| UnsoundPoint)?;
    let point = compressed.decompress().ok_or(UnsoundPoint)?;
    if point.is_torsion_free() { Ok(()) } else { Err(UnsoundPoint) }
}

/// 2^255 − 19, little-endian.
const PRIME: [u8; LENGTH] = {
    let mut prime = [0xff; LENGTH];
    prime[0] = 0xed;
    prime[LENGTH - 1] = 0x7f;
    prime
};

/// The y coordinates of the eight points whose order divides 8, little-endian: those of order 4, 1
/// and 2, and two of order 8.
const SMALL_ORDER: [[u8; LENGTH]; 5] = [
    [0; LENGTH],
    {
        let mut one = [0; LENGTH];
        one[0] = 1;
        one
    },
    {
        let mut minus_one = PRIME;
        minus_one[0] = 0xec;
        minus_one
    },
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_order_and_non_canonical_points_are_refused() {
        for mut point in SMALL_ORDER {
            for sign in [0, 0x80] {
                point[LENGTH - 1] = point[LENGTH - 1] & 0x7f | sign;
                assert_eq!(refuse_unsound_point(&point), Err(UnsoundPoint), "{point:x?}");
            }
        }
        for low in 0xed..=0xff {
            let mut beyond = PRIME;
            beyond[0] = low;
            assert_eq!(refuse_unsound_point(&beyond), Err(UnsoundPoint), "{low:x}");
        }
        assert_eq!(refuse_unsound_point(&[1; 31]), Err(UnsoundPoint));
    }

    /// About half of all 32-byte strings are not points, and seven of eight points have a component
    /// of small order.
    #[test]
    fn public_keys_outside_the_group_are_refused() {
        let mut refused = 0;
        for seed in 0..64_u8 {
            let mut bytes = [seed; LENGTH];
            bytes[LENGTH - 1] = seed & 0x3f;
            let point = CompressedEdwardsY(bytes).decompress();
            let sound = point.is_some_and(|point| point.is_torsion_free());
            assert_eq!(refuse_unsound_key(&bytes).is_ok(), sound, "{seed}");
            refused += usize::from(!sound);
        }
        assert!(refused > 48, "{refused}");
        let mut honest = crate::encoding::base64url::decode(RFC_8037).unwrap();
        assert_eq!(refuse_unsound_key(&honest), Ok(()));
        let mixed = CompressedEdwardsY::from_slice(&honest).unwrap().decompress().unwrap()
            + curve25519_dalek::constants::EIGHT_TORSION[1];
        assert_eq!(refuse_unsound_point(mixed.compress().as_bytes()), Ok(()));
        assert_eq!(refuse_unsound_key(mixed.compress().as_bytes()), Err(UnsoundPoint));
        honest.push(0);
        assert_eq!(refuse_unsound_key(&honest), Err(UnsoundPoint));
    }

    const RFC_8037: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    #[test]
    fn the_public_key_of_rfc_8037_is_sound() {
        let point = crate::encoding::base64url::decode(RFC_8037).unwrap();
        assert_eq!(refuse_unsound_point(&point), Ok(()));
    }
}
