//! From words to expressions, by precedence climbing. Types are checked while the tree is built.
//!
//! An own parser: `promql-parser` (lrpar) knows neither arithmetic on durations nor `anchored`, `smoothed` and
//! the trim operators, takes syntax that Prometheus refuses (`{a="b" or c="d"}`), and panics on `x[1e300]`.

use super::ast::{Aggregate, Aggregator, Binary, Call, Cardinality, Expr, Matching, Operator, Selector};
use super::check;
use super::functions;
use super::lex::{Token, tokens};
use crate::matcher::Matcher;

/// How deep expressions may be nested.
const DEEPEST: usize = 256;

/// Why a query was not understood, and where (byte offset).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseFault {
    pub position: usize,
    pub reason: String,
}

/// Whether functions and syntax that Prometheus calls experimental are understood.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Experimental {
    #[default]
    Refused,
    Accepted,
}

/// Parses a query and checks its types.
pub fn parse(query: &str, experimental: Experimental) -> Result<Expr, ParseFault> {
    let tokens = tokens(query).map_err(|(position, reason)| ParseFault { position, reason })?;
    let mut parser = Parser { tokens, at: 0, depth: 0, experimental };
    if *parser.peek() == Token::End {
        return parser.fail("no expression found in input");
    }
    let expr = parser.expression(0)?;
    match parser.peek() {
        Token::End => Ok(expr),
        other => {
            let reason = format!("unexpected {other}");
            parser.fail(reason)
        }
    }
}

/// Parses a series selector such as `up{job="a"}` to its matchers.
pub fn parse_selector(text: &str) -> Result<Vec<Matcher>, ParseFault> {
    match parse(text, Experimental::Refused)? {
        Expr::Vector(Selector { matchers, offset: None, at: None, .. }) => Ok(matchers),
        _ => Err(ParseFault { position: 0, reason: "expected a series selector".into() }),
    }
}

pub(super) type Result<T, E = ParseFault> = std::result::Result<T, E>;

pub(super) struct Parser {
    tokens: Vec<(usize, Token)>,
    at: usize,
    depth: usize,
    pub(super) experimental: Experimental,
}

impl Parser {
    pub(super) fn peek(&self) -> &Token {
        &self.tokens[self.at].1
    }

    fn peek_second(&self) -> &Token {
        &self.tokens[(self.at + 1).min(self.tokens.len() - 1)].1
    }

    pub(super) fn position(&self) -> usize {
        self.tokens[self.at].0
    }

    pub(super) fn next(&mut self) -> Token {
        let token = self.tokens[self.at].1.clone();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }

    /// An unexpected word in some place of a query. Where the query ends inside brackets, that is what is told.
    pub(super) fn unexpected<T>(&self, found: &Token, place: &str, expected: &str) -> Result<T> {
        if *found == Token::End {
            let reason = match self.innermost_open() {
                Some("{") => "unexpected end of input inside braces".to_owned(),
                Some("[") => "unexpected end of input in duration expression".to_owned(),
                Some(_) => "unclosed left parenthesis".to_owned(),
                None => format!("unexpected end of input{place}{expected}"),
            };
            return self.fail(reason);
        }
        self.fail(format!("unexpected {found}{place}{expected}"))
    }

