//! The host agent: looks, reports, and carries out typed orders.
