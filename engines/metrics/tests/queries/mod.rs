//! Queries for comparing with a real Prometheus: a fixed list of corners, and generated ones.

use crate::common::Dice;

const SELECTORS: &[&str] = &[
    "requests_total",
    "load",
    "level",
    "build_info",
    "latency_seconds_bucket",
    "load{job=\"api\"}",
    "requests_total{job=~\"api|db\"}",
    "load{instance!~\"host-[01].*\",mode=\"user\"}",
    "requests_total{mode!=\"user\"}",
    "{__name__=~\"load|level\",job=\"web\"}",
    "load{nothing=\"\"}",
    "nothing_here",
    "level{instance=\"host-0:9100\"}",
    "load{mode=~\"us.+\"}",
    "requests_total{job=\"db\"} offset 3m",
    "load offset -2m",
    "load @ 1700003000",
    "requests_total @ start()",
    "load @ end() offset 1m",
];
const RANGES: &[&str] = &["1m", "5m", "90s", "17m", "30m"];
const OVER_RANGE: &[&str] = &[
    "rate",
    "increase",
    "delta",
    "irate",
    "idelta",
    "deriv",
    "changes",
    "resets",
    "avg_over_time",
    "sum_over_time",
    "min_over_time",
    "max_over_time",
    "count_over_time",
    "last_over_time",
    "present_over_time",
    "stddev_over_time",
    "stdvar_over_time",
    "absent_over_time",
];
const MATH: &[&str] = &[
    "abs",
    "ceil",
    "floor",
    "exp",
    "ln",
    "log2",
    "log10",
    "sqrt",
    "sgn",
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "sinh",
    "cosh",
    "tanh",
    "asinh",
    "acosh",
    "atanh",
    "deg",
    "rad",
    "round",
    "timestamp",
    "hour",
    "minute",
    "month",
    "year",
    "day_of_week",
    "day_of_month",
    "day_of_year",
    "days_in_month",
    "absent",
    "sort",
    "sort_desc",
];
const AGGREGATORS: &[&str] = &["sum", "avg", "count", "min", "max", "group", "stddev", "stdvar"];
const GROUPINGS: &[&str] =
    &["", "by (job)", "by (instance, mode)", "without (instance)", "without ()", "by ()", "by (nothing)"];
const ARITHMETIC: &[&str] = &["+", "-", "*", "/", "%", "^", "atan2"];
const COMPARISONS: &[&str] = &["==", "!=", ">", "<", ">=", "<="];
const MATCHINGS: &[&str] =
    &["", "on (job, instance, mode)", "ignoring (le)", "on (instance, job)", "on (job)", "ignoring (mode)"];

/// A vector of the given depth, seldom more than a screenful.
pub fn generate(dice: &mut Dice, depth: u32) -> String {
    if depth == 0 {
        return dice.pick(SELECTORS).to_owned();
    }
    match dice.below(14) {
        0 => format!("{}({})", dice.pick(MATH), generate(dice, depth - 1)),
        1 | 2 => over_range(dice, depth),
        3 | 4 => aggregate(dice, depth),
        5 => format!("{} {} {}", generate(dice, depth - 1), dice.pick(ARITHMETIC), number(dice)),
        6 => format!("{} {} {}", number(dice), dice.pick(ARITHMETIC), generate(dice, depth - 1)),
        7 => {
            let is_bool = dice.pick(&["", "bool"]);
            format!("{} {} {is_bool} {}", generate(dice, depth - 1), dice.pick(COMPARISONS), number(dice))
        }
        8 | 9 => {
            let operator = if dice.below(3) == 0 { dice.pick(COMPARISONS) } else { dice.pick(ARITHMETIC) };
            let group = dice.pick(&["", "", "group_left", "group_left (version)", "group_right"]);
            let matching = dice.pick(MATCHINGS);
            let group = if matching.is_empty() { "" } else { group };
            let (left, right) = (paren(dice, depth), paren(dice, depth));
            format!("{left} {operator} {matching} {group} {right}")
        }
        10 => {
            let operator = dice.pick(&["and", "or", "unless"]);
            let matching = dice.pick(MATCHINGS);
            format!("{} {operator} {matching} {}", paren(dice, depth), paren(dice, depth))
        }
        11 => format!(
            "{}({}, {})",
            dice.pick(&["clamp_min", "clamp_max", "round"]),
            generate(dice, depth - 1),
            number(dice)
        ),
        12 => format!("-{}", paren(dice, depth)),
        _ => match dice.below(4) {
            0 => format!(
                "label_replace({}, \"host\", \"$1-x\", \"instance\", \"(.*):.*\")",
                generate(dice, depth - 1)
            ),
            1 => format!("label_join({}, \"both\", \"/\", \"job\", \"mode\")", generate(dice, depth - 1)),
            2 => format!("clamp({}, {}, {})", generate(dice, depth - 1), number(dice), number(dice)),
            _ => format!("vector(scalar({}))", generate(dice, depth - 1)),
        },
    }
}

