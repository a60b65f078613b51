//! The collectors: each looks at one section of a host, read-only, and says what it could not see.

mod accounts;
mod disks;
mod load;
mod owners;
mod sockets;
mod sshd;
mod sudo;
mod system;
mod text;
mod units;
