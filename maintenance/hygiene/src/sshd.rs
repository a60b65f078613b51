//! Who gets in over ssh, and how: passwords, root, forwarding, and what the server trusts.

use std::collections::BTreeMap;

use mainstay_record::finding::{Severity, Sighting};
use mainstay_wire::Seen;
use mainstay_wire::accounts::{Accounts, Password};
use mainstay_wire::sockets::Sockets;
use mainstay_wire::sshd::{Sshd, SshdSource};

use crate::draft::{Draft, draft};
use crate::exposure::Exposure;
use crate::policy::Limits;
use crate::verdict::{Hidden, Verdict, gap, nothing};

pub use crate::sshd_algorithms::{ALGORITHMS, weak_algorithms};

pub const ACCESS: &str = "hygiene.sshd_access";

/// Read before the main file on Debian, Ubuntu, Fedora and their kin.
pub(crate) const DROP_IN: &str = "/etc/ssh/sshd_config.d/00-hygiene.conf";
pub(crate) const RELOAD: &str = "sshd -t && { systemctl reload ssh || systemctl reload sshd; }";

/// The agent says so when it read the files instead of asking; what the files say counts all the same.
const READ_INSTEAD: &str = "settings as sshd itself tells them";

/// What the rules of this section say.
pub fn judge(
    seen: &Seen<Sshd>,
    sockets: Option<&Seen<Sockets>>,
    accounts: Option<&Accounts>,
    limits: &Limits,
) -> Vec<Verdict> {
    let Some(sshd) = &seen.value else {
        return vec![Verdict::blind(ACCESS, nothing(seen)), Verdict::blind(ALGORITHMS, nothing(seen))];
    };
    let exposure = Exposure::of(sockets, &["sshd"], &ports(&sshd.settings));
    let mut access =
        Verdict::with(ACCESS, weak_access(sshd, &exposure, accounts, limits), gap(seen, &[READ_INSTEAD]));
    if let (Exposure::Unknown(because), Hidden::Nothing) = (&exposure, &access.hidden) {
        // Whether passwords can be tried from outside is the one thing that rests on the sockets alone.
        let hides = Box::new(|subject: &str| subject.starts_with("passwordauthentication"));
        access.hidden = Hidden::Some { because: because.clone(), hides };
    }
    let missing = gap(seen, &[READ_INSTEAD]).or_else(|| crate::sshd_algorithms::unknown(sshd));
    vec![access, Verdict::with(ALGORITHMS, weak_algorithms(sshd, &exposure), missing)]
}

/// Weak settings, those of `Match` blocks included.
pub fn weak_access(
    sshd: &Sshd,
    exposure: &Exposure,
    accounts: Option<&Accounts>,
    limits: &Limits,
) -> Vec<Sighting> {
    if !sshd.is_installed {
        return Vec::new();
    }
    let asked = if sshd.source == SshdSource::Asked { "sshd -T" } else { "sshd_config and its defaults" };
    let general = Setup { settings: &sshd.settings, exposure, accounts, source: asked, condition: None };
    let mut found = general.all(limits);
    for block in &sshd.matches {
        let mut merged = sshd.settings.clone();
        merged.extend(block.settings.clone());
        let setup = Setup {
            settings: &merged,
            exposure,
            accounts,
            source: &block.source,
            condition: Some(&block.condition),
        };
        let is_in_general = |sighting: &Sighting| {
            let word = sighting.subject.split(':').next().unwrap_or_default();
            found.iter().any(|general: &Sighting| general.subject == word)
        };
        let only_here: Vec<Sighting> = setup.all(limits).into_iter().filter(|s| !is_in_general(s)).collect();
        found.extend(only_here);
    }
    found
}

fn ports(settings: &BTreeMap<String, Vec<String>>) -> Vec<u16> {
    let told: Vec<u16> =
        settings.get("port").into_iter().flatten().filter_map(|port| port.parse().ok()).collect();
    if told.is_empty() { vec![22] } else { told }
}

