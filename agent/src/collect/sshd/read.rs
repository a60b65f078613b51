//! Reading `sshd_config` with its includes and Match blocks. Rules: `sshd_config(5)` of OpenSSH 9.2: the first
//! value of a keyword wins, some keywords collect, a Match block lasts to the next one or the end of file.

use std::collections::BTreeMap;

use crate::Host;
use crate::collect::text::matches;
use crate::host::reason;
use crate::wire::Unseen;
use crate::wire::sshd::SshdMatch;

const MOST_DEPTH: u32 = 16;

/// Keywords that collect the values of all their lines.
const COLLECTING: &[&str] = &[
    "port",
    "listenaddress",
    "hostkey",
    "hostcertificate",
    "acceptenv",
    "allowusers",
    "denyusers",
    "allowgroups",
    "denygroups",
    "subsystem",
    "setenv",
];

/// What OpenSSH 9.2 does when the files say nothing, for the keywords a judgement rests on.
const DEFAULTS: &[(&str, &str)] = &[
    ("addressfamily", "any"),
    ("allowagentforwarding", "yes"),
    ("allowstreamlocalforwarding", "yes"),
    ("allowtcpforwarding", "yes"),
    ("authorizedkeyscommand", "none"),
    ("authorizedkeysfile", ".ssh/authorized_keys .ssh/authorized_keys2"),
    ("banner", "none"),
    ("chrootdirectory", "none"),
    ("clientalivecountmax", "3"),
    ("clientaliveinterval", "0"),
    ("compression", "yes"),
    ("disableforwarding", "no"),
    ("exposeauthinfo", "no"),
    ("forcecommand", "none"),
    ("gatewayports", "no"),
    ("gssapiauthentication", "no"),
    ("hostbasedauthentication", "no"),
    ("ignorerhosts", "yes"),
    ("kbdinteractiveauthentication", "yes"),
    ("kerberosauthentication", "no"),
    ("logingracetime", "120"),
    ("loglevel", "INFO"),
    ("maxauthtries", "6"),
    ("maxsessions", "10"),
    ("maxstartups", "10:30:100"),
    ("passwordauthentication", "yes"),
    ("permitemptypasswords", "no"),
    ("permitrootlogin", "without-password"),
    ("permittty", "yes"),
    ("permittunnel", "no"),
    ("permituserenvironment", "no"),
    ("permituserrc", "yes"),
    ("port", "22"),
    ("pubkeyauthentication", "yes"),
    ("strictmodes", "yes"),
    ("syslogfacility", "AUTH"),
    ("tcpkeepalive", "yes"),
    ("usedns", "no"),
    ("usepam", "no"),
    ("x11forwarding", "no"),
    ("x11uselocalhost", "yes"),
];

/// What the files say.
#[derive(Default)]
pub struct Read {
    pub settings: BTreeMap<String, Vec<String>>,
    pub matches: Vec<SshdMatch>,
    pub problems: Vec<String>,
    is_in_match: bool,
}

/// Reads the file, what it includes, and puts in the defaults.
pub fn config(host: &Host, path: &str, unseen: &mut Vec<Unseen>) -> Read {
    let mut read = Read::default();
    read.file(host, path, 0, unseen);
    for (key, value) in DEFAULTS {
        read.settings.entry((*key).to_owned()).or_insert_with(|| vec![(*value).to_owned()]);
    }
    read
}

impl Read {
    fn file(&mut self, host: &Host, path: &str, depth: u32, unseen: &mut Vec<Unseen>) {
        let text = match host.text(path) {
            Ok(text) => text,
            Err(fault) => {
                let gap = Unseen::new(format!("settings of sshd in {path}"), reason(path, &fault));
                unseen.push(gap.allow_with("run the agent as root: sudo mainstay agent"));
                return;
            }
        };
        for (at, line) in text.lines().enumerate() {
            let source = format!("{path}:{}", at + 1);
            let words = words(line);
            let Some((key, values)) = words.split_first() else { continue };
            let key = match key.to_ascii_lowercase().as_str() {
                // Older names of the same setting.
                "challengeresponseauthentication" | "skeyauthentication" => {
                    "kbdinteractiveauthentication".to_owned()
                }
                "dsaauthentication" => "pubkeyauthentication".to_owned(),
                "pubkeyacceptedkeytypes" => "pubkeyacceptedalgorithms".to_owned(),
                other => other.to_owned(),
            };
            if values.is_empty() {
                self.problems.push(format!("{source}: {key} has no value"));
                continue;
            }
            match key.as_str() {
                "include" => self.include(host, values, depth, unseen, &source),
                "match" => self.open_match(values, source),
                _ => self.set(&key, values),
            }
        }
    }

