//! A QR code as inline SVG.
//!
//! Inline and not an image of its own, since its content is a secret: an image would need a URL,
//! and would be one more answer that holds the key. No style attribute, which the page's policy
//! would refuse; black on white in both colour schemes, since many readers refuse an inverted code
//! (ISO/IEC 18004 asks for dark modules on a light ground).

use std::fmt::Write;

use qrcodegen::{QrCode, QrCodeEcc};

/// Draws `text` as an `<svg>` element, or gives an empty string where it is too long for any QR
/// code (2,331 bytes at level M): the page then shows the key alone.
pub(crate) fn qr_code(text: &str) -> String {
    let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Medium) else {
        return String::new();
    };
    let side = code.size() + 2 * QUIET_ZONE;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-labelledby=\"hp-qr-title\" class=\"hp-qr\" \
         viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\"><title id=\"hp-qr-title\">QR code</title>\
         <rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/><path fill=\"#000\" d=\"",
    );
    for y in 0..code.size() {
        let mut x = 0;
        while x < code.size() {
            let run = (x..code.size()).take_while(|&at| code.get_module(at, y)).count();
            if run > 0 {
                // Writing into a String cannot fail.
                let _ = write!(svg, "M{} {}h{run}v1h-{run}z", x + QUIET_ZONE, y + QUIET_ZONE);
            }
            x += i32::try_from(run).unwrap_or(i32::MAX).max(1);
        }
    }
    svg.push_str("\"/></svg>");
    svg
}

/// Light modules around the code: 4 (ISO/IEC 18004, 5.3.8).
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
    fn a_text_too_long_for_any_code_draws_nothing() {
        assert_eq!(qr_code(&"x".repeat(3000)), "");
    }
}
