//! Numbers as templates write them: Go's `%v` and `printf`, and the forms made for people.

use super::run::Value;
use crate::api::{float, rfc3339, with_exponent};

/// As Go's `%v`: with an exponent from a million on and below a ten-thousandth.
pub fn general(v: f64) -> String {
    let exponent = format!("{v:e}").split('e').nth(1).and_then(|e| e.parse::<i32>().ok()).unwrap_or(0);
    if !v.is_finite() || (-4..6).contains(&exponent) { float(v) } else { with_exponent(v) }
}

/// Four significant digits, as Go's `%.4g`.
pub fn significant(v: f64) -> String {
    shortened(v, 4)
}

/// As Go's `%.Ng`.
fn shortened(v: f64, digits: usize) -> String {
    if !v.is_finite() || v == 0.0 {
        return float(v);
    }
    let digits = digits.max(1);
    let text = format!("{v:.*e}", digits - 1);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |text: &str| {
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text.to_owned()
        }
    };
    if exponent < -4 || exponent >= digits as i32 {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", trim(mantissa), exponent.abs());
    }
    trim(&format!("{v:.*}", usize::try_from(digits as i32 - 1 - exponent).unwrap_or(0)))
}

/// With a prefix for thousands or thousandths.
pub fn humanize(v: f64) -> String {
    if v == 0.0 || !v.is_finite() {
        return significant(v);
    }
    if v.abs() < 1.0 {
        return small(v);
    }
    scaled(v, 1000.0, &["k", "M", "G", "T", "P", "E", "Z", "Y"])
}

/// With a prefix for powers of 1024.
pub fn humanize_1024(v: f64) -> String {
    if v.abs() <= 1.0 || !v.is_finite() {
        return significant(v);
    }
    scaled(v, 1024.0, &["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"])
}

fn scaled(mut v: f64, base: f64, prefixes: &[&str]) -> String {
    let mut prefix = "";
    for next in prefixes {
        if v.abs() < base {
            break;
        }
        prefix = next;
        v /= base;
    }
    format!("{}{prefix}", significant(v))
}

fn small(mut v: f64) -> String {
    let mut prefix = "";
    for next in ["m", "u", "n", "p", "f", "a", "z", "y"] {
        if v.abs() >= 1.0 {
            break;
        }
        prefix = next;
        v *= 1000.0;
    }
    format!("{}{prefix}", significant(v))
}

/// A length of time in seconds.
pub fn duration(v: f64) -> String {
    if !v.is_finite() {
        return significant(v);
    }
    if v == 0.0 {
        return "0s".to_owned();
    }
    if v.abs() < 1.0 {
        return small(v) + "s";
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

/// A time from seconds since 1970.
pub fn timestamp(v: f64) -> String {
    if !v.is_finite() || v.abs() > 9.2e15 {
        return significant(v);
    }
    rfc3339((v * 1000.0) as i64).replace('T', " ").replace('Z', " +0000 UTC")
}

/// Go's `printf`, with flags, width and precision.
pub fn printf(format: &str, arguments: &[Value]) -> String {
    let mut out = String::new();
    let mut arguments = arguments.iter();
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let spec = &rest[at + 1..];
        let len = spec.find(|c: char| c.is_ascii_alphabetic() || c == '%').unwrap_or(spec.len());
        let Some(verb) = spec[len..].chars().next() else {
            out.push_str("%!(NOVERB)");
            return out;
        };
        rest = &spec[len + 1..];
        if verb == '%' {
            out.push('%');
            continue;
        }
        match arguments.next() {
            Some(value) => out.push_str(&formatted(value, &spec[..len], verb)),
            None => out.extend(["%!", &verb.to_string(), "(MISSING)"]),
        }
    }
    out.push_str(rest);
    out
}

fn formatted(value: &Value, spec: &str, verb: char) -> String {
    let flags_len = spec.find(|c: char| !"-+# 0".contains(c)).unwrap_or(spec.len());
    let (flags, size) = spec.split_at(flags_len);
    let (width, precision) = size.split_once('.').map_or((size, None), |(w, p)| (w, Some(p)));
    let width: usize = width.parse::<usize>().unwrap_or(0).min(1000);
    let precision = precision.map(|p| p.parse::<usize>().unwrap_or(0).min(100));
    let number = match value {
        Value::Number(v) => Some(*v),
        Value::Whole(v) => Some(*v as f64),
        _ => None,
    };
    let mut text = match (verb, number) {
        ('f' | 'F', Some(v)) if v.is_finite() => format!("{v:.*}", precision.unwrap_or(6)),
        ('e', Some(v)) if v.is_finite() => {
            let text = format!("{v:.*e}", precision.unwrap_or(6));
            let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let exponent: i32 = exponent.parse().unwrap_or(0);
            format!("{mantissa}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
        }
        ('g' | 'v', Some(v)) => match precision {
            Some(precision) => shortened(v, precision),
            None if matches!(value, Value::Number(_)) => general(v),
            None => value.text(),
        },
        ('d', Some(v)) => format!("{}", v as i64),
        ('x', Some(v)) => format!("{:x}", v as i64),
        ('q', None) => crate::labels::quoted(&value.text()),
        ('s', None) => match precision {
            Some(precision) => value.text().chars().take(precision).collect(),
            None => value.text(),
        },
        _ => value.text(),
    };
    if flags.contains('+') && number.is_some_and(|v| v >= 0.0) {
        text.insert(0, '+');
    }
    let missing = width.saturating_sub(text.chars().count());
    if flags.contains('-') {
        text.push_str(&" ".repeat(missing));
    } else if flags.contains('0') && number.is_some() {
        let at = usize::from(text.starts_with(['-', '+']));
        text.insert_str(at, &"0".repeat(missing));
    } else {
        text.insert_str(0, &" ".repeat(missing));
    }
    text
}
