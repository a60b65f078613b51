//! Room hygiene: how a host is open where it should not be.
