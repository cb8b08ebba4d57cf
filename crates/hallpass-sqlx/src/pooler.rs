//! The kinds of connection poolers.

/// The pooler between a node and PostgreSQL, such as PgBouncer.
///
/// PgBouncer calls it the pool mode. Its mode `statement` is not supported, because it permits no
/// transaction of several statements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Pooler {
    /// No pooler: the address leads to the server, or to the file.
    #[default]
    None,
    /// A connection to the server belongs to a client until the client disconnects.
    Session,
    /// A connection to the server belongs to a client until the end of a transaction. Named
    /// statements, session settings and `LISTEN` are not available. This mode is also correct for a
    /// pooler in session mode.
    Transaction,
}

impl Pooler {
    /// Returns a stable name, for logs and for the parameter `pooler` of an address.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Session => "session",
            Self::Transaction => "transaction",
        }
    }
}
