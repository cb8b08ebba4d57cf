//! The kind of each error of the server, and the reaction of the connection to it.
//!
//! A connection belongs to one server, and the address may lead to another server by now. A
//! failover does not close the connections to the old primary, so an error that names the server's
//! state is the only sign of it. If the connection were kept after such an error, each later login
//! would fail. Tested in `tests/redis/reply.rs` for each code, and in `tests/redis/failover.rs`
//! with real servers.

use redis::{ErrorKind, RedisError, ServerError};

use crate::error::RedisStoreErrorKind as Kind;

/// The effect of an error on the connection on which it was received.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reaction {
    /// The connection is kept.
    Keep,
    /// The connection is replaced: the next call resolves the host again and connects.
    Replace,
    /// The connection is replaced, and the command is sent once more in the same call. The command
    /// may run twice, which is harmless for every command of this crate: a count can only be too
    /// high, and a notification can only arrive twice.
    Retry,
}

/// Returns the kind of an error, and the reaction to it.
pub(crate) fn class_of(error: &RedisError) -> (Kind, Reaction) {
    // A pipeline is not used, so there is at most one error.
    if let Some([(_, error), ..]) = error.clone().into_server_errors().as_deref() {
        return class_of_reply(error);
    }
    match error.kind() {
        // The reply was read to its end, but has another type.
        ErrorKind::UnexpectedReturnType => (Kind::Corrupt, Reaction::Keep),
        ErrorKind::Parse => (Kind::Corrupt, Reaction::Replace),
        // Received while connecting. Another attempt sends the same password.
        ErrorKind::AuthenticationFailed => (Kind::Authentication, Reaction::Replace),
        // Received while connecting: the database of the address cannot be selected.
        ErrorKind::Server(_) | ErrorKind::Extension => (Kind::Refused, Reaction::Replace),
        // A connection that was lost while it was idle fails only when it is used.
        _ if error.is_connection_dropped() => (Kind::Unavailable, Reaction::Retry),
        // After a timeout there is no time left for another attempt.
        _ => (Kind::Unavailable, Reaction::Replace),
    }
}

fn class_of_reply(error: &ServerError) -> (Kind, Reaction) {
    let details = error.details().unwrap_or_default();
    match error.code() {
        "ERR" => match code_of_script(details) {
            Some(code) => class_of_code(code),
            // No version of Redis has a code for a command that the user may not run in a script.
            // The first text is that of Redis before 7.0, and the second one of later versions.
            None if details.contains("user executing the script can't")
                || details.contains("ACL failure in script") =>
            {
                (Kind::Permission, Reaction::Keep)
            }
            None => (Kind::Refused, Reaction::Replace),
        },
        code => class_of_code(code),
    }
}

/// In each of these cases the server has not run the command, or has ended it without an effect.
fn class_of_code(code: &str) -> (Kind, Reaction) {
    match code {
        // The server was demoted, has lost its primary, or has just ended a blocking read because
        // its role changed. The address leads to the new primary, or will soon.
        "READONLY" | "MASTERDOWN" | "UNBLOCKED" => (Kind::NotPrimary, Reaction::Retry),
        // A restarted server, a cluster during a failover, or a server with a script that does not
        // end. A proxy may already send new connections to another server.
        "LOADING" | "CLUSTERDOWN" | "TRYAGAIN" | "BUSY" => (Kind::NotReady, Reaction::Retry),
        // A primary that was separated from its replicas, or whose disk is full. Both last until
        // an operator or a failover moves the address.
        "NOREPLICAS" | "NOQUORUM" | "MISCONF" => (Kind::WritesStopped, Reaction::Retry),
        // A proxy has changed the server behind the connection. A new connection sends the
        // password.
        "NOAUTH" | "WRONGPASS" => (Kind::Authentication, Reaction::Retry),
        // The demoted node of a cluster with one shard redirects to its primary.
        "MOVED" | "ASK" | "CROSSSLOT" => (Kind::Cluster, Reaction::Retry),
        // This server has memory again when keys expire. Each new connection would take more memory
        // from it. A demoted server does not return this error, because a replica ignores
        // maxmemory.
        "OOM" => (Kind::OutOfMemory, Reaction::Keep),
        // A new connection has the same user. A changed rule is effective on open connections.
        "NOPERM" => (Kind::Permission, Reaction::Keep),
        // Another application wrote the key.
        "WRONGTYPE" => (Kind::Corrupt, Reaction::Keep),
        // A code of a later version, of a managed server or of a proxy. It is not known whether a
        // new connection helps, and it costs little.
        _ => (Kind::Refused, Reaction::Replace),
    }
}

/// Before Redis 7.0 the code of a command in a script is in the text: `ERR Error running script
/// (call to f_…): @user_script:1: @user_script: 1: -READONLY You can't write …`.
fn code_of_script(details: &str) -> Option<&str> {
    let (_, reply) = details.strip_prefix("Error running script")?.split_once(": -")?;
    reply.split(' ').next()
}
