//! Stories of room patches, on both engines.
