//! Label matchers: `=`, `!=`, `=~`, `!~`, with regular expressions as Prometheus reads them.

use std::collections::HashSet;
use std::fmt;

use regex::{Regex, RegexBuilder};

use crate::labels::{Labels, is_plain_label_name, quoted};

/// How a matcher compares.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MatchOp {
    Equal,
    NotEqual,
    Regex,
    NotRegex,
}

/// One condition on one label. An absent label has the value `""`.
#[derive(Clone)]
pub struct Matcher {
    pub name: String,
    pub op: MatchOp,
    pub value: String,
    pattern: Option<Pattern>,
}

/// What can be told from a regular expression without running it.
#[derive(Clone)]
struct Pattern {
    regex: Regex,
    /// The finite set of texts the expression stands for (`a|b|c`), where that can be seen.
    literals: Option<HashSet<String>>,
}

impl Matcher {
    /// Fails with the reason when the value of a regular-expression matcher does not parse.
    pub fn new(op: MatchOp, name: &str, value: &str) -> Result<Self, String> {
        let pattern = match op {
            MatchOp::Regex | MatchOp::NotRegex => {
                Some(Pattern { regex: anchored_regex(value)?, literals: literals(value) })
            }
            MatchOp::Equal | MatchOp::NotEqual => None,
        };
        Ok(Self { name: name.to_owned(), op, value: value.to_owned(), pattern })
    }

    /// `name="value"`.
    pub fn equal(name: &str, value: &str) -> Self {
        Self { name: name.to_owned(), op: MatchOp::Equal, value: value.to_owned(), pattern: None }
    }

    pub fn accepts(&self, value: &str) -> bool {
        match (&self.op, &self.pattern) {
            (MatchOp::Equal, _) => self.value == value,
            (MatchOp::NotEqual, _) => self.value != value,
            (MatchOp::Regex, Some(pattern)) => pattern.accepts(value),
            (MatchOp::NotRegex, Some(pattern)) => !pattern.accepts(value),
            (MatchOp::Regex | MatchOp::NotRegex, None) => false,
        }
    }

    pub fn accepts_labels(&self, labels: &Labels) -> bool {
        self.accepts(labels.get(&self.name))
    }

    /// The only values that can match, where they can be listed.
    pub fn listed_values(&self) -> Option<Vec<&str>> {
        match self.op {
            MatchOp::Equal => Some(vec![&self.value]),
            MatchOp::Regex => {
                self.pattern.as_ref()?.literals.as_ref().map(|set| set.iter().map(String::as_str).collect())
            }
            MatchOp::NotEqual | MatchOp::NotRegex => None,
        }
    }
}

impl Pattern {
    fn accepts(&self, value: &str) -> bool {
        self.literals.as_ref().map_or_else(|| self.regex.is_match(value), |set| set.contains(value))
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let op = match self.op {
            MatchOp::Equal => "=",
            MatchOp::NotEqual => "!=",
            MatchOp::Regex => "=~",
            MatchOp::NotRegex => "!~",
        };
        if is_plain_label_name(&self.name) {
            write!(f, "{}{op}{}", self.name, quoted(&self.value))
        } else {
            write!(f, "{}{op}{}", quoted(&self.name), quoted(&self.value))
        }
    }
}

impl fmt::Debug for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.op == other.op && self.value == other.value
    }
}

/// A regular expression in RE2 syntax that must match the whole text; `.` matches line ends too, as in
/// Prometheus 3.
pub fn anchored_regex(source: &str) -> Result<Regex, String> {
    RegexBuilder::new(&format!("^(?s:{})$", from_re2(source)))
        .size_limit(8 << 20)
        .build()
        .map_err(|fault| format!("error parsing regexp: {fault}"))
}

/// `a|b|c` without any other special character: the listed texts.
fn literals(source: &str) -> Option<HashSet<String>> {
    if source.len() > 64 << 10 || source.contains(|c| "\\.+*?()[]{}^$".contains(c)) {
        return None;
    }
    Some(source.split('|').map(str::to_owned).collect())
}

