//! The security headers of every response.

/// The names and values of the headers. The blog on axum replaces values that a route has set.
pub const SECURITY_HEADERS: [(&str, &str); 6] = [
    // Allows style sheets, scripts, images and forms of the same origin: the style sheet,
    // hallpass's script and the icon. Inline content, frames, fonts and other origins are
    // blocked.
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    // For browsers without support for `frame-ancestors`.
    ("x-frame-options", "DENY"),
    // Not `no-referrer`: browsers would then send `Origin: null` with the blog's own forms, which
    // the CSRF check rejects.
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
];
