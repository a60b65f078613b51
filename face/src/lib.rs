//! The shared manners of every door.
