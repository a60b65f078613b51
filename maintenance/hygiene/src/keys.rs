//! Keys that sign in: weak ones, keys nobody answers for, keys of root, and files others can write.

use mainstay_record::finding::{Severity, Sighting};
use mainstay_wire::Seen;
use mainstay_wire::accounts::Accounts;
use mainstay_wire::keys::{AuthorizedKey, KeyProblem, Keys};

use crate::draft::{Draft, draft, minute, shell};
use crate::verdict::{Hidden, Verdict, gap, nothing};

pub const STRENGTH: &str = "hygiene.keys_strength";
pub const OWNER: &str = "hygiene.keys_owner";
pub const ROOT: &str = "hygiene.keys_root";
pub const FILES: &str = "hygiene.keys_files";

/// One account's files could not be read; the name of the account follows.
const OF_ACCOUNT: &str = "keys of ";
/// Keys that are in no file; the rules are about files.
const HANDED_OUT: &str = "keys a program hands out";

/// What the rules of this section say.
pub fn judge(seen: &Seen<Keys>, accounts: Option<&Accounts>) -> Vec<Verdict> {
    let Some(keys) = &seen.value else {
        return [STRENGTH, OWNER, ROOT, FILES].map(|rule| Verdict::blind(rule, nothing(seen))).into();
    };
    let mut found = vec![
        Verdict { rule: STRENGTH, seen: weak(keys), hidden: hidden(seen) },
        Verdict { rule: ROOT, seen: of_root(keys, accounts), hidden: hidden(seen) },
        Verdict { rule: FILES, seen: open_files(keys), hidden: hidden(seen) },
    ];
    found.push(match accounts {
        Some(accounts) => Verdict { rule: OWNER, seen: without_owner(keys, accounts), hidden: hidden(seen) },
        None => Verdict::blind(OWNER, "owners of keys: the accounts could not be seen"),
    });
    found
}

/// Where the files of some accounts could not be read, only those accounts are hidden.
fn hidden(seen: &Seen<Keys>) -> Hidden {
    if let Some(because) = gap(seen, &[HANDED_OUT, OF_ACCOUNT]) {
        return Hidden::Everything(because);
    }
    let names: Vec<String> =
        seen.unseen.iter().filter_map(|gap| gap.what.strip_prefix(OF_ACCOUNT)).map(str::to_owned).collect();
    match gap(seen, &[HANDED_OUT]) {
        None => Hidden::Nothing,
        Some(because) => {
            let hides = move |subject: &str| {
                names
                    .iter()
                    .any(|name| subject.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with(' ')))
            };
            Hidden::Some { because, hides: Box::new(hides) }
        }
    }
}

/// Keys that can be computed, or that no current server takes.
pub fn weak(keys: &Keys) -> Vec<Sighting> {
    keys.keys.iter().filter_map(weak_key).collect()
}

fn weak_key(key: &AuthorizedKey) -> Option<Sighting> {
    let (severity, reason, why) = match (key.kind.as_str(), key.bits) {
        ("ssh-dss", bits) => (
            Severity::Medium,
            format!("It is a DSA key of {bits} bits; OpenSSH since 7.0 refuses it, older servers take it."),
            "DSA keys are limited to 1,024 bits and leak when one random number is bad.",
        ),
        ("ssh-rsa", bits) if bits < 1024 => (
            Severity::Critical,
            format!(
                "It is an RSA key of {bits} bits; keys of that size are computed from their public half."
            ),
            "Whoever sees the public key can make the private one and sign in.",
        ),
        ("ssh-rsa", bits) if bits < 2048 => (
            Severity::High,
            format!("It is an RSA key of {bits} bits; 2,048 is the least that counts as safe."),
            "Keys of this size are within reach of large attackers.",
        ),
        _ => return None,
    };
    let sighting = about(severity, key, format!("{} signs in with a weak key", key.account))
        .reason(reason)
        .why(why)
        .fix("Make a new one where its owner works: ssh-keygen -t ed25519")
        .fix(format!("Put its public half in {}, sign in with it, then delete line {}.", key.file, key.line))
        .controls(&["NIST SP 800-53 SC-12"]);
    Some(sighting.done())
}

/// Keys on accounts that are gone or closed, and keys that name nobody.
pub fn without_owner(keys: &Keys, accounts: &Accounts) -> Vec<Sighting> {
    keys.keys.iter().filter_map(|key| ownerless(key, accounts)).collect()
}

