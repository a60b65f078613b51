//! Pages for people who are not signed in.

use mainstay_face::theme::Theme;
use mainstay_face::ui::{Act, Day, Field, Form, State, Words, card, days, field, form, gate, mark, public};
use maud::{Markup, html};

/// The public status page.
pub fn page(words: &Words) -> Markup {
    public(
        "Alder & Finch status",
        &html! {
            div.line { b.lg.grow { "Alder & Finch" } (Act::link("Get updates", "/sign-in")) }
            div.headline { (mark(State::Warn)) h1 { "Some payments in the webshop fail" } }
            div.stack {
                (card("Webshop", html! { "since 09:18, 26 min" }, html! {
                    div.pad { p { b { "Improving" } ", " (words.time_of_day(words.now)) } p {
                        "Most payments go through again since 09:36. A small share still fails and can be repeated safely: no card is charged twice. "
                        "We are checking the rest and will write again by 10:10."
                    } }
                }))
                h2 { "Services" }
                ul.card.rows { @for (name, state, said, bad_days, share) in services() { li { div.grow {
                    div.line { (mark(state)) b.grow { (name) } span.sm.dim { (said) } }
                    (days(name, &history(bad_days), share))
                } } } }
            }
        },
    )
}

type Service = (&'static str, State, &'static str, &'static [(usize, Day)], &'static str);

fn services() -> [Service; 3] {
    [
        (
            "Webshop",
            State::Warn,
            "Some payments fail",
            &[(31, Day::Marked(State::Warn)), (32, Day::Marked(State::Bad)), (89, Day::Marked(State::Warn))],
            "99.93 % available",
        ),
        ("Order tracking", State::Ok, "Working", &[], "100 % available"),
        (
            "Appointments",
            State::Work,
            "Planned work tonight",
            &[(0, Day::Unseen), (1, Day::Unseen), (54, Day::Marked(State::Work))],
            "99.97 % available",
        ),
    ]
}

fn history(marked: &[(usize, Day)]) -> Vec<Day> {
    (0..90).map(|n| marked.iter().find(|(day, _)| *day == n).map_or(Day::Quiet, |(_, day)| *day)).collect()
}

/// Signing in.
pub fn sign_in() -> Markup {
    gate(
        "Sign in",
        Theme::System,
        &html! {
            p.dim { "Alder & Finch" }
            (form(&Form {
                to: "/remove".into(),
                faults: vec![],
                fields: html! {
                    (field(&Field::new("mail", "Mail address").kind("email").autocomplete("username").first()))
                    (field(&Field::new("password", "Password").kind("password").autocomplete("current-password")
                        .fault(Some("This pair of address and password is not known here."))))
                },
                acts: vec![Act::submit("Sign in").primary(), Act::link("Send me a link instead", "/sign-in").plain()],
            }))
        },
    )
}