fn paren(dice: &mut Dice, depth: u32) -> String {
    format!("({})", generate(dice, depth - 1))
}

fn number(dice: &mut Dice) -> String {
    match dice.below(6) {
        0 => "time()".to_owned(),
        1 => format!("scalar(level{{instance=\"host-0:9100\",job=\"{}\"}})", dice.pick(&["api", "db"])),
        2 => dice.pick(&["0", "-1", "Inf", "NaN", "1e3", "0x1F"]).to_owned(),
        _ => format!("{:.2}", dice.unit() * 100.0),
    }
}

fn over_range(dice: &mut Dice, depth: u32) -> String {
    let range = if dice.below(3) > 0 {
        let selector = dice.pick(&SELECTORS[..14]);
        let modifier = dice.pick(&["", "", " offset 4m", " @ 1700002000", " offset -1m", " @ end()"]);
        format!("{selector}[{}]{modifier}", dice.pick(RANGES))
    } else {
        let step = dice.pick(&["30s", "", "1m", "47s"]);
        let modifier = dice.pick(&["", "", " offset 4m", " @ 1700002000"]);
        format!("{}[{}:{step}]{modifier}", paren(dice, depth.min(2)), dice.pick(RANGES))
    };
    match dice.below(8) {
        0 => format!("quantile_over_time({:.2}, {range})", dice.unit() * 1.2 - 0.1),
        // Prometheus lets the window of predict_linear slide out of what `@` fixed.
        1 if !range.contains('@') => format!("predict_linear({range}, {})", number(dice)),
        2 => format!("holt_winters({range}, 0.3, 0.7)"),
        _ => format!("{}({range})", dice.pick(OVER_RANGE)),
    }
}

fn aggregate(dice: &mut Dice, depth: u32) -> String {
    let inner = generate(dice, depth - 1);
    let grouping = dice.pick(GROUPINGS);
    match dice.below(8) {
        0 => format!("quantile {grouping} ({:.2}, {inner})", dice.unit() * 1.2 - 0.1),
        // Powers differ in the last digit, which a label would show.
        1 if !inner.contains('^') => format!("count_values {grouping} (\"value\", round({inner}, 10))"),
        2 => format!("count({} {grouping} ({}, {inner}))", dice.pick(&["topk", "bottomk"]), dice.below(5)),
        3 => format!(
            "histogram_quantile({:.2}, sum by (le, job) (rate(latency_seconds_bucket[{}])))",
            dice.unit() * 1.1,
            dice.pick(RANGES)
        ),
        _ => format!("{} {grouping} ({inner})", dice.pick(AGGREGATORS)),
    }
}

