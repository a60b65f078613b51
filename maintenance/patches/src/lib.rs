//! Room patches: what waits on every host, and how it gets there.
