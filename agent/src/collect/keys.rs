//! Keys that sign in: every account's `authorized_keys`, with the fingerprint `ssh-keygen -lf` prints.

use std::os::unix::fs::MetadataExt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha2::{Digest, Sha256};

use crate::Host;
use crate::host::reason;
use crate::wire::accounts::{Account, Accounts};
use crate::wire::keys::{AuthorizedKey, KeyProblem, Keys};
use crate::wire::sshd::Sshd;
use crate::wire::{Seen, Unseen};

const USUAL_FILES: &str = ".ssh/authorized_keys .ssh/authorized_keys2";

/// The keys of `accounts`, in the files `sshd` looks for them.
pub fn collect(host: &Host, accounts: Option<&Accounts>, sshd: Option<&Sshd>) -> Seen<Keys> {
    let Some(accounts) = accounts else {
        return Seen::not(Unseen::new("keys that sign in", "the accounts could not be seen"));
    };
    let setting =
        |name: &str| sshd.and_then(|sshd| sshd.settings.get(name)).and_then(|values| values.first());
    let patterns = setting("authorizedkeysfile").map_or(USUAL_FILES, String::as_str);
    let (mut keys, mut unseen) = (Keys::default(), Vec::new());
    if let Some(command) = setting("authorizedkeyscommand").filter(|command| *command != "none") {
        unseen.push(Unseen::new("keys a program hands out", format!("sshd asks {command} at each sign-in")));
    }
    for account in &accounts.accounts {
        for pattern in patterns.split_whitespace().filter(|pattern| *pattern != "none") {
            read_file(host, account, &path_of(pattern, account), &mut keys, &mut unseen);
        }
    }
    // Accounts that share a home (often `/`) share its file: each is told, for each may sign in.
    Seen::partly(keys, unseen)
}

/// `%h`, `%u`, `%U` and `%%` as sshd replaces them; a relative path starts at home.
fn path_of(pattern: &str, account: &Account) -> String {
    let mut path = String::new();
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        match (letter, if letter == '%' { letters.next() } else { None }) {
            ('%', Some('h')) => path.push_str(&account.home),
            ('%', Some('u')) => path.push_str(&account.name),
            ('%', Some('U')) => path.push_str(&account.uid.to_string()),
            ('%', Some('%')) => path.push('%'),
            (letter, _) => path.push(letter),
        }
    }
    if path.starts_with('/') { path } else { format!("{}/{path}", account.home.trim_end_matches('/')) }
}

fn read_file(host: &Host, account: &Account, path: &str, keys: &mut Keys, unseen: &mut Vec<Unseen>) {
    let text = match host.text(path) {
        Ok(text) => text,
        Err(fault)
            if matches!(fault.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) =>
        {
            return;
        }
        Err(fault) => {
            let gap = Unseen::new(format!("keys of {}", account.name), reason(path, &fault));
            unseen.push(gap.allow_with("run the agent as root: sudo mainstay agent"));
            return;
        }
    };
    let changed = host.metadata(path).ok().and_then(|meta| u64::try_from(meta.mtime()).ok());
    keys.problems.extend(problems(host, account, path));
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let number = u32::try_from(at + 1).unwrap_or(u32::MAX);
        match parse(line) {
            Some(key) => keys.keys.push(AuthorizedKey {
                account: account.name.clone(),
                file: path.to_owned(),
                line: number,
                file_changed_ms: changed.map(|seconds| seconds * 1000),
                kind: key.kind,
                bits: key.bits,
                fingerprint: key.fingerprint,
                comment: key.comment,
                options: key.options,
            }),
            None => keys.problems.push(problem(account, path, format!("line {number} is no key"))),
        }
    }
}

fn problem(account: &Account, path: &str, problem: String) -> KeyProblem {
    KeyProblem { account: account.name.clone(), path: path.to_owned(), problem }
}

