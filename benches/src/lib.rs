//! What the benches share: the roles, the keys and the two tokens that they measure with.
//!
//! Times of a shared machine drift; what counts is the ratio of two lines of one run, and the
//! allocations and instructions, which repeat.

#![forbid(unsafe_code)]

mod instructions;
mod token;

pub use instructions::{InstructionCounter, Ratios, counted, print_ratios};
pub use token::{AUDIENCE, ISSUER, NOW, SECRET, SiteRole, full_claims_token, ring, small_token};
