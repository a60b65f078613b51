//! Business time, on-call time, windows.
