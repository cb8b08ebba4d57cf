//! Secrets from a file or from standard input, erased from memory when they go.

use std::{
    fs,
    io::{self, Read},
    path::Path,
};

use zeroize::Zeroizing;

use crate::command_error::CommandError;

/// The text of a file, or of standard input where the path is `-`, without the line's end that an editor or `echo` adds.
/// `what` names it in errors.
pub(crate) fn read(path: &Path, what: &'static str) -> Result<Zeroizing<String>, CommandError> {
    let unreadable = |source| CommandError::Input { path: path.to_owned(), source };
    let bytes = if path.as_os_str() == "-" {
        let mut bytes = Zeroizing::new(Vec::new());
        io::stdin().lock().read_to_end(&mut bytes).map_err(unreadable)?;
        bytes
    } else {
        Zeroizing::new(fs::read(path).map_err(unreadable)?)
    };
    let text = std::str::from_utf8(&bytes).map_err(|_| CommandError::NotText { what })?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(CommandError::NoInput { what });
    }
    Ok(Zeroizing::new(text.to_owned()))
}