    fn innermost_open(&self) -> Option<&'static str> {
        let mut open = Vec::new();
        for (_, token) in &self.tokens {
            match token {
                Token::Sign(sign @ ("(" | "[" | "{")) => open.push(*sign),
                Token::Sign(")" | "]" | "}") => {
                    open.pop();
                }
                _ => {}
            }
        }
        open.pop()
    }

    pub(super) fn fail<T>(&self, reason: impl Into<String>) -> Result<T> {
        Err(ParseFault { position: self.position(), reason: reason.into() })
    }

    pub(super) fn eat(&mut self, sign: &'static str) -> bool {
        let is_next = *self.peek() == Token::Sign(sign);
        if is_next {
            self.next();
        }
        is_next
    }

    pub(super) fn expect(&mut self, sign: &'static str, place: &str) -> Result<()> {
        if self.eat(sign) {
            return Ok(());
        }
        self.unexpected(&self.peek().clone(), &format!(" in {place}"), &format!(", expected {sign:?}"))
    }

    pub(super) fn is_keyword(&self, word: &str) -> bool {
        matches!(self.peek(), Token::Name(name) if name.eq_ignore_ascii_case(word))
    }

    pub(super) fn eat_keyword(&mut self, word: &str) -> bool {
        let is_next = self.is_keyword(word);
        if is_next {
            self.next();
        }
        is_next
    }

    pub(super) fn deeper<T>(&mut self, f: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return self.fail(format!("expressions are nested deeper than {DEEPEST} levels"));
        }
        let result = f(self);
        self.depth -= 1;
        result
    }

    fn expression(&mut self, least: u8) -> Result<Expr> {
        self.deeper(|parser| parser.operators(least))
    }

    fn operators(&mut self, least: u8) -> Result<Expr> {
        let mut left = self.unary()?;
        let mut chain = 0;
        while let Some((operator, precedence)) = self.operator() {
            if precedence < least {
                break;
            }
            chain += 1;
            if self.depth + chain > DEEPEST {
                return self.fail(format!("more than {DEEPEST} operators in a row"));
            }
            let position = self.position();
            self.next();
            let (is_bool, matching) = self.modifiers(operator)?;
            let right =
                self.expression(if operator == Operator::Pow { precedence } else { precedence + 1 })?;
            let binary = Binary { operator, left, right, is_bool, matching, position };
            left = Expr::Binary(Box::new(check::binary(binary)?));
        }
        Ok(left)
    }

    fn operator(&self) -> Option<(Operator, u8)> {
        use Operator::{
            Add, And, Atan2, Div, Equal, Greater, GreaterEqual, Less, LessEqual, Mod, Mul, NotEqual, Or, Pow,
            Sub, TrimLower, TrimUpper, Unless,
        };
        match self.peek() {
            Token::Sign(sign) => match *sign {
                "+" => Some((Add, 4)),
                "-" => Some((Sub, 4)),
                "*" => Some((Mul, 5)),
                "/" => Some((Div, 5)),
                "%" => Some((Mod, 5)),
                "^" => Some((Pow, 6)),
                "==" => Some((Equal, 3)),
                "!=" => Some((NotEqual, 3)),
                "<" => Some((Less, 3)),
                "<=" => Some((LessEqual, 3)),
                ">" => Some((Greater, 3)),
                ">=" => Some((GreaterEqual, 3)),
                "</" if self.experimental == Experimental::Accepted => Some((TrimUpper, 3)),
                ">/" if self.experimental == Experimental::Accepted => Some((TrimLower, 3)),
                _ => None,
            },
            Token::Name(name) => match name.to_ascii_lowercase().as_str() {
                "or" => Some((Or, 1)),
                "and" => Some((And, 2)),
                "unless" => Some((Unless, 2)),
                "atan2" => Some((Atan2, 5)),
                _ => None,
            },
            _ => None,
        }
    }

    fn modifiers(&mut self, operator: Operator) -> Result<(bool, Matching)> {
        let cardinality = if operator.is_set() { Cardinality::ManyToMany } else { Cardinality::OneToOne };
        let mut matching = Matching { cardinality, is_on: false, labels: Vec::new(), include: Vec::new() };
        let is_bool = self.eat_keyword("bool");
        if is_bool && !operator.is_comparison() {
            return self.fail("bool modifier can only be used on comparison operators");
        }
        let is_matching = |p: &Self| {
            (p.is_keyword("on") || p.is_keyword("ignoring")) && *p.peek_second() == Token::Sign("(")
        };
        if is_matching(self) {
            matching.is_on = self.is_keyword("on");
            self.next();
            matching.labels = self.label_list()?;
            for (word, cardinality) in
                [("group_left", Cardinality::ManyToOne), ("group_right", Cardinality::OneToMany)]
            {
                if self.eat_keyword(word) {
                    if operator.is_set() {
                        return self.fail(format!("no grouping allowed for {:?} operation", operator.text()));
                    }
                    matching.cardinality = cardinality;
                    if *self.peek() == Token::Sign("(") {
                        matching.include = self.label_list()?;
                    }
                    break;
                }
            }
        }
        if matching.is_on
            && let Some(label) = matching.labels.iter().find(|l| matching.include.contains(l))
        {
            return self.fail(format!("label {label:?} must not occur in ON and GROUP clause at once"));
        }
        Ok((is_bool, matching))
    }

    pub(super) fn signed_number(&mut self, place: &str) -> Result<f64> {
        let sign = if self.eat("-") { -1.0 } else { 1.0 };
        if sign > 0.0 {
            self.eat("+");
        }
        match self.next() {
            Token::Number(number) => Ok(sign * number),
            Token::Duration(ms) => Ok(sign * ms as f64 / 1000.0),
            other => self.unexpected(&other, &format!(" in {place}"), ", expected a number"),
        }
    }

    fn label_list(&mut self) -> Result<Vec<String>> {
        self.expect("(", "grouping opts")?;
        let mut labels = Vec::new();
        while !self.eat(")") {
            match self.next() {
                Token::Name(name) if !name.contains(':') => labels.push(name),
                Token::Text(name) if !name.is_empty() => labels.push(name),
                other => return self.unexpected(&other, " in grouping opts", ", expected label"),
            }
            if !self.eat(",") && *self.peek() != Token::Sign(")") {
                return self.unexpected(
                    &self.peek().clone(),
                    " in grouping opts",
                    ", expected \",\" or \")\"",
                );
            }
        }
        Ok(labels)
    }

    fn unary(&mut self) -> Result<Expr> {
        let position = self.position();
        for (sign, is_minus) in [("-", true), ("+", false)] {
            if self.eat(sign) {
                // Binds like multiplication: `-x ^ 2` is `-(x ^ 2)`.
                let inner = self.expression(6)?;
                return check::unary(inner, is_minus, position);
            }
        }
        let primary = self.primary()?;
        self.postfix(primary)
    }

    fn primary(&mut self) -> Result<Expr> {
        let position = self.position();
        match self.peek().clone() {
            Token::Number(number) => {
                self.next();
                Ok(Expr::Number(number))
            }
            Token::Duration(ms) => {
                self.next();
                Ok(Expr::Number(ms as f64 / 1000.0))
            }
            Token::Text(text) => {
                self.next();
                Ok(Expr::Text(text))
            }
            Token::Sign("(") => {
                self.next();
                let inner = self.expression(0)?;
                self.expect(")", "paren expression")?;
                Ok(Expr::Paren(Box::new(inner)))
            }
            Token::Sign("{") => self.selector(None, position),
            Token::Name(name) => {
                self.next();
                self.named(&name, position)
            }
            other => self.unexpected(&other, "", ""),
        }
    }

    fn named(&mut self, name: &str, position: usize) -> Result<Expr> {
        let lower = name.to_ascii_lowercase();
        let is_call = *self.peek() == Token::Sign("(");
        let aggregator = Aggregator::ALL.iter().find(|(text, _)| *text == lower).map(|(_, a)| *a);
        if let Some(aggregator) = aggregator
            && (is_call || self.is_keyword("by") || self.is_keyword("without"))
        {
            return self.aggregate(aggregator, position);
        }
        if is_call {
            return self.call(name, position);
        }
        if ["bool", "on", "ignoring", "group_left", "group_right", "atan2"].contains(&lower.as_str()) {
            return Err(ParseFault { position, reason: format!("unexpected <{lower}>") });
        }
        self.selector(Some(name), position)
    }

    fn aggregate(&mut self, aggregator: Aggregator, position: usize) -> Result<Expr> {
        let mut grouping = self.grouping()?;
        let mut arguments = self.arguments()?;
        if grouping.is_none() {
            grouping = self.grouping()?;
        }
        let (is_without, labels) = grouping.unwrap_or((false, Vec::new()));
        let is_new = matches!(aggregator, Aggregator::Limitk | Aggregator::LimitRatio);
        if is_new && self.experimental == Experimental::Refused {
            let reason = format!("{}() is experimental and must be enabled", aggregator.text());
            return Err(ParseFault { position, reason });
        }
        let wanted = if aggregator.has_parameter() { 2 } else { 1 };
        if arguments.len() != wanted {
            let reason = if arguments.is_empty() {
                "no arguments for aggregate expression provided".to_owned()
            } else {
                format!(
                    "wrong number of arguments for aggregate expression provided, expected {wanted}, got {}",
                    arguments.len()
                )
            };
            return Err(ParseFault { position, reason });
        }
        let expr = arguments.pop().expect("at least one is there");
        let aggregate =
            Aggregate { aggregator, expr, parameter: arguments.pop(), labels, is_without, position };
        check::aggregate(&aggregate)?;
        Ok(Expr::Aggregate(Box::new(aggregate)))
    }

    fn grouping(&mut self) -> Result<Option<(bool, Vec<String>)>> {
        let is_without = self.is_keyword("without");
        if !is_without && !self.is_keyword("by") {
            return Ok(None);
        }
        self.next();
        Ok(Some((is_without, self.label_list()?)))
    }

    fn arguments(&mut self) -> Result<Vec<Expr>> {
        self.expect("(", "function call")?;
        let mut arguments = Vec::new();
        if self.eat(")") {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.expression(0)?);
            if self.eat(")") {
                return Ok(arguments);
            }
            if !self.eat(",") {
                return self.unexpected(&self.peek().clone(), " in function call", "");
            }
            if *self.peek() == Token::Sign(")") {
                return self.fail("trailing commas not allowed in function call args");
            }
        }
    }

    fn call(&mut self, name: &str, position: usize) -> Result<Expr> {
        let Some(function) = functions::find(name) else {
            return Err(ParseFault { position, reason: format!("unknown function with name {name:?}") });
        };
        if function.is_experimental && self.experimental == Experimental::Refused {
            let reason = format!("function {name:?} is not enabled");
            return Err(ParseFault { position, reason });
        }
        let arguments = self.arguments()?;
        let call = Call { function, arguments, position };
        check::call(&call)?;
        Ok(Expr::Call(call))
    }
}
