//! Which lines the person wrote: one judgement for plain text and HTML alike.

use super::labels::Announced;
use super::line::{Line, Role};
use super::{Cut, CutKind, Stripped, footer, intro, signature};

/// Sorts the lines into what was written and what was not. `author` is the folded name of the sender, or empty.
pub(crate) fn judge(mut lines: Vec<Line>, author: &str) -> Stripped {
    mark_quotes(&mut lines);
    keep_own_quotes(&mut lines);
    for line in lines.iter_mut().filter(|l| l.depth > 0 && l.role.is_none()) {
        line.role = Some(Role::Quote);
    }
    let mut has_before = false;
    for (start, end) in segments(&lines) {
        let is_top = !has_before;
        footer::mark(&mut lines[start..end], is_top);
        signature::mark(&mut lines[start..end], has_before, author);
        has_before |= lines[start..end].iter().any(Line::is_own);
    }
    finish(&lines)
}

/// Intros, and what they make of the lines below them.
fn mark_quotes(lines: &mut [Line]) {
    let mut at = 0;
    while at < lines.len() {
        if lines[at].is_rest_quoted {
            return quote_rest(lines, at, Role::Quote);
        }
        if lines[at].role.is_some() || lines[at].depth > 0 || lines[at].is_blank() {
            at += 1;
            continue;
        }
        let Some(found) = intro::find(lines, at) else {
            at += 1;
            continue;
        };
        let next = (found.end..lines.len()).find(|i| !lines[*i].is_blank());
        let is_quoted_below =
            next.is_some_and(|n| lines[n].depth > lines[at].depth || lines[n].role == Some(Role::Quote));
        let role = if found.announced == Announced::Forward { Role::Forwarded } else { Role::Quote };
        if is_quoted_below {
            for line in &mut lines[found.start..found.end] {
                line.role = Some(Role::Intro);
            }
            at = found.end;
        } else if found.is_sure {
            return quote_rest(lines, found.start, role);
        } else {
            at += 1;
        }
    }
}

/// Without any sign of an earlier mail, a bare block quote is something the person quotes: a log, a text.
fn keep_own_quotes(lines: &mut [Line]) {
    if lines.iter().any(|l| l.role.is_some() || l.depth > 0 && !l.is_bare_quote && !l.is_blank()) {
        return;
    }
    // Some clients put `On … wrote:` inside of the block.
    let quoted = (0..lines.len()).filter(|at| lines[*at].depth > 0 && !lines[*at].is_blank());
    if quoted.take(3).any(|at| intro::find(lines, at).is_some_and(|found| found.is_sure)) {
        return;
    }
    for line in lines.iter_mut().filter(|l| l.depth > 0) {
        *line = Line::new(if line.is_blank() { String::new() } else { line.shown() }, 0);
    }
}

fn quote_rest(lines: &mut [Line], from: usize, role: Role) {
    for line in lines[from..].iter_mut().filter(|l| l.role.is_none() || l.role == Some(Role::Signature)) {
        line.role = Some(role);
    }
}

/// Runs of lines that are not quoted, blank ones included.
fn segments(lines: &[Line]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut start = None;
    for (at, line) in lines.iter().enumerate() {
        let is_foreign = matches!(line.role, Some(Role::Quote | Role::Intro | Role::Forwarded));
        match (is_foreign, start) {
            (false, None) => start = Some(at),
            (true, Some(from)) => {
                found.push((from, at));
                start = None;
            }
            _ => {}
        }
    }
    if let Some(from) = start {
        found.push((from, lines.len()));
    }
    found
}

fn finish(lines: &[Line]) -> Stripped {
    let kept = with_context(lines);
    let mut shown = Vec::new();
    for (place, &at) in kept.iter().enumerate() {
        let is_change = place > 0 && (lines[at].depth > 0) != (lines[kept[place - 1]].depth > 0);
        if is_change {
            shown.push(String::new());
        }
        shown.push(lines[at].shown());
    }
    let text = tidy(shown.into_iter());
    let mut stripped = Stripped { text, cut: cuts(lines), ..Stripped::default() };
    if !says_something(&stripped.text) {
        fall_back(&mut stripped, lines);
    }
    stripped
}

