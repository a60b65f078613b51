//! A section of facts as people read it: one line for the overview, tables for its page.

use mainstay_face::ui::{Column, Table, card, code, facts, pad, plain_card, words};
use mainstay_patches::Closes;
use mainstay_record::fact::Fact;
use mainstay_wire::{
    Section,
    accounts::{Accounts, Password},
    backups::Backups,
    certificates::Certificates,
    databases::Databases,
    disks::Disks,
    keys::Keys,
    load::Load,
    packages::{Inventory, Restarts, Updates},
    privileged::Privileged,
    sockets::{Reach, Sockets},
    sshd::Sshd,
    sudo::Sudo,
    system::System,
    units::Units,
};
use maud::{Markup, html};
use serde::de::DeserializeOwned;

use super::assets::title;

fn value<T: DeserializeOwned>(fact: &Fact) -> Option<T> {
    fact.read::<T>().ok()?.value
}

fn said<T: DeserializeOwned>(fact: &Fact, say: impl Fn(T) -> String) -> String {
    value(fact).map_or_else(|| "not visible".to_owned(), say)
}

fn many(count: usize, one: &str, more: &str) -> String {
    words::counted(count as u64, one, more)
}

/// What the security updates of a host close, by their own changelogs.
pub fn closes(all: &[Closes]) -> Markup {
    let mut table =
        Table::new("What the security updates close", [Column::new("Source"), Column::new("CVEs")]);
    for one in all {
        table = table.line([
            html! { (one.source) " " span.mono.dim { (one.candidate) } },
            html! { @if !one.cves.is_empty() { span.mono { (one.cves.join("  ")) } " " } span.dim { (one.note) } },
        ]);
    }
    card("What the security updates close", "", html! { (table) })
}

/// The section in one line.
pub fn summary(fact: &Fact) -> String {
    match fact.section {
        Section::System => said(fact, |s: System| format!("{}, kernel {}", s.os.name, s.kernel.release)),
        Section::Packages => said(fact, |p: Inventory| many(p.packages.len(), "package", "packages")),
        Section::Updates => said(fact, |u| updates_line(&u)),
        Section::Restarts => said(fact, |r| restarts_line(&r)),
        Section::Sockets => said(fact, |s| sockets_line(&s)),
        Section::Accounts => said(fact, |a: Accounts| {
            let accounts = many(a.accounts.len(), "account", "accounts");
            format!("{accounts}, {} as good as root", a.root_equal.len())
        }),
        Section::Disks => said(fact, |d| disks_line(&d)),
        Section::Load => said(fact, |l| load_line(&l)),
        Section::Units => said(fact, |u: Units| match u.failed.len() {
            0 => "no failed unit".to_owned(),
            n => many(n, "failed unit", "failed units"),
        }),
        Section::Certificates => {
            said(fact, |c: Certificates| many(c.certificates.len(), "certificate", "certificates"))
        }
        Section::Databases => said(fact, |d| databases_line(&d)),
        Section::Backups => said(fact, |b| backups_line(&b)),
        Section::Keys => said(fact, |k: Keys| many(k.keys.len(), "authorized key", "authorized keys")),
        Section::Sudo => said(fact, |s: Sudo| many(s.rules.len(), "rule", "rules")),
        Section::Sshd => said(fact, |s| sshd_line(&s)),
        Section::Privileged => {
            said(fact, |p: Privileged| many(p.files.len(), "privileged file", "privileged files"))
        }
        Section::Other(_) => "a section of another version".to_owned(),
    }
}

fn sshd_line(all: &Sshd) -> String {
    if !all.is_installed {
        return "no ssh server".to_owned();
    }
    let told = ["permitrootlogin", "passwordauthentication"].into_iter().filter_map(|keyword| {
        let values = all.settings.get(keyword)?;
        Some(format!("{keyword} {}", values.join(" ")))
    });
    let told = told.collect::<Vec<_>>().join(", ");
    if told.is_empty() { "settings not known".to_owned() } else { told }
}

