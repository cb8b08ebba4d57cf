//! hallpass on axum: extractors, guards, and the sign-in routes
