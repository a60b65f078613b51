//! Relabelling: rules that change, keep or drop sets of labels.

use std::collections::BTreeMap;

use md5::Digest;
use regex::Regex;
use serde::Deserialize;

use crate::matcher::anchored_regex;
use crate::yaml;

/// What a rule does where its pattern matches.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    #[default]
    Replace,
    Keep,
    Drop,
    KeepEqual,
    DropEqual,
    HashMod,
    LabelMap,
    LabelDrop,
    LabelKeep,
    Lowercase,
    Uppercase,
}

/// One rule.
#[derive(Clone, Debug)]
pub struct Relabel {
    source_labels: Vec<String>,
    separator: String,
    regex: Regex,
    modulus: u64,
    target_label: String,
    replacement: String,
    pub action: Action,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct YamlRelabel {
    #[serde(deserialize_with = "yaml::list")]
    source_labels: Vec<String>,
    #[serde(deserialize_with = "yaml::maybe_text")]
    separator: Option<String>,
    regex: Option<serde_norway::Value>,
    modulus: u64,
    #[serde(deserialize_with = "yaml::text")]
    target_label: String,
    #[serde(deserialize_with = "yaml::maybe_text")]
    replacement: Option<String>,
    action: Action,
}

impl Relabel {
    pub(super) fn read(yaml: YamlRelabel) -> Result<Self, String> {
        let regex = match yaml.regex {
            None => "(.*)".to_owned(),
            Some(serde_norway::Value::String(text)) => text,
            Some(serde_norway::Value::Number(number)) => number.to_string(),
            Some(_) => return Err("the regex of a relabel rule is no text".into()),
        };
        let needs_target = matches!(
            yaml.action,
            Action::Replace
                | Action::HashMod
                | Action::KeepEqual
                | Action::DropEqual
                | Action::Lowercase
                | Action::Uppercase
        );
        if needs_target && yaml.target_label.is_empty() {
            return Err(format!("relabel action {:?} needs target_label", yaml.action));
        }
        if yaml.action == Action::HashMod && yaml.modulus == 0 {
            return Err("relabel action hashmod needs a modulus".into());
        }
        Ok(Self {
            source_labels: yaml.source_labels,
            separator: yaml.separator.unwrap_or_else(|| ";".into()),
            regex: anchored_regex(&regex)?,
            modulus: yaml.modulus,
            target_label: yaml.target_label,
            replacement: yaml.replacement.unwrap_or_else(|| "$1".into()),
            action: yaml.action,
        })
    }
}

/// Applies rules in order; nothing when the labels are dropped.
pub fn apply(rules: &[Relabel], mut labels: BTreeMap<String, String>) -> Option<BTreeMap<String, String>> {
    for rule in rules {
        labels = apply_one(rule, labels)?;
    }
    Some(labels)
}

fn apply_one(rule: &Relabel, mut labels: BTreeMap<String, String>) -> Option<BTreeMap<String, String>> {
    let values: Vec<&str> =
        rule.source_labels.iter().map(|n| labels.get(n).map_or("", String::as_str)).collect();
    let value = values.join(&rule.separator);
    let target =
        |labels: &BTreeMap<String, String>| labels.get(&rule.target_label).cloned().unwrap_or_default();
    match rule.action {
        Action::Drop if rule.regex.is_match(&value) => return None,
        Action::Keep if !rule.regex.is_match(&value) => return None,
        Action::KeepEqual if target(&labels) != value => return None,
        Action::DropEqual if target(&labels) == value => return None,
        Action::Drop | Action::Keep | Action::KeepEqual | Action::DropEqual => {}
        Action::Replace => {
            if let Some(captures) = rule.regex.captures(&value) {
                let (mut name, mut text) = (String::new(), String::new());
                captures.expand(&rule.target_label, &mut name);
                captures.expand(&rule.replacement, &mut text);
                set(&mut labels, name, text);
            }
        }
        Action::Lowercase => set(&mut labels, rule.target_label.clone(), value.to_lowercase()),
        Action::Uppercase => set(&mut labels, rule.target_label.clone(), value.to_uppercase()),
        Action::HashMod => {
            // The same shards as Prometheus: the last eight bytes of the MD5 sum.
            let sum = md5::Md5::digest(value.as_bytes());
            let shard = sum[8..].iter().fold(0_u64, |n, byte| n << 8 | u64::from(*byte)) % rule.modulus;
            set(&mut labels, rule.target_label.clone(), shard.to_string());
        }
        Action::LabelMap => {
            for (name, value) in labels.clone() {
                if let Some(captures) = rule.regex.captures(&name) {
                    let mut mapped = String::new();
                    captures.expand(&rule.replacement, &mut mapped);
                    set(&mut labels, mapped, value);
                }
            }
        }
        Action::LabelDrop => labels.retain(|name, _| !rule.regex.is_match(name)),
        Action::LabelKeep => labels.retain(|name, _| rule.regex.is_match(name)),
    }
    Some(labels)
}

fn set(labels: &mut BTreeMap<String, String>, name: String, value: String) {
    if name.is_empty() {
        return;
    }
    if value.is_empty() {
        labels.remove(&name);
    } else {
        labels.insert(name, value);
    }
}
