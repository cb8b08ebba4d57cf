-- The recent activity of each account: logins, failed logins and changes, for the account page.
-- The store keeps the last 100 rows per account.
--
-- place       the order in which the rows were written. Rows of one account are written one after
--             the other.
-- account_id  the account. Its rows are deleted with it.
-- at          the time.
-- kind        a name, for example logged-in. A name that a node does not support is not shown.
-- address     the IP address of the client, or NULL if it is not known.
-- browser     the User-Agent, cut to 200 characters. Empty if it is not known.
-- methods     the authentication methods, by the names of RFC 8176, separated by spaces.
CREATE TABLE hallpass_activity (
    place      BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id TEXT   NOT NULL REFERENCES hallpass_account_state (account_id) ON DELETE CASCADE,
    at         BIGINT NOT NULL,
    kind       TEXT   NOT NULL,
    address    TEXT,
    browser    TEXT   NOT NULL CHECK (char_length(browser) <= 200),
    methods    TEXT   NOT NULL
);

-- Finds the last rows of an account, and the rows that are too many.
CREATE INDEX hallpass_activity_by_account ON hallpass_activity (account_id, place);

-- Finds the oldest rows of all accounts.
CREATE INDEX hallpass_activity_by_time ON hallpass_activity (at);
