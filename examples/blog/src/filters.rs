//! The filter of the templates that writes the blog's own paths.

#![allow(unreachable_pub, reason = "the macro adds a public function to the private module")]

use std::fmt::Display;

use askama::{Values, get_value};

/// The name of the value that [`here`] reads.
pub(crate) const PREFIX: &str = "prefix";

/// Returns one of the blog's own paths as the browser has it: below the path of the public origin.
#[askama::filter_fn]
pub(crate) fn here<T: Display>(path: T, values: &dyn Values) -> askama::Result<String> {
    Ok(format!("{}{path}", get_value::<String>(values, PREFIX)?))
}
