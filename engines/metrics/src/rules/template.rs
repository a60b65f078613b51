//! The part of Go's templates that labels and annotations of alerts use: `{{ $value }}`, `{{ $labels.x }}`, and the
//! functions `humanize`, `humanize1024`, `humanizeDuration`, `humanizePercentage`, `humanizeTimestamp`, `printf`,
//! `toUpper`, `toLower`, `title`. What is not understood is left as it stands.

use crate::api::float;
use crate::labels::Labels;

/// Fills in a template.
pub fn expand(template: &str, labels: &Labels, value: f64) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(start) = rest.find("{{") {
        out.push_str(&rest[..start]);
        let Some(len) = rest[start..].find("}}") else { break };
        let action = &rest[start + 2..start + len];
        match evaluate(action.trim().trim_matches('-').trim(), labels, value) {
            Some(text) => out.push_str(&text),
            None => out.push_str(&rest[start..start + len + 2]),
        }
        rest = &rest[start + len + 2..];
    }
    out.push_str(rest);
    out
}

fn evaluate(action: &str, labels: &Labels, value: f64) -> Option<String> {
    let mut piped: Option<String> = None;
    for stage in action.split('|') {
        let words = words(stage)?;
        let mut values = words.iter().map(|word| operand(word, labels, value)).collect::<Vec<_>>();
        values.extend(piped.take().map(Some));
        piped = Some(match values.first() {
            Some(Some(only)) if values.len() == 1 => only.clone(),
            _ => call(words.first()?, &values[1..].iter().cloned().collect::<Option<Vec<_>>>()?)?,
        });
    }
    piped
}

fn words(stage: &str) -> Option<Vec<String>> {
    let mut out = Vec::new();
    let mut rest = stage.trim();
    while !rest.is_empty() {
        let end = match rest.strip_prefix('"') {
            Some(quoted) => quoted.find('"')? + 2,
            None => rest.find(char::is_whitespace).unwrap_or(rest.len()),
        };
        out.push(rest[..end].to_owned());
        rest = rest[end..].trim_start();
    }
    Some(out)
}

fn operand(word: &str, labels: &Labels, value: f64) -> Option<String> {
    if matches!(word, "$value" | ".Value") {
        return Some(float(value));
    }
    if let Some(name) = word.strip_prefix("$labels.").or_else(|| word.strip_prefix(".Labels.")) {
        return Some(labels.get(name).to_owned());
    }
    if let Some(text) = word.strip_prefix('"').and_then(|w| w.strip_suffix('"')) {
        return Some(text.to_owned());
    }
    word.parse::<f64>().ok().map(|_| word.to_owned())
}

fn call(function: &str, arguments: &[String]) -> Option<String> {
    let text = arguments.last()?;
    let number = || match text.as_str() {
        "+Inf" => Some(f64::INFINITY),
        "-Inf" => Some(f64::NEG_INFINITY),
        text => text.parse::<f64>().ok(),
    };
    Some(match function {
        "humanize" => humanize(number()?, 1000.0, &["", "k", "M", "G", "T", "P", "E", "Z", "Y"]),
        "humanize1024" => humanize(number()?, 1024.0, &["", "ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"]),
        "humanizePercentage" => format!("{}%", significant(number()? * 100.0)),
        "humanizeDuration" => duration(number()?),
        "humanizeTimestamp" => format!("{} s", significant(number()?)),
        "toUpper" => text.to_uppercase(),
        "toLower" => text.to_lowercase(),
        "title" => text
            .split(' ')
            .map(|w| w[..1.min(w.len())].to_uppercase() + w.get(1..).unwrap_or(""))
            .collect::<Vec<_>>()
            .join(" "),
        "printf" if arguments.len() == 2 => printf(&arguments[0], text),
        _ => return None,
    })
}

