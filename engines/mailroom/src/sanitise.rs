//! HTML that may be shown: no script, no request, nothing that leaves its frame.
//!
//! Three walls, each enough for most attacks: the document is first read by our own bounded reader and written anew with
//! everything escaped and styles reduced to harmless properties; then `ammonia` (a real HTML5 parser) keeps only listed
//! elements and attributes; and the page shows the result in a sandboxed frame without scripts ([`frame`]).

mod style;

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::UrlRelative;
use serde::Serialize;

use crate::html::{Element, Node, Tree, escape, is_void};

/// Where pictures come from. Each answers with the address to show, or `None` to leave the picture out.
#[derive(Clone, Copy)]
pub struct Pictures<'p> {
    /// For a `cid:` (or Content-Location) of the mail: the address of the attachment.
    pub inline: &'p dyn Fn(&str) -> Option<String>,
    /// For a picture on the network: the address of the proxy, once the reader asked for it.
    pub remote: &'p dyn Fn(&str) -> Option<String>,
}

impl Pictures<'_> {
    /// No pictures at all.
    pub const NONE: Pictures<'static> = Pictures { inline: &|_| None, remote: &|_| None };
}

/// HTML that may be shown.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct SafeHtml {
    pub html: String,
    /// Addresses of network pictures that were left out, each once.
    pub blocked: Vec<String>,
    /// The document was too large and its end is missing.
    pub is_cut: bool,
}

/// HTML beyond this many bytes is not shown.
const MOST_BYTES: usize = 2 << 20;

const ELEMENTS: &[&str] = &[
    "a",
    "abbr",
    "address",
    "article",
    "aside",
    "b",
    "bdi",
    "bdo",
    "big",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "details",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "font",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "main",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "samp",
    "section",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
    "wbr",
];
const ATTRIBUTES: &[&str] = &[
    "style",
    "title",
    "dir",
    "lang",
    "align",
    "valign",
    "width",
    "height",
    "bgcolor",
    "color",
    "border",
    "cellpadding",
    "cellspacing",
    "colspan",
    "rowspan",
    "face",
    "size",
    "start",
    "type",
    "alt",
    "href",
    "src",
    "nowrap",
    "cite",
];

/// Makes HTML safe.
///
/// ```
/// use mainstay_mailroom::{Pictures, sanitise};
/// let hostile = r#"<p onclick="x()">Hi <img src="http://t.example/p.gif"><a href="javascript:x()">a</a></p><script>x()</script>"#;
/// let safe = sanitise(hostile, &Pictures::NONE);
/// assert_eq!(safe.html, r#"<p>Hi <img><a target="_blank" rel="noopener noreferrer nofollow">a</a></p>"#);
/// assert_eq!(safe.blocked, ["http://t.example/p.gif"]);
/// ```
pub fn sanitise(html: &str, pictures: &Pictures<'_>) -> SafeHtml {
    let clipped = crate::fold::clip(html, MOST_BYTES);
    let tree = Tree::read(clipped);
    let mut writing =
        Writing { tree: &tree, pictures, out: String::with_capacity(clipped.len()), blocked: Vec::new() };
    writing.children(0);
    let is_cut = tree.is_cut || clipped.len() < html.len();
    let html = CLEANER.clean(&writing.out).to_string();
    SafeHtml { html, blocked: writing.blocked, is_cut }
}

/// A whole document for `<iframe sandbox srcdoc=…>`: nothing may run, nothing but the given picture sources may load.
/// `picture_source` is a CSP source such as `https://desk.example/mail/pictures/`, or empty for none.
pub fn frame(safe: &SafeHtml, picture_source: &str) -> String {
    let source: String =
        picture_source.chars().filter(|c| c.is_ascii_alphanumeric() || ":/.-_".contains(*c)).collect();
    let pictures = if source.is_empty() { "'none'".to_owned() } else { source };
    format!(
        "<!doctype html><html><head><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src {pictures}; form-action 'none'; base-uri 'none'\"><meta name=\"referrer\" content=\"no-referrer\"></head><body>{}</body></html>",
        safe.html
    )
}

