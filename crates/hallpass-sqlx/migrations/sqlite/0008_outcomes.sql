-- The outcome of each form that succeeded, for a form that arrives twice. The transaction of a
-- change inserts its row first: a conflict is a repeated form, whose change is not made again.
--
-- id             an HMAC over browser cookie, form, purpose and all fields, 32 bytes.
-- account_id     the account that was changed, or NULL. Its rows are deleted with it. The
--                constraint is checked at the commit, because a registration inserts the outcome
--                before the account.
-- session_id     the session that acted or was opened, or NULL. No foreign key: a row whose session
--                has ended stays, and is not returned for a repeated form.
-- revoked_below  the account's number "revoked below" after the change, or 0 if
--                there is no account.
-- kind           the name of the change, for example password-changed.
-- sealed         the refresh token and the values that are shown once, encrypted, or NULL. The key
--                is not in the database.
-- at             the time of the change.
-- keep_until     the end of the row. From then on it counts as absent.
CREATE TABLE hallpass_outcomes (
    id            BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 32),
    account_id    TEXT    REFERENCES hallpass_account_state (account_id) ON DELETE CASCADE
                          DEFERRABLE INITIALLY DEFERRED,
    session_id    TEXT,
    revoked_below INTEGER NOT NULL CHECK (revoked_below BETWEEN 0 AND 4294967295),
    kind          TEXT    NOT NULL,
    sealed        BLOB,
    at            INTEGER NOT NULL,
    keep_until    INTEGER NOT NULL
) STRICT;

-- Finds the rows that are over.
CREATE INDEX hallpass_outcomes_by_end ON hallpass_outcomes (keep_until);

-- Finds the rows of an account, when it is deleted, and those of one kind.
CREATE INDEX hallpass_outcomes_by_account ON hallpass_outcomes (account_id, kind);
