-- The authenticator of an account. The secret is encrypted before it gets here.
-- last_step is the latest time step that was consumed (RFC 6238, 5.2): a code counts only with a later one.
-- drift: by how many time steps the authenticator's clock was off at that step (RFC 6238, 6).
CREATE TABLE hallpass_two_factor (
    account_id TEXT   NOT NULL PRIMARY KEY REFERENCES hallpass_account_state (account_id) ON DELETE CASCADE,
    encrypted  BYTEA  NOT NULL,
    last_step  BIGINT,
    drift      BIGINT NOT NULL DEFAULT 0
);

-- Recovery codes not yet consumed, hashed. Consuming one deletes its row.
CREATE TABLE hallpass_recovery_codes (
    account_id TEXT  NOT NULL REFERENCES hallpass_account_state (account_id) ON DELETE CASCADE,
    code_hash  BYTEA NOT NULL,
    PRIMARY KEY (account_id, code_hash)
);
