-- Who is logged in where. A session that ends is deleted; the revocation log tells the nodes.
-- epoch: the site's epoch when the session was opened. A session of a lower epoch than the site's has ended.
-- refresh_hash: the hash of the live refresh token. NULL: the session cannot be refreshed.
-- consumed: the refresh tokens consumed within the last seconds, 40 bytes each.
-- idle_at: the session ends then, unless it was refreshed.
-- methods: names of RFC 8176, separated by spaces, for the access tokens to come.
-- A refresh keeps the row on its page (HOT): no column that it changes is indexed, and the page has room.
CREATE TABLE hallpass_sessions (
    id           TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
    account_id   TEXT   NOT NULL REFERENCES hallpass_account_state (account_id) ON DELETE CASCADE,
    epoch        BIGINT NOT NULL,
    device       TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    refreshed_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    idle_at      BIGINT,
    refresh_hash BYTEA,
    consumed     BYTEA  NOT NULL DEFAULT '',
    methods      TEXT
) WITH (fillfactor = 60);

CREATE INDEX hallpass_sessions_by_account ON hallpass_sessions (account_id, created_at);
CREATE INDEX hallpass_sessions_by_end ON hallpass_sessions (expires_at);
