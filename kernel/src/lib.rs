//! Machinery every storey stands on.
