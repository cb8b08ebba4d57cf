-- Triggers by which changes of the table `users` take effect on every server immediately. Create
-- them after the tables of hallpass.
CREATE OR REPLACE FUNCTION users_revoke() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO hallpass_account_state AS s (account_id, revoked_below)
        VALUES (OLD.id::text, 1)
        ON CONFLICT (account_id) DO UPDATE
        SET revoked_below = greatest(s.revoked_below, s.stale_below) + 1;
    DELETE FROM hallpass_sessions WHERE account_id = OLD.id::text;
    INSERT INTO hallpass_revocations (kind, account_id, number, at)
        SELECT 'revoked', account_id, revoked_below, floor(extract(epoch FROM clock_timestamp()))
        FROM hallpass_account_state WHERE account_id = OLD.id::text;
    IF TG_OP = 'DELETE' THEN
        -- The row of hallpass_account_state stays: its numbers must not restart.
        DELETE FROM hallpass_two_factor WHERE account_id = OLD.id::text;
        DELETE FROM hallpass_recovery_codes WHERE account_id = OLD.id::text;
        DELETE FROM hallpass_browsers WHERE account_id = OLD.id::text;
        DELETE FROM hallpass_activity WHERE account_id = OLD.id::text;
    END IF;
    RETURN NULL;
END
$$;

-- New roles: the next request of the person refreshes the session.
CREATE OR REPLACE FUNCTION users_stale() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE hallpass_account_state SET stale_below = greatest(revoked_below, stale_below) + 1
        WHERE account_id = OLD.id::text;
    INSERT INTO hallpass_revocations (kind, account_id, number, at)
        SELECT 'stale', account_id, stale_below, floor(extract(epoch FROM clock_timestamp()))
        FROM hallpass_account_state WHERE account_id = OLD.id::text;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER users_blocked AFTER UPDATE OF blocked ON users
    FOR EACH ROW WHEN (NEW.blocked AND NOT OLD.blocked) EXECUTE FUNCTION users_revoke();
CREATE OR REPLACE TRIGGER users_deleted AFTER DELETE ON users
    FOR EACH ROW EXECUTE FUNCTION users_revoke();
CREATE OR REPLACE TRIGGER users_roles AFTER UPDATE OF roles ON users
    FOR EACH ROW WHEN (NEW.roles IS DISTINCT FROM OLD.roles) EXECUTE FUNCTION users_stale();
