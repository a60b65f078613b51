//! Package versions, advisories and scores: is this installed package affected, since when, fixed by what, and why.

mod compare;

pub use compare::{
    Fault, Scheme, Side, Undecidable, UnknownScheme, apk, composer, dpkg, gem, maven, nuget, pep440, rpm,
    semver,
};
