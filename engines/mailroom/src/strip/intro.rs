//! Where a quoted mail begins: `On … wrote:`, a block of header labels, or a separator line.

use super::labels::{Announced, Label, SEPARATORS, WROTE, begins_like_intro, label_of};
use super::line::Line;

/// A recognised beginning of a quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Intro {
    /// First line.
    pub start: usize,
    /// One past the last line.
    pub end: usize,
    pub announced: Announced,
    /// Whether the words alone are enough, or quoted lines have to follow.
    pub is_sure: bool,
}

/// The intro that begins at or (for `… wrote:`) ends at line `at`.
pub(crate) fn find(lines: &[Line], at: usize) -> Option<Intro> {
    separator(lines, at).or_else(|| header_block(lines, at)).or_else(|| wrote(lines, at))
}

/// `-----Original Message-----`, `Begin forwarded message:`, `________________` before labels.
fn separator(lines: &[Line], at: usize) -> Option<Intro> {
    let folded = lines[at].folded.as_str();
    if folded.len() > 160 {
        return None;
    }
    let is_rule = folded.len() >= 8 && folded.chars().all(|c| matches!(c, '_' | '-' | '=' | '*' | '~' | ' '));
    if is_rule {
        let next = next_full(lines, at + 1)?;
        let block = header_block_of(lines, next, 2)?;
        return Some(Intro { start: at, ..block });
    }
    let core = folded.trim_matches([
        '-', '_', '=', '*', '>', '<', '~', '#', '|', ' ', '+', '.', '[', ']', '\u{2500}', '\u{2501}',
    ]);
    let dashes = folded.len() - core.len();
    let Some(found) = SEPARATORS.find_all(core).min_by_key(|f| f.index) else {
        // In a language that is not listed: dashes on both sides, and labels below.
        let is_framed =
            folded.starts_with("--") && folded.ends_with("--") && dashes >= 6 && core.split(' ').count() <= 6;
        let next = next_full(lines, at + 1).filter(|_| is_framed)?;
        return header_block_of(lines, next, 2).map(|block| Intro { start: at, ..block });
    };
    let is_whole = found.length + 12 >= core.len() || core.ends_with(':') && found.length + 40 >= core.len();
    let is_marked = dashes >= 4;
    if found.meaning == Announced::AnswerLine {
        return (folded.len() < 140).then_some(Intro {
            start: at,
            end: at + 1,
            announced: found.meaning,
            is_sure: true,
        });
    }
    let begins = found.start <= 12;
    if is_marked && begins || is_whole && (core.ends_with(':') || is_marked) {
        let block = next_full(lines, at + 1).and_then(|next| header_block_of(lines, next, 2));
        let end = block.map_or(at + 1, |b| b.end);
        return Some(Intro { start: at, end, announced: found.meaning, is_sure: true });
    }
    None
}

/// The first line at or after `at` that is not blank, if it is near.
fn next_full(lines: &[Line], at: usize) -> Option<usize> {
    (at..lines.len().min(at + 5)).find(|i| !lines[*i].is_blank())
}

fn header_block(lines: &[Line], at: usize) -> Option<Intro> {
    header_block_of(lines, at, 3)
}

/// A block of at least `least` different labels.
fn header_block_of(lines: &[Line], at: usize, least: usize) -> Option<Intro> {
    let depth = lines.get(at)?.depth;
    let (first, first_has_value) = label_of(&lines[at].folded)?;
    if !matches!(first, Label::From | Label::Date | Label::Subject | Label::To) {
        return None;
    }
    let mut seen = vec![first];
    let (mut end, mut other_lines, mut blanks) = (at + 1, usize::from(!first_has_value), 0);
    let mut index = at + 1;
    while index < lines.len().min(at + 25) && lines[index].depth == depth {
        let line = &lines[index];
        if line.is_blank() {
            blanks += 1;
            if blanks > 1 || seen.len() >= 4 {
                break;
            }
        } else if let Some((label, has_value)) =
            label_of(&line.folded).filter(|(l, _)| *l == Label::Other || !seen.contains(l))
        {
            seen.push(label);
            end = index + 1;
            blanks = 0;
            other_lines = usize::from(!has_value);
        } else if blanks > 0 || other_lines >= 3 {
            break;
        } else {
            // A value that runs over the end of its line: long recipient lists do.
            other_lines += 1;
            let is_list = line.folded.contains('@')
                || line.folded.contains(';')
                || lines[index - 1].text.trim_end().ends_with([',', ';', ':'])
                || lines[index - 1].folded.len() > 65;
            if !is_list {
                break;
            }
            end = index + 1;
        }
        index += 1;
    }
    let main = seen.iter().filter(|l| **l != Label::Other).count();
    let has = |label| seen.contains(&label);
    let is_sender_and_date = at + 2 == end
        && has(Label::From)
        && has(Label::Date)
        && lines[at..end].iter().any(|l| l.folded.contains('@'))
        && lines[at..end].iter().any(|l| has_date(&l.folded));
    let is_block = is_sender_and_date
        || main >= least
            && (has(Label::From) || has(Label::Date) && has(Label::Subject) && has(Label::To))
            && (has(Label::Date) || has(Label::Subject));
    is_block.then_some(Intro { start: at, end, announced: Announced::Reply, is_sure: true })
}

