-- The second factor of an account.
-- encrypted: the secret, encrypted with a key that is not in the database.
-- last_step: the latest time step that was consumed (RFC 6238, section 5.2). Only a code of a later
-- step is accepted.
-- drift: the difference of the authenticator's clock at that step, in time steps (RFC 6238, section 6).
CREATE TABLE hallpass_two_factor (
    account_id TEXT    NOT NULL PRIMARY KEY REFERENCES hallpass_account_state (account_id) ON DELETE CASCADE,
    encrypted  BLOB    NOT NULL,
    last_step  INTEGER,
    drift      INTEGER NOT NULL DEFAULT 0
) STRICT;

-- The hashes of the recovery codes that are not consumed. To consume a code deletes its row.
CREATE TABLE hallpass_recovery_codes (
    account_id TEXT NOT NULL REFERENCES hallpass_account_state (account_id) ON DELETE CASCADE,
    code_hash  BLOB NOT NULL,
    PRIMARY KEY (account_id, code_hash)
) STRICT, WITHOUT ROWID;
