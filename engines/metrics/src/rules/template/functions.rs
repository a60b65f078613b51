//! The functions of templates: Go's and those Prometheus adds.

use std::cmp::Ordering;

use regex::Regex;

use super::Context;
use super::format;
use super::run::{Value, as_map};
use crate::matcher::anchored_regex;

type Result<T> = std::result::Result<T, String>;

pub fn call(name: &str, arguments: &[Value], context: &Context<'_>) -> Result<Value> {
    let text = |at: usize| match arguments.get(at) {
        Some(Value::Text(text)) => Ok(text.clone()),
        Some(other) => Ok(other.text()),
        None => Err(format!("wrong number of args for {name}")),
    };
    let number = |at: usize| match arguments.get(at) {
        Some(value) => as_number(value),
        None => Err(format!("wrong number of args for {name}")),
    };
    let last = arguments.len().saturating_sub(1);
    Ok(match name {
        "query" => {
            let found = (context.query)(&text(0)?)?;
            Value::Samples(found.into_iter().map(|(labels, v)| (as_map(&labels), v)).collect())
        }
        "first" => match arguments.first() {
            Some(Value::Samples(samples)) => match samples.first() {
                Some((labels, v)) => Value::Sample(labels.clone(), *v),
                None => return Err("first() called on vector with no elements".into()),
            },
            _ => return Err("first needs the result of a query".into()),
        },
        "value" => match arguments.first() {
            Some(Value::Sample(_, v)) => Value::Number(*v),
            _ => return Err("value needs a sample".into()),
        },
        "label" | "strvalue" => match arguments.last() {
            Some(Value::Sample(labels, _)) => {
                let label = if name == "label" { text(0)? } else { "__value__".to_owned() };
                Value::Text(labels.get(&label).cloned().unwrap_or_default())
            }
            _ => return Err(format!("{name} needs a sample")),
        },
        "sortByLabel" => match arguments.last() {
            Some(Value::Samples(samples)) => {
                let (label, mut samples) = (text(0)?, samples.clone());
                samples.sort_by(|a, b| a.0.get(&label).cmp(&b.0.get(&label)));
                Value::Samples(samples)
            }
            _ => return Err("sortByLabel needs the result of a query".into()),
        },
        "humanize" => Value::Text(format::humanize(number(0)?)),
        "humanize1024" => Value::Text(format::humanize_1024(number(0)?)),
        "humanizePercentage" => Value::Text(format!("{}%", format::significant(number(0)? * 100.0))),
        "humanizeDuration" => Value::Text(format::duration(number(0)?)),
        "humanizeTimestamp" => Value::Text(format::timestamp(number(0)?)),
        "toUpper" => Value::Text(text(last)?.to_uppercase()),
        "toLower" => Value::Text(text(last)?.to_lowercase()),
        "title" => Value::Text(title(&text(last)?)),
        "safeHtml" | "urlquery" | "html" | "js" => Value::Text(text(last)?),
        "match" => Value::Bool(unanchored(&text(0)?)?.is_match(&text(1)?)),
        "reReplaceAll" => {
            let replaced = unanchored(&text(0)?)?.replace_all(&text(2)?, text(1)?.as_str()).into_owned();
            Value::Text(replaced)
        }
        "stripPort" => Value::Text(strip_port(&text(0)?)),
        "stripDomain" => Value::Text(strip_domain(&text(0)?)),
        "parseDuration" => Value::Number(crate::promql::lex::duration_ms(&text(0)?)? as f64 / 1000.0),
        "externalURL" | "pathPrefix" => Value::Text(String::new()),
        "graphLink" => Value::Text(format!("/graph?g0.expr={}&g0.tab=0", escaped(&text(0)?))),
        "tableLink" => Value::Text(format!("/graph?g0.expr={}&g0.tab=1", escaped(&text(0)?))),
        _ => return general(name, arguments),
    })
}