/// `On <date>, <name> wrote:` in one to four lines that end at `at`.
fn wrote(lines: &[Line], at: usize) -> Option<Intro> {
    let last = lines[at].folded.trim_end_matches(['*', '_', ' ', '\u{200e}']);
    let ends_in_colon = last.ends_with(':');
    let ends_bare = !ends_in_colon
        && (last.ends_with("wrote")
            || last.ends_with("schrieb")
            || last.ends_with("a ecrit")
            || last.ends_with("写道")
            || last.ends_with("escribio"));
    if let Some(found) = dated_sender(lines, at, last) {
        return Some(found);
    }
    let is_dashed = last.starts_with("--") && last.ends_with("--") && WROTE.is_in(last);
    let is_above_quote = || next_full(lines, at + 1).is_some_and(|next| lines[next].depth > lines[at].depth);
    if is_dashed && (last.contains(':') || is_above_quote()) {
        return Some(Intro { start: at, end: at + 1, announced: Announced::Reply, is_sure: true });
    }
    if !ends_in_colon && !ends_bare || last.len() > 400 {
        return None;
    }
    let depth = lines[at].depth;
    let mut joined = String::new();
    let mut weak = None;
    for back in 0..4 {
        let Some(start) = at.checked_sub(back) else { break };
        let line = &lines[start];
        if line.is_blank()
            || line.depth != depth
            || line.role.is_some()
            || joined.len() + line.folded.len() > 400
        {
            break;
        }
        joined = if joined.is_empty() { line.folded.clone() } else { format!("{} {joined}", line.folded) };
        let verb = WROTE.is_in(&joined);
        let address = joined.contains('@') || joined.contains("<mailto") || joined.contains("[mailto");
        let date = has_date(&joined);
        let is_strong = date
            && (verb && ends_like_intro(&joined)
                || address && ends_in_colon && has_date(&joined) && is_dense(&joined));
        if is_strong {
            let start = extend(lines, start);
            return Some(Intro {
                start,
                end: at + 1,
                announced: Announced::Reply,
                is_sure: ends_in_colon || address,
            });
        }
        if verb && weak.is_none() && ends_like_intro(&joined) && joined.len() < 200 {
            weak = Some(Intro { start, end: at + 1, announced: Announced::Reply, is_sure: false });
        }
    }
    weak
}

/// `2011/4/7 Ann <ann@x.example>` without verb and colon; quoted lines have to follow.
fn dated_sender(lines: &[Line], at: usize, last: &str) -> Option<Intro> {
    let is_bare = last.ends_with('>')
        && last.contains('@')
        && last.starts_with(|c: char| c.is_ascii_digit())
        && last.split(' ').count() <= 10
        && has_date(last);
    let next = next_full(lines, at + 1).filter(|_| is_bare)?;
    (lines[next].depth > lines[at].depth).then_some(Intro {
        start: at,
        end: at + 1,
        announced: Announced::Reply,
        is_sure: false,
    })
}

/// A verb or an address close to the end, or the whole short enough to be nothing else.
fn ends_like_intro(joined: &str) -> bool {
    if joined.len() <= 160 {
        return true;
    }
    let tail_at = joined.char_indices().rev().nth(120).map_or(0, |(at, _)| at);
    let tail = &joined[tail_at..];
    WROTE.is_in(tail) || tail.contains('@')
}

/// Without a verb there must be little beside date and address.
fn is_dense(joined: &str) -> bool {
    let words = joined.split_whitespace().count();
    words <= 22
        && !joined.contains('?')
        && !joined.contains("http")
        && (joined.contains('<') || joined.contains('(') || joined.contains('"'))
}

/// Takes the line above in when the intro was wrapped before its date.
fn extend(lines: &[Line], start: usize) -> usize {
    let Some(above) = start.checked_sub(1) else { return start };
    let line = &lines[above];
    let own = &lines[start].folded;
    let is_open = !line.is_blank()
        && line.role.is_none()
        && line.depth == lines[start].depth
        && line.folded.len() < 120;
    let ends_open = !line.folded.ends_with(['.', '!', '?', ':']);
    let is_start = begins_like_intro(&line.folded) && (has_date(&line.folded) || line.folded.len() < 60);
    let own_is_start = ["on ", "am ", "le ", "el ", "il ", "em ", "den ", "op ", "w dniu", "dnia ", "dne "]
        .iter()
        .any(|s| own.starts_with(s));
    if is_open && ends_open && is_start && !own_is_start { above } else { start }
}

/// A date or a time of day somewhere in folded text.
pub(crate) fn has_date(folded: &str) -> bool {
    let bytes = folded.as_bytes();
    let mut run = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if byte.is_ascii_digit() {
            run += 1;
            continue;
        }
        let digits = &bytes[at - run..at];
        let next_is_digit = bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
        let is_year = run == 4 && (digits.starts_with(b"20") || digits.starts_with(b"19"));
        let is_split = (1..=2).contains(&run) && next_is_digit && matches!(byte, b':' | b'.' | b'/' | b'-');
        if is_year || is_split {
            return true;
        }
        run = 0;
    }
    run == 4 && (folded.ends_with("20") || folded[folded.len() - 4..].starts_with("20"))
}
