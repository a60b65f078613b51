//! Tables with keyset paging. On phones each line becomes a row whose cells name themselves.

use maud::{Markup, Render, html};

use super::act::Act;

/// One column: what it is called and how it stands.
#[derive(Clone, Debug)]
pub struct Column {
    name: String,
    is_figure: bool,
    is_nameless: bool,
    sort: Option<Sort>,
}

#[derive(Clone, Debug)]
struct Sort {
    href: String,
    direction: Option<&'static str>,
}

impl Column {
    /// A column of words.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), is_figure: false, is_nameless: false, sort: None }
    }

    /// A column of figures, lined up at the right.
    pub fn figure(name: impl Into<String>) -> Self {
        Self { is_figure: true, ..Self::new(name) }
    }

    /// A column of buttons: its name is read aloud, not shown.
    pub fn acts(name: impl Into<String>) -> Self {
        Self { is_nameless: true, ..Self::new(name) }
    }

    /// The link that sorts by it; `direction` is `ascending`, `descending`, or none when sorted by another.
    #[must_use]
    pub fn sorted(mut self, href: impl Into<String>, direction: Option<&'static str>) -> Self {
        self.sort = Some(Sort { href: href.into(), direction });
        self
    }
}

/// A table: its name for those who hear it, its columns, its lines.
#[derive(Debug)]
pub struct Table {
    name: String,
    columns: Vec<Column>,
    lines: Vec<(Option<String>, Vec<Markup>)>,
}

impl Table {
    /// An empty table.
    pub fn new(name: impl Into<String>, columns: impl IntoIterator<Item = Column>) -> Self {
        Self { name: name.into(), columns: columns.into_iter().collect(), lines: Vec::new() }
    }

    /// One line, a cell for each column. The first cell names the line, and holds its link.
    #[must_use]
    pub fn line(mut self, cells: impl IntoIterator<Item = Markup>) -> Self {
        let cells: Vec<Markup> = cells.into_iter().collect();
        debug_assert_eq!(cells.len(), self.columns.len(), "a cell for each column");
        self.lines.push((None, cells));
        self
    }

    /// As [`Table::line`], with the thing it shows, for a list that refreshes itself ([`super::live_rows`]).
    #[must_use]
    pub fn line_of(self, thing: impl std::fmt::Display, cells: impl IntoIterator<Item = Markup>) -> Self {
        let mut table = self.line(cells);
        if let Some((id, _)) = table.lines.last_mut() {
            *id = Some(format!("r-{thing}"));
        }
        table
    }

    /// Whether there is nothing to show; show an empty state instead.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The lines alone, for an answer that adds to or replaces the body.
    pub fn lines(&self) -> Markup {
        html! {
            @for (id, cells) in &self.lines {
                tr data-row id=[id] { @for (index, (cell, column)) in cells.iter().zip(&self.columns).enumerate() {
                    (one_cell(index, cell, column))
                } }
            }
        }
    }
}

fn one_cell(index: usize, cell: &Markup, column: &Column) -> Markup {
    let name = (index > 0 && !column.is_nameless).then_some(&column.name);
    html! {
        @if index == 0 { th scope="row" { (cell) } }
        @else { td.figure[column.is_figure].lone[column.is_nameless] data-name=[name] { (cell) } }
    }
}

impl Render for Table {
    fn render(&self) -> Markup {
        html! {
            div.wide-table role="region" aria-label=(self.name) tabindex="0" {
                table.table {
                    caption.sr { (self.name) }
                    thead { tr { @for column in &self.columns { (heading(column)) } } }
                    tbody { (self.lines()) }
                }
            }
        }
    }
}

fn heading(column: &Column) -> Markup {
    let direction = column.sort.as_ref().and_then(|sort| sort.direction);
    html! {
        th scope="col" class=[column.is_figure.then_some("figure")] aria-sort=[direction] {
            @if column.is_nameless { span.sr { (column.name) } }
            @else if let Some(sort) = &column.sort {
                a href=(sort.href) { (column.name) @match direction {
                    Some("ascending") => span aria-hidden="true" { " ↑" },
                    Some("descending") => span aria-hidden="true" { " ↓" },
                    _ => {},
                } }
            }
            @else { (column.name) }
        }
    }
}

/// Links to the pages before and after: plain links first, found by search engines and keys alike.
#[derive(Clone, Debug, Default)]
pub struct Pager {
    /// What is shown: `50 of about 12,000`.
    pub words: String,
    /// Where what is newer is.
    pub newer: Option<String>,
    /// Where what is older is.
    pub older: Option<String>,
}

/// The line under a list. Nothing when there is neither an older nor a newer page and no words.
pub fn pager(pager: &Pager) -> Markup {
    let is_needed = pager.newer.is_some() || pager.older.is_some() || !pager.words.is_empty();
    html! {
        @if is_needed {
            nav.pager aria-label="Pages" {
                span { (pager.words) }
                div.acts {
                    @if let Some(href) = &pager.newer { (Act::link("Newer", href).small().key("[")) }
                    @if let Some(href) = &pager.older { (Act::link("Older", href).small().key("]")) }
                }
            }
        }
    }
}
