//! A QR code as inline SVG.
//!
//! The SVG is inline, because its content is secret: an image file would need a URL, and its
//! response would also contain the key. It has no style attribute, because the content security
//! policy of the page blocks it. It is black on white in both colour schemes, because many scanners
//! do not read an inverted code (ISO/IEC 18004 requires dark modules on a light background).

use std::fmt::Write;

use qrcodegen::{QrCode, QrCodeEcc};

/// Draws `text` as an `<svg>` element. Returns an empty string if `text` is too long for a QR code
/// (2,331 bytes at level M). The page then shows only the key.
pub(crate) fn qr_code(text: &str) -> String {
    let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Medium) else {
        return String::new();
    };
    let side = code.size() + 2 * QUIET_ZONE;
    // Long enough for every path, because a `String` that grows leaves its old bytes in memory.
    let modules = usize::try_from(code.size() * code.size()).unwrap_or_default();
    let mut svg = String::with_capacity(512 + 12 * modules);
    let _ = write!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-labelledby=\"hp-qr-title\" class=\"hp-qr\" \
         viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\"><title id=\"hp-qr-title\">QR code</title>\
         <rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/><path fill=\"#000\" d=\"",
    );
    for y in 0..code.size() {
        let mut x = 0;
        while x < code.size() {
            let run = (x..code.size()).take_while(|&at| code.get_module(at, y)).count();
            if run > 0 {
                // Writing to a `String` does not fail.
                let _ = write!(svg, "M{} {}h{run}v1h-{run}z", x + QUIET_ZONE, y + QUIET_ZONE);
            }
            x += i32::try_from(run).unwrap_or(i32::MAX).max(1);
        }
    }
    svg.push_str("\"/></svg>");
    svg
}

/// Width of the light border around the code, in modules (ISO/IEC 18004, 5.3.8).
const QUIET_ZONE: i32 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dark_module_is_drawn_once_and_no_other() {
        let text = "otpauth://totp/site:alice?secret=JBSWY3DPEHPK3PXP&issuer=site";
        let code = QrCode::encode_text(text, QrCodeEcc::Medium).unwrap();
        let svg = qr_code(text);

        let path = svg.split(" d=\"").nth(1).unwrap().split('"').next().unwrap();
        let mut drawn = std::collections::BTreeSet::new();
        for run in path.split('z').filter(|run| !run.is_empty()) {
            let (from, rest) = run.strip_prefix('M').unwrap().split_once('h').unwrap();
            let (x, y) = from.split_once(' ').unwrap();
            let (x, y): (i32, i32) = (x.parse().unwrap(), y.parse().unwrap());
            let length: i32 = rest.split('v').next().unwrap().parse().unwrap();
            for step in 0..length {
                assert!(drawn.insert((x + step - QUIET_ZONE, y - QUIET_ZONE)), "drawn twice");
            }
        }
        let dark = (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (x, y)));
        assert_eq!(drawn, dark.filter(|&(x, y)| code.get_module(x, y)).collect());
    }

    #[test]
    fn a_text_too_long_for_a_qr_code_draws_nothing() {
        assert_eq!(qr_code(&"x".repeat(3000)), "");
    }
}
