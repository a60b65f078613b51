//! Package versions, advisories and scores.
