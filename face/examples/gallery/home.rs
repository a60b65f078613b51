//! Home: what needs me, and why.

use mainstay_face::ui::{Act, Fact, Need, Page, Row, State, Words, card, need, pad, rows, strip};
use maud::html;

/// The page.
pub fn page(words: &Words) -> Page {
    Page::new("3 things need you now")
        .section("home")
        .lead(format!("{}. Ranked by deadline, severity and whose it is.", words.heading()))
        .act(Act::link("Everyone’s", "/work").count("27"))
        .act(Act::link("New", "/forms").primary().key("c"))
        .above(strip("State of the estate", &estate()))
        .main(html! {
            div {
                (need("Now", "", &now()))
                (need("Today", "", &today()))
                (need("Before it happens", "", &ahead()))
            }
        })
        .aside(html! {
            (card("Today’s plan", html! { a href="/maintenance" { "Calendar" } }, rows(&plan())))
            (card("While you were away", "since Fri 17:20", rows(&away())))
            (card("Latest words from people", html! { a href="/work" { "Feedback" } }, pad(html! {
                p.mid { "“Answered in ten minutes, and the page already showed my order was safe.”" }
                p.sm.dim { "Marc Dubois, about #2417. 94 % satisfied over 30 days, up 3." }
            })))
        })
}

fn estate() -> [Fact; 6] {
    [
        Fact::new("Services", "21", "of 22 up").state(State::Bad).href("/status"),
        Fact::new("Patches", "96 %", "").extra("on time, 2 late").state(State::Warn).href("/work"),
        Fact::new("Backups", "31", "of 32").extra(" proven").state(State::Warn).href("/maintenance"),
        Fact::new("Requests", "18", "open").extra(", 1 close").state(State::Ok).href("/work"),
        Fact::new("Capacity", "9", "days").extra(" to the first limit").state(State::Warn).href("/assets"),
        Fact::new("Controls", "61", "of 64 met").extra(", 3 planned").state(State::Work).href("/states"),
    ]
}

fn row(state: State, what: &str, why: &str, act: &str) -> Need {
    Need {
        state,
        what: what.into(),
        href: "/incidents".into(),
        why: why.into(),
        act: Act::link(act, "/incidents"),
    }
}

fn now() -> [Need; 3] {
    [
        Need {
            act: Act::link("Open room", "/incidents").primary(),
            ..row(
                State::Bad,
                "Webshop checkout returns 502",
                "SEV2, open for 24 min. You lead. The next public update is due in 6 min and is drafted.",
                "",
            )
        },
        row(
            State::Warn,
            "VPN drops every hour since Friday",
            "Lena Okafor is waiting. First reply due in 38 min. An article matches, solved it for 9 of 10.",
            "Reply",
        ),
        row(
            State::Bad,
            "Backup of files-01 failed twice",
            "The repository lock belongs to a process that ended on Saturday. Removing it and running again is prepared.",
            "Review fix",
        ),
    ]
}

fn today() -> [Need; 2] {
    [
        Need {
            act: Act::post("Approve", "/remove").field("revision", "3"),
            ..row(
                State::Work,
                "Approve: PostgreSQL 15.14 to 15.15 on db-01",
                "Closes 2 known vulnerabilities. Tue 02:00 to 03:00, snapshot first, rehearsed on db-test in 4 min.",
                "",
            )
        },
        row(
            State::Unknown,
            "Access review, fourth quarter",
            "35 of 42 accounts confirmed. 7 left, 2 of them have not signed in for 90 days. Due Friday.",
            "Continue",
        ),
    ]
}

fn ahead() -> [Need; 3] {
    [
        row(
            State::Warn,
            "db-01: /var will be full around 2 December",
            "Between 30 Nov and 5 Dec, 80 % likely. audit_log grows 2.1 GB a day. The purge plan frees 61 GB.",
            "Plan purge",
        ),
        row(
            State::Warn,
            "Certificate of vpn.alder.example ends in 13 days",
            "Automatic renewal last ran on 2 September. Its timer is disabled on edge-02.",
            "Renew",
        ),
        row(
            State::Unknown,
            "11 people asked about expired reset links in 14 days",
            "No article covers it. A draft is ready from the 11 answers; making the link last 24 h would end it.",
            "Read draft",
        ),
    ]
}

fn plan() -> [Row; 4] {
    [
        Row::new("Backup restore drill, erp-01").when("10:00"),
        Row::new(html! { "Restart web-02 " span.dim { "kernel 6.1.158" } })
            .when("12:30")
            .after(html! { span.sm.work-text { "planned" } }),
        Row::new("Onboarding, 3 new people").when("14:00"),
        Row::new("Handover to Tomasz").when("17:00"),
    ]
}

fn away() -> [Row; 4] {
    let said =
        |number: &str, words: &str| Row::new(html! { b.num { (number) } " " (words) }).state(State::Ok);
    [
        said("64", "patches on 19 hosts, no restart missed"),
        said("96", "backups ran, 4 restored and compared"),
        said("12", "requests solved by articles alone"),
        said("7", "findings fixed and verified"),
    ]
}
