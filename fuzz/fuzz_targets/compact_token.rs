//! Only the unchanged token is accepted. Any change of its header, claims, signature or encoding is
//! rejected.
#![no_main]

use hallpass_fuzz::{NOW, SiteRole, issuer, token};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|edits: Vec<(u16, u8, u8)>| {
    let (mut edited, issued) = (token().into_bytes(), token().into_bytes());
    for (place, removed, added) in edits {
        let start = usize::from(place) % (edited.len() + 1);
        let end = (start + usize::from(removed % 3)).min(edited.len());
        edited.splice(start..end, (added != 0).then_some(added));
    }
    let accepted = issuer().verifier::<SiteRole>().verify(&edited, NOW).is_ok();
    assert_eq!(accepted, edited == issued);
});
