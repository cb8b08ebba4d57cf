-- The open sessions. The end of a session deletes its row and writes to the revocation log.
-- epoch: the epoch of the site when the session was opened. The session has ended if the epoch of the site is higher.
-- device: the browser and the system of the login, such as Firefox on Linux. Empty if they are not known.
-- refresh_hash: the hash of the live refresh token. NULL: the session cannot be refreshed.
-- consumed: hashes of the refresh tokens consumed within the grace period and the times of it, 40 bytes each.
-- idle_at: the session ends at this time, unless it is refreshed before.
-- methods: the methods of the last full proof, for the next access tokens: names of RFC 8176, separated by spaces.
-- authenticated_at: the time of the last full proof: a login, or a confirmation within the session. NULL: the login was without the second factor of the account.
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
    methods      TEXT,
    authenticated_at BIGINT
) WITH (fillfactor = 60);

CREATE INDEX hallpass_sessions_by_account ON hallpass_sessions (account_id, created_at);
CREATE INDEX hallpass_sessions_by_end ON hallpass_sessions (expires_at);
