//! The lines a reader would see, each with its quote depth and the nodes it was made from.

use super::tree::{self, Element, Node, NodeId, Tree};

/// One line of the page.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line {
    pub text: String,
    /// Levels of quoting around it.
    pub depth: usize,
    /// Whether the quoting is a mail client's; a bare `<blockquote>` may be the writer's own.
    pub is_cited: bool,
    is_preformatted: bool,
}

/// A page as lines, and for each node the line its content begins on.
pub(crate) struct Rendered {
    pub lines: Vec<Line>,
    /// For every node: the first and the last line (inclusive) it has a share in.
    pub spans: Vec<(usize, usize)>,
}

/// Lays the page out.
pub(crate) fn render(tree: &Tree) -> Rendered {
    let mut pen = Pen {
        tree,
        lines: Vec::new(),
        line: Line::default(),
        depth: 0,
        cited: 0,
        pending_blank: false,
        is_pre: false,
        lists: Vec::new(),
        spans: vec![(usize::MAX, 0); tree.nodes.len()],
    };
    pen.visit(0);
    pen.end_line();
    while pen.lines.last().is_some_and(|line| line.text.trim().is_empty()) {
        pen.lines.pop();
    }
    Rendered { lines: pen.lines, spans: pen.spans }
}

struct Pen<'t> {
    tree: &'t Tree,
    lines: Vec<Line>,
    line: Line,
    depth: usize,
    cited: usize,
    pending_blank: bool,
    is_pre: bool,
    lists: Vec<Option<usize>>,
    spans: Vec<(usize, usize)>,
}

impl Pen<'_> {
    fn visit(&mut self, id: NodeId) {
        let start = self.lines.len();
        match &self.tree.nodes[id] {
            Node::Text(text) => self.text(text),
            Node::Element(element) => self.element(element),
        }
        let end = if self.line.text.trim().is_empty() {
            self.lines.len().saturating_sub(1)
        } else {
            self.lines.len()
        };
        // A block that begins with a blank line of its own starts after it.
        let start = if self.line_is_blank_at(start) { (start + 1).min(end) } else { start };
        self.spans[id] = (start, end);
    }

    fn line_is_blank_at(&self, at: usize) -> bool {
        self.lines.get(at).is_some_and(|line| line.text.is_empty())
    }

    fn text(&mut self, text: &str) {
        if self.is_pre {
            for (index, piece) in text.split('\n').enumerate() {
                if index > 0 {
                    self.break_line();
                }
                self.write(piece.trim_end_matches('\r'));
            }
            return;
        }
        let is_led_by_space = text.starts_with(|c: char| c.is_ascii_whitespace());
        for (index, word) in text.split_ascii_whitespace().enumerate() {
            if (index > 0 || is_led_by_space) && !self.line.text.is_empty() && !self.line.text.ends_with(' ')
            {
                self.line.text.push(' ');
            }
            self.write(word);
        }
        let ends_in_space = text.ends_with(|c: char| c.is_ascii_whitespace());
        if ends_in_space && !self.line.text.is_empty() && !self.line.text.ends_with(' ') {
            self.line.text.push(' ');
        }
    }

    fn write(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if self.line.text.is_empty() {
            if std::mem::take(&mut self.pending_blank) && !self.lines.is_empty() {
                self.lines.push(Line { depth: self.depth, is_cited: self.cited > 0, ..Line::default() });
            }
            self.line.depth = self.depth;
            self.line.is_cited = self.cited > 0;
            self.line.is_preformatted = self.is_pre;
        }
        for c in text.chars() {
            match c {
                '\u{a0}' => self.line.text.push(' '),
                c if crate::fold::is_invisible(c) && !matches!(c, '\u{300}'..='\u{36f}') => {}
                c => self.line.text.push(c),
            }
        }
    }

    /// Ends the line if there is something on it.
    fn end_line(&mut self) {
        if self.line.text.trim().is_empty() && !self.line.is_preformatted {
            // Only blanks: an empty paragraph makes a blank line, see `break_line`.
            if !self.line.text.is_empty() {
                self.pending_blank = true;
            }
            self.line.text.clear();
            return;
        }
        let mut line = std::mem::take(&mut self.line);
        line.text.truncate(line.text.trim_end().len());
        self.lines.push(line);
    }

    /// A line break: ends the line even if it is empty.
    fn break_line(&mut self) {
        if self.line.text.trim().is_empty() {
            self.line.text.clear();
            if self.is_pre {
                self.lines.push(Line { depth: self.depth, ..Line::default() });
            } else {
                self.pending_blank = !self.lines.is_empty();
            }
        } else {
            self.end_line();
        }
    }

    fn element(&mut self, element: &Element) {
        if is_hidden(element) {
            return;
        }
        match element.name.as_str() {
            "br" => return self.break_line(),
            "hr" => {
                self.end_line();
                return;
            }
            "img" => return self.image(element),
            "a" => return self.link(element),
            "td" | "th" => {
                if !self.line.text.is_empty() && !self.line.text.ends_with(' ') {
                    self.line.text.push(' ');
                }
                return self.children(element);
            }
            "tr" | "table" => {
                self.end_line();
                self.children(element);
                return self.end_line();
            }
            _ => {}
        }
        if !tree::is_block(&element.name) {
            return self.children(element);
        }
        self.block(element);
    }

    fn block(&mut self, element: &Element) {
        self.end_line();
        let name = element.name.as_str();
        let is_spaced = matches!(
            name,
            "p" | "ul" | "ol" | "blockquote" | "pre" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "dl"
        );
        let is_tight = is_tight(element) || !self.lists.is_empty() && matches!(name, "ul" | "ol");
        if is_spaced && !is_tight {
            self.pending_blank = true;
        }
        let is_quote = is_quote(element);
        let was_pre = self.is_pre;
        self.is_pre = was_pre || name == "pre" || element.attribute("style").contains("pre-wrap");
        let is_cited = is_quote && !element.attributes.is_empty();
        self.depth += usize::from(is_quote);
        self.cited += usize::from(is_cited);
        match name {
            "ul" => self.lists.push(None),
            "ol" => self.lists.push(Some(element.attribute("start").parse().unwrap_or(1))),
            "li" => self.list_mark(),
            _ => {}
        }
        self.children(element);
        self.end_line();
        if matches!(name, "ul" | "ol") {
            self.lists.pop();
        }
        self.depth -= usize::from(is_quote);
        self.cited -= usize::from(is_cited);
        self.is_pre = was_pre;
        if is_spaced && !is_tight {
            self.pending_blank = true;
        }
    }

    fn list_mark(&mut self) {
        let indent = "  ".repeat(self.lists.len().saturating_sub(1).min(10));
        let mark = match self.lists.last_mut() {
            Some(Some(number)) => {
                let mark = format!("{indent}{number}. ");
                *number = number.saturating_add(1);
                mark
            }
            _ => format!("{indent}- "),
        };
        self.write(&mark);
    }

    fn children(&mut self, element: &Element) {
        for child in &element.children {
            self.visit(*child);
        }
    }

    fn image(&mut self, element: &Element) {
        let alt = element.attribute("alt").trim();
        let is_pixel = ["width", "height"]
            .iter()
            .any(|side| matches!(element.attribute(side).trim_end_matches("px"), "0" | "1"));
        if !alt.is_empty() && !is_pixel {
            let alt: String = alt.split_whitespace().take(12).collect::<Vec<_>>().join(" ");
            self.write(&format!("[{alt}]"));
        }
    }

    fn link(&mut self, element: &Element) {
        let lines_before = self.lines.len();
        let from = self.line.text.len();
        self.children(element);
        let href = element.attribute("href").trim();
        let is_worth = ["http://", "https://", "mailto:", "tel:", "ftp://"]
            .iter()
            .any(|s| href.get(..s.len()).is_some_and(|h| h.eq_ignore_ascii_case(s)));
        if !is_worth || self.lines.len() != lines_before || href.len() > 2_000 {
            return;
        }
        let shown = self.line.text.get(from..).unwrap_or_default().trim();
        let bare = |url: &str| {
            let url =
                url.split_once(':').filter(|(scheme, _)| scheme.len() <= 6).map_or(url, |(_, rest)| rest);
            url.trim_start_matches('/').trim_end_matches('/').to_lowercase()
        };
        if shown.is_empty()
            || bare(shown) == bare(href)
            || shown.contains(href)
            || href.contains(shown) && shown.contains('.')
        {
            return;
        }
        if shown.contains('@') && href.starts_with("mailto:") {
            return;
        }
        self.write(&format!(" <{href}>"));
    }
}

