//! The headers that every answer carries, whatever serves it.

/// Put on over whatever a route inside said: the stricter word here is the site's.
pub const SECURITY_HEADERS: [(&str, &str); 6] = [
    // Nothing inline, no frame, no font, nothing from elsewhere; one style sheet, the library's
    // small script, and the icon.
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    // For browsers that do not know `frame-ancestors`.
    ("x-frame-options", "DENY"),
    // Not `no-referrer`: browsers would then send `Origin: null` with the blog's own forms, and
    // the origin check refuses that.
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
];
