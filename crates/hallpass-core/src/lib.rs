//! Claims, tokens, keys, roles, TOTP, cookies and denials of hallpass, without I/O
