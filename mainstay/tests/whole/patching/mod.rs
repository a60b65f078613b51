//! Packages changed for real: the orders of the agent, and the whole way from a finding to its end and back.

mod archive;
mod orders;
mod root;
mod story;
