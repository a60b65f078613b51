//! Mails with what is expected of them, in one file each: `%%%% name`, lines `%% key: value`, the raw mail.

/// One mail and what is expected of it.
pub struct Case {
    pub name: String,
    expected: Vec<(String, String)>,
    pub raw: String,
}

impl Case {
    /// Every value given for a key.
    pub fn values<'c>(&'c self, key: &'c str) -> impl Iterator<Item = &'c str> + 'c {
        self.expected.iter().filter(move |(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    pub fn has(&self, key: &str) -> bool {
        self.expected.iter().any(|(k, _)| k == key)
    }
}

/// Reads the cases of a file.
pub fn cases(file: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in file.lines() {
        if let Some(name) = line.strip_prefix("%%%% ") {
            cases.push(Case { name: name.to_owned(), expected: Vec::new(), raw: String::new() });
        } else if let Some(case) = cases.last_mut() {
            if let Some(expected) = line.strip_prefix("%% ") {
                let (key, value) = expected.split_once(": ").unwrap_or((expected, ""));
                case.expected.push((key.to_owned(), value.to_owned()));
            } else {
                case.raw.push_str(line);
                case.raw.push('\n');
            }
        }
    }
    assert!(!cases.is_empty(), "the file has no cases");
    cases
}
