//! The pieces every screen shares: forms, empty and error states, banners, undo.

use mainstay_face::ui::{
    Act, Choice, Field, Form, Icon, Page, Shell, State, Toast, Words, acts, banner, card, checkbox, code,
    copy_line, empty, failed, field, form, line, outline_tag, pad, plain_card, select, sign_out, tag,
    textarea, theme_form, toast,
};
use maud::{Markup, html};

/// Every state on one page.
pub fn page(_: &Words) -> Page {
    Page::new("States").section("me").lead("The pieces every screen shares.").main(html! {
        div.two.even {
            div.stack {
                (plain_card(empty(Icon::Check, "Nothing needs you",
                    "22 services are up and no deadline ends today. The next planned work is Tue 02:00.",
                    acts(&[Act::link("See what is planned", "/maintenance")]))))
                (plain_card(empty(Icon::Assets, "One asset so far: this machine",
                    "Add a host with one line. It shows up here within ten seconds.",
                    copy_line("mainstay agent --server https://10.0.0.5:8420 --token 7K2M-Q9XF"))))
                (plain_card(pad(code("What the command said", "E: Could not get lock /var/lib/dpkg/lock-frontend.\nIt is held by process 4711 (apt-get)\n"))))
            }
            div.stack {
                section.card { header { h2 { "New backup plan" } } (pad(plan_form())) }
                (banner(State::Bad, "No word from files-01 since 09:12. What you see is 31 min old.",
                    Some(&Act::link("Look into it", "/assets").small())))
                (banner(State::Unknown, "You are offline. What you see stays; nothing new arrives.", None))
                (failed("Restore drill stopped at step 2 of 4", "10:04",
                    "The repository is readable. The target disk on erp-test has 11 GB free, the restore needs 38 GB. Nothing was overwritten.",
                    &[Act::link("Use bak-01 as target", "/forms").small().primary(), Act::link("Show output", "/maintenance").small(),
                        Act::link("Make it a task", "/work").small()]))
                (line(html! {
                    (tag(State::Ok, "Verified")) (tag(State::Warn, "Due in 2 h")) (tag(State::Bad, "Late"))
                    (tag(State::Work, "Planned")) (tag(State::Unknown, "Unknown")) (outline_tag("production"))
                }))
                (line(html! {
                    (Act::post("Remove access of 3 accounts", "/remove").danger())
                    (Act::link("Approve", "/forms").unless(Some("Only a lead may approve changes in production")))
                }))
                div { (toast(&Toast::new("Access of 3 accounts removed").undo("/undo"))) }
            }
        }
    })
}

fn plan_form() -> Markup {
    form(&Form {
        to: "/remove".into(),
        faults: vec![],
        fields: html! {
            (field(&Field::new("what", "What to back up").value("/srv/files")))
            (field(&Field::new("to", "Where to").value("sftp://bak-01/files")
                .fault(Some("bak-01 answers, but refuses user “mainstay”. Add its key there, or choose another user."))))
        },
        acts: vec![Act::submit("Test and save").primary(), Act::link("Cancel", "/states")],
    })
}

/// The reader's own settings.
pub fn settings(shell: &Shell) -> Page {
    Page::new("Settings").section("settings").main(html! {
        div.stack { (card("Colours", "", pad(theme_form(shell)))) div { (sign_out(shell)) } }
    })
}

/// Every sort of field.
pub fn forms(_: &Words) -> Page {
    Page::new("New plan").section("settings").crumb("Maintenance", "/maintenance").main(form(&Form {
        to: "/remove".into(),
        faults: vec!["The window and the backup overlap by 20 min.".into()],
        fields: html! {
            (field(&Field::new("name", "Name").value("Weekly patches").first()))
            (select(&Field::new("when", "When").value("tue"), &[Choice::new("tue", "Tue 02:00 to 03:00"), Choice::new("sun", "Sun 03:00 to 05:00")]))
            (field(&Field::new("limit", "Stop after").kind("number").value("3").hint("Hosts that may fail before the rest is left alone.")))
            (textarea(&Field::new("why", "Why").optional().hint("Shown to whoever approves it.")))
            fieldset.field {
                legend.legend { "On failure" }
                (checkbox("roll_back", "yes", "Put the old packages back", true))
                (checkbox("page", "yes", "Page who is on call", false))
            }
        },
        acts: vec![Act::submit("Simulate").primary(), Act::link("Cancel", "/maintenance")],
    }))
}
