//! Reading `Authentication-Results` (RFC 8601).

use serde::Serialize;

/// What one method gave for one domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MethodResult {
    /// `dkim`, `spf`, `dmarc`, `arc`; in lower case.
    pub method: String,
    /// `pass`, `fail`, `none` …; in lower case.
    pub result: String,
    /// The domain the method vouches for: `header.d`, the domain of `smtp.mailfrom`, `header.from`.
    pub domain: String,
}

impl MethodResult {
    pub(crate) fn new(method: &str, result: &str, domain: &str) -> Self {
        Self { method: method.to_owned(), result: result.to_owned(), domain: domain.to_lowercase() }
    }
}

/// Reads a field: the authserv-id and the results. `None` when it has no id.
///
/// ```
/// let field = "mx.help.example 1; dkim=pass (2048 bit) header.d=Cust.example; spf=fail smtp.mailfrom=ann@bad.example";
/// let (id, results) = mainstay_mailroom::read_results(field).expect("well-formed");
/// assert_eq!(id, "mx.help.example");
/// assert_eq!((results[0].result.as_str(), results[0].domain.as_str()), ("pass", "cust.example"));
/// assert_eq!(results[1].domain, "bad.example");
/// ```
pub fn read_results(field: &str) -> Option<(String, Vec<MethodResult>)> {
    let plain = without_comments(field);
    let mut pieces = plain.split(';');
    let id = pieces.next()?.split_whitespace().next()?.trim_matches('"').to_lowercase();
    if id.contains('=') {
        return None;
    }
    let results = pieces.take(100).filter_map(result).collect();
    Some((id, results))
}

fn result(piece: &str) -> Option<MethodResult> {
    let spaced = piece.replace(" =", "=").replace("= ", "=");
    let mut words = spaced.split_whitespace();
    let (method, result) = words.next()?.split_once('=')?;
    let method = method.split('/').next().unwrap_or(method).trim().to_lowercase();
    let properties: Vec<(String, String)> = words
        .filter_map(|word| word.split_once('='))
        .map(|(name, value)| (name.to_lowercase(), value.trim_matches(['"', '<', '>']).to_lowercase()))
        .collect();
    let wanted: &[&str] = match method.as_str() {
        "dkim" => &["header.d", "header.i"],
        "spf" => &["smtp.mailfrom", "smtp.helo"],
        "dmarc" => &["header.from"],
        _ => &["header.d", "header.from"],
    };
    let value =
        wanted.iter().find_map(|name| properties.iter().find(|(n, _)| n == name)).map(|(_, v)| v.as_str());
    let value = value.unwrap_or_default();
    let domain = value.rsplit_once('@').map_or(value, |(_, domain)| domain);
    Some(MethodResult { method, result: result.to_lowercase(), domain: domain.to_owned() })
}

/// Comments (nested, RFC 5322) taken out; inside quotes parentheses are letters.
fn without_comments(text: &str) -> String {
    let (mut out, mut depth, mut is_quoted, mut is_escaped) =
        (String::with_capacity(text.len()), 0usize, false, false);
    for c in text.chars() {
        if is_escaped {
            is_escaped = false;
            if depth == 0 {
                out.push(c);
            }
            continue;
        }
        match c {
            '\\' => is_escaped = true,
            '"' if depth == 0 => {
                is_quoted = !is_quoted;
                out.push(c);
            }
            '(' if !is_quoted => depth += 1,
            ')' if !is_quoted && depth > 0 => depth -= 1,
            // A `;` inside quotes must not begin a new result.
            ';' if is_quoted => out.push('_'),
            other if depth == 0 => out.push(other),
            _ => {}
        }
    }
    out
}
