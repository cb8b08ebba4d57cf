-- The revocation log. A node reads it in order, and can write entries again into a store that lost them.
-- kind 'revoked': tokens of the account below number are revoked. 'disabled': the same, and the account is disabled.
-- kind 'stale': tokens of the account below number are stale. 'session': the session has ended. 'epoch': tokens of an
-- epoch below number are revoked. A node skips a kind that it does not support, and logs that.
-- place is never used twice, and follows the order of commits, because SQLite has one writer at a time.
-- No foreign keys: a revoked token stays revoked when its account is deleted.
CREATE TABLE hallpass_revocations (
    place      INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind       TEXT    NOT NULL,
    account_id TEXT,
    number     INTEGER,
    session_id TEXT,
    at         INTEGER NOT NULL
) STRICT;

CREATE INDEX hallpass_revocations_by_time ON hallpass_revocations (at);
