-- Triggers by which changes of the table `customers` take effect on every server immediately. Create
-- them after the tables of hallpass.
CREATE TRIGGER IF NOT EXISTS customers_blocked AFTER UPDATE OF blocked ON customers
WHEN NEW.blocked AND NOT OLD.blocked
BEGIN
    INSERT INTO hallpass_account_state (account_id, revoked_below)
        VALUES (CAST(OLD.number AS TEXT), 1)
        ON CONFLICT (account_id) DO UPDATE
        SET revoked_below = max(revoked_below, stale_below) + 1;
    DELETE FROM hallpass_sessions WHERE account_id = CAST(OLD.number AS TEXT);
    INSERT INTO hallpass_revocations (kind, account_id, number, at)
        SELECT 'revoked', account_id, revoked_below, unixepoch()
        FROM hallpass_account_state WHERE account_id = CAST(OLD.number AS TEXT);
END;

-- The row of hallpass_account_state stays: its numbers must not restart for a customer who gets the
-- same number.
CREATE TRIGGER IF NOT EXISTS customers_deleted AFTER DELETE ON customers
BEGIN
    INSERT INTO hallpass_account_state (account_id, revoked_below)
        VALUES (CAST(OLD.number AS TEXT), 1)
        ON CONFLICT (account_id) DO UPDATE
        SET revoked_below = max(revoked_below, stale_below) + 1;
    DELETE FROM hallpass_sessions WHERE account_id = CAST(OLD.number AS TEXT);
    INSERT INTO hallpass_revocations (kind, account_id, number, at)
        SELECT 'revoked', account_id, revoked_below, unixepoch()
        FROM hallpass_account_state WHERE account_id = CAST(OLD.number AS TEXT);
    DELETE FROM hallpass_two_factor WHERE account_id = CAST(OLD.number AS TEXT);
    DELETE FROM hallpass_recovery_codes WHERE account_id = CAST(OLD.number AS TEXT);
    DELETE FROM hallpass_browsers WHERE account_id = CAST(OLD.number AS TEXT);
    DELETE FROM hallpass_activity WHERE account_id = CAST(OLD.number AS TEXT);
END;

-- New roles: the next request of the person refreshes the session.
CREATE TRIGGER IF NOT EXISTS customers_roles AFTER UPDATE OF is_staff ON customers
WHEN NEW.is_staff <> OLD.is_staff
BEGIN
    UPDATE hallpass_account_state SET stale_below = max(revoked_below, stale_below) + 1
        WHERE account_id = CAST(OLD.number AS TEXT);
    INSERT INTO hallpass_revocations (kind, account_id, number, at)
        SELECT 'stale', account_id, stale_below, unixepoch()
        FROM hallpass_account_state WHERE account_id = CAST(OLD.number AS TEXT);
END;
