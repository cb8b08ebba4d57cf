//! Base64url without padding (RFC 4648 section 5, RFC 7515 section 2), strict.
//!
//! The decoder accepts only the alphabet: no padding, no white space, no line breaks, and no bits
//! set after the last byte. Two texts never decode to the same bytes. A token therefore has only
//! one spelling, and a second spelling cannot pass a deny list or a cache. The tests
//! `one_spelling_per_value` and `foreign_alphabets_are_refused` check this.

use std::mem::MaybeUninit;

use base64_simd::{AsOut, URL_SAFE_NO_PAD};

/// A text that is not canonical base64url, or that is too long for its buffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct NotBase64Url;

/// Decodes into a buffer that need not be initialised, which saves the time to zero it.
pub(crate) fn decode_into<'b>(
    text: &[u8],
    buffer: &'b mut [MaybeUninit<u8>],
) -> Result<&'b [u8], NotBase64Url> {
    let length = URL_SAFE_NO_PAD.decoded_length(text).map_err(|_| NotBase64Url)?;
    let target = buffer.get_mut(..length).ok_or(NotBase64Url)?;
    let decoded = URL_SAFE_NO_PAD.decode(text, target.as_out()).map_err(|_| NotBase64Url)?;
    Ok(decoded)
}

/// Decodes into a new allocation. It is for keys and files, not for requests.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, NotBase64Url> {
    URL_SAFE_NO_PAD.decode_to_vec(text).map_err(|_| NotBase64Url)
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode_to_string(bytes)
}

/// Returns the characters that are the same for every value that begins with `bytes`: those of the
/// whole groups of three bytes.
pub(crate) fn encode_beginning(bytes: &[u8]) -> String {
    encode(bytes.as_chunks::<3>().0.as_flattened())
}

/// Appends the encoded bytes to `text`.
pub(crate) fn encode_append(bytes: &[u8], text: &mut String) {
    URL_SAFE_NO_PAD.encode_append(bytes, text);
}

/// Returns the encoded length of `bytes` bytes, in characters.
pub(crate) const fn encoded_length(bytes: usize) -> usize {
    URL_SAFE_NO_PAD.encoded_length(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    /// For each length of the last group, only the characters whose spare bits are zero may end it.
    #[test]
    fn one_spelling_per_value() {
        for (lead, valid) in [("A", 4), ("AA", 16), ("AAA", 64)] {
            let accepted = ALPHABET.iter().filter(|last| {
                let text = format!("{lead}{}", char::from(**last));
                decode(&text).is_ok_and(|bytes| encode(&bytes) == text)
            });
            assert_eq!(accepted.count(), valid, "after {lead}");
        }
    }

    /// Foreign bytes are refused at every place of a text that is long enough for the vector code.
    #[test]
    fn foreign_alphabets_are_refused() {
        for length in [2_usize, 4, 43, 64, 200] {
            for place in 0..length {
                for byte in (0..=u8::MAX).filter(|byte| !ALPHABET.contains(byte)) {
                    let mut text = vec![b'A'; length];
                    text[place] = byte;
                    let mut buffer = [MaybeUninit::uninit(); 256];
                    assert_eq!(
                        decode_into(&text, &mut buffer),
                        Err(NotBase64Url),
                        "{byte} at {place}"
                    );
                }
            }
        }
    }

    #[test]
    fn text_longer_than_the_buffer_is_refused() {
        let mut buffer = [MaybeUninit::uninit(); 3];
        assert_eq!(decode_into(b"AAAA", &mut buffer), Ok(&[0, 0, 0][..]));
        assert_eq!(decode_into(b"AAAAAA", &mut buffer), Err(NotBase64Url));
        assert_eq!(decode_into(b"A", &mut buffer), Err(NotBase64Url));
    }

    proptest! {
        #[test]
        fn encode_beginning_is_a_prefix_of_every_longer_value(bytes in prop::collection::vec(any::<u8>(), 0..60), more: [u8; 5]) {
            let beginning = encode_beginning(&bytes);
            prop_assert_eq!(beginning.len(), bytes.len() / 3 * 4);
            prop_assert!(encode(&[&bytes[..], &more].concat()).starts_with(&beginning));
        }

        #[test]
        fn base64url_encode_and_decode_round_trip(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let text = encode(&bytes);
            prop_assert_eq!(text.len(), encoded_length(bytes.len()));
            let mut buffer = [MaybeUninit::uninit(); 300];
            prop_assert_eq!(decode_into(text.as_bytes(), &mut buffer), Ok(&bytes[..]));
        }
    }
}