/// What sshd's `StrictModes` refuses: the file, its folder or the home in the hands of others.
fn problems(host: &Host, account: &Account, path: &str) -> Vec<KeyProblem> {
    let mut found = Vec::new();
    let mut place = Some(path);
    while let Some(now) = place.filter(|now| !now.is_empty() && *now != "/") {
        if let Ok(meta) = host.metadata(now) {
            // The owner of a recorded file is whoever made the record.
            if host.is_live() && meta.uid() != 0 && meta.uid() != account.uid {
                found.push(problem(account, now, format!("belongs to user {}", meta.uid())));
            }
            if meta.mode() & 0o002 != 0 && meta.mode() & 0o1000 == 0 {
                found.push(problem(account, now, "may be written by everybody".to_owned()));
            } else if meta.mode() & 0o020 != 0 {
                found.push(problem(account, now, format!("may be written by group {}", meta.gid())));
            }
        }
        if now == account.home {
            break;
        }
        place = now.rsplit_once('/').map(|(folder, _)| folder);
    }
    found
}

/// One line of an `authorized_keys` file.
#[derive(Debug)]
struct Parsed {
    options: Vec<String>,
    kind: String,
    bits: u32,
    fingerprint: String,
    comment: String,
}

fn parse(line: &str) -> Option<Parsed> {
    if let Some(parsed) = parse_key(line) {
        return Some(parsed);
    }
    // Options stand in front, up to the first blank outside quotes.
    let mut is_quoted = false;
    let mut before = ' ';
    let end = line.find(|letter: char| {
        is_quoted ^= letter == '"' && before != '\\';
        before = letter;
        letter.is_whitespace() && !is_quoted
    })?;
    let parsed = parse_key(line[end..].trim_start())?;
    Some(Parsed { options: options(&line[..end]), ..parsed })
}

/// Options split at their commas, outside quotes.
fn options(text: &str) -> Vec<String> {
    let (mut all, mut now, mut is_quoted, mut before) = (Vec::new(), String::new(), false, ' ');
    for letter in text.chars() {
        is_quoted ^= letter == '"' && before != '\\';
        before = letter;
        if letter == ',' && !is_quoted {
            all.push(std::mem::take(&mut now));
        } else {
            now.push(letter);
        }
    }
    all.push(now);
    all
}

fn parse_key(text: &str) -> Option<Parsed> {
    let mut parts = text.splitn(2, char::is_whitespace);
    let (kind, rest) = (parts.next()?, parts.next()?.trim_start());
    let (encoded, comment) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let blob = STANDARD.decode(encoded).ok()?;
    let fields = fields(&blob)?;
    // The name inside the key is what counts; a line that says another one is refused by sshd.
    if fields.first()? != &kind.as_bytes() {
        return None;
    }
    Some(Parsed {
        options: Vec::new(),
        kind: kind.to_owned(),
        bits: bits(kind, &fields)?,
        fingerprint: format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(&blob))),
        comment: comment.trim().to_owned(),
    })
}

/// The length-prefixed strings of a key (RFC 4253, section 6.6).
fn fields(blob: &[u8]) -> Option<Vec<&[u8]>> {
    let (mut fields, mut rest) = (Vec::new(), blob);
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        fields.push(after.get(..length)?);
        rest = &after[length..];
    }
    Some(fields)
}

fn bits(kind: &str, fields: &[&[u8]]) -> Option<u32> {
    let integer = |at: usize| {
        let bytes = fields.get(at)?;
        let start = bytes.iter().position(|byte| *byte != 0)?;
        let bits = (bytes.len() - start) * 8 - bytes[start].leading_zeros() as usize;
        u32::try_from(bits).ok()
    };
    match kind {
        "ssh-rsa" => integer(2),
        "ssh-dss" => integer(1),
        "ssh-ed25519" | "sk-ssh-ed25519@openssh.com" => {
            fields.get(1).filter(|key| key.len() == 32).map(|_| 256)
        }
        "ecdsa-sha2-nistp256" | "sk-ecdsa-sha2-nistp256@openssh.com" => Some(256),
        "ecdsa-sha2-nistp384" => Some(384),
        "ecdsa-sha2-nistp521" => Some(521),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
