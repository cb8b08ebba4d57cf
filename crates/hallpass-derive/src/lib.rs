//! The derive macro of hallpass: Role
