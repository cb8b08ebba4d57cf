//! The roles, the keys and the two tokens that all benches use.
//!
//! Times on a shared machine vary between runs. Compare the ratio of two lines of one run, or the
//! allocations and instructions, which are repeatable.

#![forbid(unsafe_code)]

mod instructions;
mod token;

pub use instructions::{InstructionCounter, Ratios, counted, print_ratios};
pub use token::{AUDIENCE, ISSUER, NOW, SECRET, SiteRole, full_claims_token, ring, small_token};
