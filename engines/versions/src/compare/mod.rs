//! Version order by scheme: one module per ecosystem, one shared answer for what cannot be decided.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

pub mod apk;
pub mod composer;
mod digits;
pub mod dpkg;
pub mod gem;
pub mod maven;
pub mod nuget;
pub mod pep440;
pub mod rpm;
pub mod semver;
#[cfg(test)]
mod tests;

/// The rule by which two version texts are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Scheme {
    /// Debian, Ubuntu and their kin: [`dpkg`].
    Dpkg,
    /// Red Hat, `SUSE` and their kin, `epoch:version-release`: [`rpm`].
    Rpm,
    /// Alpine and Wolfi: [`apk`].
    Apk,
    /// Maven Central and other repositories of its kind: [`maven`].
    Maven,
    /// `RubyGems`: [`gem`].
    Gem,
    /// `NuGet`: [`nuget`].
    Nuget,
    /// Packagist: [`composer`].
    Composer,
    /// Go modules and toolchains: [`semver::go`].
    Go,
    /// Semantic Versioning, as crates.io and others use it: [`semver::strict`].
    Semver,
    /// npm: [`semver::npm`].
    Npm,
    /// `PyPI`: [`pep440`].
    Pep440,
}

impl Scheme {
    /// Every scheme, in the order of their declaration.
    pub const ALL: &'static [Scheme] = &[
        Scheme::Dpkg,
        Scheme::Rpm,
        Scheme::Apk,
        Scheme::Maven,
        Scheme::Gem,
        Scheme::Nuget,
        Scheme::Composer,
        Scheme::Go,
        Scheme::Semver,
        Scheme::Npm,
        Scheme::Pep440,
    ];

    /// The name this scheme has on the command line, in verdicts and in files.
    pub const fn name(self) -> &'static str {
        match self {
            Scheme::Dpkg => "dpkg",
            Scheme::Rpm => "rpm",
            Scheme::Apk => "apk",
            Scheme::Maven => "maven",
            Scheme::Gem => "gem",
            Scheme::Nuget => "nuget",
            Scheme::Composer => "composer",
            Scheme::Go => "go",
            Scheme::Semver => "semver",
            Scheme::Npm => "npm",
            Scheme::Pep440 => "pep440",
        }
    }

    /// Orders two versions the way the scheme's own tool does, including what that tool only warns about.
    pub fn compare(self, a: &str, b: &str) -> Result<Ordering, Undecidable> {
        match self {
            Scheme::Dpkg => dpkg::compare(a, b),
            Scheme::Rpm => rpm::compare(a, b),
            Scheme::Apk => apk::compare(a, b),
            Scheme::Maven => maven::compare(a, b),
            Scheme::Gem => gem::compare(a, b),
            Scheme::Nuget => nuget::compare(a, b),
            Scheme::Composer => composer::compare(a, b),
            Scheme::Go => semver::go::compare(a, b),
            Scheme::Semver => semver::strict::compare(a, b),
            Scheme::Npm => semver::npm::compare(a, b),
            Scheme::Pep440 => pep440::compare(a, b),
        }
    }

    /// Like [`compare`](Self::compare), and refuses a first version that does not pass [`check`](Self::check).
    pub fn compare_strictly(self, a: &str, b: &str) -> Result<Ordering, Undecidable> {
        if self == Scheme::Dpkg {
            return dpkg::compare_strictly(a, b); // by far the most frequent one, so it is read once
        }
        self.check(a).map_err(Undecidable::left)?;
        self.compare(a, b)
    }

    /// Whether a text is a version a publisher of this scheme could have written. Stricter than
    /// [`compare`](Self::compare): a security decision is not taken on a text like `unknown`, even where the tool
    /// would give it a place in the order.
    pub fn check(self, version: &str) -> Result<(), Fault> {
        match self {
            Scheme::Dpkg => dpkg::check(version),
            Scheme::Rpm => rpm::check(version),
            Scheme::Apk => apk::check(version),
            Scheme::Maven => maven::check(version),
            Scheme::Gem => gem::check(version),
            Scheme::Nuget => nuget::check(version),
            Scheme::Composer => composer::check(version),
            Scheme::Go => semver::go::check(version),
            Scheme::Semver => semver::strict::check(version),
            Scheme::Npm => semver::npm::check(version),
            Scheme::Pep440 => pep440::check(version),
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A scheme name nobody knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownScheme(pub String);

impl fmt::Display for UnknownScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no version scheme is named {:?}; there are:", self.0)?;
        Scheme::ALL.iter().try_for_each(|scheme| write!(f, " {scheme}"))
    }
}

