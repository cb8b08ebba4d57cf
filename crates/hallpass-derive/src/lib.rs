//! The derive macro of hallpass: `Role`.
//!
//! The macro has two names, because a proc macro cannot find out how the user's crate depends on
//! the trait. [`Role`](macro@Role) generates paths of `::hallpass_core`, and `hallpass-core`
//! re-exports it. [`FacadeRole`](macro@FacadeRole) generates paths of `::hallpass`, and `hallpass`
//! re-exports it as `Role`. A user who renames either dependency sets the path with
//! `#[role(crate = "path")]` on the enum. The macro does not read the user's `Cargo.toml`: that
//! would cost every build a file read and a parser, and would be wrong in a workspace that renames
//! the dependency.

#![forbid(unsafe_code)]

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input, parse_quote};

mod attribute;
mod expand;
mod role_name;
mod snake_case;

/// Derives `hallpass_core::Role` for an enum without fields.
///
/// The enum needs no other derive. A role's name is its variant in `snake_case`. Attributes change
/// the defaults:
///
/// - `#[role(name = "…")]` on a variant sets another name.
/// - `#[role(default)]` on a variant makes it the role of newly registered accounts.
/// - `#[role(crate = "…")]` on the enum sets the path of the crate that defines the trait.
///
/// # Errors
/// Compilation fails, with the error at the wrong place, if the item is not an enum, has no
/// variant, more than 64 variants or two default roles, or if a variant has fields, or a name that
/// is empty, already taken, or contains a character that cannot be seen.
#[proc_macro_derive(Role, attributes(role))]
pub fn role(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand::role(&input, parse_quote!(::hallpass_core)).into()
}

/// Derives `hallpass::Role`, for users of the facade.
#[proc_macro_derive(FacadeRole, attributes(role))]
pub fn facade_role(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand::role(&input, parse_quote!(::hallpass)).into()
}
