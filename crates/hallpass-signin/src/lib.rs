//! The sign-in of hallpass: flows, store traits, hash gate, limits, endpoints for any framework
