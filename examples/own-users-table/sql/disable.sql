-- Disables an account of hallpass. Replace :account by the id of the account, as text.
-- The transaction revokes all tokens of the account and ends its sessions. Every server notices the
-- changed file.
BEGIN IMMEDIATE;

INSERT INTO hallpass_account_state (account_id, disabled, revoked_below)
    VALUES (:account, TRUE, 1)
    ON CONFLICT (account_id) DO UPDATE
    SET disabled = TRUE, revoked_below = max(revoked_below, stale_below) + 1;

DELETE FROM hallpass_sessions WHERE account_id = :account;

INSERT INTO hallpass_revocations (kind, account_id, number, at)
    SELECT 'disabled', account_id, revoked_below, unixepoch()
    FROM hallpass_account_state WHERE account_id = :account;

COMMIT;
