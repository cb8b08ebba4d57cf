//! hallpass as tower layers over http 1.x: who asks, and may they
