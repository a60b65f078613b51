//! Reading HTML mail: a tolerant tokeniser, a bounded tree, and plain text that keeps links and lists.
//!
//! Nothing here makes HTML safe; that is [`sanitise`](crate::sanitise()). Nesting, attributes and the number of nodes
//! are bounded, so every function runs in time linear in its input.

mod entity;
mod render;
mod token;
mod tree;

pub(crate) use render::render;
pub(crate) use tree::{Element, Node, Tree, is_void};

/// Plain text that reads like the page: lines for blocks, list marks, links with their address, quotes with `> `.
///
/// ```
/// let html = "<p>See <a href='https://x.example/a'>this page</a>:</p><ul><li>one</li><li>two</li></ul>";
/// assert_eq!(mainstay_mailroom::html_to_text(html), "See this page <https://x.example/a>:\n\n- one\n- two\n");
/// ```
pub fn to_text(html: &str) -> String {
    let tree = Tree::read(html);
    let mut out = String::with_capacity(html.len() / 3);
    for line in render(&tree).lines {
        for _ in 0..line.depth {
            out.push('>');
        }
        if line.depth > 0 && !line.text.is_empty() {
            out.push(' ');
        }
        out.push_str(line.text.trim_end());
        out.push('\n');
    }
    out
}

/// Plain text as HTML: escaped, lines kept.
pub fn from_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8 + 32);
    out.push_str("<div style=\"white-space:pre-wrap\">");
    escape(text.trim_end(), &mut out);
    out.push_str("</div>");
    out
}

/// Appends text with the five characters escaped that matter in HTML.
pub(crate) fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
}

/// The charset an HTML document declares for itself, looked for in its first kilobytes.
pub(crate) fn declared_charset(bytes: &[u8]) -> Option<String> {
    let head = &bytes[..bytes.len().min(4_096)];
    let lower = head.to_ascii_lowercase();
    let meta = memchr::memmem::find(&lower, b"<meta")?;
    let at = meta + memchr::memmem::find(&lower[meta..], b"charset=")? + 8;
    let name: Vec<u8> = lower[at..]
        .iter()
        .copied()
        .skip_while(|b| matches!(b, b'"' | b'\'' | b' '))
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        .collect();
    let name = String::from_utf8(name).ok()?;
    (!name.is_empty() && !name.starts_with("utf-16")).then_some(name)
}
