//! Work: the list, a new item, and one item with its timeline.

use axum::Router;
use axum::extract::{Form as Posted, Path};
use axum::routing::{get, post};
use mainstay_face::ui::{
    Act, Choice, Column, Field, Form, Icon, Page, Pager, State as Mark, Table, Toast, card, empty, facts,
    field, form, hidden, link, live_rows, outline_tag, pad, pager, plain_card, select, stack, tabs, tag,
    textarea, timeline,
};
use mainstay_face::{Answer, Caller, Cursor, Door, Query, door};
use mainstay_kernel::{Fault, Problem, people};
use mainstay_record::work::{self, Item, State, Which};
use mainstay_record::{Ref, WorkId, asset, finding};
use maud::{Markup, html};
use serde::Deserialize;

use mainstay_face::{frame, told};

use super::findings::end_of_day;

const PAGE: usize = 50;
/// One more tells whether there is another page.
const TO_READ: u32 = 51;

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/work", get(list))
        .route("/work/new", get(new_form).post(create))
        .route("/work/{number}", get(one).post(edit))
        .route("/work/{number}/notes", post(note))
}

#[derive(Default, Deserialize)]
struct Asked {
    #[serde(default)]
    which: String,
    after: Option<Cursor>,
}

async fn list(caller: Caller, Query(asked): Query<Asked>) -> Answer {
    let which = match (asked.which.as_str(), caller.cx.who.person()) {
        ("all", _) => Which::All,
        ("mine", Some(person)) => Which::Mine(person),
        _ => Which::Open,
    };
    let before: i64 = asked.after.as_ref().and_then(Cursor::key).unwrap_or(i64::MAX);
    let found = caller.read(move |tx, cx| work::list(tx, cx, which, WorkId(before), TO_READ)).await?;
    let words = frame::words(&caller);
    let mut table = Table::new(
        "Work",
        [Column::new("What"), Column::new("Who"), Column::new("State"), Column::new("Due")],
    );
    for item in found.iter().take(PAGE) {
        table = table.line_of(
            item.id,
            [
                html! { (link(&item.title, &format!("/work/{}", item.number))) " " span.num.dim { "#" (item.number) } },
                html! { (item.assignee_name.as_deref().unwrap_or("nobody")) },
                html! { (item.state.word()) },
                due(item, &words, caller.cx.now_ms()),
            ],
        );
    }
    let word = match which {
        Which::Open => "open",
        Which::Mine(_) => "mine",
        Which::All => "all",
    };
    let older = found
        .get(PAGE - 1)
        .filter(|_| found.len() > PAGE)
        .map(|last| format!("/work?which={word}&after={}", Cursor::of(&last.id.0)));
    let entries = [
        ("Open", None, "/work".to_owned()),
        ("Mine", None, "/work?which=mine".to_owned()),
        ("All", None, "/work?which=all".to_owned()),
    ];
    let current = match which {
        Which::Open => "Open",
        Which::Mine(_) => "Mine",
        Which::All => "All",
    };
    let main = if found.is_empty() {
        plain_card(empty(
            Icon::Work,
            "Nothing here",
            "Tasks come from findings, or are opened by hand.",
            html! { a.btn href="/work/new" { "New" } },
        ))
    } else {
        html! { (plain_card(live_rows("work", &caller.path, table))) (pager(&Pager { words: format!("{} shown, newest first", found.len().min(PAGE)), newer: asked.after.is_some().then(|| format!("/work?which={word}")), older })) }
    };
    let page = Page::new("Work")
        .section("work")
        .act(Act::link("New", "/work/new").primary().key("c"))
        .above(tabs("Work", &entries, current))
        .live("work")
        .main(main);
    frame::framed(&caller, page).await
}

fn due(item: &Item, words: &mainstay_face::ui::Words, now_ms: i64) -> Markup {
    match item.due_ms {
        Some(ms) if item.state.is_open() && ms < now_ms => {
            tag(Mark::Bad, html! { "late, " (words.date(frame::at(ms))) })
        }
        Some(ms) => words.date(frame::at(ms)),
        None => html! {},
    }
}

#[derive(Clone, Default, Deserialize)]
struct Given {
    #[serde(default)]
    revision: i64,
    title: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    priority: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    assignee: String,
    #[serde(default)]
    due: String,
}