/// Functions that Go's templates have themselves.
fn general(name: &str, arguments: &[Value]) -> Result<Value> {
    let first = || arguments.first().ok_or_else(|| format!("wrong number of args for {name}"));
    Ok(match name {
        "and" | "or" => {
            let decisive = arguments.iter().find(|value| value.is_true() == (name == "or"));
            decisive.or(arguments.last()).cloned().ok_or("and and or need arguments")?
        }
        "not" => Value::Bool(!first()?.is_true()),
        "eq" => {
            let first = first()?;
            let is_one = |other: &Value| Ok::<_, String>(compare(first, other)? == Some(Ordering::Equal));
            let mut found = false;
            for other in &arguments[1..] {
                found |= is_one(other)?;
            }
            Value::Bool(found)
        }
        "ne" | "lt" | "le" | "gt" | "ge" => {
            let [a, b] = arguments else { return Err(format!("{name} compares two values")) };
            let order = compare(a, b)?;
            Value::Bool(match name {
                "ne" => order != Some(Ordering::Equal),
                "lt" => order == Some(Ordering::Less),
                "le" => matches!(order, Some(Ordering::Less | Ordering::Equal)),
                "gt" => order == Some(Ordering::Greater),
                _ => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
            })
        }
        "len" => Value::Whole(match first()? {
            Value::Text(text) => text.len() as i64,
            Value::Labels(labels) => labels.len() as i64,
            Value::Samples(samples) => samples.len() as i64,
            other => return Err(format!("len of {}", other.text())),
        }),
        "index" => match arguments {
            [Value::Labels(labels), key] => Value::Text(labels.get(&key.text()).cloned().unwrap_or_default()),
            [Value::Samples(samples), Value::Whole(at)] => {
                let sample = usize::try_from(*at).ok().and_then(|at| samples.get(at));
                let (labels, v) = sample.ok_or_else(|| format!("index out of range: {at}"))?;
                Value::Sample(labels.clone(), *v)
            }
            _ => return Err("index needs labels and a name, or samples and a number".into()),
        },
        "print" => Value::Text(arguments.iter().map(Value::text).collect()),
        "println" => Value::Text(arguments.iter().map(Value::text).collect::<Vec<_>>().join(" ") + "\n"),
        "printf" => Value::Text(format::printf(&first()?.text(), &arguments[1..])),
        _ => return Err(format!("function {name:?} not defined")),
    })
}

fn as_number(value: &Value) -> Result<f64> {
    match value {
        Value::Number(v) => Ok(*v),
        Value::Whole(v) => Ok(*v as f64),
        Value::Text(text) => match text.as_str() {
            "+Inf" | "Inf" => Ok(f64::INFINITY),
            "-Inf" => Ok(f64::NEG_INFINITY),
            text => text.parse().map_err(|_| format!("can't convert {text:?} to a number")),
        },
        other => Err(format!("can't convert {} to a number", other.text())),
    }
}

fn compare(a: &Value, b: &Value) -> Result<Option<Ordering>> {
    Ok(match (a, b) {
        (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Number(_) | Value::Whole(_), Value::Number(_) | Value::Whole(_)) => {
            as_number(a)?.partial_cmp(&as_number(b)?)
        }
        _ => return Err("incompatible types for comparison".into()),
    })
}

fn unanchored(source: &str) -> Result<Regex> {
    anchored_regex(source)?; // refuses what is too large
    Regex::new(source).map_err(|fault| fault.to_string())
}

fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut is_start = true;
    for c in text.chars() {
        if is_start {
            out.extend(c.to_uppercase());
        } else {
            out.push(c);
        }
        is_start = !c.is_alphanumeric() && c != '_' && c != '\'';
    }
    out
}

fn strip_port(host: &str) -> String {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.ends_with(':') => {
            name.trim_start_matches('[').trim_end_matches(']').to_owned()
        }
        _ => host.to_owned(),
    }
}

fn strip_domain(host: &str) -> String {
    let bare = strip_port(host);
    if bare.parse::<std::net::IpAddr>().is_ok() {
        return host.to_owned();
    }
    let name = bare.split('.').next().unwrap_or("").to_owned();
    if bare.len() < host.len() { format!("{name}{}", &host[bare.len()..]) } else { name }
}

fn escaped(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b' ' => "+".to_owned(),
            b if b.is_ascii_alphanumeric() || b"-_.~".contains(&b) => char::from(b).to_string(),
            b => format!("%{b:02X}"),
        })
        .collect()
}
