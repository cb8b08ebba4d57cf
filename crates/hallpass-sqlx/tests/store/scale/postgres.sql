-- The rows of a site, in the proportions of a large one. The statements are separated by empty lines.
-- scale.accounts and scale.revocations are numbers of rows. scale.now is the time, in Unix seconds.

-- No triggers and no checks of foreign keys: the rows fit together.
SET session_replication_role = replica;

INSERT INTO hallpass_account_state (account_id)
SELECT md5('account ' || n) FROM generate_series(1, current_setting('scale.accounts')::bigint) n;

INSERT INTO hallpass_accounts (id, username, username_key, password_hash, roles, created_at)
SELECT md5('account ' || n), 'user' || n, 'user' || n,
    '$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE',
    CASE n % 100 WHEN 0 THEN '["admin"]' ELSE '["guest"]' END, n
FROM generate_series(1, current_setting('scale.accounts')::bigint) n;

INSERT INTO hallpass_two_factor (account_id, encrypted, last_step)
SELECT md5('account ' || n), sha256(n::text::bytea), 1
FROM generate_series(1, current_setting('scale.accounts')::bigint, 4) n;

INSERT INTO hallpass_recovery_codes (account_id, code_hash)
SELECT md5('account ' || n), sha256((n || ' ' || code)::bytea)
FROM generate_series(1, current_setting('scale.accounts')::bigint, 10) n, generate_series(1, 10) code;

-- Two sessions per account. Half of all sessions have expired.
INSERT INTO hallpass_sessions
    (id, account_id, epoch, device, created_at, refreshed_at, expires_at, idle_at, refresh_hash, methods)
SELECT md5('session ' || n), md5('account ' || 1 + n % current_setting('scale.accounts')::bigint), 0,
    'Firefox on Linux', past, past, past + 2592000, past + 604800, sha256(n::text::bytea), 'pwd'
FROM generate_series(1, 2 * current_setting('scale.accounts')::bigint) n,
    LATERAL (SELECT current_setting('scale.now')::bigint - n * 7919 % 5184000 AS past) t;

INSERT INTO hallpass_rate_limits (key, count, last_at, blocked_until, forget_at)
SELECT 'login ' || md5('account ' || n), 1, past, 0, past + 900
FROM generate_series(1, current_setting('scale.accounts')::bigint) n,
    LATERAL (SELECT current_setting('scale.now')::bigint - n * 7919 % 1800 AS past) t;

INSERT INTO hallpass_browsers
    (account_id, browser_hash, id, credential, created_at, used_at, keep_until, name)
SELECT md5('account ' || n), sha256(('browser ' || n)::bytea), md5('browser ' || n), 0, 0, past,
    past + 15552000, 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'
FROM generate_series(1, current_setting('scale.accounts')::bigint) n,
    LATERAL (SELECT current_setting('scale.now')::bigint - n * 7919 % 31104000 AS past) t;

INSERT INTO hallpass_outcomes (id, account_id, revoked_below, kind, at, keep_until)
SELECT sha256(('outcome ' || n)::bytea), md5('account ' || n), 0, 'logged-in', past, past + 600
FROM generate_series(1, current_setting('scale.accounts')::bigint) n,
    LATERAL (SELECT current_setting('scale.now')::bigint - n * 7919 % 1200 AS past) t;

INSERT INTO hallpass_consumed (purpose, hash, expires_at)
SELECT 'login-link', sha256(('value ' || n)::bytea),
    current_setting('scale.now')::bigint + 600 - n * 7919 % 1200
FROM generate_series(1, current_setting('scale.accounts')::bigint) n;

INSERT INTO hallpass_activity (account_id, at, kind, browser, methods)
SELECT md5('account ' || 1 + n % current_setting('scale.accounts')::bigint),
    current_setting('scale.now')::bigint - n * 7919 % 31104000, 'logged-in', 'Firefox', 'pwd'
FROM generate_series(1, 2 * current_setting('scale.accounts')::bigint) n;

-- The revocations of the last 10 minutes, in transactions of 20 rows.
DO $$
BEGIN
    FOR number IN 1 .. current_setting('scale.revocations')::bigint BY 20 LOOP
        INSERT INTO hallpass_revocations (kind, account_id, number, session_id, at)
        SELECT CASE n % 2 WHEN 0 THEN 'session' ELSE 'revoked' END,
            CASE n % 2 WHEN 0 THEN NULL ELSE md5('account ' || n) END,
            CASE n % 2 WHEN 0 THEN NULL ELSE 1 END,
            CASE n % 2 WHEN 0 THEN md5('session ' || n) END,
            current_setting('scale.now')::bigint - 600
                + n * 600 / current_setting('scale.revocations')::bigint
        FROM generate_series(number, number + 19) n;
        COMMIT;
    END LOOP;
END
$$;