/// The lines to show: the person's, blank lines between them, and the quoted paragraph above each interleaved answer.
fn with_context(lines: &[Line]) -> Vec<usize> {
    let own: Vec<usize> = (0..lines.len()).filter(|i| lines[*i].is_own()).collect();
    let mut answers = Vec::new();
    for pair in own.windows(2) {
        let is_below =
            lines[pair[0] + 1..pair[1]].iter().any(|l| l.role == Some(Role::Quote) && !l.is_blank());
        // A farewell below the quote answers nothing.
        if is_below && !signature::is_farewell(&lines[pair[1]]) {
            answers.push(pair[1]);
        }
    }
    let mut kept = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if line.role.is_none() {
            kept.push(at);
        }
    }
    // An answer below the first quote has its context too, when others follow.
    if !answers.is_empty()
        && let Some(first) = own.first()
        && lines[..*first].iter().any(|l| l.role == Some(Role::Quote) && !l.is_blank())
    {
        answers.insert(0, *first);
    }
    for answer in answers {
        kept.extend(context(lines, answer));
    }
    kept.sort_unstable();
    kept.dedup();
    kept
}

/// The last quoted paragraph above an answer, at most eight lines.
fn context(lines: &[Line], answer: usize) -> Vec<usize> {
    const MOST: usize = 8;
    let mut found = Vec::new();
    for at in (0..answer).rev() {
        let line = &lines[at];
        let is_empty = line.is_blank();
        if is_empty && found.is_empty() {
            continue;
        }
        if is_empty || line.role != Some(Role::Quote) || found.len() >= MOST {
            break;
        }
        found.push(at);
    }
    found
}

/// Joins lines: blank ones at the ends dropped, several between as one, rules at the end dropped.
fn tidy(lines: impl Iterator<Item = String>) -> String {
    let mut out: Vec<String> = Vec::new();
    for line in lines {
        let is_blank = line.trim().is_empty();
        if is_blank && out.last().is_none_or(|last| last.trim().is_empty()) {
            continue;
        }
        out.push(if is_blank { String::new() } else { line.trim_end().to_owned() });
    }
    let is_rule = |line: &str| {
        !line.chars().any(char::is_alphanumeric)
            && line.is_ascii()
            && line.chars().all(|c| matches!(c, '-' | '_' | '=' | '*' | '~' | ' ' | '>' | '|'))
    };
    while out.last().is_some_and(|last| last.is_empty() || is_rule(last)) {
        out.pop();
    }
    out.join("\n")
}

fn says_something(text: &str) -> bool {
    text.lines().filter(|l| !l.starts_with('>')).any(|l| {
        l.chars().any(|c| {
            c.is_alphanumeric() || !c.is_ascii() && !c.is_whitespace() || matches!(c, '?' | '!' | '+')
        })
    })
}

/// Nothing was written: show the best of what there is, forwarded mail first.
fn fall_back(stripped: &mut Stripped, lines: &[Line]) {
    let of = |roles: &[Role]| {
        tidy(
            lines
                .iter()
                .filter(|l| l.is_blank() || l.role.is_some_and(|r| roles.contains(&r)))
                .map(Line::shown),
        )
    };
    let before_quote: Vec<&Line> = lines
        .iter()
        .take_while(|l| !matches!(l.role, Some(Role::Quote | Role::Intro | Role::Forwarded)))
        .collect();
    let signature = tidy(
        before_quote.iter().filter(|l| l.is_blank() || l.role == Some(Role::Signature)).map(|l| l.shown()),
    );
    let forwarded = of(&[Role::Forwarded]);
    let all = tidy(lines.iter().map(Line::shown));
    let has = |text: &String| text.chars().any(|c| !c.is_whitespace());
    let choice = [forwarded, signature, all].into_iter().find(has);
    stripped.is_fallback = choice.is_some();
    stripped.text = choice.unwrap_or_default();
}

/// The runs that were taken away, each with its kind.
fn cuts(lines: &[Line]) -> Vec<Cut> {
    let mut cut: Vec<(CutKind, Vec<String>)> = Vec::new();
    let mut open = false;
    for line in lines {
        let kind = match line.role {
            Some(Role::Quote | Role::Intro) => CutKind::Quote,
            Some(Role::Forwarded) => CutKind::Forwarded,
            Some(Role::Signature) => CutKind::Signature,
            Some(Role::Disclaimer) => CutKind::Disclaimer,
            Some(Role::Footer) => CutKind::Footer,
            None => {
                if line.is_blank() {
                    if let Some((_, lines)) = cut.last_mut().filter(|_| open) {
                        lines.push(String::new());
                    }
                } else {
                    open = false;
                }
                continue;
            }
        };
        match cut.last_mut() {
            Some((last, lines)) if open && *last == kind => lines.push(line.shown()),
            _ => cut.push((kind, vec![line.shown()])),
        }
        open = true;
    }
    cut.into_iter()
        .map(|(kind, lines)| Cut { kind, text: lines.join("\n").trim().to_owned() })
        .filter(|c| !c.text.is_empty())
        .collect()
}
