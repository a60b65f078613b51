//! Inline styles reduced to properties that change looks only, with values that name no resource.

/// Properties that neither move content out of its place nor load anything.
pub(crate) const PROPERTIES: &[&str] = &[
    "background-color",
    "border",
    "border-bottom",
    "border-bottom-color",
    "border-bottom-style",
    "border-bottom-width",
    "border-collapse",
    "border-color",
    "border-left",
    "border-left-color",
    "border-left-style",
    "border-left-width",
    "border-radius",
    "border-right",
    "border-spacing",
    "border-style",
    "border-top",
    "border-top-color",
    "border-top-style",
    "border-top-width",
    "border-width",
    "color",
    "direction",
    "display",
    "font",
    "font-family",
    "font-size",
    "font-style",
    "font-variant",
    "font-weight",
    "height",
    "letter-spacing",
    "line-height",
    "list-style-type",
    "margin",
    "margin-bottom",
    "margin-left",
    "margin-right",
    "margin-top",
    "max-width",
    "min-width",
    "padding",
    "padding-bottom",
    "padding-left",
    "padding-right",
    "padding-top",
    "table-layout",
    "text-align",
    "text-decoration",
    "text-indent",
    "text-transform",
    "vertical-align",
    "white-space",
    "width",
    "word-break",
    "word-spacing",
    "word-wrap",
    "overflow-wrap",
];

const MOST_DECLARATIONS: usize = 60;

/// Keeps the allowed declarations of a style attribute. Values with anything but letters, digits and a few signs go:
/// no `url()`, no escapes, no nesting.
pub(crate) fn reduce(style: &str) -> String {
    let mut out = String::new();
    for declaration in style.split(';').take(MOST_DECLARATIONS) {
        let Some((property, value)) = declaration.split_once(':') else { continue };
        let property = property.trim().to_ascii_lowercase();
        let value = value.trim();
        if !PROPERTIES.contains(&property.as_str()) || !is_harmless(&property, value) {
            continue;
        }
        if !out.is_empty() {
            out.push(';');
        }
        out.push_str(&property);
        out.push(':');
        out.push_str(value);
    }
    out
}

fn is_harmless(property: &str, value: &str) -> bool {
    if value.is_empty() || value.len() > 300 {
        return false;
    }
    let lower = value.to_ascii_lowercase().replace("!important", "");
    let is_plain = lower.chars().all(|c| c.is_alphanumeric() || " ,.#%-'\"!()/".contains(c));
    // Colours are the only functions that are let through.
    let functions = lower.match_indices('(').all(|(at, _)| {
        let name = lower[..at].rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        matches!(name, "rgb" | "rgba" | "hsl" | "hsla")
    });
    let is_unsafe_word = ["url", "expression", "javascript", "import", "behavior", "binding", "image"]
        .iter()
        .any(|w| lower.contains(w));
    // Negative margins and indents lay content over other content.
    let is_shifted =
        (property.starts_with("margin") || property == "text-indent" || property == "letter-spacing")
            && lower.contains('-')
            && property != "margin-top";
    is_plain && functions && !is_unsafe_word && !is_shifted
}

#[cfg(test)]
mod tests {
    use super::reduce;

    #[test]
    fn only_looks_are_kept() {
        let cases = [
            ("COLOR: red; position:fixed", "color:red"),
            ("background-color:rgb(1,2,3);background:url(http://x)", "background-color:rgb(1,2,3)"),
            ("width:expression(alert(1))", ""),
            (
                "font-family:\"Segoe UI\", sans-serif !important",
                "font-family:\"Segoe UI\", sans-serif !important",
            ),
            ("color:\\72 ed;background-color:u\\72l(x)", ""),
            ("margin-left:-999px;mso-line-height-rule:exactly", ""),
            ("list-style-type:url(x);color:var(--a)", ""),
        ];
        for (style, kept) in cases {
            assert_eq!(reduce(style), kept, "{style}");
        }
    }
}
