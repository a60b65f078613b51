//! The shared manners of every door: how pages look, how lists page, how faults read, how changes arrive live.
//!
//! A page is a value that is framed at the end; rooms write its content with the components of [`ui`].
//!
//! ```
//! use mainstay_face::ui::{Act, Need, Page, State, need};
//!
//! let rows = [Need {
//!     state: State::Bad,
//!     what: "Backup of files-01 failed twice".into(),
//!     href: "/maintenance/runs/812".into(),
//!     why: "The lock belongs to a process that ended on Saturday.".into(),
//!     act: Act::link("Review fix", "/maintenance/runs/812/fix"),
//! }];
//! let page = Page::new("1 thing needs you now").section("home").main(need("Now", "", &rows));
//! assert!(page.inside().into_string().contains("failed twice"));
//! ```
//!
//! Words: a *section* is an entry of the rail, a *region* a part of a page that replaces itself, a *topic* what a
//! page listens to, a *cursor* where a list goes on.

pub mod assets;
pub mod body;
pub mod door;
pub mod etag;
pub mod frame;
pub mod headers;
pub mod idempotency;
pub mod live;
pub mod look;
pub mod negotiate;
pub mod pack;
pub mod paging;
pub mod problem;
pub mod query;
pub mod room;
pub mod said;
pub mod theme;
pub mod told;
pub mod ui;

pub use door::{Answer, Caller, Door, Refusal};
pub use negotiate::Wants;
pub use paging::{Cursor, Paging, Slice};
pub use problem::Problem;
pub use query::Query;
pub use room::Room;