fn updates_line(all: &Updates) -> String {
    let security = all.updates.iter().filter(|update| update.is_security).count();
    format!("{}, {security} of them security", many(all.updates.len(), "update waits", "updates wait"))
}

fn restarts_line(all: &Restarts) -> String {
    let units = many(all.units.len(), "unit runs", "units run");
    match (all.units.len(), all.reboot.is_empty()) {
        (0, true) => "nothing runs replaced code".to_owned(),
        (_, true) => format!("{units} replaced code"),
        (_, false) => format!("a restart of the machine is needed, {units} replaced code"),
    }
}

fn sockets_line(all: &Sockets) -> String {
    let outside = all.listening.iter().filter(|l| l.reach != Reach::Loopback).count();
    let ports = many(all.listening.len(), "listening port", "listening ports");
    format!("{ports}, {outside} reachable from outside")
}

fn disks_line(all: &Disks) -> String {
    let used = |f: &mainstay_wire::disks::FileSystem| {
        format!("{} {} used", f.mount, words::percent(f.used_bytes, f.total_bytes))
    };
    all.file_systems.iter().map(used).collect::<Vec<_>>().join(", ")
}

fn load_line(now: &Load) -> String {
    let (free, all) = (words::bytes(now.memory.available_bytes), words::bytes(now.memory.total_bytes));
    format!("load {:.2}, {free} of {all} memory free", now.load[0])
}

fn databases_line(all: &Databases) -> String {
    if all.postgres.is_empty() && all.mysql.is_empty() && all.sqlite.is_empty() {
        return "none found".to_owned();
    }
    let (postgres, mysql, sqlite) = (all.postgres.len(), all.mysql.len(), all.sqlite.len());
    format!("{postgres} PostgreSQL, {mysql} MySQL or MariaDB, {sqlite} SQLite")
}

fn backups_line(all: &Backups) -> String {
    if all.tools.is_empty() && all.schedules.is_empty() {
        return "none found".to_owned();
    }
    let tools = many(all.tools.len(), "tool", "tools");
    format!("{tools}, {}", many(all.schedules.len(), "schedule", "schedules"))
}

/// The section's page: tables for what people compare, and always the whole of what the agent sent.
pub fn detail(fact: &Fact) -> Markup {
    let table = match fact.section {
        Section::Updates => value::<Updates>(fact).map(|u| updates(&u)),
        Section::Packages => value::<Inventory>(fact).map(|p| packages(&p)),
        Section::Sockets => value::<Sockets>(fact).map(|s| sockets(&s)),
        Section::Accounts => value::<Accounts>(fact).map(|a| accounts(&a)),
        Section::Disks => value::<Disks>(fact).map(|d| disks(&d)),
        Section::System => value::<System>(fact).map(|s| system(&s)),
        _ => None,
    };
    let whole: serde_json::Value = serde_json::from_str(&fact.content).unwrap_or_default();
    let text = serde_json::to_string_pretty(&whole["value"]).unwrap_or_default();
    let is_large = text.len() > 200_000;
    html! {
        @if let Some(table) = table { (table) }
        @if !is_large {
            (card("As the agent sent it", html! { span.mono { (fact.hash[..fact.hash.len().min(12)]) } }, pad(code(&format!("{}, as sent", title(&fact.section)), &text))))
        }
    }
}

fn updates(all: &Updates) -> Markup {
    let mut table = Table::new(
        "Waiting updates",
        [
            Column::new("Package"),
            Column::new("Installed"),
            Column::new("Offered"),
            Column::new("From"),
            Column::new("Security"),
        ],
    );
    for u in &all.updates {
        let from =
            u.origins.iter().map(|o| format!("{} {}", o.label, o.suite)).collect::<Vec<_>>().join(", ");
        table = table.line([
            html! { (u.name) },
            html! { span.mono { (u.installed.as_deref().unwrap_or("")) } },
            html! { span.mono { (u.candidate) } },
            html! { (from) },
            html! { (if u.is_security { "yes" } else { "" }) },
        ]);
    }
    plain_card(table)
}