async fn new_form(caller: Caller) -> Answer {
    shown_form(
        &caller,
        "/work/new",
        "New task",
        &Given { priority: "2".into(), ..Given::default() },
        false,
        &[],
    )
    .await
}

async fn fields(
    caller: &Caller,
    given: &Given,
    has_state: bool,
    problems: &[Problem],
) -> Result<Markup, Fault> {
    let staff = caller
        .read(|tx, cx| people::list(tx, cx, Some(people::Kind::Staff), &people::Page::default()))
        .await
        .unwrap_or_default();
    let fault = |name: &str| problems.iter().find(|p| p.field == name).map(|p| p.detail.clone());
    let who: Vec<Choice> = std::iter::once(Choice::new("", "Nobody"))
        .chain(staff.iter().map(|p| Choice::new(p.id.to_string(), &p.name)))
        .collect();
    Ok(html! {
        (hidden("revision", given.revision))
        @let title = Field::new("title", "What is to be done").value(&given.title).fault(fault("title"));
        // An item is opened to be read; only a new one is opened to be written.
        (field(&if has_state { title } else { title.first() }))
        (textarea(&Field::new("body", "Description").value(&given.body).fault(fault("body")).optional()))
        @if has_state {
            (select(&Field::new("state", "State").value(&given.state), &[("open", "Open"), ("waiting", "Waiting"), ("done", "Done"), ("cancelled", "Cancelled")].map(|(word, label)| Choice::new(word, label))))
        }
        (select(&Field::new("priority", "Priority").value(&given.priority).fault(fault("priority")), &[Choice::new("1", "Urgent"), Choice::new("2", "Normal"), Choice::new("3", "Low")]))
        (select(&Field::new("assignee", "Who").value(&given.assignee), &who))
        (field(&Field::new("due", "Due").kind("date").value(&given.due).fault(fault("due")).optional()))
    })
}

async fn shown_form(
    caller: &Caller,
    to: &str,
    title: &str,
    given: &Given,
    has_state: bool,
    problems: &[Problem],
) -> Answer {
    let fields = fields(caller, given, has_state, problems).await?;
    let body = form(&Form {
        to: to.into(),
        faults: Vec::new(),
        fields,
        acts: vec![Act::submit("Save").primary().key("mod+Enter"), Act::link("Cancel", "/work")],
    });
    frame::framed(
        caller,
        Page::new(title).section("work").crumb("Work", "/work").main(card(title.to_owned(), "", pad(body))),
    )
    .await
}

fn parts(given: &Given) -> Result<(i64, Option<mainstay_kernel::id::PersonId>, Option<i64>), Fault> {
    let assignee = if given.assignee.is_empty() { None } else { Some(given.assignee.parse()?) };
    let due_ms = if given.due.trim().is_empty() { None } else { Some(end_of_day(&given.due, "due")?) };
    Ok((given.priority.parse().unwrap_or(0), assignee, due_ms))
}

async fn create(caller: Caller, Posted(given): Posted<Given>) -> Answer {
    let made = match parts(&given) {
        Err(fault) => Err(fault),
        Ok((priority, assignee, due_ms)) => {
            let new = work::New {
                kind: "task".into(),
                title: given.title.clone(),
                body: given.body.clone(),
                priority,
                assignee,
                due_ms,
                ..work::New::default()
            };
            caller.write(move |tx, cx| work::create(tx, cx, &new)).await
        }
    };
    match made {
        Ok((_, number)) => {
            Ok(door::done(&format!("/work/{number}"), Some(&Toast::new(format!("#{number} opened")))))
        }
        Err(Fault::Invalid(problems)) => {
            shown_form(&caller, "/work/new", "New task", &given, false, &problems).await
        }
        Err(other) => Err(other.into()),
    }
}

async fn one(caller: Caller, Path(number): Path<i64>) -> Answer {
    let item = caller.read(move |tx, cx| work::by_number(tx, cx, number)).await?;
    shown(&caller, &item, None, &[]).await
}

