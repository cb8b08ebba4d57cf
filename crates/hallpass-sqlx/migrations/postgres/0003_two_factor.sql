-- The second factor of an account.
-- encrypted: the secret, encrypted with a key that is not in the database.
-- last_step: the latest time step that was consumed (RFC 6238, section 5.2). Only a code of a later
-- step is accepted.
-- drift: the difference of the authenticator's clock at that step, in time steps (RFC 6238, section 6).
CREATE TABLE hallpass_two_factor (
    account_id TEXT   NOT NULL PRIMARY KEY REFERENCES hallpass_account_state (account_id) ON DELETE CASCADE,
    encrypted  BYTEA  NOT NULL,
    last_step  BIGINT,
    drift      BIGINT NOT NULL DEFAULT 0
);

-- The hashes of the recovery codes that are not consumed. To consume a code deletes its row.
CREATE TABLE hallpass_recovery_codes (
    account_id TEXT  NOT NULL REFERENCES hallpass_account_state (account_id) ON DELETE CASCADE,
    code_hash  BYTEA NOT NULL,
    PRIMARY KEY (account_id, code_hash)
);
