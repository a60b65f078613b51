//! The pieces pages are made of: typed components that return markup. Every one works as plain links and forms;
//! script only adds to them.

mod act;
mod attention;
mod chart;
mod fault;
mod form;
mod gauge;
mod icon;
mod layout;
mod page;
mod palette;
mod parts;
mod shell;
mod state;
mod table;
mod timeline;
mod toast;
pub mod words;

pub use act::{Act, acts, key_cap, link};
pub use attention::{Fact, Need, need, strip, tiles};
pub use chart::{Chart, Forecast, Limit, chart, spark};
pub use fault::{FaultPage, fault_card, fault_page, gate, public};
pub use form::{Choice, Field, Form, checkbox, field, form, hidden, search_field, select, textarea};
pub use gauge::{Clock, Day, Run, clocks, days, meter, runs};
pub use icon::{Icon, icon};
pub use layout::{sign_out, theme_form};
pub use page::{Page, bare_document};
pub use palette::{Found, FoundGroup, found, found_page};
pub use parts::{
    More, Row, avatar, banner, card, code, copy_line, empty, evidence, facts, failed, line, live_rows,
    long_facts, output, pad, plain_card, region, rows, split, stack, state_card, tabs,
};
pub use shell::{OnCall, Person, SECTIONS, Section, Shell};
pub use state::{State, mark, mark_said, outline_tag, plain_tag, tag};
pub use table::{Column, Pager, Table, pager};
pub use timeline::{Link, Moment, chain, timeline};
pub use toast::{Toast, toast, toast_fragment};
pub use words::Words;
