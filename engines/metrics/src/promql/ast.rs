//! What a query says, parsed and with its types checked.

use std::fmt;

use super::functions::Function;
use crate::matcher::Matcher;

/// The type of an expression's value, named as Prometheus names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Type {
    Scalar,
    Text,
    Vector,
    Matrix,
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scalar => "scalar",
            Self::Text => "string",
            Self::Vector => "instant vector",
            Self::Matrix => "range vector",
        })
    }
}

/// A length of time in a query: written out, or to be computed from the query's own step and range.
#[derive(Clone, Debug, PartialEq)]
pub enum Span {
    Ms(i64),
    Computed(Box<SpanExpr>),
}

/// Arithmetic on lengths of time, in seconds.
#[derive(Clone, Debug, PartialEq)]
pub enum SpanExpr {
    Seconds(f64),
    Step,
    Range,
    Negate(Box<SpanExpr>),
    Operation(Operator, Box<SpanExpr>, Box<SpanExpr>),
    Least(Box<SpanExpr>, Box<SpanExpr>),
    Greatest(Box<SpanExpr>, Box<SpanExpr>),
}

/// The `@` modifier.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum At {
    Start,
    End,
    Ms(i64),
}

/// How values between samples are found at the ends of a range (experimental).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    Plain,
    Anchored,
    Smoothed,
}

/// Which series, and when.
#[derive(Clone, Debug)]
pub struct Selector {
    pub matchers: Vec<Matcher>,
    pub offset: Option<Span>,
    pub at: Option<At>,
    pub ends: Ends,
    /// Byte offset in the query.
    pub position: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operator {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Atan2,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    And,
    Or,
    Unless,
    TrimUpper,
    TrimLower,
}

impl Operator {
    pub fn is_comparison(self) -> bool {
        use Operator::{Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual};
        matches!(self, Equal | NotEqual | Less | LessEqual | Greater | GreaterEqual)
    }

    pub fn is_set(self) -> bool {
        matches!(self, Self::And | Self::Or | Self::Unless)
    }

    pub fn text(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Mod => "%",
            Self::Pow => "^",
            Self::Atan2 => "atan2",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::And => "and",
            Self::Or => "or",
            Self::Unless => "unless",
            Self::TrimUpper => "</",
            Self::TrimLower => ">/",
        }
    }
}

/// Which side of a vector match may have several elements per group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cardinality {
    OneToOne,
    ManyToOne,
    OneToMany,
    ManyToMany,
}

/// How elements of two vectors find each other.
#[derive(Clone, Debug)]
pub struct Matching {
    pub cardinality: Cardinality,
    /// `on (labels)` if set, else `ignoring (labels)`.
    pub is_on: bool,
    pub labels: Vec<String>,
    /// Labels taken over from the "one" side.
    pub include: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Binary {
    pub operator: Operator,
    pub left: Expr,
    pub right: Expr,
    pub is_bool: bool,
    pub matching: Matching,
    pub position: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Aggregator {
    Sum,
    Avg,
    Count,
    Min,
    Max,
    Group,
    Stddev,
    Stdvar,
    Topk,
    Bottomk,
    CountValues,
    Quantile,
    Limitk,
    LimitRatio,
}

impl Aggregator {
    pub const ALL: [(&'static str, Self); 14] = [
        ("sum", Self::Sum),
        ("avg", Self::Avg),
        ("count", Self::Count),
        ("min", Self::Min),
        ("max", Self::Max),
        ("group", Self::Group),
        ("stddev", Self::Stddev),
        ("stdvar", Self::Stdvar),
        ("topk", Self::Topk),
        ("bottomk", Self::Bottomk),
        ("count_values", Self::CountValues),
        ("quantile", Self::Quantile),
        ("limitk", Self::Limitk),
        ("limit_ratio", Self::LimitRatio),
    ];

    pub fn text(self) -> &'static str {
        Self::ALL.iter().find(|(_, a)| *a == self).map_or("", |(text, _)| text)
    }

    pub fn has_parameter(self) -> bool {
        use Aggregator::{Bottomk, CountValues, LimitRatio, Limitk, Quantile, Topk};
        matches!(self, Topk | Bottomk | CountValues | Quantile | Limitk | LimitRatio)
    }
}

#[derive(Clone, Debug)]
pub struct Aggregate {
    pub aggregator: Aggregator,
    pub expr: Expr,
    pub parameter: Option<Expr>,
    pub labels: Vec<String>,
    pub is_without: bool,
    pub position: usize,
}

#[derive(Clone, Debug)]
pub struct Call {
    pub function: &'static Function,
    pub arguments: Vec<Expr>,
    pub position: usize,
}

#[derive(Clone, Debug)]
pub struct Subquery {
    pub expr: Expr,
    pub range: Span,
    pub step: Option<Span>,
    pub offset: Option<Span>,
    pub at: Option<At>,
    pub position: usize,
}

#[derive(Clone, Debug)]
pub enum Expr {
    Number(f64),
    Text(String),
    Vector(Selector),
    Matrix(Selector, Span),
    Subquery(Box<Subquery>),
    Negate(Box<Expr>),
    Paren(Box<Expr>),
    Binary(Box<Binary>),
    Call(Call),
    Aggregate(Box<Aggregate>),
}

impl Expr {
    pub fn value_type(&self) -> Type {
        match self {
            Self::Number(_) => Type::Scalar,
            Self::Text(_) => Type::Text,
            Self::Vector(_) | Self::Aggregate(_) => Type::Vector,
            Self::Matrix(..) | Self::Subquery(_) => Type::Matrix,
            Self::Negate(inner) | Self::Paren(inner) => inner.value_type(),
            Self::Call(call) => call.function.returns,
            Self::Binary(binary) => match (binary.left.value_type(), binary.right.value_type()) {
                (Type::Scalar, Type::Scalar) => Type::Scalar,
                _ => Type::Vector,
            },
        }
    }

    /// The expression without parentheses around it.
    pub fn bare(&self) -> &Self {
        match self {
            Self::Paren(inner) => inner.bare(),
            other => other,
        }
    }

    /// Byte offset of its beginning, as far as it is known.
    pub fn position(&self) -> Option<usize> {
        match self {
            Self::Number(_) | Self::Text(_) | Self::Negate(_) | Self::Paren(_) => None,
            Self::Vector(selector) | Self::Matrix(selector, _) => Some(selector.position),
            Self::Subquery(subquery) => subquery.expr.position(),
            Self::Binary(binary) => binary.left.position(),
            Self::Call(call) => Some(call.position),
            Self::Aggregate(aggregate) => Some(aggregate.position),
        }
    }

    /// Calls `f` with this expression and every one inside.
    pub fn walk<'a>(&'a self, f: &mut dyn FnMut(&'a Self)) {
        f(self);
        match self {
            Self::Number(_) | Self::Text(_) | Self::Vector(_) | Self::Matrix(..) => {}
            Self::Subquery(subquery) => subquery.expr.walk(f),
            Self::Negate(inner) | Self::Paren(inner) => inner.walk(f),
            Self::Binary(binary) => {
                binary.left.walk(f);
                binary.right.walk(f);
            }
            Self::Call(call) => call.arguments.iter().for_each(|a| a.walk(f)),
            Self::Aggregate(aggregate) => {
                if let Some(parameter) = &aggregate.parameter {
                    parameter.walk(f);
                }
                aggregate.expr.walk(f);
            }
        }
    }
}
