//! apt's configuration: `apt.conf.d/*` and `apt.conf`, flattened to dotted keys.

use std::collections::HashMap;

use super::settings::in_parts;
use crate::Host;

/// Folders and files unless configured otherwise; a name without a leading slash stands below its parent.
const PLACES: [(&str, &str); 11] = [
    ("dir", "/"),
    ("dir::state", "var/lib/apt/"),
    ("dir::state::lists", "lists/"),
    ("dir::state::status", "/var/lib/dpkg/status"),
    ("dir::state::extended_states", "extended_states"),
    ("dir::etc", "etc/apt/"),
    ("dir::etc::sourcelist", "sources.list"),
    ("dir::etc::sourceparts", "sources.list.d"),
    ("dir::etc::preferences", "preferences"),
    ("dir::etc::preferencesparts", "preferences.d"),
    ("dir::etc::machine-id", "../machine-id"),
];

/// The configuration: single values, and lists under their key.
#[derive(Debug, Default)]
pub struct Config {
    values: HashMap<String, String>,
    lists: HashMap<String, Vec<String>>,
}

impl Config {
    /// Reads the configuration of a host. Files that cannot be read are passed over, as apt does with missing ones.
    pub fn read(host: &Host) -> Self {
        let mut config = Self::default();
        for name in in_parts(host, "/etc/apt/apt.conf.d", &["conf"]) {
            if let Ok(text) = host.text(format!("/etc/apt/apt.conf.d/{name}")) {
                config.add(&text);
            }
        }
        if let Ok(text) = host.text("/etc/apt/apt.conf") {
            config.add(&text);
        }
        config
    }

    /// A single value.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.values.get(&key.to_ascii_lowercase()).map(String::as_str)
    }

    /// A list; `A::B "x";` counts as a list of one.
    pub fn list(&self, key: &str) -> Vec<String> {
        let key = key.to_ascii_lowercase();
        let listed = self.lists.get(&key).cloned().unwrap_or_default();
        if !listed.is_empty() {
            return listed;
        }
        let single = self.values.get(&key).filter(|value| !value.is_empty());
        single.map(|value| value.split(',').map(|one| one.trim().to_owned()).collect()).unwrap_or_default()
    }

    /// A yes-or-no value.
    pub fn is_on(&self, key: &str, default: bool) -> bool {
        match self.get(key).map(str::to_ascii_lowercase).as_deref() {
            Some("true" | "yes" | "on" | "1" | "with" | "enable") => true,
            Some("false" | "no" | "off" | "0" | "without" | "disable") => false,
            _ => default,
        }
    }

    /// A file or folder such as `Dir::State::lists`, absolute.
    pub fn place(&self, key: &str) -> String {
        let key = key.to_ascii_lowercase();
        let usual = PLACES.iter().find(|(name, _)| *name == key).map_or("", |(_, usual)| *usual);
        let own = self.values.get(&key).filter(|value| !value.is_empty()).map_or(usual, String::as_str);
        if own.starts_with('/') {
            return own.to_owned();
        }
        match key.rsplit_once("::") {
            Some((parent, _)) => format!("{}/{own}", self.place(parent).trim_end_matches('/')),
            None => format!("/{own}"),
        }
    }

    /// Reads one configuration text over what is known already.
    pub fn add(&mut self, text: &str) {
        let mut scopes: Vec<String> = Vec::new();
        let mut words: Vec<String> = Vec::new();
        for token in tokens(text) {
            match token {
                Token::Word(word) => words.push(word),
                Token::Open => {
                    let name = words.drain(..).next().unwrap_or_default();
                    scopes.push(join(scopes.last(), &name));
                }
                Token::Close => {
                    self.set(scopes.last(), &mut words);
                    scopes.pop();
                }
                Token::End => self.set(scopes.last(), &mut words),
            }
        }
    }

    fn set(&mut self, scope: Option<&String>, words: &mut Vec<String>) {
        let mut given = words.drain(..);
        match (given.next(), given.next()) {
            (Some(clear), Some(key)) if clear == "#clear" => self.clear(&key.to_ascii_lowercase()),
            (Some(key), Some(value)) => match key.strip_suffix("::") {
                Some(list) => self.lists.entry(join(scope, list)).or_default().push(value),
                None => {
                    self.values.insert(join(scope, &key), value);
                }
            },
            (Some(value), None) => {
                if let Some(scope) = scope {
                    self.lists.entry(scope.clone()).or_default().push(value);
                }
            }
            _ => {}
        }
    }

    fn clear(&mut self, key: &str) {
        let below = format!("{key}::");
        self.values.retain(|known, _| known != key && !known.starts_with(&below));
        self.lists.retain(|known, _| known != key && !known.starts_with(&below));
    }
}

fn join(scope: Option<&String>, name: &str) -> String {
    let name = name.to_ascii_lowercase();
    match scope {
        Some(scope) if !scope.is_empty() => format!("{scope}::{name}"),
        _ => name,
    }
}

enum Token {
    Word(String),
    Open,
    Close,
    End,
}

fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if rest.starts_with("//") || (first == '#' && !rest.starts_with("#clear")) {
            rest = rest.split_once('\n').map_or("", |(_, after)| after);
        } else if let Some(inside) = rest.strip_prefix("/*") {
            rest = inside.split_once("*/").map_or("", |(_, after)| after);
        } else if first == '"' {
            let (word, after) = rest[1..].split_once('"').unwrap_or((&rest[1..], ""));
            found.push(Token::Word(word.to_owned()));
            rest = after;
        } else if let Some(token) = match first {
            '{' => Some(Token::Open),
            '}' => Some(Token::Close),
            ';' => Some(Token::End),
            _ => None,
        } {
            found.push(token);
            rest = &rest[1..];
        } else if first.is_whitespace() {
            rest = rest.trim_start();
        } else {
            let end = rest.find(|c: char| c.is_whitespace() || "{};\"".contains(c)).unwrap_or(rest.len());
            found.push(Token::Word(rest[..end].to_owned()));
            rest = &rest[end..];
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_lists_scopes_and_comments() {
        let mut config = Config::default();
        config.add("// x\nAPT::Default-Release \"a; b\"; /* y */ APT { Install-Recommends \"no\"; # z\n");
        config.add("APT::Never { \"x\"; \"y\"; };\nAPT::Never:: \"z\";\nA { B { C \"1\"; }; D \"2\"; };");
        assert_eq!(config.get("apt::default-release"), Some("a; b"));
        assert!(!config.is_on("APT::Install-Recommends", true));
        assert_eq!(config.list("APT::Never"), ["x", "y", "z"]);
        assert_eq!((config.get("a::b::c"), config.get("a::d")), (Some("1"), Some("2")));
        config.add("#clear A::B;\n");
        assert_eq!((config.get("a::b::c"), config.get("a::d")), (None, Some("2")));
    }

    #[test]
    fn places_stand_below_their_parents() {
        let mut config = Config::default();
        assert_eq!(config.place("Dir::State::lists"), "/var/lib/apt/lists/");
        config.add("Dir::State \"/other\"; Dir::Etc::sourcelist \"/x/y\";");
        assert_eq!(config.place("Dir::State::lists"), "/other/lists/");
        assert_eq!(config.place("Dir::Etc::sourcelist"), "/x/y");
        assert_eq!(config.place("Dir::Etc::preferences"), "/etc/apt/preferences");
    }
}
