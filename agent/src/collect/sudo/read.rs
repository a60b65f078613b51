//! Reading sudoers: continued lines, includes, aliases, user specifications. Grammar: `sudoers(5)`.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;

use crate::Host;
use crate::host::reason;
use crate::wire::Unseen;
use crate::wire::sudo::SudoRule;

/// As deep as sudo itself follows includes.
const MOST_INCLUDES: u32 = 128;
/// An alias of aliases may multiply; beyond this many words a list is cut and the cut is told.
const MOST_WORDS: usize = 4096;
const PASSWORD_TAGS: (&str, &str) = ("PASSWD", "NOPASSWD");
const OTHER_TAGS: &[&str] = &[
    "EXEC",
    "NOEXEC",
    "SETENV",
    "NOSETENV",
    "LOG_INPUT",
    "NOLOG_INPUT",
    "LOG_OUTPUT",
    "NOLOG_OUTPUT",
    "MAIL",
    "NOMAIL",
    "FOLLOW",
    "NOFOLLOW",
    "INTERCEPT",
    "NOINTERCEPT",
];

/// Everything the files say.
#[derive(Default)]
pub struct Read {
    pub rules: Vec<SudoRule>,
    pub defaults: Vec<String>,
    pub problems: Vec<String>,
    pub unseen: Vec<Unseen>,
    aliases: HashMap<(Kind, String), Vec<String>>,
    is_password_off: bool,
    files: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    User,
    Runas,
    Host,
    Command,
}

/// Reads the file and what it includes; the fault says why the first file could not be read.
pub fn sudoers(host: &Host, path: &str, hostname: &str) -> Result<Read, String> {
    let mut read = Read::default();
    read.file(host, path, hostname).map_err(|fault| reason(path, &fault))?;
    read.resolve();
    Ok(read)
}

impl Read {
    fn file(&mut self, host: &Host, path: &str, hostname: &str) -> std::io::Result<()> {
        let text = host.text(path)?;
        self.files += 1;
        let is_unsafe = host.metadata(path).is_ok_and(|meta| meta.uid() != 0 || meta.mode() & 0o022 != 0);
        // The owner of a recorded file is whoever made the record.
        if is_unsafe && host.is_live() {
            self.problems.push(format!("{path} may be written by others than root; sudo ignores it"));
        }
        let mut lines = text.lines().enumerate();
        while let Some((at, line)) = lines.next() {
            let mut line = line.to_owned();
            while line.ends_with('\\') {
                line.pop();
                line.push_str(lines.next().map_or("", |(_, next)| next.trim_start()));
            }
            let source = format!("{path}:{}", at + 1);
            self.line(host, path, hostname, line.trim(), &source);
        }
        Ok(())
    }

    fn line(&mut self, host: &Host, path: &str, hostname: &str, line: &str, source: &str) {
        if let Some(rest) = line.strip_prefix(['@', '#']) {
            let (word, target) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            let target = target.trim().trim_matches('"').replace("%h", hostname).replace("\\ ", " ");
            match word {
                "include" => return self.include(host, &beside(path, &target), hostname, source),
                "includedir" => return self.include_folder(host, &beside(path, &target), hostname, source),
                _ => {}
            }
        }
        let line = without_comment(line);
        if line.is_empty() {
            return;
        }
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let kind = match word {
            "User_Alias" => Kind::User,
            "Runas_Alias" => Kind::Runas,
            "Host_Alias" => Kind::Host,
            "Cmnd_Alias" | "Cmd_Alias" => Kind::Command,
            word if word.starts_with("Defaults") => {
                self.is_password_off |= word == "Defaults"
                    && split(rest, ',').iter().any(|option| option.replace(' ', "") == "!authenticate");
                self.defaults.push(line.to_owned());
                return;
            }
            _ => {
                if self.specification(line, source).is_none() {
                    self.problems.push(format!("{source} is not understood"));
                }
                return;
            }
        };
        for alias in split(rest, ':') {
            match alias.split_once('=') {
                Some((name, words)) => {
                    let words = split(words, ',').iter().map(|word| plain(word, kind)).collect();
                    self.aliases.insert((kind, name.trim().to_owned()), words);
                }
                None => self.problems.push(format!("{source} is no alias")),
            }
        }
    }

    fn include(&mut self, host: &Host, path: &str, hostname: &str, source: &str) {
        if self.files >= MOST_INCLUDES {
            self.problems.push(format!("{source}: too many includes, {path} is left out"));
        } else if let Err(fault) = self.file(host, path, hostname) {
            self.unseen.push(Unseen::new(format!("sudo rules of {path}"), reason(path, &fault)));
        }
    }

