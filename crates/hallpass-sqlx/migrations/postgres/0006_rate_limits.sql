-- Attempts counted, for each account and address that made some lately. After forget_at the row means nothing.
CREATE TABLE hallpass_rate_limits (
    key           TEXT   NOT NULL PRIMARY KEY,
    count         BIGINT NOT NULL,
    last_at       BIGINT NOT NULL,
    blocked_until BIGINT NOT NULL,
    forget_at     BIGINT NOT NULL
);

CREATE INDEX hallpass_rate_limits_by_end ON hallpass_rate_limits (forget_at);
