//! Where the returned mail begins in the text of a bounce.

use crate::fold::fold;

/// Where the returned mail begins: the words before it, and its headers.
pub(super) fn split(body: &str) -> (&str, Option<&str>) {
    let mut starts: Vec<(usize, &str)> = Vec::new();
    let mut at = 0;
    for line in body.split_inclusive('\n') {
        starts.push((at, line));
        at += line.len();
    }
    let mut index = 0;
    while index < starts.len() {
        if index > 0 && announces_copy(starts[index].1) {
            let below = &body[starts[index].0 + starts[index].1.len()..];
            return (&body[..starts[index].0], has_header(&starts[index + 1..]).then_some(below));
        }
        let run = header_run(&starts[index..]);
        if run > 0 {
            return (&body[..starts[index].0], Some(&body[starts[index].0..]));
        }
        index += 1;
    }
    (body, None)
}

/// `--- Below this line is a copy of the message.` and its like.
fn announces_copy(line: &str) -> bool {
    const WORDS: &[&str] = &[
        "copy of the message",
        "copy of your message",
        "original message follows",
        "returned mail follows",
        "message text follows",
        "unsent message below",
        "lines of the message follow",
        "your message reads",
        "returned message follows",
        "original mail follows",
        "text of your message",
        "message header follows",
        "undelivered message follows",
        "start of returned message",
    ];
    if line.len() > 120 {
        return false;
    }
    let folded = fold(line);
    WORDS.iter().any(|words| folded.contains(words))
        && !["attach", "receive"].iter().any(|word| folded.contains(word))
        && (folded.ends_with([':', '-', '.', '|', '*', '=']) || folded.starts_with(['-', '=', '*', '|']))
}

fn has_header(lines: &[(usize, &str)]) -> bool {
    let first = lines.iter().position(|(_, line)| !line.trim().is_empty()).unwrap_or(lines.len());
    header_run(&lines[first..]) > 0
}

/// The number of lines of a header block at the start, 0 when it is none: three fields, one of them technical.
fn header_run(lines: &[(usize, &str)]) -> usize {
    const TECHNICAL: [&str; 8] = [
        "received",
        "return-path",
        "message-id",
        "mime-version",
        "content-type",
        "x-mailer",
        "references",
        "delivered-to",
    ];
    const KNOWN: [&str; 6] = ["from", "to", "subject", "date", "reply-to", "cc"];
    let (mut fields, mut technical, mut count) = (0, 0, 0);
    for (_, line) in lines.iter().take(40) {
        let bare = line.strip_prefix("> ").or_else(|| line.strip_prefix('>')).unwrap_or(line).trim_end();
        let bare = if count == 0 { bare.trim_start() } else { bare };
        if bare.is_empty() {
            if count == 0 {
                return 0;
            }
            break;
        }
        let is_folded = bare.starts_with([' ', '\t']);
        let name = bare.trim_start().split_once(':').map(|(n, _)| n.to_ascii_lowercase()).unwrap_or_default();
        let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if TECHNICAL.contains(&name.as_str())
            || is_name && name.starts_with("x-")
            || is_name && name.starts_with("dkim")
        {
            technical += 1;
            fields += 1;
        } else if KNOWN.contains(&name.as_str()) {
            fields += 1;
        } else if count == 0 || !is_folded && !is_name {
            break;
        }
        count += 1;
    }
    if fields >= 3 && technical >= 1 { count } else { 0 }
}