async fn shown(caller: &Caller, item: &Item, given: Option<&Given>, problems: &[Problem]) -> Answer {
    let (id, on, from) = (item.id, item.asset, item.finding);
    let (history, host, cause) = caller
        .read(move |tx, cx| {
            let host = on.map(|on| asset::get(tx, cx, on)).transpose()?;
            let cause = from.map(|from| finding::get(tx, cx, from)).transpose()?;
            Ok((told::past(tx, cx, &Ref::from(id), 100)?, host, cause))
        })
        .await?;
    let words = frame::words(caller);
    let as_given = Given {
        revision: item.revision,
        title: item.title.clone(),
        body: item.body.clone(),
        priority: item.priority.to_string(),
        state: item.state.word().into(),
        assignee: item.assignee.map(|p| p.to_string()).unwrap_or_default(),
        due: item
            .due_ms
            .map(|ms| (frame::at(ms - 1)).to_zoned(jiff::tz::TimeZone::system()).date().to_string())
            .unwrap_or_default(),
    };
    let fields = fields(caller, given.unwrap_or(&as_given), true, problems).await?;
    let edit = form(&Form {
        to: format!("/work/{}", item.number),
        faults: Vec::new(),
        fields,
        acts: vec![Act::submit("Save").primary().key("mod+Enter")],
    });
    let note_fields = textarea(&Field::new("text", "Note"));
    let note = form(&Form {
        to: format!("/work/{}/notes", item.number),
        faults: Vec::new(),
        fields: note_fields,
        acts: vec![Act::submit("Add note")],
    });
    let main = stack(html! {
        @if !item.body.is_empty() && given.is_none() { (card("Description", "", pad(html! { p.reading { (item.body) } }))) }
        (card("Timeline", "", html! { (timeline(&history.moments(&words))) (pad(note)) }))
        (card("Change it", "", pad(edit)))
    });
    let mut known = vec![
        ("Opened", words.exact_text(frame::at(item.created_ms))),
        ("Who", item.assignee_name.clone().unwrap_or_else(|| "nobody".into())),
    ];
    known.extend(item.due_ms.map(|ms| ("Due", words.date_text(frame::at(ms)))));
    let aside = html! {
        (card("About it", "", pad(facts(known))))
        @if let Some(host) = host { (card("Asset", "", pad(html! { (link(&host.name, &format!("/assets/{}", host.id))) " " span.dim { (host.summary) } }))) }
        @if let Some(f) = cause { (card("Finding", f.severity.word(), pad(html! { (link(&f.title, &format!("/findings/{}", f.id))) p.sm.dim { "It goes when its rule looks again and sees it gone." } }))) }
    };
    let state = match item.state {
        State::Done | State::Cancelled => Mark::Ok,
        State::Waiting => Mark::Unknown,
        State::Open => Mark::Work,
    };
    let marks = html! { span.num.dim { "#" (item.number) } (tag(state, item.state.word())) (outline_tag(&item.kind)) };
    let mut page = Page::new(item.title.clone())
        .section("work")
        .crumb("Work", "/work")
        .marks(marks)
        .live(format!("work.{}", item.id.0))
        .main(main)
        .aside(aside);
    // What was typed and is wrong stays until it is sent again.
    if given.is_none() {
        page = page.refreshes(format!("/work/{}", item.number));
    }
    frame::framed(caller, page).await
}

async fn edit(caller: Caller, Path(number): Path<i64>, Posted(given): Posted<Given>) -> Answer {
    let item = caller.read(move |tx, cx| work::by_number(tx, cx, number)).await?;
    let state = match given.state.as_str() {
        "waiting" => State::Waiting,
        "done" => State::Done,
        "cancelled" => State::Cancelled,
        _ => State::Open,
    };
    let saved = match parts(&given) {
        Err(fault) => Err(fault),
        Ok((priority, assignee, due_ms)) => {
            let edit = work::Edit {
                title: given.title.clone(),
                body: given.body.clone(),
                state,
                priority,
                assignee,
                due_ms,
            };
            let (id, seen) = (item.id, given.revision);
            caller.write(move |tx, cx| work::edit(tx, cx, id, seen, &edit)).await
        }
    };
    match saved {
        Ok(()) => Ok(door::done(&format!("/work/{number}"), Some(&Toast::new("Saved")))),
        Err(Fault::Invalid(problems)) => shown(&caller, &item, Some(&given), &problems).await,
        Err(other) => Err(other.into()),
    }
}

#[derive(Deserialize)]
struct Note {
    text: String,
}

async fn note(caller: Caller, Path(number): Path<i64>, Posted(given): Posted<Note>) -> Answer {
    caller
        .write(move |tx, cx| {
            let item = work::by_number(tx, cx, number)?;
            work::note(tx, cx, item.id, &given.text)
        })
        .await?;
    Ok(door::done(&format!("/work/{number}"), Some(&Toast::new("Noted"))))
}
