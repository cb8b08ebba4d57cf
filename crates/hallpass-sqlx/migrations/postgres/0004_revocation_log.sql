-- What was revoked: either tokens of an account below a generation, or those of a session.
-- Neither transaction numbers nor places follow the order of commits. Readers take a row as settled once every transaction up
-- to its own has ended (pg_snapshot_xmin); until then they may be handed it more than once.
-- No foreign keys: what was revoked stays revoked when its account is deleted.
CREATE TABLE hallpass_revocations (
    transaction BIGINT NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    place       BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY,
    account_id  TEXT,
    generation  BIGINT,
    session_id  TEXT,
    at          BIGINT NOT NULL,
    PRIMARY KEY (transaction, place),
    CHECK ((account_id IS NULL) = (generation IS NULL)),
    CHECK ((account_id IS NULL) <> (session_id IS NULL))
);

CREATE INDEX hallpass_revocations_by_time ON hallpass_revocations (at);

-- PostgreSQL holds the notification back until the transaction commits, and drops it if it does not. Whoever writes a row, an
-- operator by hand included, wakes the nodes.
CREATE FUNCTION hallpass_revocations_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('hallpass_revocations', '');
    RETURN NULL;
END
$$;

CREATE TRIGGER hallpass_revocations_notify AFTER INSERT ON hallpass_revocations
    FOR EACH STATEMENT EXECUTE FUNCTION hallpass_revocations_notify();
