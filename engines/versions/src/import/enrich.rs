//! What enriches a finding without making one: known exploitation, likelihood of exploitation, ends of life.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Record, Sink};

/// An entry of CISA's catalogue of known exploited vulnerabilities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exploited {
    /// CVE id.
    #[serde(rename = "cveID")]
    pub cve: String,
    /// Day it was added, `YYYY-MM-DD`.
    #[serde(rename = "dateAdded")]
    pub added: String,
    /// Day by which US agencies have to act, `YYYY-MM-DD`; empty when not given.
    #[serde(rename = "dueDate", default)]
    pub due: String,
    /// `Known` or `Unknown`.
    #[serde(rename = "knownRansomwareCampaignUse", default)]
    pub ransomware: String,
}

/// A row of FIRST's exploit prediction scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Likelihood {
    /// CVE id.
    pub cve: String,
    /// Probability of exploitation in the next 30 days, 0 to 1.
    pub probability: f64,
    /// Share of all CVEs with the same or a lower score, 0 to 1.
    pub percentile: f64,
}

/// One release cycle of a product.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifecycle {
    /// As endoflife.date names it (`debian`).
    pub product: String,
    /// `12`, `3.11` …
    pub cycle: String,
    /// Day of the first release, or empty.
    pub released: String,
    /// End of regular (security) support.
    pub end: End,
    /// End of extended support (LTS), where the source tells.
    pub extended_end: End,
    /// Newest version of the cycle, or empty.
    pub latest: String,
}

/// When something ends, in the two ways the source writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// The source does not say.
    #[default]
    Unknown,
    /// Not ended, and no day is set.
    Open,
    /// Ended, the day is not told.
    Ended,
    /// Ends, or ended, on this day (`YYYY-MM-DD`).
    On(String),
}

/// Reads the KEV catalogue; a wrong `count` is damage, because entries are missing.
///
/// # Errors
/// When it is not the catalogue.
pub fn kev(json: &[u8], sink: &mut Sink<'_>) -> Result<(), String> {
    #[derive(Deserialize)]
    struct Catalogue {
        #[serde(default)]
        count: Option<usize>,
        vulnerabilities: Vec<Value>,
    }
    let catalogue: Catalogue = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    let found = catalogue.vulnerabilities.len();
    if let Some(count) = catalogue.count.filter(|count| *count != found) {
        sink.outcome.damage("count", format!("the catalogue says {count} entries and has {found}"));
    }
    for (at, entry) in catalogue.vulnerabilities.into_iter().enumerate() {
        let name = entry
            .get("cveID")
            .and_then(Value::as_str)
            .map_or_else(|| format!("entry {}", at + 1), str::to_owned);
        match serde_json::from_value(entry) {
            Ok(entry) => sink.take(Record::Exploited(entry)),
            Err(error) => sink.outcome.damage(name, error),
        }
    }
    Ok(())
}

/// Reads the KEV catalogue as CSV: a heading with the names of the columns, texts in quotes where they need them.
pub fn kev_csv(text: &str, sink: &mut Sink<'_>) {
    let mut rows = csv_rows(text);
    let heading = rows.next().unwrap_or_default();
    let column = |name: &str| heading.iter().position(|cell| cell == name);
    let (cve, added) = (column("cveID"), column("dateAdded"));
    let (due, ransomware) = (column("dueDate"), column("knownRansomwareCampaignUse"));
    for (at, row) in rows.enumerate() {
        let cell = |column: Option<usize>| column.and_then(|at| row.get(at)).cloned().unwrap_or_default();
        let entry =
            Exploited { cve: cell(cve), added: cell(added), due: cell(due), ransomware: cell(ransomware) };
        if row.len() == heading.len() && entry.cve.starts_with("CVE-") && is_day(&entry.added) {
            sink.take(Record::Exploited(entry));
        } else {
            sink.outcome.damage(format!("row {}", at + 2), "not a row of the catalogue");
        }
    }
}