/// The settings that hold for one sort of connection.
struct Setup<'a> {
    settings: &'a BTreeMap<String, Vec<String>>,
    exposure: &'a Exposure,
    accounts: Option<&'a Accounts>,
    source: &'a str,
    /// Of the `Match` block; absent for the general settings.
    condition: Option<&'a str>,
}

impl Setup<'_> {
    fn all(&self, limits: &Limits) -> Vec<Sighting> {
        let found = [
            self.root(),
            self.passwords(),
            self.empty_passwords(),
            self.attempts(limits),
            self.environment(),
            self.host_trust(),
            self.rhosts(),
            self.modes(),
            self.x11(),
            self.patience(),
            self.protocol(),
        ];
        found.into_iter().flatten().collect()
    }

    fn value(&self, keyword: &str) -> &str {
        self.settings.get(keyword).and_then(|values| values.first()).map_or("", String::as_str)
    }

    fn is(&self, keyword: &str, value: &str) -> bool {
        self.value(keyword).eq_ignore_ascii_case(value)
    }

    /// Whether a password alone is enough: typed as such, or asked for by PAM.
    fn takes_passwords(&self) -> bool {
        let asks = self.is("passwordauthentication", "yes")
            || (self.is("kbdinteractiveauthentication", "yes") && self.is("usepam", "yes"));
        let ways = self.settings.get("authenticationmethods").into_iter().flatten();
        let ways: Vec<&str> = ways.flat_map(|line| line.split_whitespace()).collect();
        let is_password = |step: &str| {
            let step = step.split(':').next().unwrap_or(step);
            matches!(step, "any" | "password" | "keyboard-interactive")
        };
        asks && (ways.is_empty() || ways.iter().any(|way| way.split(',').all(is_password)))
    }

    fn draft(&self, full: Severity, keyword: &str, title: &str) -> Draft {
        let (subject, title) = match self.condition {
            None => (keyword.to_owned(), title.to_owned()),
            Some(condition) => (format!("{keyword}:{condition}"), format!("{title}, for {condition}")),
        };
        let value = self.settings.get(keyword).map(|values| values.join(" ")).unwrap_or_default();
        draft(self.exposure.weigh(full), subject, title)
            .evidence(format!("{keyword} {value} ({})", self.source))
    }

    /// Where to write lines: the first value wins, so a drop-in comes before the main file; a `Match` is edited.
    fn lines(&self, mut draft: Draft, lines: &[&str]) -> Draft {
        for line in lines {
            draft = draft.fix(match self.condition {
                None => format!("Write in {DROP_IN}: {line}"),
                Some(_) => format!("Change at {}: {line}", self.source),
            });
        }
        draft.fix(RELOAD)
    }

    fn root(&self) -> Option<Sighting> {
        if !self.is("permitrootlogin", "yes") || self.is_root_refused() {
            return None;
        }
        let state =
            self.accounts.and_then(|all| all.accounts.iter().find(|a| a.name == "root")).map(|a| &a.password);
        let has_no_password = matches!(state, Some(Password::None | Password::Locked { .. }));
        let (full, title, with) = if !self.takes_passwords() {
            (Severity::Low, "root signs in over ssh with a key", "passwords are refused, keys are taken")
        } else if has_no_password {
            (
                Severity::Medium,
                "root may sign in over ssh",
                "root has no password now, one is enough to open it",
            )
        } else {
            (Severity::High, "root signs in over ssh with a password", "one password is all it takes")
        };
        let draft = self
            .draft(full, "permitrootlogin", title)
            .reason(format!("PermitRootLogin is yes: {with}; {}.", self.exposure.clause()))
            .fix("First see that another account can sign in and become root with sudo.")
            .why("root is the one name every attacker knows, and a sign-in as root does not say who it was.")
            .controls(&["CIS Debian 12, 5.1.20", "NIST SP 800-53 AC-6(2)"]);
        Some(self.lines(draft, &["PermitRootLogin no"]).done())
    }

    fn is_root_refused(&self) -> bool {
        let words = |keyword: &str| {
            let lines = self.settings.get(keyword).into_iter().flatten();
            lines.flat_map(|line| line.split_whitespace()).map(str::to_owned).collect::<Vec<_>>()
        };
        let (allowed, denied) = (words("allowusers"), words("denyusers"));
        denied.iter().any(|word| word == "root")
            || (!allowed.is_empty() && !allowed.iter().any(|word| may_be_root(word)))
    }

    fn passwords(&self) -> Option<Sighting> {
        let Exposure::Beyond(addresses) = self.exposure else { return None };
        if !self.takes_passwords() {
            return None;
        }
        let asks = if self.is("passwordauthentication", "yes") {
            "passwordauthentication"
        } else {
            "kbdinteractiveauthentication"
        };
        let draft = self
            .draft(Severity::Medium, asks, "ssh takes passwords from other machines")
            .reason(format!("A password is enough to sign in, and sshd listens on {addresses}."))
            .why("Passwords can be guessed and reused from anywhere that reaches the port; a key cannot.")
            .evidence(format!("sshd listens on {addresses}"))
            .fix("First see that everybody who signs in has a key in ~/.ssh/authorized_keys.")
            .controls(&["NIST SP 800-53 AC-17", "NIST SP 800-53 IA-2"]);
        let mut sighting =
            self.lines(draft, &["PasswordAuthentication no", "KbdInteractiveAuthentication no"]).done();
        // One subject for both ways to ask, so that a change between them is no new finding.
        sighting.subject =
            sighting.subject.replacen("kbdinteractiveauthentication", "passwordauthentication", 1);
        Some(sighting)
    }

    fn empty_passwords(&self) -> Option<Sighting> {
        if !self.is("permitemptypasswords", "yes") || !self.takes_passwords() {
            return None;
        }
        let open: Vec<&str> = self.accounts.map_or_else(Vec::new, |all| {
            let empty = all.accounts.iter().filter(|a| a.password == Password::Empty && !a.is_expired);
            empty.map(|account| account.name.as_str()).collect()
        });
        let (full, now) = if open.is_empty() {
            (Severity::High, "no account with an empty password is known now".to_owned())
        } else {
            (Severity::Critical, format!("{} can sign in without any", open.join(", ")))
        };
        let draft = self
            .draft(full, "permitemptypasswords", "ssh lets accounts in without a password")
            .reason(format!("PermitEmptyPasswords is yes; {now}; {}.", self.exposure.clause()))
            .why("An account whose password is empty is then open to everybody who reaches the port.")
            .controls(&["CIS Debian 12, 5.1.19"]);
        Some(self.lines(draft, &["PermitEmptyPasswords no"]).done())
    }

    fn attempts(&self, limits: &Limits) -> Option<Sighting> {
        let attempts: u32 = self.value("maxauthtries").parse().ok()?;
        if attempts <= limits.ssh_max_attempts || !self.takes_passwords() {
            return None;
        }
        // Six is what sshd comes with; more than that somebody chose.
        let full = if attempts > 6 { Severity::Low } else { Severity::Info };
        let draft = self
            .draft(full, "maxauthtries", &format!("ssh allows {attempts} attempts per connection"))
            .reason(format!("MaxAuthTries is {attempts}, the limit is {}.", limits.ssh_max_attempts))
            .why("Fewer attempts per connection make guessing slower and show it in the log earlier.")
            .controls(&["CIS Debian 12, 5.1.16"]);
        Some(self.lines(draft, &[&format!("MaxAuthTries {}", limits.ssh_max_attempts)]).done())
    }

    fn environment(&self) -> Option<Sighting> {
        let value = self.value("permituserenvironment");
        if value.is_empty() || value == "no" {
            return None;
        }
        let draft = self
            .draft(Severity::Medium, "permituserenvironment", "ssh takes environment variables from users")
            .reason(format!("PermitUserEnvironment is {value}."))
            .why("A user can set LD_PRELOAD and the like and so step around a forced command or a limited shell.")
            .controls(&["CIS Debian 12, 5.1.21"]);
        Some(self.lines(draft, &["PermitUserEnvironment no"]).done())
    }

    fn host_trust(&self) -> Option<Sighting> {
        if !self.is("hostbasedauthentication", "yes") {
            return None;
        }
        let draft = self
            .draft(Severity::Medium, "hostbasedauthentication", "ssh trusts whole machines")
            .reason(format!("HostbasedAuthentication is yes; {}.", self.exposure.clause()))
            .why("Whoever is root on a trusted machine signs in here as anybody.")
            .controls(&["CIS Debian 12, 5.1.10"]);
        Some(self.lines(draft, &["HostbasedAuthentication no"]).done())
    }

    fn rhosts(&self) -> Option<Sighting> {
        if !self.is("ignorerhosts", "no") || !self.is("hostbasedauthentication", "yes") {
            return None;
        }
        let draft = self
            .draft(Severity::Medium, "ignorerhosts", "ssh reads .rhosts files of users")
            .reason("IgnoreRhosts is no, and host-based sign-in is on.")
            .why("A user then decides which other machines are trusted.")
            .controls(&["CIS Debian 12, 5.1.11"]);
        Some(self.lines(draft, &["IgnoreRhosts yes"]).done())
    }

    fn modes(&self) -> Option<Sighting> {
        if !self.is("strictmodes", "no") {
            return None;
        }
        let draft = self
            .draft(Severity::Medium, "strictmodes", "ssh takes keys from files others can write")
            .reason("StrictModes is no, so owner and mode of authorized_keys are not checked.")
            .why("Whoever can write the file or its folder adds a key and signs in as its owner.");
        Some(self.lines(draft, &["StrictModes yes"]).done())
    }

    fn x11(&self) -> Option<Sighting> {
        if !self.is("x11forwarding", "yes") || self.is("disableforwarding", "yes") {
            return None;
        }
        let root = if self.is("permitrootlogin", "yes") { ", for root too" } else { "" };
        let draft = self
            .draft(Severity::Low, "x11forwarding", "ssh forwards X11")
            .reason(format!("X11Forwarding is yes{root}; {}.", self.exposure.clause()))
            .why("This host can then reach the screen and keyboard of whoever connects with forwarding on. A server without graphical programs does not need it.")
            .controls(&["CIS Debian 12, 5.1.8"]);
        Some(self.lines(draft, &["X11Forwarding no"]).done())
    }

    fn patience(&self) -> Option<Sighting> {
        if self.value("logingracetime") != "0" {
            return None;
        }
        let draft = self
            .draft(Severity::Low, "logingracetime", "ssh waits for a sign-in without end")
            .reason(format!("LoginGraceTime is 0, which means no limit; {}.", self.exposure.clause()))
            .why("Connections that never sign in can use up all places and lock everybody out.")
            .controls(&["CIS Debian 12, 5.1.13"]);
        Some(self.lines(draft, &["LoginGraceTime 60"]).done())
    }

    fn protocol(&self) -> Option<Sighting> {
        if !self.value("protocol").split(',').any(|version| version.trim() == "1") {
            return None;
        }
        let draft = self
            .draft(Severity::High, "protocol", "ssh speaks protocol 1")
            .reason(format!("Protocol is {}; {}.", self.value("protocol"), self.exposure.clause()))
            .why("Protocol 1 can be read and changed on the way; servers since OpenSSH 7.4 have it no more.");
        Some(self.lines(draft, &["Protocol 2"]).done())
    }
}

/// Whether a pattern of `AllowUsers` lets root in; the part after `@` is the machine it comes from.
fn may_be_root(pattern: &str) -> bool {
    let name = pattern.split('@').next().unwrap_or(pattern);
    fits(name.as_bytes(), b"root")
}

/// `*` and `?` as sshd matches them.
fn fits(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) => (0..=text.len()).any(|from| fits(rest, &text[from..])),
        Some((b'?', rest)) => !text.is_empty() && fits(rest, &text[1..]),
        Some((letter, rest)) => text.first() == Some(letter) && fits(rest, &text[1..]),
    }
}