/// Paragraphs a client uses for single lines: no blank line around them.
fn is_tight(element: &Element) -> bool {
    let class = element.attribute("class");
    if class.contains("Mso") || class.contains("ydp") || class.contains("p1") {
        return true;
    }
    let style = element.attribute("style").to_ascii_lowercase();
    let style: String = style.chars().filter(|c| !c.is_whitespace()).collect();
    style.contains("margin:0") || style.contains("margin-bottom:0") || style.contains("margin-top:0")
}

fn is_hidden(element: &Element) -> bool {
    if matches!(
        element.name.as_str(),
        "select" | "input" | "button" | "object" | "applet" | "audio" | "video" | "map"
    ) {
        return element.name != "button";
    }
    if !element.attributes.iter().any(|(key, _)| key == "style") {
        return false;
    }
    let style: String = element.attribute("style").chars().filter(|c| !c.is_whitespace()).collect();
    let style = style.to_ascii_lowercase();
    style.contains("display:none") || style.contains("mso-hide:all") || style.contains("visibility:hidden")
}

/// A block a client uses for quoting: a cited blockquote, or a line down the left side.
fn is_quote(element: &Element) -> bool {
    let style: String = element.attribute("style").chars().filter(|c| !c.is_whitespace()).collect();
    let style = style.to_ascii_lowercase();
    if element.name == "blockquote" {
        let is_indent = element.attribute("class").contains("webkit-indent-blockquote")
            || style.contains("border:none") && !element.attribute("class").contains("quote");
        return !is_indent;
    }
    element.name == "div"
        && style.contains("border-left:")
        && !style.contains("border-left:none")
        && !style.contains("border-left:0")
}
