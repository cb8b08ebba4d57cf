//! A key file that was read and written again has the same content when it is read again. The
//! public JWK Set contains no secret.
#![no_main]

use hallpass_core::KeyRing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(ring) = KeyRing::from_json(text) {
        let written = ring.to_json();
        assert_eq!(*KeyRing::from_json(&written).unwrap().to_json(), *written);
        let public: serde_json::Value = serde_json::from_str(&ring.to_jwks()).unwrap();
        let keys = public["keys"].as_array().unwrap();
        assert!(
            keys.iter()
                .all(|key| key["kty"] != "oct" && key.get("k").is_none() && key.get("d").is_none())
        );
    }
});