/// Rows of cells; a cell in quotes may hold commas, line ends and doubled quotes.
fn csv_rows(text: &str) -> impl Iterator<Item = Vec<String>> {
    let mut letters = text.chars().peekable();
    std::iter::from_fn(move || {
        letters.peek()?;
        let (mut row, mut is_quoted) = (vec![String::new()], false);
        while let Some(letter) = letters.next() {
            let cell = row.last_mut()?;
            match letter {
                '"' if is_quoted && letters.peek() == Some(&'"') => cell.extend(letters.next()),
                '"' => is_quoted = !is_quoted,
                ',' if !is_quoted => row.push(String::new()),
                '\n' if !is_quoted => break,
                '\r' if !is_quoted => {}
                letter => cell.push(letter),
            }
        }
        Some(row)
    })
    .filter(|row| row.len() > 1 || row.iter().any(|cell| !cell.is_empty()))
}

/// Reads the daily EPSS file: a comment line, a heading, `cve,epss,percentile` per line.
pub fn epss(text: &str, sink: &mut Sink<'_>) {
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') || line.starts_with("cve,") {
            continue;
        }
        match read_likelihood(line) {
            Some(likelihood) => sink.take(Record::Likelihood(likelihood)),
            None => sink
                .outcome
                .damage(format!("line {}", at + 1), "not `cve,epss,percentile` with numbers from 0 to 1"),
        }
    }
}

fn read_likelihood(line: &str) -> Option<Likelihood> {
    let mut cells = line.split(',').map(str::trim);
    let (cve, probability, percentile) = (cells.next()?, cells.next()?, cells.next()?);
    let share = |text: &str| text.parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
    cve.starts_with("CVE-").then_some(())?;
    Some(Likelihood { cve: cve.to_owned(), probability: share(probability)?, percentile: share(percentile)? })
}

/// Reads endoflife.date's product file, or the release data of the same project (`releases` as an object).
pub fn lifecycles(product: &str, value: &Value, sink: &mut Sink<'_>) {
    let cycles: Vec<(String, &Value)> = match value.get("releases") {
        Some(Value::Array(list)) => {
            list.iter().enumerate().map(|(at, one)| (format!("{product} release {}", at + 1), one)).collect()
        }
        Some(Value::Object(table)) => table.iter().map(|(name, one)| (name.clone(), one)).collect(),
        _ => {
            sink.outcome.damage(product, "no releases");
            return;
        }
    };
    for (name, cycle) in cycles {
        match read_lifecycle(product, cycle) {
            Ok(lifecycle) => sink.take(Record::Lifecycle(lifecycle)),
            Err(fault) => sink.outcome.damage(format!("{product} {name}"), fault),
        }
    }
}

fn read_lifecycle(product: &str, value: &Value) -> Result<Lifecycle, String> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or("").to_owned();
    let cycle = [text("releaseCycle"), text("name")].into_iter().find(|cycle| !cycle.is_empty());
    Ok(Lifecycle {
        product: product.to_owned(),
        cycle: cycle.ok_or("a release without a name")?,
        released: text("releaseDate"),
        end: read_end(value.get("eol"))?,
        extended_end: read_end(value.get("eoes"))?,
        latest: text("latest"),
    })
}

fn read_end(value: Option<&Value>) -> Result<End, String> {
    Ok(match value {
        None | Some(Value::Null) => End::Unknown,
        Some(Value::Bool(true)) => End::Ended,
        Some(Value::Bool(false)) => End::Open,
        Some(Value::String(text)) => match text.as_str() {
            "true" => End::Ended,
            "false" => End::Open,
            day if is_day(day) => End::On(day.to_owned()),
            other => return Err(format!("{other:?} is neither a day nor yes or no")),
        },
        Some(_) => return Err("an end that is neither a day nor yes or no".to_owned()),
    })
}

fn is_day(text: &str) -> bool {
    text.len() == 10
        && text
            .bytes()
            .enumerate()
            .all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() })
}
