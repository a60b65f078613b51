//! A bounded tree of elements and text in one array.

use super::token::{Token, Tokens};

/// Elements nested deeper are taken as if their tags were not there.
const MOST_DEPTH: usize = 200;
/// Nodes beyond this many are left out.
const MOST_NODES: usize = 400_000;

pub(crate) type NodeId = usize;

pub(crate) enum Node {
    Element(Element),
    Text(String),
}

pub(crate) struct Element {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub children: Vec<NodeId>,
}

impl Element {
    /// The value of an attribute, empty when absent.
    pub fn attribute(&self, name: &str) -> &str {
        self.attributes.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str())
    }
}

/// A document. Node 0 is its root, an element without a name.
pub(crate) struct Tree {
    pub nodes: Vec<Node>,
    /// Whether something was left out because of its size.
    pub is_cut: bool,
}

impl Tree {
    /// Builds the tree with the few rules of implied end tags that mail needs.
    pub fn read(html: &str) -> Self {
        let root = Element { name: String::new(), attributes: Vec::new(), children: Vec::new() };
        let mut building = Building {
            tree: Self { nodes: vec![Node::Element(root)], is_cut: false },
            open: vec![0],
            overflow: 0,
        };
        for token in Tokens::new(html) {
            if building.tree.nodes.len() >= MOST_NODES {
                building.tree.is_cut = true;
                break;
            }
            match token {
                Token::Text(text) => building.append(Node::Text(text)),
                Token::Open { name, attributes, is_closed } => building.open(name, attributes, is_closed),
                Token::Close(name) => building.close(&name),
            }
        }
        building.tree
    }

    pub fn element(&self, id: NodeId) -> Option<&Element> {
        match &self.nodes[id] {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        }
    }
}

struct Building {
    tree: Tree,
    open: Vec<NodeId>,
    overflow: usize,
}

impl Building {
    fn append(&mut self, node: Node) {
        let id = self.tree.nodes.len();
        self.tree.nodes.push(node);
        let parent = *self.open.last().expect("the root is never closed");
        if let Node::Element(element) = &mut self.tree.nodes[parent] {
            element.children.push(id);
        }
    }

    fn open(&mut self, name: String, attributes: Vec<(String, String)>, is_closed: bool) {
        if matches!(
            name.as_str(),
            "html" | "head" | "body" | "script" | "style" | "title" | "meta" | "link" | "base"
        ) {
            return;
        }
        if name.len() > 40 {
            return;
        }
        self.imply_ends(&name);
        let is_void = is_void(&name) || is_closed && name.contains(':');
        if !is_void && self.open.len() >= MOST_DEPTH {
            self.overflow += 1;
            return;
        }
        let id = self.tree.nodes.len();
        self.append(Node::Element(Element { name, attributes, children: Vec::new() }));
        if !is_void {
            self.open.push(id);
        }
    }

    fn close(&mut self, name: &str) {
        if matches!(name, "html" | "head" | "body") || is_void(name) {
            return;
        }
        if self.overflow > 0 {
            self.overflow -= 1;
            return;
        }
        let is_cell_end = matches!(name, "table" | "tr" | "tbody" | "td" | "th");
        for index in (1..self.open.len()).rev() {
            let open = self.name(index);
            if open == name {
                self.open.truncate(index);
                return;
            }
            // A stray end tag inside a cell must not close what is around the table.
            if !is_cell_end && matches!(open, "table" | "td" | "th") {
                return;
            }
        }
    }

    fn name(&self, index: usize) -> &str {
        self.tree.element(self.open[index]).map_or("", |element| element.name.as_str())
    }

    fn imply_ends(&mut self, name: &str) {
        let (ends, stops): (&[&str], &[&str]) = match name {
            "li" => (&["li"], &["ul", "ol", "table", "div"]),
            "dt" | "dd" => (&["dt", "dd"], &["dl", "table"]),
            "td" | "th" => (&["td", "th"], &["table", "tr"]),
            "tr" => (&["tr"], &["table"]),
            "tbody" | "thead" | "tfoot" => (&["tbody", "thead", "tfoot"], &["table"]),
            "option" => (&["option"], &["select"]),
            _ if is_block(name) => (&["p"], &["table", "td", "th", "div", "blockquote", "li", "center"]),
            _ => return,
        };
        for index in (1..self.open.len()).rev() {
            let open = self.name(index);
            if ends.contains(&open) {
                self.open.truncate(index);
                return;
            }
            if stops.contains(&open) {
                return;
            }
        }
    }
}

/// Elements that stand on lines of their own.
pub(crate) fn is_block(name: &str) -> bool {
    matches!(
        name,
        "p" | "div"
            | "ul"
            | "ol"
            | "li"
            | "blockquote"
            | "pre"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "hr"
            | "dl"
            | "dt"
            | "dd"
            | "center"
            | "address"
            | "article"
            | "section"
            | "header"
            | "footer"
            | "main"
            | "form"
            | "fieldset"
            | "figure"
            | "nav"
            | "aside"
            | "details"
            | "summary"
    )
}

/// Elements without content.
pub(crate) fn is_void(name: &str) -> bool {
    matches!(
        name,
        "br" | "img"
            | "hr"
            | "input"
            | "col"
            | "area"
            | "embed"
            | "wbr"
            | "source"
            | "track"
            | "param"
            | "meta"
            | "link"
            | "base"
    )
}
