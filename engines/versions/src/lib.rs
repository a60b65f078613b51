//! Package versions, advisories and scores: is this installed package affected, since when, fixed by what, and why.
//!
//! ```
//! # #[cfg(feature = "advisories")] {
//! use mainstay_versions::advisory::Advisory;
//! use mainstay_versions::import;
//! use mainstay_versions::index::{Builder, Index};
//! use mainstay_versions::matching::{Package, Reason, State};
//! use mainstay_versions::verdict::assess;
//!
//! let advisory: Advisory = import::osv(br#"{"id": "DSA-1", "affected": [{
//!     "package": {"ecosystem": "Debian:12", "name": "openssl"},
//!     "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "3.0.22-1~deb12u2"}]}]}]}"#)?;
//! let mut builder = Builder::new();
//! builder.add(import::Record::Advisory(Box::new(advisory)));
//! let bytes = builder.build("2026-11-23T00:00:00Z").map_err(|error| error.to_string())?;
//! let index = Index::from_bytes(bytes).map_err(|fault| fault.to_string())?;
//!
//! let libssl3 = Package {
//!     ecosystem: "Debian:12".into(),
//!     name: "openssl".into(),              // the source package,
//!     version: "3.0.19-1~deb12u2".into(),  // and its version
//!     binary: "libssl3".into(),
//!     ..Package::default()
//! };
//! let verdict = &assess(&index, &libssl3, |state| state != State::NotAffected)[0];
//! assert_eq!(verdict.state, State::Affected);
//! assert_eq!(verdict.fixed, Some("3.0.22-1~deb12u2"));
//! assert!(matches!(verdict.reason, Reason::InRange { introduced: "0", .. }));
//! # }
//! # Ok::<(), String>(())
//! ```
//!
//! # Words
//!
//! - **Scheme**: the order of versions in an ecosystem ([`Scheme`]); its comparators do not allocate and need nothing
//!   but this crate without its default features. What they cannot order is [`Undecidable`], with the reason.
//! - **Advisory**: what a publisher says ([`advisory`]), in one shape for OSV, the Debian tracker, DSA
//!   and DLA lists and CSAF-VEX. **Enrichments** (known exploitation, likelihood, ends of life) never make a finding.
//! - **Statement**: what an advisory says about one package name. **Judgement**: what follows for an installed version,
//!   as a [state](crate::matching::State) with a [reason](crate::matching::Reason). **Verdict**: the judgement with
//!   everything needed to dispute it.
//! - **Index**: all advisories in one file, mapped into memory ([`index`]). **Fleet**: what is installed
//!   where, turned around, to ask whom a new advisory touches ([`fleet`]).
//!
//! # The rule
//!
//! *Not affected* follows only from a comparison that could be made or from a publisher's explicit word. A version that
//! is none, an event that is none, an ecosystem without comparator, a source that was read incompletely, a package from
//! somebody else: each is a state of its own. System packages are judged by their own publisher only.

mod compare;

#[cfg(feature = "advisories")]
pub mod advisory;
#[cfg(feature = "advisories")]
pub mod changelog;
#[cfg(feature = "advisories")]
pub mod ecosystem;
#[cfg(feature = "advisories")]
pub mod fleet;
#[cfg(feature = "advisories")]
pub mod import;
#[cfg(feature = "advisories")]
pub mod index;
#[cfg(feature = "advisories")]
pub mod inventory;
#[cfg(feature = "advisories")]
pub mod matching;
#[cfg(feature = "advisories")]
pub mod purl;
#[cfg(feature = "advisories")]
pub mod range;
#[cfg(feature = "advisories")]
pub mod score;
#[cfg(feature = "advisories")]
mod stream;
#[cfg(feature = "advisories")]
pub mod verdict;

pub use compare::{
    Fault, Scheme, Side, Undecidable, UnknownScheme, apk, composer, dpkg, gem, maven, nuget, pep440, rpm,
    semver,
};

#[cfg(all(test, feature = "advisories"))]
mod tests;
