//! Alpine version order: `digits(.digits)*[letter](_suffix[digits])*[~hash][-rdigits]`.
//!
//! Authority: apk-tools 3, `src/version.c` and its table `test/unit/version.data`. Numbers have no upper limit here
//! (apk-tools counts in 64 bits). A text outside the grammar is compared up to its fault, as apk-tools does it; [`check`]
//! tells whether it is a version at all.

use std::cmp::Ordering;

use super::{Fault, Undecidable, digits};

/// Orders two apk versions. Does not allocate.
pub fn compare(a: &str, b: &str) -> Result<Ordering, Undecidable> {
    if a.is_empty() {
        return Err(Undecidable::left(Fault::Empty));
    }
    if b.is_empty() {
        return Err(Undecidable::right(Fault::Empty));
    }
    let (mut a, mut b) = (Tokens::new(a), Tokens::new(b));
    loop {
        let (left, right) = (a.next().unwrap_or(Token::End), b.next().unwrap_or(Token::End));
        if left == Token::End && right == Token::End {
            return Ok(Ordering::Equal);
        }
        let order = left.compare(right);
        if order != Ordering::Equal {
            return Ok(order);
        }
    }
}

/// Accepts what `apk version --check` accepts.
pub fn check(version: &str) -> Result<(), Fault> {
    if version.is_empty() {
        return Err(Fault::Empty);
    }
    let mut tokens = Tokens::new(version);
    while let Some(token) = tokens.next() {
        if token == Token::Invalid {
            return Err(if tokens.stage == Stage::Start { Fault::NoDigitFirst } else { Fault::Syntax });
        }
    }
    Ok(())
}

/// The order of suffixes; those up to `rc` make a version older than the one without suffix.
const SUFFIXES: [&[u8]; 9] = [b"alpha", b"beta", b"pre", b"rc", b"cvs", b"svn", b"git", b"hg", b"p"];
const PRE_RELEASES: usize = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    Initial(&'a [u8]),
    Number(&'a [u8]),
    Letter(u8),
    Suffix(usize),
    SuffixNumber(&'a [u8]),
    Hash(&'a [u8]),
    Revision(&'a [u8]),
    End,
    Invalid,
}

impl Token<'_> {
    fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            // A component with a leading zero is a decimal fraction: compared as text, as in Gentoo.
            (Token::Number(a), Token::Number(b)) if a[0] == b'0' || b[0] == b'0' => a.cmp(b),
            (Token::Hash(a), Token::Hash(b)) => a.cmp(b),
            (Token::Letter(a), Token::Letter(b)) => a.cmp(&b),
            (Token::Suffix(a), Token::Suffix(b)) => a.cmp(&b),
            (Token::Initial(a), Token::Initial(b))
            | (Token::Number(a), Token::Number(b))
            | (Token::SuffixNumber(a), Token::SuffixNumber(b))
            | (Token::Revision(a), Token::Revision(b)) => digits::compare(a, b),
            (a, b) => a.rank().cmp(&b.rank()),
        }
    }

    /// What decides when the two sides go on with different kinds of token.
    fn rank(self) -> u8 {
        match self {
            Token::Suffix(which) if which < PRE_RELEASES => 0,
            Token::Invalid => 1,
            Token::End => 2,
            Token::Revision(_) => 3,
            Token::Hash(_) => 4,
            Token::SuffixNumber(_) => 5,
            Token::Suffix(_) => 6,
            Token::Letter(_) => 7,
            Token::Number(_) | Token::Initial(_) => 8,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Start,
    Number,
    Letter,
    Suffix,
    SuffixNumber,
    Hash,
    Revision,
}

/// The tokens of one version; the last one is `Invalid` where the text leaves the grammar.
struct Tokens<'a> {
    rest: &'a [u8],
    stage: Stage,
}

impl<'a> Tokens<'a> {
    fn new(text: &'a str) -> Self {
        Tokens { rest: text.as_bytes(), stage: Stage::Start }
    }

    fn digits(&mut self, after: &'a [u8], stage: Stage, token: fn(&'a [u8]) -> Token<'a>) -> Token<'a> {
        let (digits, rest) = digits::split(after);
        if digits.is_empty() {
            return self.invalid();
        }
        (self.rest, self.stage) = (rest, stage);
        token(digits)
    }

    fn invalid(&mut self) -> Token<'a> {
        self.rest = &[];
        Token::Invalid
    }

    fn suffix(&mut self, after: &'a [u8]) -> Token<'a> {
        let length = after.iter().take_while(|byte| byte.is_ascii_lowercase()).count();
        let (word, rest) = after.split_at(length);
        match SUFFIXES.iter().position(|suffix| *suffix == word) {
            Some(which) => {
                (self.rest, self.stage) = (rest, Stage::Suffix);
                Token::Suffix(which)
            }
            None => self.invalid(),
        }
    }

    fn hash(&mut self, after: &'a [u8]) -> Token<'a> {
        let length = after.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let (hash, rest) = after.split_at(length);
        if hash.is_empty() {
            return self.invalid();
        }
        (self.rest, self.stage) = (rest, Stage::Hash);
        Token::Hash(hash)
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let text = self.rest;
        if self.stage == Stage::Start {
            return (!text.is_empty()).then(|| self.digits(text, Stage::Number, Token::Initial));
        }
        Some(match (*text.first()?, self.stage) {
            (letter @ b'a'..=b'z', Stage::Number) => {
                (self.rest, self.stage) = (&text[1..], Stage::Letter);
                Token::Letter(letter)
            }
            (b'.', Stage::Number) => self.digits(&text[1..], Stage::Number, Token::Number),
            (b'0'..=b'9', Stage::Suffix) => self.digits(text, Stage::SuffixNumber, Token::SuffixNumber),
            (b'_', stage) if stage <= Stage::SuffixNumber => self.suffix(&text[1..]),
            (b'~', stage) if stage < Stage::Hash => self.hash(&text[1..]),
            (b'-', stage) if stage < Stage::Revision => match text.strip_prefix(b"-r") {
                Some(after) => self.digits(after, Stage::Revision, Token::Revision),
                None => self.invalid(),
            },
            _ => self.invalid(),
        })
    }
}
