//! What `#[role(…)]` says.

use syn::{Attribute, Error, LitStr, Path, Result};

/// On the enum: the path of the crate that holds the trait.
pub(crate) fn crate_path(attributes: &[Attribute]) -> Result<Option<Path>> {
    let mut path = None;
    read(attributes, |key, value| match key {
        "crate" => {
            path = Some(value.parse()?);
            Ok(())
        }
        "name" => Err(Error::new_spanned(value, "`name` belongs on a variant, not on the enum")),
        _ => Err(unknown(value, "crate = \"path::to::crate\"")),
    })?;
    Ok(path)
}

/// On a variant: the role's name.
pub(crate) fn name(attributes: &[Attribute]) -> Result<Option<LitStr>> {
    let mut name = None;
    read(attributes, |key, value| match key {
        "name" if value.value().is_empty() => Err(Error::new_spanned(value, "a role's name cannot be empty")),
        "name" => {
            name = Some(value.clone());
            Ok(())
        }
        "crate" => Err(Error::new_spanned(value, "`crate` belongs on the enum, not on a variant")),
        _ => Err(unknown(value, "name = \"…\"")),
    })?;
    Ok(name)
}

/// Calls `take` with each `key = "value"` of the `role` attributes.
fn read(attributes: &[Attribute], mut take: impl FnMut(&str, &LitStr) -> Result<()>) -> Result<()> {
    let mut seen: Vec<String> = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("role")) {
        attribute.parse_nested_meta(|meta| {
            let key = meta.path.require_ident()?.to_string();
            if seen.contains(&key) {
                return Err(meta.error(format!("`{key}` is said twice")));
            }
            take(&key, &meta.value()?.parse()?)?;
            seen.push(key);
            Ok(())
        })?;
    }
    Ok(())
}

fn unknown(at: &LitStr, expected: &str) -> Error {
    Error::new_spanned(at, format!("`#[role(…)]` takes `{expected}` here"))
}
