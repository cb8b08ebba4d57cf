-- Disables an account of hallpass: psql -v ON_ERROR_STOP=1 -v account=ID -f disable.sql
-- The transaction revokes all tokens of the account, ends its sessions and wakes every server.
BEGIN;

INSERT INTO hallpass_account_state AS s (account_id, disabled, revoked_below)
    VALUES (:'account', TRUE, 1)
    ON CONFLICT (account_id) DO UPDATE
    SET disabled = TRUE, revoked_below = greatest(s.revoked_below, s.stale_below) + 1;

DELETE FROM hallpass_sessions WHERE account_id = :'account';

INSERT INTO hallpass_revocations (kind, account_id, number, at)
    SELECT 'disabled', account_id, revoked_below, floor(extract(epoch FROM clock_timestamp()))
    FROM hallpass_account_state WHERE account_id = :'account';

COMMIT;