fn packages(all: &Inventory) -> Markup {
    let mut table = Table::new(
        "Packages",
        [Column::new("Package"), Column::new("Version"), Column::new("Source"), Column::new("Architecture")],
    );
    for p in all.packages.iter().take(2000) {
        table = table.line([
            html! { (p.name) },
            html! { span.mono { (p.version) } },
            html! { (p.source) },
            html! { (p.arch) },
        ]);
    }
    plain_card(table)
}

fn sockets(all: &Sockets) -> Markup {
    let mut table = Table::new(
        "Listening",
        [
            Column::new("Port"),
            Column::new("Address"),
            Column::new("Reachable"),
            Column::new("Process"),
            Column::new("Package"),
        ],
    );
    for l in &all.listening {
        let reach = match l.reach {
            Reach::Loopback => "this host only",
            Reach::Private => "a private network",
            Reach::Public => "a public address",
            Reach::Every => "every interface",
        };
        let holders = l.processes.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(", ");
        let packages = l.processes.iter().filter_map(|p| p.package.as_deref()).collect::<Vec<_>>().join(", ");
        let protocol = format!("{:?}", l.protocol).to_lowercase();
        table = table.line([
            html! { (l.port) " " (protocol) },
            html! { (l.address) },
            html! { (reach) },
            html! { (if holders.is_empty() { "not visible".to_owned() } else { holders }) },
            html! { (packages) },
        ]);
    }
    plain_card(table)
}

fn accounts(all: &Accounts) -> Markup {
    let mut table = Table::new(
        "Accounts",
        [
            Column::new("Account"),
            Column::figure("Number"),
            Column::new("Shell"),
            Column::new("Password"),
            Column::new("As good as root"),
        ],
    );
    for a in &all.accounts {
        let root: Vec<&str> =
            all.root_equal.iter().filter(|r| r.account == a.name).map(|r| r.through.as_str()).collect();
        table = table.line([
            html! { (a.name) },
            html! { (a.uid) },
            html! { (a.shell) },
            html! { (password(&a.password)) },
            html! { (root.join(", ")) },
        ]);
    }
    plain_card(table)
}

fn password(password: &Password) -> String {
    match password {
        Password::Set { algorithm } => format!("set, {algorithm}"),
        Password::Locked { algorithm } => format!("locked, {algorithm} behind it"),
        Password::None => "none works".to_owned(),
        Password::Empty => "empty: signs in without one".to_owned(),
        Password::Unknown => "not visible".to_owned(),
    }
}

fn disks(all: &Disks) -> Markup {
    let mut table = Table::new(
        "File systems",
        [
            Column::new("Mounted at"),
            Column::new("Kind"),
            Column::figure("Size"),
            Column::figure("Used"),
            Column::figure("Available"),
        ],
    );
    for f in &all.file_systems {
        table = table.line([
            html! { (f.mount) },
            html! { (f.kind) },
            html! { (words::bytes(f.total_bytes)) },
            html! { (words::percent(f.used_bytes, f.total_bytes)) },
            html! { (words::bytes(f.available_bytes)) },
        ]);
    }
    plain_card(table)
}

fn system(s: &System) -> Markup {
    let or = |text: &Option<String>| text.clone().unwrap_or_else(|| "not known".to_owned());
    card(
        "System",
        "",
        pad(facts([
            ("System", s.os.name.clone()),
            ("Version", or(&s.os.version)),
            ("Point release", or(&s.os.point_release)),
            ("Kernel", s.kernel.release.clone()),
            ("Regular support until", or(&s.support.regular_until)),
            ("Long-term support until", or(&s.support.long_term_until)),
            ("Dates from", s.support.source.clone()),
            ("Virtualisation", or(&s.virtualisation)),
            ("Time zone", or(&s.time_zone)),
        ])),
    )
}
