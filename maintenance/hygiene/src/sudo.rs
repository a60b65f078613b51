//! Sudo rules that give more than they say: root without a password, and commands that are root in disguise.

use mainstay_record::finding::{Severity, Sighting};
use mainstay_wire::Seen;
use mainstay_wire::sudo::{Sudo, SudoPower, SudoRule};

use crate::draft::draft;
use crate::programs;
use crate::verdict::{Verdict, gap, nothing};

pub const RULES: &str = "hygiene.sudo";

/// What the rule of this section says.
pub fn judge(seen: &Seen<Sudo>) -> Vec<Verdict> {
    match &seen.value {
        None => vec![Verdict::blind(RULES, nothing(seen))],
        Some(sudo) => vec![Verdict::with(RULES, weak_rules(sudo), gap(seen, &[]))],
    }
}

/// Everything weak in the rules.
pub fn weak_rules(sudo: &Sudo) -> Vec<Sighting> {
    if !sudo.is_installed {
        return Vec::new();
    }
    let mut found: Vec<Sighting> = sudo.powers.iter().filter_map(|power| power_of(sudo, power)).collect();
    found.extend(sudo.rules.iter().enumerate().filter_map(|(at, rule)| fits_nobody(sudo, at, rule)));
    found.extend(sudo.rules.iter().flat_map(writable_targets));
    found.extend(sudo.defaults.iter().flat_map(|line| defaults(line)));
    found.extend(sudo.problems.iter().filter_map(|line| problem(line)));
    found
}

fn power_of(sudo: &Sudo, power: &SudoPower) -> Option<Sighting> {
    let rules: Vec<&SudoRule> = power.rules.iter().filter_map(|at| sudo.rules.get(*at)).collect();
    let passwordless = || rules.iter().copied().filter(|rule| !rule.needs_password && is_as_root(rule));
    if power.is_root_without_password {
        return Some(all_without_password(power, passwordless().filter(|rule| is_all(rule))));
    }
    if !power.has_passwordless {
        return None;
    }
    let open: Vec<String> =
        passwordless().flat_map(|rule| rule.commands.iter()).filter(|c| is_disguise(c)).cloned().collect();
    if open.is_empty() {
        return None;
    }
    let account = &power.account;
    let mut sighting = draft(
        Severity::High,
        format!("{account} disguise"),
        format!("{account} can make root out of a sudo rule"),
    )
    .reason(format!("Without a password it may run {}, which starts or writes anything.", open.join(", ")))
    .why("A rule for one command is meant to give one power; these give all of them, and no password stands in between.")
    .fix("Name the command with its exact arguments, or a script that only root can write: visudo")
    .controls(&["NIST SP 800-53 AC-6"]);
    for rule in passwordless().filter(|rule| rule.commands.iter().any(|c| open.contains(c))) {
        sighting = sighting.evidence(worded(rule));
    }
    Some(sighting.done())
}

fn all_without_password<'a>(power: &SudoPower, rules: impl Iterator<Item = &'a SudoRule>) -> Sighting {
    let account = &power.account;
    let mut sighting = draft(
        Severity::High,
        format!("{account} all"),
        format!("{account} becomes root without a password"),
    )
    .reason("A sudo rule lets it run every command as root, and asks nothing.")
    .why("Whoever gets hold of the account, a key, or one program that runs as it, has the whole host.")
    .fix("Take NOPASSWD: out of the rule, or name the commands it needs: visudo")
    .controls(&["CIS Debian 12, 5.2.4", "NIST SP 800-53 AC-6"]);
    for rule in rules {
        sighting = sighting.evidence(worded(rule));
    }
    sighting.done()
}

/// A rule for root without a password that fits no account the agent lists: a group from a directory, or a name that
/// comes back one day.
fn fits_nobody(sudo: &Sudo, at: usize, rule: &SudoRule) -> Option<Sighting> {
    let is_used = sudo.powers.iter().any(|power| power.rules.contains(&at));
    let is_for_root_only = rule.users.iter().all(|user| user == "root" || user == "#0");
    if is_used || is_for_root_only || rule.needs_password || !is_all(rule) || !is_as_root(rule) {
        return None;
    }
    let users = rule.users.join(", ");
    let sighting = draft(
        Severity::Medium,
        format!("rule {users}"),
        format!("A sudo rule makes {users} root without a password"),
    )
    .reason(format!("No account of this host fits {users} now; one from a directory, or a new one, would."))
    .why("Rules outlive the people they were made for, and give everything to the next one of that name.")
    .evidence(worded(rule))
    .fix(format!("Remove the rule at {} if nobody needs it: visudo", rule.source))
    .controls(&["CIS Debian 12, 5.2.4"]);
    Some(sighting.done())
}

