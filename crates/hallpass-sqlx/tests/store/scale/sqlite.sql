-- The rows of a site, in the proportions of a large one. The table size has the number of accounts and
-- the time, in Unix seconds. A multiplication makes the order of ids random, as that of real ids is.

CREATE TEMP TABLE numbers (n INTEGER PRIMARY KEY, id TEXT, hash BLOB);

INSERT INTO numbers (n, id, hash)
WITH RECURSIVE count (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM count, size WHERE n < 2 * accounts)
SELECT n, printf('%08x%024x', n * 2654435761 % 4294967296, n),
    unhex(printf('%08x%056x', n * 2654435761 % 4294967296, n))
FROM count;

INSERT INTO hallpass_accounts (id, username, username_key, password_hash, roles, created_at)
SELECT id, 'user' || n, 'user' || n,
    '$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE',
    CASE n % 100 WHEN 0 THEN '["admin"]' ELSE '["guest"]' END, n
FROM numbers, size WHERE n <= accounts;

INSERT INTO hallpass_two_factor (account_id, encrypted, last_step)
SELECT id, hash, 1 FROM numbers, size WHERE n <= accounts AND n % 4 = 0;

INSERT INTO hallpass_recovery_codes (account_id, code_hash)
SELECT numbers.id, CAST(hash || value AS BLOB)
FROM numbers, size, json_each('[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]')
WHERE n <= accounts AND n % 10 = 0;

-- Two sessions per account. Half of all sessions have expired.
INSERT INTO hallpass_sessions
    (id, account_id, epoch, device, created_at, refreshed_at, expires_at, idle_at, refresh_hash, methods)
SELECT n.id, a.id, 0, 'Firefox on Linux', now - n.n * 7919 % 5184000, now - n.n * 7919 % 5184000,
    now - n.n * 7919 % 5184000 + 2592000, now - n.n * 7919 % 5184000 + 604800, n.hash, 'pwd'
FROM size, numbers n JOIN numbers a ON a.n = 1 + n.n % accounts;

INSERT INTO hallpass_rate_limits (key, count, last_at, blocked_until, forget_at)
SELECT 'login ' || id, 1, now - n * 7919 % 1800, 0, now - n * 7919 % 1800 + 900
FROM numbers, size WHERE n <= accounts;

INSERT INTO hallpass_browsers
    (account_id, browser_hash, id, credential, created_at, used_at, keep_until, name)
SELECT id, hash, id, 0, 0, now - n * 7919 % 31104000, now - n * 7919 % 31104000 + 15552000,
    'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'
FROM numbers, size WHERE n <= accounts;

INSERT INTO hallpass_outcomes (id, account_id, revoked_below, kind, at, keep_until)
SELECT hash, id, 0, 'logged-in', now - n * 7919 % 1200, now - n * 7919 % 1200 + 600
FROM numbers, size WHERE n <= accounts;

INSERT INTO hallpass_consumed (purpose, hash, expires_at)
SELECT 'login-link', hash, now + 600 - n * 7919 % 1200 FROM numbers, size WHERE n <= accounts;

INSERT INTO hallpass_activity (account_id, at, kind, browser, methods)
SELECT a.id, now - n.n * 7919 % 31104000, 'logged-in', 'Firefox', 'pwd'
FROM size, numbers n JOIN numbers a ON a.n = 1 + n.n % accounts;

-- The revocations of the last 10 minutes.
INSERT INTO hallpass_revocations (kind, account_id, number, session_id, at)
SELECT CASE n % 2 WHEN 0 THEN 'session' ELSE 'revoked' END, CASE n % 2 WHEN 0 THEN NULL ELSE id END,
    CASE n % 2 WHEN 0 THEN NULL ELSE 1 END, CASE n % 2 WHEN 0 THEN id END,
    now - 600 + n * 300 / accounts
FROM numbers, size ORDER BY n;

DROP TABLE numbers;
