-- The facts of this database, in one row.
-- store_id: random; names this store in shared caches, and distinguishes it from another database.
-- epoch: tokens and refresh tokens with a lower epoch are revoked. `sessions end-all` raises it.
-- incarnation: the identity of the side file, which a copy of the file does not contain, as the nodes last recorded it.
-- timeline: not used by SQLite, which has no failover. Always 1.
-- Times, here and in every other table, are Unix seconds.
CREATE TABLE hallpass_site (
    single_row  INTEGER NOT NULL PRIMARY KEY DEFAULT 1 CHECK (single_row = 1),
    store_id    TEXT    NOT NULL,
    epoch       INTEGER NOT NULL DEFAULT 0 CHECK (epoch >= 0),
    incarnation TEXT,
    timeline    INTEGER,
    created_at  INTEGER NOT NULL
) STRICT;

INSERT INTO hallpass_site (store_id, created_at)
    VALUES (lower(hex(randomblob(16))), unixepoch());

-- The keys that the site uses, by a value that does not reveal them. A node whose key ring lacks one
-- of them is not ready. used_for: 'encryption' or 'pepper'.
CREATE TABLE hallpass_key_checks (
    check_value TEXT    NOT NULL PRIMARY KEY,
    used_for    TEXT    NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT;
