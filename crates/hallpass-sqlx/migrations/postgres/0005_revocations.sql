-- What was revoked. A node reads it in order, and can write it again into a store that lost it.
-- kind 'revoked': tokens of the account below number are revoked. 'disabled': the same, and the account is disabled.
-- kind 'stale': tokens of the account below number are stale. 'session': the session has ended. 'epoch': tokens of an
-- epoch below number are revoked. A kind that a node does not know is skipped, and reported.
-- Neither transaction numbers nor places follow the order of commits. Readers take a row as settled once every transaction up
-- to its own has ended (pg_snapshot_xmin); until then they may be handed it more than once.
-- No foreign keys: what was revoked stays revoked when its account is deleted.
CREATE TABLE hallpass_revocations (
    transaction BIGINT NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    place       BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY,
    kind        TEXT   NOT NULL,
    account_id  TEXT,
    number      BIGINT,
    session_id  TEXT,
    at          BIGINT NOT NULL,
    PRIMARY KEY (transaction, place)
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
