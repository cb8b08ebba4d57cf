//! The SQLite store against real files. `suite` asks for the store traits alone: any store must pass it.

mod opening;
mod scratch;
