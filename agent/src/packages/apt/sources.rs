//! Where packages come from: `sources.list`, `*.list` (one line each) and `*.sources` (stanzas).

use super::config::Config;
use super::settings::in_parts;
use crate::Host;
use crate::packages::stanza::{Stanza, stanzas};

/// One suite of one archive with its components, in the order written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Ends in a slash.
    pub uri: String,
    /// Ends in a slash for a flat archive, which has no components.
    pub suite: String,
    pub components: Vec<String>,
    pub archs: Vec<String>,
}

/// Reads every source of binary packages. Faults are sentences about what could not be understood.
pub fn read(host: &Host, config: &Config, archs: &[String]) -> (Vec<Source>, Vec<String>) {
    let (mut found, mut faults) = (Vec::new(), Vec::new());
    let main = config.place("Dir::Etc::sourcelist");
    let folder = config.place("Dir::Etc::sourceparts");
    let parts = in_parts(host, &folder, &["list", "sources"]);
    let parts = parts.iter().map(|name| format!("{}/{name}", folder.trim_end_matches('/')));
    for path in std::iter::once(main).chain(parts) {
        let text = match host.text(&path) {
            Ok(text) => text,
            Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => continue,
            Err(fault) => {
                faults.push(crate::host::reason(&path, &fault));
                continue;
            }
        };
        if path.ends_with(".sources") {
            for stanza in stanzas(text.as_bytes()) {
                of_stanza(Stanza(&stanza), archs, &mut found);
            }
        } else {
            for line in text.lines() {
                of_line(line, archs, &mut found);
            }
        }
    }
    (found, faults)
}

/// `deb [arch=amd64,i386 signed-by=…] uri suite component…`
fn of_line(line: &str, archs: &[String], found: &mut Vec<Source>) {
    let line = line.split('#').next().unwrap_or_default().trim();
    let Some(rest) = line.strip_prefix("deb").filter(|rest| rest.starts_with([' ', '\t', '['])) else {
        return;
    };
    let (options, rest) = match rest.trim_start().strip_prefix('[') {
        Some(inside) => inside.split_once(']').unwrap_or((inside, "")),
        None => ("", rest),
    };
    let mut words = rest.split_ascii_whitespace();
    let (Some(uri), Some(suite)) = (words.next(), words.next()) else { return };
    let mut own = archs.to_vec();
    for option in options.split_ascii_whitespace() {
        let Some((key, value)) = option.split_once('=') else { continue };
        let listed = value.split(',').map(str::to_owned);
        match key {
            "arch" => own = listed.collect(),
            "arch+" => own.extend(listed),
            "arch-" => own.retain(|arch| !value.split(',').any(|out| out == arch)),
            _ => {}
        }
    }
    let components = words.map(str::to_owned).collect();
    add(uri, suite, components, own, archs, found);
}

fn of_stanza(stanza: Stanza<'_>, archs: &[String], found: &mut Vec<Source>) {
    let words = |name: &str| -> Vec<String> {
        stanza.or_empty(name).split_ascii_whitespace().map(str::to_owned).collect()
    };
    let is_off =
        matches!(stanza.or_empty("Enabled").to_ascii_lowercase().as_str(), "no" | "false" | "off" | "0");
    if is_off || !words("Types").iter().any(|kind| kind == "deb") {
        return;
    }
    let mut own = words("Architectures");
    if own.is_empty() {
        own = archs.to_vec();
    }
    own.extend(words("Architectures-Add"));
    let out = words("Architectures-Remove");
    own.retain(|arch| !out.contains(arch));
    for uri in words("URIs") {
        for suite in words("Suites") {
            add(&uri, &suite, words("Components"), own.clone(), archs, found);
        }
    }
}

fn add(
    uri: &str,
    suite: &str,
    components: Vec<String>,
    own: Vec<String>,
    archs: &[String],
    found: &mut Vec<Source>,
) {
    let native = archs.first().map_or("", String::as_str);
    let uri = uri.replace("$(ARCH)", native);
    let uri = if uri.ends_with('/') { uri } else { format!("{uri}/") };
    let suite = suite.replace("$(ARCH)", native);
    found.push(Source { uri, suite, components, archs: own });
}

/// The name a file of an archive has below `lists/`.
pub fn list_name(uri: &str) -> String {
    let rest = uri.split_once(':').map_or(uri, |(_, rest)| rest);
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let (site, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let site = site.rsplit_once('@').map_or(site, |(_, site)| site);
    let mut name = String::with_capacity(rest.len());
    for byte in site.bytes().chain(path.bytes()) {
        match byte {
            b'/' => name.push('_'),
            b'\\'
            | b'|'
            | b'{'
            | b'}'
            | b'['
            | b']'
            | b'<'
            | b'>'
            | b'"'
            | b'^'
            | b'~'
            | b'_'
            | b'='
            | b'!'
            | b'@'
            | b'#'
            | b'$'
            | b'%'
            | b'&'
            | b'*'
            | 0..=0x20
            | 0x7f.. => push_quoted(&mut name, byte),
            _ => name.push(char::from(byte)),
        }
    }
    name
}

fn push_quoted(name: &mut String, byte: u8) {
    name.push('%');
    for nibble in [byte >> 4, byte & 15] {
        name.push(char::from_digit(nibble.into(), 16).expect("half a byte is one hexadecimal digit"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_sources() {
        let archs = ["amd64".to_owned(), "i386".to_owned()];
        let mut found = Vec::new();
        for line in [
            "# deb http://x y z",
            "deb-src http://x y z",
            "deb http://a/debian stable main contrib # note",
            "deb [arch=i386 signed-by=/x] https://b/ ./",
            "deb [ arch-=i386 ] file:/srv/$(ARCH) s c",
        ] {
            of_line(line, &archs, &mut found);
        }
        let show: Vec<_> =
            found.iter().map(|s| format!("{} {} {:?} {:?}", s.uri, s.suite, s.components, s.archs)).collect();
        assert_eq!(
            show,
            [
                r#"http://a/debian/ stable ["main", "contrib"] ["amd64", "i386"]"#,
                r#"https://b/ ./ [] ["i386"]"#,
                r#"file:/srv/amd64/ s ["c"] ["amd64"]"#,
            ]
        );
    }

    #[test]
    fn names_below_lists_are_apts() {
        assert_eq!(list_name("http://u:p@a.b:80/x_y/~z/dists/s"), "a.b:80_x%5fy_%7ez_dists_s");
        assert_eq!(list_name("file:/srv/x/dists/s"), "_srv_x_dists_s");
        assert_eq!(list_name("file:///srv/x"), "_srv_x");
    }
}
