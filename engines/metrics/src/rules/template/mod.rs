//! Templates in labels and annotations of alerts, in the language of Go's `text/template` with the functions
//! Prometheus adds. Source: "Template reference" of the Prometheus documentation.

mod format;
mod functions;
mod parse;
mod run;

use std::collections::BTreeMap;

use crate::labels::Labels;

/// Answers a query with the samples it comes to.
pub type Query<'a> = dyn Fn(&str) -> Result<Vec<(Labels, f64)>, String> + 'a;

/// What a template may speak of.
pub struct Context<'a> {
    pub labels: &'a Labels,
    pub value: f64,
    pub external_labels: &'a BTreeMap<String, String>,
    /// Answers `query`.
    pub query: &'a Query<'a>,
}

/// Fills in a template. What is wrong with it is told in its place, as an alert must not be lost for it.
pub fn expand(template: &str, context: &Context<'_>) -> String {
    if !template.contains("{{") {
        return template.to_owned();
    }
    match parse::parse(template).and_then(|nodes| run::run(&nodes, context)) {
        Ok(text) => text,
        Err(reason) => format!("<error expanding template: {reason}>"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(template: &str, value: f64) -> String {
        let labels = Labels::from_pairs([("instance", "web-7:9100"), ("job", "node")]);
        let external = BTreeMap::from([("region".to_owned(), "north".to_owned())]);
        let query = |query: &str| match query {
            "none" => Ok(Vec::new()),
            "bad" => Err("1:1: parse error".to_owned()),
            _ => Ok(vec![
                (Labels::from_pairs([("a", "2"), ("__name__", "m")]), 2048.0),
                (Labels::from_pairs([("a", "1")]), 1.0),
            ]),
        };
        expand(template, &Context { labels: &labels, value, external_labels: &external, query: &query })
    }

    #[test]
    fn values_labels_and_numbers_for_people() {
        for (template, value, expected) in [
            ("{{ $labels.instance }} is at {{ $value }}", 0.5, "web-7:9100 is at 0.5"),
            ("{{ .Labels.job }}{{ .Value }}{{$externalLabels.region}}", 2.0, "node2north"),
            ("{{ $value }}", 1_234_567.0, "1.234567e+06"),
            ("{{ $value }}", f64::INFINITY, "+Inf"),
            ("{{ $value | humanize }}B", 1_234_567.0, "1.235MB"),
            ("{{ humanize $value }}", 0.000_012, "12u"),
            ("{{ humanizePercentage $value }}", 0.1234, "12.34%"),
            ("{{ $value | humanizeDuration }}", 93_784.0, "1d 2h 3m 4s"),
            ("{{ $value | humanizeDuration }}", 0.0042, "4.2ms"),
            ("{{ $value | humanize1024 }}", 2048.0, "2ki"),
            ("{{ $value | humanizeTimestamp }}", 1_700_000_000.0, "2023-11-14 22:13:20 +0000 UTC"),
            ("{{ printf \"%.2f%%\" $value }}", 5.14159, "5.14%"),
            ("{{ printf \"%s-%05.1f|%-4s|\" .Labels.job $value \"x\" }}", 2.25, "node-002.2|x   |"),
            ("{{ $labels.none }}.", 1.0, "."),
            ("{{ \"a b\" | title | toUpper }} {{ `x` }}", 1.0, "A B x"),
            ("{{ reReplaceAll \"(.*):.*\" \"$1\" $labels.instance }}", 1.0, "web-7"),
            ("{{ match \"web.*\" $labels.instance }}", 1.0, "true"),
            ("{{ stripPort $labels.instance }}", 1.0, "web-7"),
        ] {
            assert_eq!(filled(template, value), expected, "{template}");
        }
    }

    #[test]
    fn conditions_loops_and_queries() {
        for (template, value, expected) in [
            ("{{ if gt $value 3.0 }}much{{ else if eq $value 2.0 }}two{{ else }}few{{ end }}", 5.0, "much"),
            ("{{ if gt $value 3.0 }}much{{ else if eq $value 2.0 }}two{{ else }}few{{ end }}", 2.0, "two"),
            ("{{ if and $labels.job (not $labels.none) }}ok{{ end }}", 1.0, "ok"),
            ("a {{- /* nothing */ -}} b", 1.0, "ab"),
            ("{{ range query \"q\" }}{{ .Labels.a }}={{ .Value }},{{ end }}", 1.0, "2=2048,1=1,"),
            (
                "{{ range $i, $s := sortByLabel \"a\" (query \"q\") }}{{ $i }}{{ $s | label \"a\" }} {{ end }}",
                1.0,
                "01 12 ",
            ),
            ("{{ with query \"q\" }}{{ . | first | value | humanize1024 }}B{{ end }}", 1.0, "2kiB"),
            ("{{ with query \"none\" }}x{{ else }}nothing{{ end }}", 1.0, "nothing"),
            ("{{ with printf \"m{i='%s'}\" $labels.job | query }}{{ len . }}{{ end }}", 1.0, "2"),
            ("{{ $x := 1.0 }}{{ if true }}{{ $x = $value }}{{ end }}{{ $x }}", 7.0, "7"),
            (
                "{{ range $k, $v := $labels }}{{ $k }}:{{ $v }};{{ end }}",
                1.0,
                "instance:web-7:9100;job:node;",
            ),
            ("{{ index $labels \"job\" }}", 1.0, "node"),
        ] {
            assert_eq!(filled(template, value), expected, "{template}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_in_its_place() {
        for (template, reason) in [
            ("{{ nothing 1 }}", "function \"nothing\" not defined"),
            ("{{ if true }}", "unexpected end of the template"),
            ("{{ query \"none\" | first }}", "first() called on vector with no elements"),
            ("{{ query \"bad\" }}", "parse error"),
            ("{{ $unknown }}", "undefined variable"),
            ("{{ \"a }}", "unterminated"),
            ("{{ end }}", "unexpected {{end}}"),
        ] {
            let text = filled(template, 1.0);
            assert!(text.starts_with("<error expanding template: ") && text.contains(reason), "{text}");
        }
    }
}
