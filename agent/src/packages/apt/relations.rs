//! Relationship fields: `a (>= 1) | b:any, c [amd64] <!nocheck>` as single relations.

/// How a version is compared with the one a relation names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// No version is named.
    Any,
    Less,
    LessEqual,
    Equal,
    GreaterEqual,
    Greater,
    /// Only made by the multi-arch rules, never written in a field.
    NotEqual,
}

impl Op {
    /// Whether a version that compares with the named one like this is meant.
    pub fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Op::Any => true,
            Op::Less => order.is_lt(),
            Op::LessEqual => order.is_le(),
            Op::Equal => order.is_eq(),
            Op::GreaterEqual => order.is_ge(),
            Op::Greater => order.is_gt(),
            Op::NotEqual => order.is_ne(),
        }
    }
}

/// One alternative of a relationship field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relation<'a> {
    pub name: &'a str,
    /// `any`, `native` or an architecture, when written behind the name.
    pub arch: Option<&'a str>,
    pub op: Op,
    /// Empty when `op` is [`Op::Any`].
    pub version: &'a str,
    /// Another alternative of the same group follows.
    pub is_or: bool,
}

/// The relations of a field in order. Alternatives for other architectures (`[…]`) or build profiles are
/// left out; what cannot be read ends the group it stands in.
pub fn relations<'a>(field: &'a str, native: &str) -> Vec<Relation<'a>> {
    let mut found = Vec::new();
    for group in field.split(',') {
        let start = found.len();
        found.extend(group.split('|').filter_map(|one| relation(one.trim(), native)));
        if let Some(last) = found.len().checked_sub(1).filter(|last| *last >= start) {
            found[last].is_or = false;
        }
    }
    found
}

fn relation<'a>(text: &'a str, native: &str) -> Option<Relation<'a>> {
    let end = text.find(|c: char| c.is_ascii_whitespace() || "([<".contains(c)).unwrap_or(text.len());
    let (full, mut rest) = text.split_at(end);
    let (name, arch) = full.split_once(':').map_or((full, None), |(name, arch)| (name, Some(arch)));
    if name.is_empty() {
        return None;
    }
    let mut made = Relation { name, arch, op: Op::Any, version: "", is_or: true };
    rest = rest.trim_start();
    if let Some(inner) = rest.strip_prefix('(') {
        let (inside, after) = inner.split_once(')')?;
        (made.op, made.version) = version(inside.trim());
        rest = after.trim_start();
    }
    if let Some(inner) = rest.strip_prefix('[') {
        let (inside, _) = inner.split_once(']')?;
        if !is_for(inside, native) {
            return None;
        }
    }
    Some(made)
}

fn version(text: &str) -> (Op, &str) {
    let end = text.find(|c: char| !"<>=".contains(c)).unwrap_or(text.len());
    let op = match &text[..end] {
        "<<" => Op::Less,
        // A single sign is the old way to write "or equal".
        "<" | "<=" => Op::LessEqual,
        ">" | ">=" => Op::GreaterEqual,
        ">>" => Op::Greater,
        _ => Op::Equal,
    };
    let version = text[end..].trim();
    if version.is_empty() { (Op::Any, "") } else { (op, version) }
}

/// Whether an architecture list `amd64 !i386 linux-any` names this machine.
fn is_for(list: &str, native: &str) -> bool {
    let mut is_negative = false;
    let mut is_named = false;
    for word in list.split_ascii_whitespace() {
        let (negative, word) = word.strip_prefix('!').map_or((false, word), |word| (true, word));
        is_negative |= negative;
        is_named |= word == native || word == "any" || word == "linux-any";
    }
    is_named != is_negative
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(field: &str) -> Vec<String> {
        let show = |one: Relation<'_>| {
            format!(
                "{}{}{:?}{}{}",
                one.name,
                one.arch.unwrap_or(""),
                one.op,
                one.version,
                if one.is_or { "|" } else { "" }
            )
        };
        relations(field, "amd64").into_iter().map(show).collect()
    }

    #[test]
    fn groups_versions_and_architectures() {
        assert_eq!(
            words("a (>= 1:2~x), b:any | c(<<3)|d , e [i386] | f [!i386]"),
            ["aGreaterEqual1:2~x", "banyAny|", "cLess3|", "dAny", "fAny",]
        );
        assert_eq!(words("a (< 1), b (> 2), c (= 3),, "), ["aLessEqual1", "bGreaterEqual2", "cEqual3"]);
        assert_eq!(words("a (1"), Vec::<String>::new());
        assert_eq!(words("a\n (>= 1)\n | b <!nocheck>"), ["aGreaterEqual1|", "bAny"]);
    }
}