/// Rewrites what Go's RE2 reads differently from the `regex` crate: classes are ASCII, braces that are no
/// repetition are plain, `[` inside a class is plain, `\Q…\E` quotes.
fn from_re2(source: &str) -> String {
    let mut out = String::with_capacity(source.len() + 8);
    let chars: Vec<char> = source.chars().collect();
    let mut i = 0;
    let mut in_class = false;
    while i < chars.len() {
        let c = chars[i];
        match c {
            '\\' => i += escape(&chars[i..], in_class, &mut out),
            '[' if in_class => {
                let is_posix = chars.get(i + 1) == Some(&':');
                out.push_str(if is_posix { "[" } else { "\\[" });
                if is_posix {
                    let end = (i + 2..chars.len().saturating_sub(1))
                        .find(|&j| chars[j] == ':' && chars[j + 1] == ']')
                        .map_or(chars.len(), |j| j + 2);
                    out.extend(&chars[i + 1..end]);
                    i = end;
                    continue;
                }
                i += 1;
            }
            '[' => {
                in_class = true;
                out.push('[');
                i += 1;
                if chars.get(i) == Some(&'^') {
                    out.push('^');
                    i += 1;
                }
                if chars.get(i) == Some(&']') {
                    out.push_str("\\]");
                    i += 1;
                }
            }
            ']' if in_class => {
                in_class = false;
                out.push(']');
                i += 1;
            }
            '&' | '~' if in_class => {
                out.push('\\');
                out.push(c);
                i += 1;
            }
            '-' if in_class && chars.get(i + 1) == Some(&'-') => {
                out.push_str("\\-");
                i += 1;
            }
            '{' if !in_class && !is_repetition(&chars[i..]) => {
                out.push_str("\\{");
                i += 1;
            }
            _ => {
                out.push(c);
                i += 1;
            }
        }
    }
    out
}

/// Writes one escape and returns how many characters it took.
fn escape(rest: &[char], in_class: bool, out: &mut String) -> usize {
    let Some(&next) = rest.get(1) else {
        out.push('\\');
        return 1;
    };
    let ascii = match next {
        'd' => Some("0-9"),
        'w' => Some("0-9A-Za-z_"),
        's' => Some("\\t\\n\\x0c\\r "),
        _ => None,
    };
    // `\p{Greek}` and `\x{10FFFF}` have braces of their own.
    if matches!(next, 'p' | 'P' | 'x')
        && rest.get(2) == Some(&'{')
        && let Some(end) = rest.iter().position(|c| *c == '}')
    {
        out.extend(&rest[..=end]);
        return end + 1;
    }
    match (next, ascii) {
        (_, Some(set)) if in_class => out.push_str(set),
        (_, Some(set)) => {
            out.push('[');
            out.push_str(set);
            out.push(']');
        }
        ('D', _) => out.push_str("[^0-9]"),
        ('W', _) => out.push_str("[^0-9A-Za-z_]"),
        ('S', _) => out.push_str("[^\\t\\n\\x0c\\r ]"),
        ('b', _) if !in_class => out.push_str("(?-u:\\b)"),
        ('Q', _) => {
            let end = (2..rest.len()).find(|&i| rest[i] == '\\' && rest.get(i + 1) == Some(&'E'));
            let text: String = rest[2..end.unwrap_or(rest.len())].iter().collect();
            out.push_str(&regex::escape(&text));
            return end.map_or(rest.len(), |end| end + 2);
        }
        _ => {
            out.push('\\');
            out.push(next);
        }
    }
    2
}

/// `{3}`, `{3,}` or `{3,5}`.
fn is_repetition(rest: &[char]) -> bool {
    let Some(end) = rest.iter().position(|c| *c == '}') else { return false };
    let body: String = rest[1..end].iter().collect();
    let (low, high) = body.split_once(',').unwrap_or((&body, ""));
    let is_number = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    !low.is_empty() && is_number(low) && is_number(high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regular_expressions_are_anchored_and_read_as_re2() {
        let cases = [
            ("a|b", "a", true),
            ("a|b", "ab", false),
            ("a.c", "a\nc", true),
            ("x{abc}", "x{abc}", true),
            ("a{2}", "aa", true),
            ("\\d+", "٣", false),
            ("[\\d]+", "12", true),
            ("[[]", "[", true),
            ("[[:alpha:]]+", "abc", true),
            ("[]a]+", "a]", true),
            ("\\Qa.b\\E", "a.b", true),
            ("\\Qa.b\\E", "axb", false),
            ("(?i)ABC", "abc", true),
            ("", "", true),
            ("api-.*", "api-1", true),
            ("[a&&b]", "&", true),
            ("\\p{Lu}\\pL", "Éé", true),
            ("[^\\P{L}]{2}", "éa", true),
            ("\\x{41}\\x42", "AB", true),
        ];
        for (source, text, expected) in cases {
            let matcher = Matcher::new(MatchOp::Regex, "l", source).unwrap();
            assert_eq!(matcher.accepts(text), expected, "{source} on {text}");
            let matcher = Matcher::new(MatchOp::NotRegex, "l", source).unwrap();
            assert_eq!(matcher.accepts(text), !expected, "not {source} on {text}");
        }
        assert!(Matcher::new(MatchOp::Regex, "l", "a(").is_err());
    }
}
