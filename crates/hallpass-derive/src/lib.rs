//! The derive macro of hallpass: `Role`.
//!
//! The one macro has two names, because a proc macro cannot see how the crate that uses it reaches
//! the trait: [`Role`](macro@Role) writes `::hallpass_core` and is what `hallpass-core` re-exports;
//! [`FacadeRole`](macro@FacadeRole) writes `::hallpass` and is what `hallpass` re-exports, under
//! the name `Role`. Whoever uses either crate under another name says so: `#[role(crate = "path")]`
//! on the enum. Reading the user's `Cargo.toml` to find out would cost every build a file read and
//! a parser, and would be wrong in a workspace that renames the dependency.

#![forbid(unsafe_code)]

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input, parse_quote};

mod attribute;
mod expand;
mod snake_case;

/// Derives `hallpass_core::Role` for an enum without fields.
///
/// The enum needs no other derive. A role's name is its variant in `snake_case`; `#[role(name =
/// "…")]` on the variant sets another name, `#[role(default)]` on a variant makes it the role of
/// newly registered accounts, and `#[role(crate = "…")]` on the enum names the path to the trait's
/// crate.
///
/// # Errors
/// Does not compile, and points at the place, if the item is not an enum, has no variant or more
/// than 64, or two default roles, or if a variant has fields, or a name that is empty or already
/// taken.
#[proc_macro_derive(Role, attributes(role))]
pub fn role(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand::role(&input, parse_quote!(::hallpass_core)).into()
}

/// The same for users of the facade: derives `hallpass::Role`.
#[proc_macro_derive(FacadeRole, attributes(role))]
pub fn facade_role(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand::role(&input, parse_quote!(::hallpass)).into()
}
