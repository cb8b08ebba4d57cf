//! An algorithm by the name people type: `ed25519` and `es256` as well as the `EdDSA` and `ES256` of RFC 7518.

use hallpass_core::Algorithm;

/// Reads an algorithm for clap.
pub(crate) fn parse(text: &str) -> Result<Algorithm, String> {
    if text.eq_ignore_ascii_case("ed25519") {
        return Ok(Algorithm::EdDsa);
    }
    let known = Algorithm::ALL.into_iter().find(|algorithm| algorithm.as_str().eq_ignore_ascii_case(text));
    known.ok_or_else(|| {
        let names: Vec<&str> = Algorithm::ALL.iter().map(|algorithm| algorithm.as_str()).collect();
        format!("give one of {}", names.join(", "))
    })
}
