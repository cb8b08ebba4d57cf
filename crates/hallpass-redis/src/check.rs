//! Tries each command of the store when it is opened. A server that rejects one of them would
//! otherwise let the site start, and then reject each login.

use redis::{Cmd, cmd};

use crate::{
    error::{RedisStoreError, RedisStoreErrorKind},
    rate_limit,
    store::RedisStore,
};

/// A command that the server rejected.
pub(crate) enum Rejected {
    /// The user may not run these commands. The error is of the last one.
    Permission(Vec<&'static str>, RedisStoreError),
    /// Another reason.
    Command(&'static str, RedisStoreError),
}

impl RedisStore {
    /// Runs each command on keys that only this check uses, and deletes the keys. Two nodes may
    /// check concurrently with the same keys, so no response is compared. Every command is tried
    /// before the missing permissions are returned, so that the operator adds them in one step.
    pub(crate) async fn try_commands(&self) -> Result<(), Rejected> {
        let (text, stream) = (self.check_key("attempts"), self.check_key("revocations"));
        let tried = self.try_on(&text, &stream).await;
        if !matches!(&tried, Err(Rejected::Command(_, error)) if error.is_unavailable()) {
            // The check has its result already. Without `+del` the keys stay. They have a few
            // bytes.
            let _: Result<redis::Value, _> = self.line.ask(cmd("DEL").arg(&[&text, &stream])).await;
        }
        tried
    }

    async fn try_on(&self, text: &str, stream: &str) -> Result<(), Rejected> {
        let (mut denied, mut last) = (Vec::new(), None);
        for (name, arguments) in commands(text, stream) {
            match self.try_one(cmd(name).arg(arguments)).await {
                Ok(()) => {}
                Err(error) if error.kind() == RedisStoreErrorKind::Permission => {
                    denied.push(name);
                    last = Some(error);
                }
                Err(error) => return Err(Rejected::Command(name, error)),
            }
        }
        if let Some(error) = last {
            return Err(Rejected::Permission(denied, error));
        }
        // The script, now that each of its commands is permitted.
        let swap = rate_limit::swap(text, "0 0 0", "1 0 0", 60);
        self.try_one(&swap).await.map_err(|error| Rejected::Command("EVAL", error))
    }

    async fn try_one(&self, command: &Cmd) -> Result<(), RedisStoreError> {
        self.line.ask::<redis::Value>(command).await.map(|_| ())
    }
}

/// Returns each command that this crate sends, with valid arguments.
fn commands<'a>(text: &'a str, stream: &'a str) -> [(&'static str, Vec<&'a str>); 9] {
    [
        ("DEL", vec![text, stream]),
        ("SET", vec![text, "0 0 0", "EX", "60"]),
        ("GET", vec![text]),
        ("EVAL", vec!["return 1", "1", text]),
        ("XADD", vec![stream, "MAXLEN", "1", "*", "check", "1"]),
        ("XRANGE", vec![stream, "-", "+", "COUNT", "1"]),
        ("XREVRANGE", vec![stream, "+", "-", "COUNT", "1"]),
        ("XREAD", vec!["COUNT", "1", "BLOCK", "1", "STREAMS", stream, "0-0"]),
        ("XTRIM", vec![stream, "MINID", "0-0"]),
    ]
}
