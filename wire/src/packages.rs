//! Packages on the wire: what is installed, what waits, what runs old code.

use serde::{Deserialize, Serialize};

/// Installed packages.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Inventory {}

/// Updates that wait.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Updates {}

/// Services and kernels that run old code.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Restarts {}

/// What the newer changelog entries of waiting packages say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Changelogs {}
