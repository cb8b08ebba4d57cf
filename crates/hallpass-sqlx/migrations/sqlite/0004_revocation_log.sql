-- What was revoked, in the order in which it was: either tokens of an account below a generation, or those of a session.
-- AUTOINCREMENT, so that a place is not given twice after old rows were deleted: cursors point at places.
-- No foreign keys: what was revoked stays revoked when its account is deleted.
CREATE TABLE hallpass_revocations (
    place      INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    account_id TEXT,
    generation INTEGER,
    session_id TEXT,
    at         INTEGER NOT NULL,
    CHECK ((account_id IS NULL) = (generation IS NULL)),
    CHECK ((account_id IS NULL) <> (session_id IS NULL))
) STRICT;

CREATE INDEX hallpass_revocations_by_time ON hallpass_revocations (at);
