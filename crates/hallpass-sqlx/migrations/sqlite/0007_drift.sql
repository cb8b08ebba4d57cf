-- By how many time steps the authenticator's clock was off when last_step was consumed (RFC 6238, 6). Moves the window in which a code counts.
ALTER TABLE hallpass_two_factor ADD COLUMN drift INTEGER NOT NULL DEFAULT 0;
