-- How a session is renewed. refresh_hash is that of its live refresh token; NULL: it cannot be renewed.
-- consumed holds those consumed within the last seconds, 40 bytes each. Past idle_at the session is over, unless it was renewed.
-- methods are the names of RFC 8176, parted by spaces, for the access tokens to come.
ALTER TABLE hallpass_sessions ADD COLUMN refresh_hash BLOB;
ALTER TABLE hallpass_sessions ADD COLUMN consumed BLOB NOT NULL DEFAULT x'';
ALTER TABLE hallpass_sessions ADD COLUMN idle_at INTEGER;
ALTER TABLE hallpass_sessions ADD COLUMN methods TEXT;
