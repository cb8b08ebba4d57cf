//! The facade as an application uses it.

mod key_file;
mod scratch;