    fn include(
        &mut self,
        host: &Host,
        patterns: &[String],
        depth: u32,
        unseen: &mut Vec<Unseen>,
        source: &str,
    ) {
        if depth >= MOST_DEPTH {
            self.problems.push(format!("{source}: includes go deeper than {MOST_DEPTH}"));
            return;
        }
        for pattern in patterns {
            let pattern =
                if pattern.starts_with('/') { pattern.clone() } else { format!("/etc/ssh/{pattern}") };
            // A Match block opened in an included file ends with that file.
            for path in glob(host, &pattern) {
                let was_in_match = self.is_in_match;
                self.file(host, &path, depth + 1, unseen);
                self.is_in_match = was_in_match;
            }
        }
    }

    fn open_match(&mut self, values: &[String], source: String) {
        self.is_in_match = !(values.len() == 1 && values[0].eq_ignore_ascii_case("all"));
        if self.is_in_match {
            let condition = values.join(" ");
            self.matches.push(SshdMatch { condition, settings: BTreeMap::new(), source });
        }
    }

    fn set(&mut self, key: &str, values: &[String]) {
        let value = match (key, values) {
            ("permitrootlogin", [one]) if one.eq_ignore_ascii_case("prohibit-password") => {
                "without-password".to_owned()
            }
            ("logingracetime" | "clientaliveinterval", [one]) => seconds(one).unwrap_or_else(|| one.clone()),
            (_, [one]) if ["yes", "no", "any", "none"].iter().any(|w| one.eq_ignore_ascii_case(w)) => {
                one.to_ascii_lowercase()
            }
            _ => values.join(" "),
        };
        let settings = match self.matches.last_mut().filter(|_| self.is_in_match) {
            Some(block) => &mut block.settings,
            None => &mut self.settings,
        };
        let known = settings.entry(key.to_owned()).or_default();
        if known.is_empty() || COLLECTING.contains(&key) {
            known.push(value);
        }
    }
}

/// `2m` → `120`, as `sshd -T` prints times.
fn seconds(text: &str) -> Option<String> {
    let (mut total, mut number) = (0_u64, None::<u64>);
    for letter in text.chars() {
        let unit = match letter.to_ascii_lowercase() {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 604_800,
            digit => {
                let digit = u64::from(digit.to_digit(10)?);
                number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(digit)?);
                continue;
            }
        };
        total = total.checked_add(number.take()?.checked_mul(unit)?)?;
    }
    Some((total + number.unwrap_or(0)).to_string())
}

/// Words of one line: blanks or one `=` after the keyword, double quotes, `#` begins a comment.
fn words(line: &str) -> Vec<String> {
    let line = line.trim();
    let key_end = line.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(line.len());
    let (key, rest) = line.split_at(key_end);
    if key.is_empty() || key.starts_with('#') {
        return Vec::new();
    }
    let rest = rest.trim_start();
    let rest = rest.strip_prefix('=').unwrap_or(rest);
    let (mut words, mut word, mut is_quoted, mut is_open) =
        (vec![key.to_owned()], String::new(), false, false);
    for letter in rest.chars() {
        match letter {
            '"' => {
                is_quoted = !is_quoted;
                is_open = true;
            }
            '#' if !is_quoted && !is_open => break,
            letter if letter.is_whitespace() && !is_quoted => {
                if is_open {
                    words.push(std::mem::take(&mut word));
                }
                is_open = false;
            }
            letter => {
                word.push(letter);
                is_open = true;
            }
        }
    }
    if is_open {
        words.push(word);
    }
    words
}

/// Paths that fit a pattern, sorted; only the last piece may hold wild cards.
pub fn glob(host: &Host, pattern: &str) -> Vec<String> {
    let Some((folder, last)) = pattern.rsplit_once('/') else { return Vec::new() };
    if !last.contains(['*', '?', '[']) {
        return vec![pattern.to_owned()];
    }
    let folders = if folder.contains(['*', '?', '[']) { glob(host, folder) } else { vec![folder.to_owned()] };
    let mut found = Vec::new();
    for folder in folders {
        let names = host.list(if folder.is_empty() { "/" } else { &folder }).unwrap_or_default();
        let fits = |name: &&String| (last.starts_with('.') || !name.starts_with('.')) && matches(last, name);
        found.extend(names.iter().filter(fits).map(|name| format!("{folder}/{name}")));
    }
    found
}