/// Commands that lie where others than root write.
fn writable_targets(rule: &SudoRule) -> Vec<Sighting> {
    if !is_as_root(rule) || rule.users.iter().all(|user| user == "root") {
        return Vec::new();
    }
    let users = rule.users.join(", ");
    let targets = rule.commands.iter().filter(|command| !command.starts_with('!'));
    let writable = targets.filter(|command| programs::is_writable_place(program(command)));
    let word = |command: &String| {
        let path = program(command);
        draft(
            Severity::High,
            format!("target {path}"),
            format!("sudo runs {path} as root, which others can write"),
        )
        .reason(format!("It lies outside the folders of root, and {users} may run it as root."))
        .why("Whoever writes the file, or puts another in its place, decides what root runs.")
        .evidence(worded(rule))
        .fix(format!(
            "install -o root -g root -m 755 {path} /usr/local/sbin/, then name that path in {}",
            rule.source
        ))
        .done()
    };
    writable.map(word).collect()
}

/// `(setting without blanks, severity, title, why, controls)`.
type Bad = (&'static str, Severity, &'static str, &'static str, &'static [&'static str]);

const BAD_DEFAULTS: &[Bad] = &[
    (
        "!authenticate",
        Severity::High,
        "sudo asks for no password",
        "Every rule then counts as NOPASSWD, whatever it says itself.",
        &["CIS Debian 12, 5.2.5"],
    ),
    (
        "timestamp_timeout=-1",
        Severity::Low,
        "sudo remembers a password without end",
        "A session somebody left open stays root for good.",
        &["CIS Debian 12, 5.2.6"],
    ),
    (
        "visiblepw",
        Severity::Low,
        "sudo shows passwords as they are typed",
        "sudo then asks for the password even where it is shown on the screen.",
        &[],
    ),
];

/// The settings of one `Defaults` line; `Defaults:alice` holds for alice only.
fn defaults(line: &str) -> Vec<Sighting> {
    let (scope, settings) = match line.strip_prefix("Defaults") {
        Some(rest) => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
        None => ("", line),
    };
    let settings: Vec<String> =
        settings.split(',').map(|setting| setting.split_whitespace().collect::<String>()).collect();
    let word = |(setting, severity, title, why, controls): &Bad| {
        let whom = if scope.is_empty() {
            String::new()
        } else {
            format!(", for {}", scope.trim_start_matches([':', '@', '>', '!']))
        };
        draft(*severity, format!("Defaults{scope} {setting}"), format!("{title}{whom}"))
            .reason("A Defaults line says so.")
            .why(*why)
            .evidence(line)
            .fix(format!("Take {setting} out of the Defaults lines: visudo"))
            .controls(controls)
            .done()
    };
    BAD_DEFAULTS.iter().filter(|bad| settings.iter().any(|setting| setting == bad.0)).map(word).collect()
}

fn problem(line: &str) -> Option<Sighting> {
    let path = line.split(" may be written by others").next().filter(|path| path.len() < line.len())?;
    let sighting =
        draft(Severity::High, format!("file {path}"), format!("{path} can be written by others than root"))
            .reason("sudo leaves such a file out, so its rules do not hold now.")
            .why("If its mode is mended without a look inside, whatever somebody wrote there becomes a rule.")
            .evidence(line)
            .fix(format!("Read it first: visudo -c -f {path}"))
            .fix(format!("chown root:root {path} && chmod 440 {path}"));
    Some(sighting.done())
}

fn is_as_root(rule: &SudoRule) -> bool {
    let is_default = rule.as_users.is_empty() && rule.as_groups.is_empty();
    is_default || rule.as_users.iter().any(|user| matches!(user.as_str(), "root" | "ALL" | "#0"))
}

fn is_all(rule: &SudoRule) -> bool {
    rule.commands.iter().any(|command| command == "ALL")
}

/// A command that, allowed as it stands, gives everything: an open program without fixed arguments, or a wildcard.
fn is_disguise(command: &str) -> bool {
    if command == "ALL" || command.starts_with('!') {
        return false;
    }
    let (program, arguments) = (program(command), arguments(command));
    let is_folder = program.ends_with('/');
    let has_wildcard = program.contains('*') || arguments.is_some_and(|words| words.contains('*'));
    let is_free = arguments.is_none() || has_wildcard;
    // `""` after a program means: without arguments.
    is_folder
        || program.contains('*')
        || (is_free && arguments != Some("\"\"") && programs::gives_root(program))
}

fn program(command: &str) -> &str {
    command.split_whitespace().find(|word| !word.starts_with("sha")).unwrap_or(command)
}

fn arguments(command: &str) -> Option<&str> {
    let after = command.split_once(program(command))?.1.trim();
    (!after.is_empty()).then_some(after)
}

/// The rule as sudo would print it.
fn worded(rule: &SudoRule) -> String {
    let list =
        |words: &[String], empty: &str| if words.is_empty() { empty.to_owned() } else { words.join(", ") };
    let groups =
        if rule.as_groups.is_empty() { String::new() } else { format!(" : {}", rule.as_groups.join(", ")) };
    let tag = if rule.needs_password { "" } else { "NOPASSWD: " };
    format!(
        "{}: {} {}=({}{groups}) {tag}{}",
        rule.source,
        list(&rule.users, "?"),
        list(&rule.hosts, "ALL"),
        list(&rule.as_users, "root"),
        list(&rule.commands, "?")
    )
}
