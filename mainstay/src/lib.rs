//! The one binary as a library: the house with its rooms, its doors and its start, so that tests run the whole of it.

pub mod api;
mod beside;
pub mod cli;
pub mod door;
pub mod first_minute;
pub mod home;
pub mod house;
pub mod memory;
pub mod organisations;
pub mod pages;
pub mod server;
pub mod tell;
pub mod ticks;
pub mod tls;
