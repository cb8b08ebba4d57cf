-- Who is signed in where. A session that ends is deleted; the log is what tells the others.
CREATE TABLE hallpass_sessions (
    id         TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
    account_id TEXT   NOT NULL REFERENCES hallpass_accounts (id) ON DELETE CASCADE,
    device     TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    refreshed_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX hallpass_sessions_by_account ON hallpass_sessions (account_id, created_at);
