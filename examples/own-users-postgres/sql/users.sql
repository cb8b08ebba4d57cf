-- The table of the existing site.
CREATE TABLE IF NOT EXISTS users (
    id            UUID    NOT NULL PRIMARY KEY DEFAULT gen_random_uuid(),
    email         TEXT    NOT NULL,
    -- The address in lower case: `Username::key`.
    email_key     TEXT    COLLATE "C" NOT NULL UNIQUE,
    password_hash TEXT    NOT NULL,
    roles         TEXT[]  NOT NULL,
    blocked       BOOLEAN NOT NULL DEFAULT FALSE
);
