//! Understand a support mail.