impl std::error::Error for UnknownScheme {}

impl FromStr for Scheme {
    type Err = UnknownScheme;

    /// Takes the scheme's own name and the usual names of its ecosystems, in any case.
    fn from_str(name: &str) -> Result<Self, UnknownScheme> {
        Ok(match name.to_ascii_lowercase().as_str() {
            "dpkg" | "deb" | "debian" | "ubuntu" => Scheme::Dpkg,
            "rpm" | "evr" => Scheme::Rpm,
            "apk" | "alpine" | "wolfi" => Scheme::Apk,
            "maven" | "java" => Scheme::Maven,
            "gem" | "rubygems" | "ruby" => Scheme::Gem,
            "nuget" | "dotnet" => Scheme::Nuget,
            "composer" | "packagist" | "php" => Scheme::Composer,
            "go" | "golang" => Scheme::Go,
            "semver" | "cargo" | "crates.io" => Scheme::Semver,
            "npm" | "node" => Scheme::Npm,
            "pep440" | "pypi" | "python" | "pip" => Scheme::Pep440,
            _ => return Err(UnknownScheme(name.to_owned())),
        })
    }
}

/// Which of the two compared texts could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The first one.
    Left,
    /// The second one.
    Right,
}

/// Two versions that cannot be ordered. It is a state of its own: neither equal, nor older, nor newer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Undecidable {
    /// Which text is at fault.
    pub side: Side,
    /// What is wrong with it.
    pub fault: Fault,
}

impl Undecidable {
    pub(crate) const fn left(fault: Fault) -> Self {
        Undecidable { side: Side::Left, fault }
    }

    pub(crate) const fn right(fault: Fault) -> Self {
        Undecidable { side: Side::Right, fault }
    }
}

impl fmt::Display for Undecidable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = match self.side {
            Side::Left => "first",
            Side::Right => "second",
        };
        write!(f, "the {side} version {}", self.fault)
    }
}

impl std::error::Error for Undecidable {}

/// Why a text is not a version of its scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing but white space.
    Empty,
    /// White space inside.
    Space,
    /// A colon with nothing before it.
    EpochEmpty,
    /// Something other than a number before the colon.
    EpochNotNumber,
    /// A number below zero before the colon.
    EpochNegative,
    /// An epoch over 2,147,483,647.
    EpochTooBig,
    /// An epoch and nothing after it.
    AfterEpochEmpty,
    /// A revision or release mark with nothing after it.
    RevisionEmpty,
    /// An empty version before the revision.
    VersionEmpty,
    /// A version that has to start with a digit and does not.
    NoDigitFirst,
    /// A version without any digit: a word, not a version.
    NoDigit,
    /// A character the scheme does not know.
    Character,
    /// The name of a branch instead of a version.
    Branch,
    /// A text outside the scheme's grammar.
    Syntax,
}

impl Fault {
    /// A stable code for verdicts and files.
    pub const fn code(self) -> &'static str {
        match self {
            Fault::Empty => "empty",
            Fault::Space => "space-inside",
            Fault::EpochEmpty => "epoch-empty",
            Fault::EpochNotNumber => "epoch-not-a-number",
            Fault::EpochNegative => "epoch-negative",
            Fault::EpochTooBig => "epoch-too-big",
            Fault::AfterEpochEmpty => "nothing-after-epoch",
            Fault::RevisionEmpty => "revision-empty",
            Fault::VersionEmpty => "version-empty",
            Fault::NoDigitFirst => "no-digit-first",
            Fault::NoDigit => "no-digit",
            Fault::Character => "character",
            Fault::Branch => "branch",
            Fault::Syntax => "syntax",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::Empty => "is empty",
            Fault::Space => "has white space inside",
            Fault::EpochEmpty => "has nothing before its colon",
            Fault::EpochNotNumber => "has an epoch that is not a number",
            Fault::EpochNegative => "has an epoch below zero",
            Fault::EpochTooBig => "has an epoch over 2147483647",
            Fault::AfterEpochEmpty => "has nothing after its epoch",
            Fault::RevisionEmpty => "has an empty revision",
            Fault::VersionEmpty => "has nothing before its revision",
            Fault::NoDigitFirst => "does not start with a digit",
            Fault::NoDigit => "has no digit at all",
            Fault::Character => "has a character its scheme does not allow",
            Fault::Branch => "names a branch, which has no place in the order",
            Fault::Syntax => "is outside the grammar of its scheme",
        })
    }
}
