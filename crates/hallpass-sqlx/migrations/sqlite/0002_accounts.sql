-- What hallpass keeps of each account, whether the account is in hallpass_accounts or in the site's own table.
-- revoked_below, stale_below: tokens with a lower generation are revoked, or stale. credential: raised with each
-- credential. The numbers only grow; each is checked in every statement that writes for the account.
CREATE TABLE hallpass_account_state (
    account_id    TEXT    NOT NULL PRIMARY KEY,
    revoked_below INTEGER NOT NULL DEFAULT 0 CHECK (revoked_below BETWEEN 0 AND 4294967295),
    stale_below   INTEGER NOT NULL DEFAULT 0 CHECK (stale_below BETWEEN 0 AND 4294967295),
    credential    INTEGER NOT NULL DEFAULT 0 CHECK (credential BETWEEN 0 AND 4294967295),
    disabled      INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1))
) STRICT;

-- One row for each account of a site without an own table.
-- username_key is the canonical form: uniqueness, limits and look-ups go by it. username is the form that is shown.
-- roles is a JSON array of names.
CREATE TABLE hallpass_accounts (
    id            TEXT    NOT NULL PRIMARY KEY,
    username      TEXT    NOT NULL,
    username_key  TEXT    NOT NULL UNIQUE,
    password_hash TEXT    NOT NULL,
    roles         TEXT    NOT NULL CHECK (json_type(roles) = 'array'),
    created_at    INTEGER NOT NULL
) STRICT;

-- Finds the accounts with a role, through the combinations of roles that occur.
CREATE INDEX hallpass_accounts_by_roles ON hallpass_accounts (roles);

-- The state begins and ends with its account, also if an operator writes the row by hand.
CREATE TRIGGER hallpass_accounts_state_begins AFTER INSERT ON hallpass_accounts BEGIN
    INSERT INTO hallpass_account_state (account_id) VALUES (NEW.id) ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER hallpass_accounts_state_ends AFTER DELETE ON hallpass_accounts BEGIN
    DELETE FROM hallpass_account_state WHERE account_id = OLD.id;
END;
