-- The open sessions. The end of a session deletes its row and writes to the revocation log.
-- epoch: the epoch of the site when the session was opened. The session has ended if the epoch of the site is higher.
-- device: the browser and the system of the login, such as Firefox on Linux. Empty if they are not known.
-- refresh_hash: the hash of the live refresh token. NULL: the session cannot be refreshed.
-- consumed: hashes of the refresh tokens consumed within the grace period and the times of it, 40 bytes each.
-- idle_at: the session ends at this time, unless it is refreshed before.
-- methods: the methods of the last full proof, for the next access tokens: names of RFC 8176, separated by spaces.
-- authenticated_at: the time of the last full proof: a login, or a confirmation within the session. NULL: the login was without the second factor of the account.
CREATE TABLE hallpass_sessions (
    id           TEXT    NOT NULL PRIMARY KEY,
    account_id   TEXT    NOT NULL REFERENCES hallpass_account_state (account_id) ON DELETE CASCADE,
    epoch        INTEGER NOT NULL,
    device       TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    refreshed_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    idle_at      INTEGER,
    refresh_hash BLOB,
    consumed     BLOB    NOT NULL DEFAULT x'',
    methods      TEXT,
    authenticated_at INTEGER
) STRICT;

CREATE INDEX hallpass_sessions_by_account ON hallpass_sessions (account_id, created_at);
CREATE INDEX hallpass_sessions_by_end ON hallpass_sessions (expires_at);
