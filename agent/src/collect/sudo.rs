//! Sudo rules of sudoers and what it includes, aliases resolved, and what they come to for each account.

use std::collections::HashMap;

use crate::Host;
use crate::wire::accounts::Accounts;
use crate::wire::sudo::{Sudo, SudoPower, SudoRule};
use crate::wire::{Seen, Unseen};

mod read;

/// The rules, and the powers they give to `accounts`.
pub fn collect(host: &Host, accounts: Option<&Accounts>) -> Seen<Sudo> {
    const SUDOERS: &str = "/etc/sudoers";
    let is_installed =
        ["/usr/bin/sudo", "/bin/sudo", "/usr/local/bin/sudo"].iter().any(|path| host.exists(path));
    if !is_installed && !host.exists(SUDOERS) {
        return Seen::whole(Sudo::default());
    }
    let hostname = host.proc_text("sys/kernel/hostname").or_else(|_| host.text("/etc/hostname"));
    let hostname = hostname.unwrap_or_default().trim().to_owned();
    let (read, unseen): (_, Vec<Unseen>) = match read::sudoers(host, SUDOERS, &hostname) {
        Ok(read) => (read, Vec::new()),
        Err(because) => {
            let gap = Unseen::new("sudo rules", because);
            let gap = if host.is_root() {
                gap
            } else {
                gap.allow_with("run the agent as root: sudo mainstay agent")
            };
            return Seen::not(gap);
        }
    };
    let mut sudo = Sudo {
        is_installed,
        rules: read.rules,
        powers: Vec::new(),
        defaults: read.defaults,
        problems: read.problems,
    };
    if let Some(accounts) = accounts {
        sudo.powers = powers(&sudo.rules, accounts, &hostname);
    }
    Seen::partly(sudo, unseen.into_iter().chain(read.unseen).collect())
}

fn powers(rules: &[SudoRule], accounts: &Accounts, hostname: &str) -> Vec<SudoPower> {
    let mut groups: HashMap<&str, Vec<&str>> = HashMap::new();
    for group in &accounts.groups {
        for member in &group.members {
            groups.entry(member).or_default().push(&group.name);
        }
    }
    let mut powers = Vec::new();
    for account in accounts.accounts.iter().filter(|account| account.uid != 0) {
        let primary = accounts.groups.iter().find(|group| group.gid == account.gid);
        let mut own: Vec<(&str, u32)> = primary.map(|g| (g.name.as_str(), g.gid)).into_iter().collect();
        for name in groups.get(account.name.as_str()).into_iter().flatten() {
            let gid = accounts.groups.iter().find(|g| g.name == *name).map_or(u32::MAX, |g| g.gid);
            own.push((name, gid));
        }
        let who = Who { name: &account.name, uid: account.uid, groups: own };
        powers.extend(power(rules, &who, hostname));
    }
    powers
}

struct Who<'a> {
    name: &'a str,
    uid: u32,
    groups: Vec<(&'a str, u32)>,
}

fn power(rules: &[SudoRule], who: &Who<'_>, hostname: &str) -> Option<SudoPower> {
    let own: Vec<usize> = (0..rules.len())
        .filter(|at| last_match(&rules[*at].users, |word| is_user(word, who)) == Some(true))
        .filter(|at| last_match(&rules[*at].hosts, |word| is_host(word, hostname)) == Some(true))
        .collect();
    if own.is_empty() {
        return None;
    }
    let as_root = |rule: &SudoRule| {
        let is_default = rule.as_users.is_empty() && rule.as_groups.is_empty();
        is_default || last_match(&rule.as_users, |word| matches!(word, "root" | "ALL" | "#0")) == Some(true)
    };
    // The last rule that speaks of every command decides about it, as in sudo itself.
    let all = own.iter().map(|at| &rules[*at]).filter(|rule| as_root(rule)).rev().find_map(|rule| {
        last_match(&rule.commands, |word| word == "ALL").map(|is_allowed| (is_allowed, rule.needs_password))
    });
    let allows = |rule: &&SudoRule| rule.commands.iter().any(|command| !command.starts_with('!'));
    Some(SudoPower {
        account: who.name.to_owned(),
        is_root_equal: matches!(all, Some((true, _))),
        is_root_without_password: matches!(all, Some((true, false))),
        has_passwordless: own
            .iter()
            .map(|at| &rules[*at])
            .filter(|rule| as_root(rule) && !rule.needs_password)
            .any(|rule| allows(&rule)),
        rules: own,
    })
}

/// Of a list with negations the last word that fits decides; `None` when none does.
fn last_match(words: &[String], fits: impl Fn(&str) -> bool) -> Option<bool> {
    words.iter().rev().find_map(|word| {
        let bare = word.trim_start_matches('!');
        let is_negated = (word.len() - bare.len()) % 2 == 1;
        fits(bare).then_some(!is_negated)
    })
}

fn is_user(word: &str, who: &Who<'_>) -> bool {
    if let Some(group) = word.strip_prefix("%#") {
        return who.groups.iter().any(|(_, gid)| gid.to_string() == group);
    }
    if let Some(group) = word.strip_prefix('%') {
        return who.groups.iter().any(|(name, _)| *name == group);
    }
    if let Some(uid) = word.strip_prefix('#') {
        return who.uid.to_string() == uid;
    }
    word == "ALL" || word == who.name
}

/// A rule for a named host counts on that host only; addresses and netgroups are taken to fit, because a
/// power too many is seen and asked about, one too few is not.
fn is_host(word: &str, hostname: &str) -> bool {
    let is_plain = word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        && !word.starts_with(|c: char| c.is_ascii_digit());
    let short = |name: &str| name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    word == "ALL" || !is_plain || short(word) == short(hostname) || word == "localhost"
}

#[cfg(test)]
mod tests;
