//! The functions of PromQL: names, types of arguments and results.

use super::ast::Type;
use Type::{Matrix, Scalar, Text, Vector};

/// One function as the parser sees it.
#[derive(Debug, PartialEq)]
pub struct Function {
    pub name: &'static str,
    pub arguments: &'static [Type],
    /// How many arguments more than listed there may be, counted from the last listed; negative for any number.
    /// The last listed may then be left out.
    pub variadic: i32,
    pub returns: Type,
    pub is_experimental: bool,
}

/// The function with a name.
pub fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|f| f.name == name)
}

const fn plain(name: &'static str, arguments: &'static [Type], returns: Type) -> Function {
    Function { name, arguments, variadic: 0, returns, is_experimental: false }
}

const fn variadic(name: &'static str, arguments: &'static [Type], variadic: i32) -> Function {
    Function { name, arguments, variadic, returns: Vector, is_experimental: false }
}

const fn new(name: &'static str, arguments: &'static [Type], variadic: i32, returns: Type) -> Function {
    Function { name, arguments, variadic, returns, is_experimental: true }
}

/// All of Prometheus 3.
pub static FUNCTIONS: &[Function] = &[
    plain("abs", &[Vector], Vector),
    plain("absent", &[Vector], Vector),
    plain("absent_over_time", &[Matrix], Vector),
    plain("acos", &[Vector], Vector),
    plain("acosh", &[Vector], Vector),
    plain("asin", &[Vector], Vector),
    plain("asinh", &[Vector], Vector),
    plain("atan", &[Vector], Vector),
    plain("atanh", &[Vector], Vector),
    plain("avg_over_time", &[Matrix], Vector),
    plain("ceil", &[Vector], Vector),
    plain("changes", &[Matrix], Vector),
    plain("clamp", &[Vector, Scalar, Scalar], Vector),
    plain("clamp_max", &[Vector, Scalar], Vector),
    plain("clamp_min", &[Vector, Scalar], Vector),
    plain("cos", &[Vector], Vector),
    plain("cosh", &[Vector], Vector),
    plain("count_over_time", &[Matrix], Vector),
    variadic("day_of_month", &[Vector], 1),
    variadic("day_of_week", &[Vector], 1),
    variadic("day_of_year", &[Vector], 1),
    variadic("days_in_month", &[Vector], 1),
    plain("deg", &[Vector], Vector),
    plain("delta", &[Matrix], Vector),
    plain("deriv", &[Matrix], Vector),
    new("double_exponential_smoothing", &[Matrix, Scalar, Scalar], 0, Vector),
    new("end", &[], 0, Scalar),
    plain("exp", &[Vector], Vector),
    new("first_over_time", &[Matrix], 0, Vector),
    plain("floor", &[Vector], Vector),
    plain("histogram_avg", &[Vector], Vector),
    plain("histogram_count", &[Vector], Vector),
    plain("histogram_fraction", &[Scalar, Scalar, Vector], Vector),
    plain("histogram_quantile", &[Scalar, Vector], Vector),
    new("histogram_quantiles", &[Vector, Text, Scalar], 9, Vector),
    plain("histogram_stddev", &[Vector], Vector),
    plain("histogram_stdvar", &[Vector], Vector),
    plain("histogram_sum", &[Vector], Vector),
    plain("holt_winters", &[Matrix, Scalar, Scalar], Vector),
    variadic("hour", &[Vector], 1),
    plain("idelta", &[Matrix], Vector),
    plain("increase", &[Matrix], Vector),
    new("info", &[Vector, Vector], 1, Vector),
    plain("irate", &[Matrix], Vector),
    variadic("label_join", &[Vector, Text, Text, Text], -1),
    plain("label_replace", &[Vector, Text, Text, Text, Text], Vector),
    plain("last_over_time", &[Matrix], Vector),
    plain("ln", &[Vector], Vector),
    plain("log10", &[Vector], Vector),
    plain("log2", &[Vector], Vector),
    new("mad_over_time", &[Matrix], 0, Vector),
    plain("max_over_time", &[Matrix], Vector),
    plain("min_over_time", &[Matrix], Vector),
    variadic("minute", &[Vector], 1),
    variadic("month", &[Vector], 1),
    plain("pi", &[], Scalar),
    plain("predict_linear", &[Matrix, Scalar], Vector),
    plain("present_over_time", &[Matrix], Vector),
    plain("quantile_over_time", &[Scalar, Matrix], Vector),
    plain("rad", &[Vector], Vector),
    new("range", &[], 0, Scalar),
    plain("rate", &[Matrix], Vector),
    plain("resets", &[Matrix], Vector),
    variadic("round", &[Vector, Scalar], 1),
    plain("scalar", &[Vector], Scalar),
    plain("sgn", &[Vector], Vector),
    plain("sin", &[Vector], Vector),
    plain("sinh", &[Vector], Vector),
    plain("sort", &[Vector], Vector),
    new("sort_by_label", &[Vector, Text], -1, Vector),
    new("sort_by_label_desc", &[Vector, Text], -1, Vector),
    plain("sort_desc", &[Vector], Vector),
    plain("sqrt", &[Vector], Vector),
    new("start", &[], 0, Scalar),
    plain("stddev_over_time", &[Matrix], Vector),
    plain("stdvar_over_time", &[Matrix], Vector),
    new("step", &[], 0, Scalar),
    plain("sum_over_time", &[Matrix], Vector),
    plain("tan", &[Vector], Vector),
    plain("tanh", &[Vector], Vector),
    plain("time", &[], Scalar),
    plain("timestamp", &[Vector], Vector),
    new("ts_of_first_over_time", &[Matrix], 0, Vector),
    new("ts_of_last_over_time", &[Matrix], 0, Vector),
    new("ts_of_max_over_time", &[Matrix], 0, Vector),
    new("ts_of_min_over_time", &[Matrix], 0, Vector),
    plain("vector", &[Scalar], Vector),
    variadic("year", &[Vector], 1),
];
