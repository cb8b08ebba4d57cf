//! The example blog on axum.

fn main() {}
