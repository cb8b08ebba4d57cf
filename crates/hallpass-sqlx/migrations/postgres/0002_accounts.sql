-- What hallpass keeps of each account, whether the account is in hallpass_accounts or in the site's own table.
-- revoked_below, stale_below: tokens with a lower generation are revoked, or stale. credential: raised with each
-- credential. The numbers only grow; each is checked in every statement that writes for the account.
-- The update of a number keeps the row on its page (HOT), because none of these columns is indexed.
CREATE TABLE hallpass_account_state (
    account_id    TEXT    NOT NULL PRIMARY KEY,
    revoked_below BIGINT  NOT NULL DEFAULT 0 CHECK (revoked_below BETWEEN 0 AND 4294967295),
    stale_below   BIGINT  NOT NULL DEFAULT 0 CHECK (stale_below BETWEEN 0 AND 4294967295),
    credential    BIGINT  NOT NULL DEFAULT 0 CHECK (credential BETWEEN 0 AND 4294967295),
    disabled      BOOLEAN NOT NULL DEFAULT FALSE
) WITH (fillfactor = 90);

-- One row for each account of a site without an own table.
-- username_key is the canonical form: uniqueness, limits and look-ups go by it. username is the form that is shown.
-- The collation is C: keys are listed in the order of their characters, whatever language the database is made for.
-- roles is a JSON array of names.
CREATE TABLE hallpass_accounts (
    id            TEXT    NOT NULL PRIMARY KEY,
    username      TEXT    NOT NULL,
    username_key  TEXT    COLLATE "C" NOT NULL UNIQUE,
    password_hash TEXT    NOT NULL,
    roles         TEXT    NOT NULL CHECK (json_typeof(roles::json) = 'array'),
    created_at    BIGINT  NOT NULL
);

-- Finds the accounts with a role, through the combinations of roles that occur.
CREATE INDEX hallpass_accounts_by_roles ON hallpass_accounts (roles);

-- The state begins and ends with its account, also if an operator writes the row by hand.
CREATE FUNCTION hallpass_accounts_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO hallpass_account_state (account_id) VALUES (NEW.id) ON CONFLICT DO NOTHING;
    ELSE
        DELETE FROM hallpass_account_state WHERE account_id = OLD.id;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER hallpass_accounts_state AFTER INSERT OR DELETE ON hallpass_accounts
    FOR EACH ROW EXECUTE FUNCTION hallpass_accounts_state();
