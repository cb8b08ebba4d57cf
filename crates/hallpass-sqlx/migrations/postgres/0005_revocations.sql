-- The revocation log. A node reads it in order, and can write entries again into a store that lost them.
-- kind 'revoked': tokens of the account below number are revoked. 'disabled': the same, and the account is disabled.
-- kind 'stale': tokens of the account below number are stale. 'session': the session has ended. 'epoch': tokens of an
-- epoch below number are revoked. A node skips a kind that it does not support, and logs that.
-- Neither transaction numbers nor places follow the order of commits. A row is final when every transaction up to its own has
-- ended (pg_snapshot_xmin). Until then a reader may receive the row more than once.
-- No foreign keys: a revoked token stays revoked when its account is deleted.
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

-- PostgreSQL sends the notification when the transaction commits, and drops it at a rollback. Each insert wakes the nodes, also
-- one that an operator writes by hand.
CREATE FUNCTION hallpass_revocations_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('hallpass_revocations', '');
    RETURN NULL;
END
$$;

CREATE TRIGGER hallpass_revocations_notify AFTER INSERT ON hallpass_revocations
    FOR EACH STATEMENT EXECUTE FUNCTION hallpass_revocations_notify();
