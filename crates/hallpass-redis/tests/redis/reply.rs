//! The reaction to each error of the server.

use std::error::Error;

use hallpass_accounts::RateLimitStore;
use hallpass_redis::{
    RedisStore,
    RedisStoreErrorKind::{self as Kind, *},
};

use crate::fake_server::FakeServer;

/// A text of the protocol for each code. Redis 6.2 returns the last two for a command in a script.
const ANOTHER_SERVER_MAY_HELP: [(&str, Kind); 15] = [
    ("READONLY You can't write against a read only replica.", NotPrimary),
    ("MASTERDOWN Link with MASTER is down", NotPrimary),
    ("UNBLOCKED force unblock from blocking operation, instance state changed", NotPrimary),
    ("LOADING Redis is loading the dataset in memory", NotReady),
    ("CLUSTERDOWN The cluster is down", NotReady),
    ("TRYAGAIN Multiple keys request during rehashing of slot", NotReady),
    ("BUSY Redis is busy running a script.", NotReady),
    ("NOREPLICAS Not enough good replicas to write.", WritesStopped),
    ("NOQUORUM Not enough replicas", WritesStopped),
    ("MISCONF Redis is configured to save RDB snapshots, but it is unable to", WritesStopped),
    ("NOAUTH Authentication required.", Authentication),
    ("WRONGPASS invalid username-password pair or user is disabled.", Authentication),
    ("MOVED 3999 127.0.0.1:6381", Cluster),
    (
        "ERR Error running script (call to f_1): @user_script:1: @user_script: 1: -READONLY You \
      can't write against a read only replica.",
        NotPrimary,
    ),
    (
        "ERR Error running script (call to f_1): @user_script:1: @user_script: 1: -MISCONF Redis is \
      configured to save RDB snapshots",
        WritesStopped,
    ),
];

const CAUSE_IS_UNKNOWN: [(&str, Kind); 4] = [
    ("ERR max number of clients reached", Refused),
    ("ERR unknown command 'DEL'", Refused),
    ("UPSTREAM the proxy has no server", Refused),
    ("no upstream host", Refused),
];

const SAME_SERVER_HELPS: [(&str, Kind); 6] = [
    ("OOM command not allowed when used memory > 'maxmemory'.", OutOfMemory),
    (
        "ERR Error running script (call to f_1): @user_script:1: @user_script: 1: -OOM command not \
      allowed when used memory > 'maxmemory'.",
        OutOfMemory,
    ),
    ("NOPERM this user has no permissions to run the 'del' command", Permission),
    ("ERR The user executing the script can't run this command or subcommand", Permission),
    ("ERR ACL failure in script: User site has no permissions to run 'set'", Permission),
    ("WRONGTYPE Operation against a key holding the wrong kind of value", Corrupt),
];

/// Returns a server whose first connection now rejects each command, and an open store.
async fn rejecting(error: &str, up_to: usize) -> (FakeServer, RedisStore) {
    let server = FakeServer::start();
    let store = RedisStore::open(&server.url()).await.unwrap();
    assert_eq!(server.counts().0, 1);
    server.reject(error, up_to);
    (server, store)
}

#[tokio::test]
async fn error_of_the_server_state_connects_again_at_once() {
    for (error, kind) in ANOTHER_SERVER_MAY_HELP {
        let (server, store) = rejecting(error, 1).await;
        store.clear("alice").await.unwrap_or_else(|failed| panic!("{error}: {failed:?}"));
        store.clear("alice").await.unwrap();
        assert_eq!(server.counts().0, 2, "{error}");

        // The address still leads to the old server. One call sends the command twice at most.
        let (server, store) = rejecting(error, usize::MAX).await;
        let (_, before) = server.counts();
        assert_eq!(store.clear("alice").await.unwrap_err().kind(), kind, "{error}");
        let (connections, commands) = server.counts();
        assert_eq!((connections, commands - before), (2, 2), "{error}");
        server.reject(error, 2);
        store.clear("alice").await.unwrap();
        assert_eq!(server.counts().0, 3, "{error}: the next call connects again");
    }
}

#[tokio::test]
async fn unknown_error_connects_again_at_the_next_call() {
    for (error, kind) in CAUSE_IS_UNKNOWN {
        let (server, store) = rejecting(error, 1).await;
        let failed = store.clear("alice").await.unwrap_err();
        assert_eq!((failed.kind(), server.counts().0), (kind, 1), "{error}");
        store.clear("alice").await.unwrap();
        assert_eq!(server.counts().0, 2, "{error}");
    }
}

#[tokio::test]
async fn error_of_memory_or_permission_keeps_the_connection() {
    for (error, kind) in SAME_SERVER_HELPS {
        let (server, store) = rejecting(error, 1).await;
        for _ in 0..3 {
            let failed = store.clear("alice").await.unwrap_err();
            assert_eq!(failed.kind(), kind, "{error}");
        }
        assert_eq!(server.counts().0, 1, "{error}");
    }
}

/// Each of the calls that failed together must not drop the connection of the first one.
#[tokio::test]
async fn calls_that_fail_together_connect_once() {
    let (server, store) = rejecting("READONLY replica", 1).await;
    let calls = (0..100).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.clear("alice").await })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap().unwrap();
    }
    assert_eq!(server.counts().0, 2);
}

#[tokio::test]
async fn error_names_the_fix_and_has_the_text_of_the_server() {
    for (reply, fix) in [
        ("READONLY text", "its address must lead to the primary"),
        ("LOADING text", "wait until it has loaded its data"),
        ("MISCONF text", "free its disk"),
        ("OOM text", "raise maxmemory"),
        ("NOAUTH text", "correct them in its address"),
        ("NOPERM text", "the ACL rules that RedisStore documents"),
        ("MOVED text", "use a server without cluster mode"),
        ("WRONGTYPE text", "delete the keys of the prefix"),
        ("SOMETHING text", "its message names the cause"),
    ] {
        let (_server, store) = rejecting(reply, usize::MAX).await;
        let error = store.clear("alice").await.unwrap_err();
        assert!(error.to_string().contains(fix), "{reply}: {error}");
        assert!(!error.to_string().contains("text"), "{error}: the cause is the source");
        assert!(error.source().unwrap().to_string().contains("text"), "{reply}");
    }
}

#[tokio::test]
async fn open_names_the_command_that_the_server_rejects() {
    for (reply, fix) in [
        ("READONLY text", "its address must lead to the primary"),
        ("OOM text", "raise maxmemory"),
        ("ERR unknown command 'DEL'", "its message names the cause"),
    ] {
        let server = FakeServer::start();
        server.reject(reply, usize::MAX);
        let error = RedisStore::open(&server.url()).await.unwrap_err();
        assert!(error.to_string().contains("it rejected DEL"), "{error}");
        assert!(error.source().unwrap().to_string().contains(fix), "{reply}");
    }
}