/// Four significant digits, as Go's `%.4g`.
fn significant(v: f64) -> String {
    if !v.is_finite() || v == 0.0 {
        return float(v);
    }
    let exponent = format!("{v:.3e}").split('e').nth(1).and_then(|e| e.parse::<i32>().ok()).unwrap_or(0);
    if !(-4..4).contains(&exponent) {
        let text = format!("{v:.3e}");
        let (digits, _) = text.split_once('e').unwrap_or((&text, ""));
        let digits =
            if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits };
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.abs());
    }
    let text = format!("{v:.*}", usize::try_from(3 - exponent).unwrap_or(0));
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn humanize(v: f64, base: f64, prefixes: &[&str]) -> String {
    let mut v = v;
    if v == 0.0 || !v.is_finite() {
        return significant(v);
    }
    if v.abs() < 1.0 && base == 1000.0 {
        let mut prefix = "";
        for next in ["m", "u", "n", "p", "f", "a", "z", "y"] {
            if v.abs() >= 1.0 {
                break;
            }
            prefix = next;
            v *= base;
        }
        return format!("{}{prefix}", significant(v));
    }
    let mut at = 0;
    while v.abs() >= base && at + 1 < prefixes.len() {
        v /= base;
        at += 1;
    }
    format!("{}{}", significant(v), prefixes[at])
}

fn duration(v: f64) -> String {
    if !v.is_finite() {
        return significant(v);
    }
    if v == 0.0 {
        return "0s".to_owned();
    }
    if v.abs() < 1.0 {
        return humanize(v, 1000.0, &[""]) + "s";
    }
    let sign = if v < 0.0 { "-" } else { "" };
    let whole = v.abs() as i64;
    let (seconds, minutes, hours, days) = (whole % 60, whole / 60 % 60, whole / 3600 % 24, whole / 86_400);
    if days > 0 {
        format!("{sign}{days}d {hours}h {minutes}m {seconds}s")
    } else if hours > 0 {
        format!("{sign}{hours}h {minutes}m {seconds}s")
    } else if minutes > 0 {
        format!("{sign}{minutes}m {seconds}s")
    } else {
        format!("{sign}{}s", significant(v.abs()))
    }
}

fn printf(format: &str, value: &str) -> String {
    let Some(at) = format.find('%') else { return format.to_owned() };
    let spec = &format[at + 1..];
    let len = spec.find(|c: char| c.is_ascii_alphabetic() || c == '%').unwrap_or(spec.len());
    let precision = spec[..len].split_once('.').and_then(|(_, p)| p.parse::<usize>().ok());
    let verb = spec[len..].chars().next().unwrap_or('v');
    let number = value.parse::<f64>().ok();
    let text = match (verb, number) {
        ('f', Some(v)) => format!("{v:.*}", precision.unwrap_or(6)),
        ('d', Some(v)) => format!("{}", v as i64),
        ('g', Some(v)) => precision.map_or_else(|| float(v), |_| significant(v)),
        _ => value.to_owned(),
    };
    let rest = spec.get(len + 1..).unwrap_or("").replace("%%", "%");
    format!("{}{text}{rest}", &format[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_fill_in_values_and_labels() {
        let labels = Labels::from_pairs([("instance", "web-7")]);
        for (template, value, expected) in [
            ("{{ $labels.instance }} is at {{ $value }}", 0.5, "web-7 is at 0.5"),
            ("{{ $value | humanize }}B", 1_234_567.0, "1.235MB"),
            ("{{ humanizePercentage $value }}", 0.1234, "12.34%"),
            ("{{ $value | humanizeDuration }}", 93_784.0, "1d 2h 3m 4s"),
            ("{{ printf \"%.2f%%\" $value }}", 5.14159, "5.14%"),
            ("{{ $labels.none }}{{ unknown 1 }}", 1.0, "{{ unknown 1 }}"),
            ("{{ $value | humanize1024 }}", 2048.0, "2ki"),
        ] {
            assert_eq!(expand(template, &labels, value), expected);
        }
    }
}