fn ownerless(key: &AuthorizedKey, accounts: &Accounts) -> Option<Sighting> {
    let account = accounts.accounts.iter().find(|account| account.name == key.account);
    let (severity, title, reason) = match account {
        None => (
            Severity::Medium,
            format!("A key waits for the account {}, which is gone", key.account),
            format!(
                "{} is in no list of accounts; a new account of that name would inherit the key.",
                key.account
            ),
        ),
        Some(account) if account.is_expired => (
            Severity::Medium,
            format!("A key is left on the expired account {}", key.account),
            format!(
                "The account is closed since {}; without PAM its keys still sign in.",
                account.expires.as_deref().unwrap_or("a day that is not known")
            ),
        ),
        Some(_) if key.comment.trim().is_empty() => (
            Severity::Low,
            format!("Nobody is named for a key of {}", key.account),
            format!("The line has no comment, so nothing says whose key {} is.", key.fingerprint),
        ),
        Some(_) => return None,
    };
    let sighting = about(severity, key, title)
        .reason(reason)
        .why("A key that nobody answers for is never taken back: not when its owner leaves, not when it is stolen.")
        .fix(format!("Find the owner: journalctl -u ssh | grep {}", shell(&key.fingerprint)))
        .fix(format!("Write the name behind the key at {}:{}, or delete the line.", key.file, key.line))
        .controls(&["NIST SP 800-53 AC-2"]);
    Some(sighting.done())
}

/// Keys that sign in as a user with number 0.
pub fn of_root(keys: &Keys, accounts: Option<&Accounts>) -> Vec<Sighting> {
    let is_root = |name: &str| {
        name == "root"
            || accounts.is_some_and(|all| {
                all.accounts.iter().any(|account| account.name == name && account.uid == 0)
            })
    };
    let found = keys.keys.iter().filter(|key| is_root(&key.account)).map(|key| {
        let has = |word: &str| key.options.iter().any(|option| option.to_ascii_lowercase().starts_with(word));
        let (severity, bound) = if has("command=") {
            (Severity::Info, "one command is all it may run")
        } else if has("from=") {
            (Severity::Low, "from the addresses it names")
        } else {
            (Severity::Medium, "from anywhere, with every command")
        };
        let whose = if key.comment.is_empty() { "A key without a name" } else { key.comment.as_str() };
        about(severity, key, format!("{whose} signs in as {}", key.account))
            .reason(format!("This {} key is root here, {bound}.", key.kind))
            .why("Whoever holds the private half is root at once, and the log says only root.")
            .fix(format!("Sign in as a person and use sudo; then delete {}:{}.", key.file, key.line))
            .fix("If a program needs it: put from=\"ADDRESS\",command=\"PROGRAM\",restrict in front of the key.")
            .controls(&["NIST SP 800-53 AC-6(2)"])
            .done()
    });
    found.collect()
}

/// Files and folders of keys whose owner or mode is wrong, and lines that are no key.
pub fn open_files(keys: &Keys) -> Vec<Sighting> {
    keys.problems.iter().map(open_file).collect()
}

fn open_file(found: &KeyProblem) -> Sighting {
    let KeyProblem { account, path, problem } = found;
    let is_no_key = problem.ends_with("is no key");
    let severity = match problem.as_str() {
        _ if is_no_key => Severity::Low,
        "may be written by everybody" => Severity::High,
        text if text.starts_with("belongs to user") => Severity::High,
        _ => Severity::Medium,
    };
    let (title, why) = if is_no_key {
        (
            format!("{path} has a line that is no key"),
            "sshd skips the line. Somebody meant to give or take access there and it did not happen.",
        )
    } else {
        (
            format!("Others can change who signs in as {account}"),
            "Whoever can write there adds a key and is that account. With StrictModes sshd refuses all keys of the account instead.",
        )
    };
    let word = draft(severity, format!("{account} {path} {problem}"), title)
        .reason(format!("{path} {problem}."))
        .why(why)
        .evidence(format!("{path}: {problem}"));
    let word = if is_no_key {
        word.fix(format!("Correct or delete the line: ssh-keygen -lf {} shows what counts.", shell(path)))
    } else {
        word.fix(format!("chown {} {} && chmod go-w {}", shell(account), shell(path), shell(path)))
    };
    word.done()
}

fn about(severity: Severity, key: &AuthorizedKey, title: String) -> Draft {
    let changed = key.file_changed_ms.map(|ms| format!(", file changed {}", minute(ms))).unwrap_or_default();
    let options = if key.options.is_empty() { String::new() } else { format!("{} ", key.options.join(",")) };
    let comment = if key.comment.is_empty() { "no comment" } else { &key.comment };
    draft(severity, format!("{} {}", key.account, key.fingerprint), title).evidence(format!(
        "{}:{}: {options}{} {} bits {} ({comment}){changed}",
        key.file, key.line, key.kind, key.bits, key.fingerprint
    ))
}
