//! Parses `#[role(…)]`.

use syn::{Attribute, Error, LitStr, Path, Result, meta::ParseNestedMeta};

/// Returns the path of the crate that defines the trait, from the enum's attribute.
pub(crate) fn crate_path(attributes: &[Attribute]) -> Result<Option<Path>> {
    let mut path = None;
    read(attributes, |key, value| {
        match key {
        "crate" => {
            path = Some(literal(value)?.parse()?);
            Ok(())
        }
        "name" => Err(value.error("`name` belongs on a variant, not on the enum")),
        "default" => Err(value.error(
            "`default` belongs on a variant, not on the enum: put `#[role(default)]` on the role of new accounts",
        )),
        _ => Err(value.error("`#[role(…)]` on the enum takes `crate = \"path::to::crate\"`")),
    }
    })?;
    Ok(path)
}

/// Returns the role's name, from a variant's attribute.
pub(crate) fn name(attributes: &[Attribute]) -> Result<Option<LitStr>> {
    let mut name = None;
    read(attributes, |key, value| match key {
        "name" => {
            let value = literal(value)?;
            if value.value().is_empty() {
                return Err(Error::new_spanned(value, "a role's name cannot be empty"));
            }
            name = Some(value);
            Ok(())
        }
        "default" => flag(value),
        "crate" => Err(value.error("`crate` belongs on the enum, not on a variant")),
        _ => Err(value.error("`#[role(…)]` on a variant takes `default` and `name = \"…\"`")),
    })?;
    Ok(name)
}

/// Returns whether a variant is the role of new accounts.
pub(crate) fn is_default(attributes: &[Attribute]) -> Result<bool> {
    let mut default = false;
    read(attributes, |key, value| match key {
        "default" => {
            default = true;
            flag(value)
        }
        // Checked by `name`.
        _ => literal(value).map(drop),
    })?;
    Ok(default)
}

/// Returns the text of `key = "text"`.
fn literal(meta: &ParseNestedMeta<'_>) -> Result<LitStr> {
    meta.value()?.parse()
}

/// Checks that a key has no value.
fn flag(meta: &ParseNestedMeta<'_>) -> Result<()> {
    if meta.input.peek(syn::Token![=]) {
        return Err(meta.error("`default` takes no value: write `#[role(default)]`"));
    }
    Ok(())
}

/// Calls `take` with each `key` or `key = "value"` of the `role` attributes.
fn read(
    attributes: &[Attribute],
    mut take: impl FnMut(&str, &ParseNestedMeta<'_>) -> Result<()>,
) -> Result<()> {
    let mut seen: Vec<String> = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("role")) {
        attribute.parse_nested_meta(|meta| {
            let key = meta.path.require_ident()?.to_string();
            if seen.contains(&key) {
                return Err(meta.error(format!("`{key}` is given twice: remove one")));
            }
            take(&key, &meta)?;
            seen.push(key);
            Ok(())
        })?;
    }
    Ok(())
}
