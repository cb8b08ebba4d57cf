-- One-time values that were consumed: ids of links, codes, challenges. The primary key decides
-- which of several concurrent uses succeeds. A value has no row before it is consumed.
-- No foreign keys: a value may belong to no account, and stays consumed when an account is deleted.
--
-- purpose     the name of the purpose, for example login-link.
-- hash        SHA-256 of the value, 32 bytes.
-- expires_at  the end of the row: 2 minutes or more after the value stops being accepted.
CREATE TABLE hallpass_consumed (
    purpose    TEXT   NOT NULL,
    hash       BYTEA  NOT NULL CHECK (octet_length(hash) = 32),
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (purpose, hash)
);

-- Finds the rows that are over.
CREATE INDEX hallpass_consumed_by_end ON hallpass_consumed (expires_at);
