//! Lengths of time in brackets and after `offset`, also computed ones (experimental).

use super::ast::{Operator, Span, SpanExpr};
use super::lex::Token;
use super::parse::{Experimental, Parser, Result};

impl Parser {
    /// Inside brackets; written-out ones must be positive.
    pub(super) fn positive_span(&mut self) -> Result<Span> {
        let expr = self.span_sum()?;
        match self.settle(expr)? {
            Span::Ms(ms) if ms <= 0 => self.fail("duration must be greater than 0"),
            span => Ok(span),
        }
    }

    /// After `offset`: one length, or an expression in parentheses.
    pub(super) fn short_span(&mut self, is_minus: bool) -> Result<Span> {
        let expr = self.span_primary()?;
        self.settle(if is_minus { SpanExpr::Negate(Box::new(expr)) } else { expr })
    }

    fn settle(&self, expr: SpanExpr) -> Result<Span> {
        let is_literal = match &expr {
            SpanExpr::Seconds(_) => true,
            SpanExpr::Negate(inner) => matches!(**inner, SpanExpr::Seconds(_)),
            _ => false,
        };
        if is_literal {
            return match resolve_seconds(&expr, 0.0, 0.0) {
                seconds if seconds.is_finite() && seconds.abs() < 9.0e12 => {
                    Ok(Span::Ms((seconds * 1000.0).round() as i64))
                }
                _ => self.fail("duration out of range"),
            };
        }
        if self.experimental == Experimental::Refused {
            return self.fail("arithmetic on durations is experimental and not enabled");
        }
        Ok(Span::Computed(Box::new(expr)))
    }

    fn span_sum(&mut self) -> Result<SpanExpr> {
        self.deeper(|parser| {
            let mut left = parser.span_product()?;
            loop {
                let operator = match parser.peek() {
                    Token::Sign("+") => Operator::Add,
                    Token::Sign("-") => Operator::Sub,
                    _ => return Ok(left),
                };
                parser.next();
                let right = parser.span_product()?;
                left = SpanExpr::Operation(operator, Box::new(left), Box::new(right));
            }
        })
    }

    fn span_product(&mut self) -> Result<SpanExpr> {
        let mut left = self.span_unary()?;
        loop {
            let operator = match self.peek() {
                Token::Sign("*") => Operator::Mul,
                Token::Sign("/") => Operator::Div,
                Token::Sign("%") => Operator::Mod,
                _ => return Ok(left),
            };
            self.next();
            let right = self.span_unary()?;
            left = SpanExpr::Operation(operator, Box::new(left), Box::new(right));
        }
    }

    fn span_unary(&mut self) -> Result<SpanExpr> {
        self.deeper(|parser| {
            if parser.eat("-") {
                return Ok(SpanExpr::Negate(Box::new(parser.span_unary()?)));
            }
            parser.eat("+");
            let base = parser.span_primary()?;
            if parser.eat("^") {
                let exponent = parser.span_unary()?;
                return Ok(SpanExpr::Operation(Operator::Pow, Box::new(base), Box::new(exponent)));
            }
            Ok(base)
        })
    }

    fn span_primary(&mut self) -> Result<SpanExpr> {
        match self.next() {
            Token::Duration(ms) => Ok(SpanExpr::Seconds(ms as f64 / 1000.0)),
            Token::Number(seconds) => Ok(SpanExpr::Seconds(seconds)),
            Token::Sign("(") => {
                let inner = self.span_sum()?;
                self.expect(")", "duration expression")?;
                Ok(inner)
            }
            Token::Name(name)
                if ["step", "range", "min", "max"].contains(&name.to_ascii_lowercase().as_str()) =>
            {
                self.expect("(", "duration expression")?;
                let expr = match name.to_ascii_lowercase().as_str() {
                    "step" => SpanExpr::Step,
                    "range" => SpanExpr::Range,
                    word => {
                        let left = Box::new(self.span_sum()?);
                        self.expect(",", "duration expression")?;
                        let right = Box::new(self.span_sum()?);
                        if word == "min" {
                            SpanExpr::Least(left, right)
                        } else {
                            SpanExpr::Greatest(left, right)
                        }
                    }
                };
                self.expect(")", "duration expression")?;
                Ok(expr)
            }
            other => self.unexpected(&other, "", ", expected duration"),
        }
    }
}

/// The length in milliseconds, for a query with a step and a range in seconds.
pub fn resolve(span: &Span, step: f64, range: f64) -> Result<i64, String> {
    match span {
        Span::Ms(ms) => Ok(*ms),
        Span::Computed(expr) => {
            let seconds = resolve_seconds(expr, step, range);
            if !seconds.is_finite() || seconds.abs() >= 9.0e12 {
                return Err("duration out of range".into());
            }
            Ok((seconds * 1000.0).round() as i64)
        }
    }
}

fn resolve_seconds(expr: &SpanExpr, step: f64, range: f64) -> f64 {
    let of = |e: &SpanExpr| resolve_seconds(e, step, range);
    match expr {
        SpanExpr::Seconds(seconds) => *seconds,
        SpanExpr::Step => step,
        SpanExpr::Range => range,
        SpanExpr::Negate(inner) => -of(inner),
        SpanExpr::Least(a, b) => of(a).min(of(b)),
        SpanExpr::Greatest(a, b) => of(a).max(of(b)),
        SpanExpr::Operation(operator, a, b) => {
            let (a, b) = (of(a), of(b));
            match operator {
                Operator::Add => a + b,
                Operator::Sub => a - b,
                Operator::Mul => a * b,
                Operator::Div => a / b,
                Operator::Mod => a % b,
                _ => a.powf(b),
            }
        }
    }
}
