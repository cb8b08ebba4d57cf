//! Generates the implementation of the trait for an enum.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::{Data, DataEnum, DeriveInput, Error, Fields, Path, Result, Variant};

use crate::attribute;
use crate::role_name;
use crate::snake_case::snake_case;

/// A role set is a `u64`, with one bit per role.
const MOST_ROLES: usize = 64;

/// Returns the implementation, or the compile errors of an invalid enum.
pub(crate) fn role(input: &DeriveInput, default_crate: Path) -> TokenStream {
    implementation(input, default_crate).unwrap_or_else(|error| error.to_compile_error())
}

fn implementation(input: &DeriveInput, default_crate: Path) -> Result<TokenStream> {
    let variants = variants(input)?;
    let names = names(variants)?;
    let hallpass = attribute::crate_path(&input.attrs)?.unwrap_or(default_crate);
    let role = &input.ident;
    let variant: Vec<_> = variants.variants.iter().map(|variant| &variant.ident).collect();
    let index = 0..u8::try_from(variant.len()).unwrap_or(u8::MAX);
    let index: Vec<_> = index.collect();
    let default_role = default_variant(variants)?.map(|variant| {
        let variant = &variant.ident;
        quote! {
            fn default_role() -> ::core::option::Option<Self> {
                ::core::option::Option::Some(Self::#variant)
            }
        }
    });
    Ok(quote! {
        #[automatically_derived]
        impl #hallpass::Role for #role {
            const ALL: &'static [Self] = &[#(Self::#variant),*];

            fn name(&self) -> &'static str {
                match self {
                    #(Self::#variant => #names,)*
                }
            }

            fn index(&self) -> u8 {
                match self {
                    #(Self::#variant => #index,)*
                }
            }

            fn from_index(index: u8) -> ::core::option::Option<Self> {
                match index {
                    #(#index => ::core::option::Option::Some(Self::#variant),)*
                    _ => ::core::option::Option::None,
                }
            }

            #default_role

            fn from_name(name: &str) -> ::core::option::Option<Self> {
                match name {
                    #(#names => ::core::option::Option::Some(Self::#variant),)*
                    _ => ::core::option::Option::None,
                }
            }
        }
    })
}

/// Returns the variants of a valid enum.
fn variants(input: &DeriveInput) -> Result<&DataEnum> {
    let Data::Enum(data) = &input.data else {
        return Err(Error::new_spanned(
            &input.ident,
            "`Role` can be derived for an enum only, with one variant for each role",
        ));
    };
    if let Some(parameter) = input.generics.params.first() {
        return Err(Error::new_spanned(
            parameter,
            "a role enum cannot have generic parameters: remove them",
        ));
    }
    if data.variants.is_empty() {
        return Err(Error::new_spanned(
            &input.ident,
            "a role enum needs at least one variant: add one for each role",
        ));
    }
    if let Some(one_too_many) = data.variants.iter().nth(MOST_ROLES) {
        let message = format!(
            "a role enum has at most {MOST_ROLES} variants, one for each bit of a set; this is the {}th",
            MOST_ROLES + 1,
        );
        return Err(Error::new_spanned(&one_too_many.ident, message));
    }
    Ok(data)
}

/// Returns the variant with `#[role(default)]`.
fn default_variant(data: &DataEnum) -> Result<Option<&Variant>> {
    let mut found: Option<&Variant> = None;
    for variant in &data.variants {
        if !attribute::is_default(&variant.attrs)? {
            continue;
        }
        if let Some(first) = found {
            let message = format!(
                "`{}` is the default role already: remove `#[role(default)]` from one of the two",
                first.ident
            );
            return Err(Error::new_spanned(&variant.ident, message));
        }
        found = Some(variant);
    }
    Ok(found)
}

/// Returns the role's name of each variant. Every invalid variant is reported, not only the first.
fn names(data: &DataEnum) -> Result<Vec<String>> {
    let mut names: Vec<String> = Vec::with_capacity(data.variants.len());
    let mut errors: Option<Error> = None;
    for variant in &data.variants {
        match name(variant, &names) {
            Ok(name) => names.push(name),
            Err(error) => match &mut errors {
                Some(errors) => errors.combine(error),
                None => errors = Some(error),
            },
        }
    }
    match errors {
        Some(errors) => Err(errors),
        None => Ok(names),
    }
}

fn name(variant: &Variant, taken: &[String]) -> Result<String> {
    if !matches!(variant.fields, Fields::Unit) {
        return Err(Error::new_spanned(
            &variant.fields,
            "a role has no fields: what belongs to one account goes into the token's own claims",
        ));
    }
    let name = match attribute::name(&variant.attrs)? {
        Some(said) => {
            role_name::check(&said.value()).map_err(|text| Error::new_spanned(&said, text))?;
            said.value()
        }
        None => {
            let name = snake_case(&variant.ident.unraw().to_string());
            role_name::check(&name).map_err(|text| Error::new_spanned(&variant.ident, text))?;
            name
        }
    };
    if taken.contains(&name) {
        return Err(Error::new_spanned(
            &variant.ident,
            format!(
                "another role is already named `{name}`; give this one another name with `#[role(name = \"…\")]`"
            ),
        ));
    }
    Ok(name)
}

#[cfg(test)]
mod tests;