    /// Names with a dot or a `~` at the end are skipped, as sudo does (packages leave such files).
    fn include_folder(&mut self, host: &Host, folder: &str, hostname: &str, source: &str) {
        match host.list(folder) {
            Ok(names) => {
                for name in names.iter().filter(|name| !name.contains('.') && !name.ends_with('~')) {
                    let path = format!("{}/{name}", folder.trim_end_matches('/'));
                    if host.metadata(&path).is_ok_and(|meta| meta.is_file()) {
                        self.include(host, &path, hostname, source);
                    }
                }
            }
            Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => {}
            Err(fault) => {
                self.unseen.push(Unseen::new(format!("sudo rules in {folder}"), reason(folder, &fault)));
            }
        }
    }

    /// `users hosts = commands [: hosts = commands …]`.
    fn specification(&mut self, line: &str, source: &str) -> Option<()> {
        let mut parts = split(line, ':').into_iter().peekable();
        // A tag ends with a colon too: what follows one belongs to the same command list.
        let mut groups: Vec<String> = Vec::new();
        let mut current = parts.next()?.to_owned();
        for part in parts {
            let last = current.rsplit([' ', '\t', ',', '=', ')']).next().unwrap_or_default();
            let is_tag = PASSWORD_TAGS.0 == last || PASSWORD_TAGS.1 == last || OTHER_TAGS.contains(&last);
            if is_tag || is_in_parentheses(&current) {
                current = format!("{current}:{part}");
            } else {
                groups.push(std::mem::replace(&mut current, part.to_owned()));
            }
        }
        groups.push(current);
        let (head, _) = groups[0].split_once('=')?;
        let (users, hosts) = list_and_rest(head.trim())?;
        let users: Vec<String> = split(users, ',').iter().map(|word| plain(word, Kind::User)).collect();
        let mut hosts = hosts.to_owned();
        for (at, group) in groups.iter().enumerate() {
            let (head, commands) = group.split_once('=')?;
            if at > 0 {
                head.trim().clone_into(&mut hosts);
            }
            let hosts = split(&hosts, ',').iter().map(|word| plain(word, Kind::Host)).collect();
            self.commands(&users, hosts, commands, source)?;
        }
        Some(())
    }

    /// Run-as lists and tags hold for the commands after them too.
    fn commands(&mut self, users: &[String], hosts: Vec<String>, text: &str, source: &str) -> Option<()> {
        let mut now = SudoRule {
            users: users.to_vec(),
            hosts,
            as_users: Vec::new(),
            as_groups: Vec::new(),
            commands: Vec::new(),
            needs_password: true,
            tags: Vec::new(),
            source: source.to_owned(),
        };
        let mut made: Vec<SudoRule> = Vec::new();
        for entry in split(text, ',') {
            let mut rest = entry.trim();
            if let Some(inside) = rest.strip_prefix('(') {
                let (inside, after) = inside.split_once(')')?;
                let (as_users, as_groups) = inside.split_once(':').unwrap_or((inside, ""));
                let words = |list: &str| -> Vec<String> {
                    split(list, ',')
                        .iter()
                        .filter(|w| !w.trim().is_empty())
                        .map(|w| plain(w, Kind::Runas))
                        .collect()
                };
                (now.as_users, now.as_groups) = (words(as_users), words(as_groups));
                rest = after.trim();
            }
            while let Some((tag, after)) = option_or_tag(rest) {
                match tag {
                    tag if tag == PASSWORD_TAGS.0 => now.needs_password = true,
                    tag if tag == PASSWORD_TAGS.1 => now.needs_password = false,
                    tag => {
                        let opposite = tag.strip_prefix("NO").map_or(format!("NO{tag}"), str::to_owned);
                        now.tags.retain(|other| *other != opposite && other != tag);
                        now.tags.push(tag.to_owned());
                    }
                }
                rest = after.trim();
            }
            if rest.is_empty() {
                return None;
            }
            let command = plain(rest, Kind::Command);
            match made.last_mut().filter(|rule| is_same(rule, &now)) {
                Some(rule) => rule.commands.push(command),
                None => made.push(SudoRule { commands: vec![command], ..now.clone() }),
            }
        }
        self.rules.append(&mut made);
        Some(())
    }

    /// Puts in what the aliases stand for; they may be defined after their use.
    fn resolve(&mut self) {
        let mut rules = std::mem::take(&mut self.rules);
        for rule in &mut rules {
            for (kind, words) in [
                (Kind::User, &mut rule.users),
                (Kind::Host, &mut rule.hosts),
                (Kind::Runas, &mut rule.as_users),
                (Kind::Runas, &mut rule.as_groups),
                (Kind::Command, &mut rule.commands),
            ] {
                let mut resolved = Vec::new();
                for word in words.iter() {
                    self.expand(kind, word, 0, &mut resolved);
                }
                if resolved.len() > MOST_WORDS {
                    self.problems.push(format!("{}: more than {MOST_WORDS} words in one list", rule.source));
                    resolved.truncate(MOST_WORDS);
                }
                *words = resolved;
            }
            rule.needs_password &= !self.is_password_off;
        }
        self.rules = rules;
    }