/// Corners that chance finds seldom.
#[expect(clippy::too_many_lines, reason = "a list, not a function")]
pub fn fixed() -> Vec<&'static str> {
    vec![
        "1",
        "-1 ^ 2",
        "2 ^ 3 ^ 2",
        "1 + 2 * 3 - 4 / 5",
        "-2 ^ 2 * 3",
        "1 > bool 2",
        "(1 + 1) == bool 2",
        "\"text\"",
        "time()",
        "pi()",
        "vector(1)",
        "scalar(vector(3))",
        "scalar(load)",
        "1 / 0",
        "-1 / 0",
        "0 / 0",
        "5 % 0",
        "-7 % 3",
        "Inf",
        "NaN",
        "0x10 + 010 + 1e2 + .5",
        "topk(3, load)",
        "bottomk(2, requests_total) by (job)",
        "topk by (job) (1, load)",
        "topk(0, load)",
        "topk(-1, load)",
        "topk(scalar(level), load)",
        "quantile(0.9, load)",
        "quantile(-1, load)",
        "quantile(2, load)",
        "quantile(NaN, load)",
        "count_values(\"job\", level)",
        "count_values by (instance) (\"v\", level)",
        "sum(load) by (job,)",
        "sum by (job) (load) > 1",
        "histogram_quantile(0.9, latency_seconds_bucket)",
        "histogram_quantile(0.5, rate(latency_seconds_bucket[5m]))",
        "histogram_quantile(1.5, latency_seconds_bucket)",
        "histogram_quantile(-1, latency_seconds_bucket)",
        "histogram_quantile(0.9, load)",
        "histogram_quantile(0.9, sum by (le) (latency_seconds_bucket{le!=\"+Inf\"}))",
        "histogram_quantile(NaN, latency_seconds_bucket)",
        "load and on (instance) level",
        "load or level",
        "load unless on (job) level{job=\"api\"}",
        "load or on () vector(1)",
        "vector(0) or load",
        "requests_total * on (instance, job) group_left (version) build_info",
        "build_info * on (instance, job) group_right requests_total",
        "requests_total * on (job) group_left build_info",
        "load + ignoring (mode) level",
        "load == load",
        "load != bool load",
        "load > on (job, instance, mode) load",
        "load * on (instance) load",
        "load + on (job) group_left () sum by (job) (level)",
        "sum by (job) (level) / on (job) group_right load",
        "absent(nothing{a=\"b\",c=~\"d\",e=\"f\",e=\"g\"})",
        "absent(load)",
        "absent_over_time(nothing{a=\"b\"}[5m])",
        "absent(sum(nothing{a=\"b\"}))",
        "rate(requests_total[15s])",
        "rate(requests_total[5m] offset 5m)",
        "rate(requests_total[5m])[10m:1m]",
        "max_over_time(rate(requests_total[5m])[10m:1m])",
        "sum_over_time(sum(load)[10m:])",
        "avg_over_time((load > 50)[10m:30s] offset 1m)",
        "last_over_time(load[1h])",
        "load[5m]",
        "load[1m:20s]",
        "deriv(load[10m])",
        "predict_linear(load[10m], 3600)",
        "holt_winters(load[10m], 0.5, 0.1)",
        "holt_winters(load[10m], 2, 0.1)",
        "changes(level[10m])",
        "resets(requests_total[1h])",
        "min_over_time({__name__=~\"load|level\"}[5m])",
        "rate({__name__=~\"load|level\",mode=\"\"}[5m])",
        "label_replace(load, \"job\", \"\", \"job\", \".*\")",
        "label_replace(load, \"x\", \"$2\", \"instance\", \"(.*)-(.*)\")",
        "label_replace(load, \"job\", \"same\", \"\", \"\")",
        "label_replace(load, \"__name__\", \"other\", \"\", \"\")",
        "label_join(load, \"x\", \"-\")",
        "label_replace(load, \"x\", \"y\", \"job\", \"(\")",
        "sort(load)",
        "sort_desc(load)",
        "round(load, 0.5)",
        "round(-1.5 * level)",
        "clamp(load, 50, 10)",
        "clamp(load, 10, 50)",
        "clamp_min(load, NaN)",
        "clamp(load, Inf, NaN)",
        "load{instance=~\"\\\\p{L}+-\\\\x{30}:.*\"}",
        "timestamp(load)",
        "timestamp(timestamp(load))",
        "timestamp(load offset 1m)",
        "hour()",
        "month(vector(0))",
        "day_of_year(vector(1e9))",
        "days_in_month(vector(1709164800))",
        "minute(load)",
        "year()",
        "load @ 1700002000",
        "load @ start() - load",
        "rate(requests_total[5m] @ 1700003000)",
        "sum_over_time(load[5m:30s] @ 1700003000)",
        "load{job=\"api\"",
        "sum(load",
        "load{job=}",
        "foo bar",
        "sum",
        "rate(load)",
        "rate(load[5m]",
        "load[5m] offset",
        "1 and 1",
        "load + \"a\"",
        "sum(1)",
        "1 > 2",
        "{job=~\".*\"}",
        "{}",
        "load{__name__=\"x\"}",
        "histogram_quantile(load)",
        "unknown(load)",
        "load offset 5m offset 5m",
        "load[0s]",
        "sum(load) offset 5m",
        "load and 1",
        "bool",
        "topk(load)",
        "-\"a\"",
        "load * on (job) group_left (job) level",
        "load[5m] + 1",
        "sum without (job) (load) by (job)",
        "rate(load[5m])[5m]",
        "-load[5m]",
        "load @ \"a\"",
        "count_values(1, load)",
        "sum(load,)",
        "load{a=\"b\",,}",
        "load{a=~\"*\"}",
        "by(load)",
        "group_left",
        "sum by (a b) (load)",
        "load >= bool on (job, instance, mode) load",
        "time() > bool 0",
        "avg without (instance, mode) (rate(requests_total[5m]))",
        "stddev(load)",
        "stdvar by (job) (load)",
        "group(load) by (job)",
        "count(load) without (mode)",
        "sum(rate(requests_total[5m])) / sum(rate(requests_total[10m]))",
        "load % 7",
        "load ^ 0.5",
        "2 ^ level",
        "level atan2 load",
        "load > 20 < 80",
        "load == bool 1 or level",
        "sum(load) by (job) + sum(level) by (job)",
        "# comment\nload",
        "load{job='api'}",
        "load{job=`api`}",
        "SUM(load) BY (job)",
        "load OFFSET 1m",
        "sum by (__name__) ({job=\"api\"})",
        "sgn(load - 50)",
        "exp(level)",
        "ln(level)",
        "log2(level)",
        "-load",
        "+load",
        "- -1",
        "--load",
        "quantile_over_time(0.5, load[10m])",
        "quantile_over_time(2, load[10m])",
        "increase(requests_total[1h])",
        "idelta(load[1m])",
        "irate(requests_total[1m])",
        "delta(load[10m])",
        "stddev_over_time(load[10m])",
        "present_over_time(load[5m])",
        "count_over_time(load[5m])",
    ]
}
