-- One row for each account.
-- username_key is the canonical form: uniqueness, limits and look-ups go by it. username is the form that is shown.
-- The collation is C: keys are listed in the order of their characters, whatever language the database is made for.
-- roles is a JSON array of names. generation only ever grows: every token of a lower one is revoked.
-- Times, here and in every other table, are Unix seconds.
CREATE TABLE hallpass_accounts (
    id            TEXT    NOT NULL PRIMARY KEY,
    username      TEXT    NOT NULL,
    username_key  TEXT    COLLATE "C" NOT NULL UNIQUE,
    password_hash TEXT    NOT NULL,
    roles         TEXT    NOT NULL CHECK (json_typeof(roles::json) = 'array'),
    generation    BIGINT  NOT NULL DEFAULT 0 CHECK (generation BETWEEN 0 AND 4294967295),
    disabled      BOOLEAN NOT NULL DEFAULT FALSE,
    created_at    BIGINT  NOT NULL
);
