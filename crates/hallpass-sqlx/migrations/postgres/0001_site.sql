-- The facts of this database, in one row.
-- store_id: random; names this store in shared caches, and distinguishes it from another database.
-- epoch: tokens and refresh tokens with a lower epoch are revoked. `sessions end-all` raises it.
-- incarnation: the server, the database and the table, which a restored dump does not contain, as the nodes last recorded them.
-- timeline: the timeline of the server, as the nodes last recorded it. A failover begins a new one.
-- Times, here and in every other table, are Unix seconds.
CREATE TABLE hallpass_site (
    single_row  BOOLEAN NOT NULL PRIMARY KEY DEFAULT TRUE CHECK (single_row),
    store_id    TEXT    NOT NULL,
    epoch       BIGINT  NOT NULL DEFAULT 0 CHECK (epoch >= 0),
    incarnation TEXT,
    timeline    BIGINT,
    created_at  BIGINT  NOT NULL
);

-- 128 random bits: the only function for it that every supported version has.
INSERT INTO hallpass_site (store_id, created_at)
    VALUES (replace(gen_random_uuid()::text, '-', ''), extract(epoch FROM clock_timestamp())::bigint);

-- The keys that the site uses, by a value that does not reveal them. A node whose key ring lacks one
-- of them is not ready. used_for: 'encryption' or 'pepper'.
CREATE TABLE hallpass_key_checks (
    check_value TEXT   NOT NULL PRIMARY KEY,
    used_for    TEXT   NOT NULL,
    created_at  BIGINT NOT NULL
);

-- The id of the server, or NULL if the service does not let this user read it.
CREATE FUNCTION hallpass_server_id() RETURNS TEXT LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT system_identifier::text FROM pg_control_system());
EXCEPTION WHEN insufficient_privilege OR feature_not_supported OR undefined_function THEN
    RETURN NULL;
END
$$;

-- The timeline of the server, or 0 if the service does not let this user read it.
CREATE FUNCTION hallpass_server_timeline() RETURNS BIGINT LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint;
EXCEPTION WHEN insufficient_privilege OR feature_not_supported OR undefined_function THEN
    RETURN 0;
END
$$;
