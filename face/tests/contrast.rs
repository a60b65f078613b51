//! The contrast of every pair of colours the tokens allow, in both themes, by the formula of WCAG 2 (1.4.3, 1.4.11).

use std::collections::HashMap;

/// Grounds on which the first three voices are written.
const GROUNDS: [&str; 4] = ["bg", "surface", "sunken", "hover"];
const STATES: [&str; 4] = ["ok", "warn", "bad", "work"];

type Theme = HashMap<String, [f64; 3]>;

/// Both values of every `--name: light-dark(#…, #…)`.
fn themes() -> [Theme; 2] {
    let css = include_str!("../assets/css/tokens.css");
    let mut themes = [Theme::new(), Theme::new()];
    for line in css.lines() {
        let Some((name, values)) =
            line.trim().strip_prefix("--").and_then(|l| l.split_once(": light-dark(#"))
        else {
            continue;
        };
        let (light, dark) = values.trim_end_matches(");").split_once(", #").expect("two colours");
        themes[0].insert(name.to_owned(), channels(light));
        themes[1].insert(name.to_owned(), channels(dark));
    }
    themes
}

fn channels(hex: &str) -> [f64; 3] {
    [0, 2, 4].map(|at| f64::from(u8::from_str_radix(&hex[at..at + 2], 16).expect("a hex colour")) / 255.0)
}

fn luminance(colour: [f64; 3]) -> f64 {
    let [r, g, b] = colour.map(|c| if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) });
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
    one.max(other) / one.min(other)
}

/// Text on its ground: (ink, ground).
fn texts() -> Vec<(String, String)> {
    let voices = ["ink", "ink-2", "ink-3", "accent", "bad"];
    let mut pairs: Vec<(String, String)> = Vec::new();
    for ground in GROUNDS {
        pairs.extend(voices.map(|voice| (voice.to_owned(), ground.to_owned())));
    }
    for state in STATES {
        pairs.push((state.to_owned(), "surface".into()));
        pairs.push((state.to_owned(), format!("{state}-soft")));
    }
    let more = [
        ("ink", "accent-soft"),
        ("ink-2", "accent-soft"),
        ("ink", "note"),
        ("ink-2", "note"),
        ("ink", "bad-soft"),
        ("ink", "warn-soft"),
        ("btn-ink", "btn"),
    ];
    pairs.extend(more.map(|(ink, ground)| (ink.to_owned(), ground.to_owned())));
    pairs
}

/// Marks and lines that carry meaning: (mark, ground).
fn marks() -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for state in STATES {
        pairs.push((format!("{state}-fill"), "surface".into()));
        pairs.push((format!("{state}-fill"), "bg".into()));
        pairs.push((format!("{state}-fill"), format!("{state}-soft")));
    }
    pairs.extend(["bg", "surface"].map(|ground| ("accent".to_owned(), ground.to_owned())));
    pairs
}

fn weak(theme: &Theme, pairs: &[(String, String)], least: f64) -> Vec<String> {
    pairs
        .iter()
        .map(|(ink, ground)| (contrast(theme[ink], theme[ground]), ink, ground))
        .filter(|(ratio, ..)| *ratio < least)
        .map(|(ratio, ink, ground)| format!("{ink} on {ground} is {ratio:.2}:1, at least {least}:1"))
        .collect()
}

#[test]
fn every_allowed_pair_is_readable_in_both_themes() {
    for (name, theme) in ["light", "dark"].into_iter().zip(themes()) {
        assert!(theme.len() >= 27, "only {} colours were found in the tokens", theme.len());
        let faults = [weak(&theme, &texts(), 4.5), weak(&theme, &marks(), 3.0)].concat();
        assert!(faults.is_empty(), "{name}: {faults:#?}");
    }
}

#[test]
fn the_formula_gives_the_known_values() {
    assert!((contrast(channels("000000"), channels("ffffff")) - 21.0).abs() < 1e-9);
    assert!((contrast(channels("767676"), channels("ffffff")) - 4.54).abs() < 0.01);
}
