use proptest::{collection::vec, prelude::*};

use super::*;

#[test]
fn a_secret_has_16_to_128_bytes() {
    for (length, fits) in
        [(0, false), (15, false), (16, true), (20, true), (128, true), (129, false)]
    {
        let secret = TotpSecret::from_bytes(&vec![7; length]);
        assert_eq!(secret.is_ok(), fits, "{length}");
        if let Err(refusal) = secret {
            assert_eq!(refusal, TotpSecretError::Length { bytes: length });
        }
    }
}

#[test]
fn base32_is_parsed_as_people_type_it() {
    let bytes = b"12345678901234567890";
    for text in [
        "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
        "gezdgnbvgy3tqojqgezdgnbvgy3tqojq",
        "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ",
        " gezd-gnbv-gy3t-qojq gezd-gnbv-gy3t-qojq ",
    ] {
        assert_eq!(TotpSecret::from_base32(text).unwrap().as_bytes(), bytes, "{text}");
    }
    // Padding is allowed (RFC 4648 section 6).
    let padded = TotpSecret::from_base32("GEZDGNBVGY3TQOJQGEZDGNBVGY======").unwrap();
    assert_eq!(padded.as_bytes(), b"1234567890123456");
}

#[test]
fn text_that_is_not_base32_is_refused() {
    let good = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    for text in [
        format!("{good}0"),
        format!("{good}1A"),
        format!("{good}8A"),
        format!("{good}É"),
        format!("{good}\u{a0}"),
        format!("{good}\n"),
        format!("{good}=A"),
        format!("={good}"),
        // No number of bytes is encoded to this number of characters.
        format!("{good}A"),
        format!("{good}AAA"),
        format!("{good}AAAAAA"),
    ] {
        assert_eq!(
            TotpSecret::from_base32(&text).unwrap_err(),
            TotpSecretError::Base32,
            "{text:?}"
        );
    }
}

proptest! {
    #[test]
    fn printed_text_parses_to_the_same_value(bytes in vec(any::<u8>(), 16..=128)) {
        let secret = TotpSecret::from_bytes(&bytes).unwrap();
        let read = TotpSecret::from_base32(&secret.to_base32()).unwrap();
        prop_assert_eq!(read.as_bytes(), &*bytes);
        prop_assert!(read == secret);
    }
}
