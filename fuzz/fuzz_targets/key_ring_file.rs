//! A key file that is read is written back to one that reads the same; and no secret goes into the JWK Set for others.
#![no_main]

use hallpass_core::KeyRing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(ring) = KeyRing::from_json(text) {
        let written = ring.to_json();
        assert_eq!(*KeyRing::from_json(&written).unwrap().to_json(), *written);
        let public: serde_json::Value = serde_json::from_str(&ring.to_jwks()).unwrap();
        let keys = public["keys"].as_array().unwrap();
        assert!(keys.iter().all(|key| key["kty"] != "oct" && key.get("k").is_none() && key.get("d").is_none()));
    }
});