    fn expand(&self, kind: Kind, word: &str, depth: u32, into: &mut Vec<String>) {
        let bare = word.trim_start_matches('!');
        let sign = &word[..word.len() - bare.len()];
        match self.aliases.get(&(kind, bare.to_owned())) {
            Some(words) if depth < 16 && into.len() <= MOST_WORDS => {
                for inner in words {
                    let inner = format!("{sign}{inner}");
                    let signs = inner.len() - inner.trim_start_matches('!').len();
                    let bare = inner.trim_start_matches('!');
                    let once = if signs % 2 == 1 { format!("!{bare}") } else { bare.to_owned() };
                    self.expand(kind, &once, depth + 1, into);
                }
            }
            _ => into.push(word.to_owned()),
        }
    }
}

fn is_same(a: &SudoRule, b: &SudoRule) -> bool {
    (&a.as_users, &a.as_groups, a.needs_password, &a.tags)
        == (&b.as_users, &b.as_groups, b.needs_password, &b.tags)
}

fn beside(path: &str, target: &str) -> String {
    match path.rsplit_once('/') {
        Some((folder, _)) if !target.starts_with('/') => format!("{folder}/{target}"),
        _ => target.to_owned(),
    }
}

/// A `#` begins a comment unless a user or group number follows (`#1000`, `%#1000`).
fn without_comment(line: &str) -> &str {
    let mut is_quoted = false;
    let letters: Vec<(usize, char)> = line.char_indices().collect();
    for (at, (byte, letter)) in letters.iter().enumerate() {
        match letter {
            '"' => is_quoted = !is_quoted,
            '#' if !is_quoted => {
                let is_number = letters.get(at + 1).is_some_and(|(_, next)| next.is_ascii_digit());
                let is_escaped = at > 0 && letters[at - 1].1 == '\\';
                if !is_number && !is_escaped {
                    return line[..*byte].trim_end();
                }
            }
            _ => {}
        }
    }
    line
}

/// Splits outside quotes and parentheses; a backslash protects the next letter.
fn split(text: &str, at: char) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut is_quoted, mut is_protected) =
        (Vec::new(), 0, 0_i32, false, false);
    for (byte, letter) in text.char_indices() {
        if is_protected {
            is_protected = false;
            continue;
        }
        match letter {
            '\\' => is_protected = true,
            '"' => is_quoted = !is_quoted,
            '(' if !is_quoted => depth += 1,
            ')' if !is_quoted => depth -= 1,
            letter if letter == at && !is_quoted && depth <= 0 => {
                parts.push(&text[start..byte]);
                start = byte + letter.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn is_in_parentheses(text: &str) -> bool {
    text.matches('(').count() > text.matches(')').count()
}

/// `a, b  HOST` → (`a, b`, `HOST`): the users end at the first blank that follows no comma.
fn list_and_rest(text: &str) -> Option<(&str, &str)> {
    let mut is_quoted = false;
    for (byte, letter) in text.char_indices() {
        is_quoted ^= letter == '"';
        let before = text[..byte].trim_end();
        let is_end = letter.is_whitespace()
            && !is_quoted
            && !before.ends_with([',', '\\', '!'])
            && !text[byte..].trim_start().starts_with(',');
        if is_end {
            return Some((before, text[byte..].trim()));
        }
    }
    None
}

const OPTIONS: &[&str] = &[
    "ROLE",
    "TYPE",
    "TIMEOUT",
    "NOTBEFORE",
    "NOTAFTER",
    "CWD",
    "CHROOT",
    "APPARMOR_PROFILE",
    "PRIVS",
    "LIMITPRIVS",
];

/// `NOPASSWD: rest`, or an option like `TIMEOUT=5m rest`.
fn option_or_tag(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !(c.is_ascii_uppercase() || c == '_'))?;
    let (word, rest) = text.split_at(end);
    if let Some(after) = rest.trim_start().strip_prefix(':') {
        let is_tag = word == PASSWORD_TAGS.0 || word == PASSWORD_TAGS.1 || OTHER_TAGS.contains(&word);
        return is_tag.then_some((word, after));
    }
    let value = rest.strip_prefix('=').filter(|_| OPTIONS.contains(&word))?;
    let (value, after) = value.split_once(char::is_whitespace)?;
    Some((&text[..end + 1 + value.len()], after))
}

/// A word without quotes and protecting backslashes; a command keeps its arguments as written.
fn plain(word: &str, kind: Kind) -> String {
    let word = word.trim();
    if kind == Kind::Command {
        return word.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    let bare = word.trim_start_matches('!').trim();
    let sign = word.chars().take_while(|c| *c == '!').collect::<String>();
    format!("{sign}{}", bare.trim_matches('"').replace('\\', ""))
}