static CLEANER: LazyLock<ammonia::Builder<'static>> = LazyLock::new(|| {
    let mut cleaner = ammonia::Builder::empty();
    let mut fixed: HashMap<&str, HashMap<&str, &str>> = HashMap::new();
    fixed.insert("a", HashMap::from([("target", "_blank")]));
    cleaner
        .tags(ELEMENTS.iter().copied().collect::<HashSet<_>>())
        .generic_attributes(ATTRIBUTES.iter().copied().collect::<HashSet<_>>())
        .clean_content_tags(HashSet::from(["script", "style"]))
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel"]))
        // Our own addresses of attachments and proxied pictures are relative; those of the mail were dropped before.
        .url_relative(UrlRelative::PassThrough)
        .set_tag_attribute_values(fixed)
        .filter_style_properties(style::PROPERTIES.iter().copied().collect::<HashSet<_>>())
        .link_rel(Some("noopener noreferrer nofollow"))
        .strip_comments(true);
    cleaner
});

struct Writing<'t, 'p> {
    tree: &'t Tree,
    pictures: &'t Pictures<'p>,
    out: String,
    blocked: Vec<String>,
}

impl Writing<'_, '_> {
    fn children(&mut self, id: usize) {
        let Some(element) = self.tree.element(id) else { return };
        for child in &element.children {
            match &self.tree.nodes[*child] {
                Node::Text(text) => escape(text, &mut self.out),
                Node::Element(element) => self.element(element, *child),
            }
        }
    }

    fn element(&mut self, element: &Element, id: usize) {
        let name = element.name.as_str();
        if !ELEMENTS.contains(&name) {
            return self.children(id);
        }
        self.out.push('<');
        self.out.push_str(name);
        for (key, value) in &element.attributes {
            self.attribute(name, key, value);
        }
        self.out.push('>');
        if !is_void(name) {
            self.children(id);
            self.out.push_str("</");
            self.out.push_str(name);
            self.out.push('>');
        }
    }

    fn attribute(&mut self, element: &str, key: &str, value: &str) {
        if !ATTRIBUTES.contains(&key) {
            return;
        }
        let value = match key {
            "src" if element == "img" => match self.picture(value.trim()) {
                Some(address) => address,
                None => return,
            },
            "href" if element == "a" && is_followable(value) => value.trim().to_owned(),
            "src" | "cite" | "href" => return,
            "style" => match style::reduce(value) {
                reduced if reduced.is_empty() => return,
                reduced => reduced,
            },
            _ => value.to_owned(),
        };
        self.out.push(' ');
        self.out.push_str(key);
        self.out.push_str("=\"");
        escape(&value, &mut self.out);
        self.out.push('"');
    }

    fn picture(&mut self, source: &str) -> Option<String> {
        let lower = source.get(..8).unwrap_or(source).to_ascii_lowercase();
        if lower.starts_with("cid:") {
            return (self.pictures.inline)(&source[4..]);
        }
        if lower.starts_with("http://") || lower.starts_with("https://") || lower.starts_with("//") {
            let absolute =
                if lower.starts_with("//") { format!("https:{source}") } else { source.to_owned() };
            let shown = (self.pictures.remote)(&absolute);
            if shown.is_none() && !self.blocked.contains(&absolute) && self.blocked.len() < 1_000 {
                self.blocked.push(absolute);
            }
            return shown;
        }
        if lower.contains(':') {
            return None;
        }
        // A bare name is the Content-Location of a part.
        (self.pictures.inline)(source)
    }
}

/// Links a reader may follow: to the web, to a mailbox, to a telephone.
fn is_followable(href: &str) -> bool {
    let bare: String = href.chars().filter(|c| !c.is_whitespace() && !c.is_control()).take(12).collect();
    let lower = bare.to_ascii_lowercase();
    ["http://", "https://", "mailto:", "tel:"].iter().any(|scheme| lower.starts_with(scheme))
}
