-- The browsers in which an account has logged in: one row for each account and browser.
-- A browser with a row is known: it has a budget of login attempts of its own. A trusted device is
-- a known browser that skips the code until a date.
-- The store keeps at most 20 rows per account and 5 accounts per browser, the last used ones.
-- No index contains used_at, and keep_until changes once in 30 days, so that the update of a login is
-- a heap-only one (HOT). An account has 20 rows at most, which are sorted when they are read.
--
-- account_id     the account. Its rows are deleted with it.
-- browser_hash   SHA-256 of the browser cookie, 32 bytes. The cookie itself is not stored.
-- id             a random id: 32 hexadecimal digits. Pages name the row by it. It stays when the
--                cookie is replaced.
-- credential     the credential number of the account at the last login. If the account has another
--                number, the browser counts as unknown.
-- created_at     the time of the first login.
-- used_at        the time of the last login.
-- trusted_until  the end of the trust. NULL: the browser is not a trusted device.
-- keep_until     the end of the row: 180 days after the last login, rounded up to 30 days.
-- name           the User-Agent of the last login, cut to 200 characters.
CREATE TABLE hallpass_browsers (
    account_id    TEXT   NOT NULL REFERENCES hallpass_account_state (account_id) ON DELETE CASCADE,
    browser_hash  BYTEA  NOT NULL CHECK (octet_length(browser_hash) = 32),
    id            TEXT   NOT NULL,
    credential    BIGINT NOT NULL CHECK (credential BETWEEN 0 AND 4294967295),
    created_at    BIGINT NOT NULL,
    used_at       BIGINT NOT NULL,
    trusted_until BIGINT,
    keep_until    BIGINT NOT NULL,
    name          TEXT   NOT NULL CHECK (char_length(name) <= 200),
    PRIMARY KEY (account_id, browser_hash)
);

-- Finds the accounts of a browser: to count them, and to replace the cookie.
CREATE INDEX hallpass_browsers_by_browser ON hallpass_browsers (browser_hash);

-- Finds the rows that are over.
CREATE INDEX hallpass_browsers_by_end ON hallpass_browsers (keep_until);
