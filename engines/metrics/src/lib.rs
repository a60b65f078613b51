//! A metric store that needs no second server.
