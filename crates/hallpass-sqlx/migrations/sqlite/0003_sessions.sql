-- Who is signed in where. A session that ends is deleted; the log is what tells the others.
CREATE TABLE hallpass_sessions (
    id         TEXT    NOT NULL PRIMARY KEY,
    account_id TEXT    NOT NULL REFERENCES hallpass_accounts (id) ON DELETE CASCADE,
    device     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    refreshed_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX hallpass_sessions_by_account ON hallpass_sessions (account_id, created_at);
