//! An incident room: the chain, what happened, the clocks.

use mainstay_face::ui::{
    Act, Clock, Field, Form, Icon, Link, Moment, Page, Row, State, Words, acts, avatar, card, chain, clocks,
    form, pad, plain_tag, region, rows, tag, textarea, timeline,
};
use maud::{Markup, html};

use crate::pages::open;

/// The page.
pub fn page(words: &Words) -> Page {
    Page::new("Webshop checkout returns 502")
        .section("incidents")
        .marks(html! {
            span.dim.num { "#2438" } (tag(State::Bad, "SEV2")) (plain_tag("Mitigating")) span.sm.dim { "since 09:18, 24 min" }
        })
        .lead(html! {
            "SEV2 because a customer-facing service on the revenue path has failed over 5 % of requests for 5 min. "
            (open("Criteria v4"))
        })
        .act(Act::link("Change severity", "/forms"))
        .act(Act::link("Post update", "/forms").primary().key("u"))
        .live("incident.2438")
        .above(chain(&links()))
        .main(html! {
            (card("Timeline", html! { "All · Decisions · Messages · Signals" }, html! {
                (timeline(&moments(words)))
                (pad(form(&Form {
                    to: "/remove".into(),
                    faults: vec![],
                    fields: textarea(&Field::new("words", "What you see or decide").hint("Everything said here is kept with its time.")),
                    acts: vec![Act::submit("Add").key("mod+Enter")],
                })))
            }))
        })
        .wide_aside(html! {
            (card("Next public update", html! { span.warn-text.strong.num { "6 min" } }, pad(html! { div.stack.tight {
                p.mid {
                    "Most payments go through again since 09:36. A small share still fails and can be repeated safely: no card is "
                    "charged twice. We are checking the rest and will write again by 10:10."
                }
                p.sm.dim { "Goes to the status page, 212 subscribers and 14 requesters. Drafted from the timeline." }
                (acts(&[Act::post("Approve and send", "/remove").primary().small(), Act::link("Edit", "/forms").small()]))
            } })))
            (clocks_region())
            (card("Runbook: checkout down", "4 of 6", rows(&runbook())))
            (card("People", html! { a href="/forms" { "Add" } }, rows(&[
                Row::new(html! { "Ines Marlow" }).when(avatar("Ines Marlow")).after(html! { span.sm.dim { "Lead" } }),
                Row::new(html! { "Priya Nair" }).when(avatar("Priya Nair")).after(html! { span.sm.dim { "Operations" } }),
            ])))
        })
}

/// The clocks, replaced when the incident changes.
pub fn clocks_region() -> Markup {
    let all = [
        Clock {
            name: "Public update, every 30 min".into(),
            words: html! { "6 min" },
            state: State::Warn,
            used_percent: 80,
        },
        Clock {
            name: "Tell management, SEV2 within 1 h".into(),
            words: html! { "done 09:33" },
            state: State::Ok,
            used_percent: 100,
        },
        Clock {
            name: "Regulator, early warning in 24 h".into(),
            words: html! { "not required" },
            state: State::Unknown,
            used_percent: 0,
        },
    ];
    region(
        "clocks",
        "incident.2438",
        "/part/clocks",
        card(
            "Clocks",
            "",
            pad(html! {
                (clocks(&all))
                p.xs.dim { "0 of 3 criteria hold: no personal data, under 4 h, no cross-border effect. Checked at every change." }
            }),
        ),
    )
}

fn links() -> Vec<Link> {
    let link = |name: &str, fact: &str, state, href: Option<&str>| Link {
        name: name.into(),
        fact: fact.into(),
        state,
        href: href.map(Into::into),
    };
    vec![
        link("Monitor", "checkout, 31 % failing", State::Bad, Some("/assets")),
        link("Paged", "Priya in 48 s", State::Ok, Some("/assets")),
        link("Requests", "14 joined, told twice", State::Ok, Some("/work")),
        link("Status page", "update due in 6 min", State::Warn, Some("/status")),
        link("Change", "pool size, applied", State::Work, Some("/work")),
        link("Review", "opens when resolved", State::Unknown, None),
        link("Article", "drafted from review", State::Unknown, None),
    ]
}

fn moments(words: &Words) -> Vec<Moment> {
    let at = |minutes: i64| words.time_of_day(words.now - jiff::SignedDuration::from_mins(minutes));
    vec![
        Moment::system(
            at(24),
            Icon::Incidents,
            html! { b { "checkout" } " failed from 3 of 3 places, HTTP 502. Incident opened, SEV2 by rule." },
        ),
        Moment::system(
            at(23),
            Icon::Speaker,
            html! { "Paged " b { "Priya Nair" } " by push and call. Acknowledged after 48 s." },
        ),
        Moment::person(
            at(20),
            "Priya",
            "62 of 64 connections on db-01 are held by the report worker. Not the release from Friday.",
        ),
        Moment::person(
            at(15),
            "Ines",
            "took the lead. Decision: stop the report worker rather than restart the database.",
        )
        .quote("Why: a restart drops 40 carts. Stopping the worker delays one report until noon."),
        Moment::person(at(14), "Tomasz", "left a note.")
            .note("The worker comes back with the next release; tell Aiko first."),
        Moment::system(
            at(13),
            Icon::Machine,
            html! { "Ran " b { "Stop report worker" } " on app-02, step 3 of the runbook. Finished in 2 s, output kept." },
        ),
        Moment::system(
            at(11),
            Icon::Feed,
            html! { "Public update 1 sent to the status page and 212 subscribers. 211 delivered, 1 bounced." },
        ),
        Moment::system(
            at(1),
            Icon::Incidents,
            html! { "checkout passes from 2 of 3 places. p95 is 840 ms, usual is 310 ms." },
        ),
    ]
}

fn runbook() -> Vec<Row> {
    let done =
        |words: &str| Row::new(words).state(State::Ok).icon(Icon::Check).after(html! { span.sr { "done" } });
    vec![
        done("Compare with the last change"),
        done("Look at db-01 connections"),
        done("Stop the report worker"),
        done("Raise the pool limit"),
        Row::new("Replay 37 failed payments")
            .state(State::Unknown)
            .after(Act::post("Run", "/remove").small()),
        Row::new("Confirm with two test orders").state(State::Unknown),
    ]
}
