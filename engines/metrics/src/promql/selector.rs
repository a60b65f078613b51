//! Selectors and what may follow them: ranges, subqueries, `@` and `offset`.

use super::ast::{At, Ends, Expr, Selector, Span, Subquery, Type};
use super::lex::Token;
use super::parse::{Experimental, ParseFault, Parser, Result};
use crate::labels::METRIC_NAME;
use crate::matcher::{MatchOp, Matcher};

impl Parser {
    pub(super) fn selector(&mut self, name: Option<&str>, position: usize) -> Result<Expr> {
        let mut matchers = Vec::new();
        let mut named = name.is_some();
        if let Some(name) = name {
            matchers.push(Matcher::equal(METRIC_NAME, name));
        }
        if self.eat("{") {
            while !self.eat("}") {
                let matcher = self.matcher(&mut named)?;
                let is_second_name = name.is_some() && matcher.name == METRIC_NAME;
                if is_second_name {
                    let first = name.unwrap_or_default();
                    return self.fail(format!(
                        "metric name must not be set twice: {first:?} or {:?}",
                        matcher.value
                    ));
                }
                matchers.push(matcher);
                if !self.eat(",") && *self.peek() != Token::Sign("}") {
                    let found = self.peek().clone();
                    return self.unexpected(&found, " in label matching", ", expected \",\" or \"}\"");
                }
            }
        }
        if matchers.iter().all(|m| m.accepts("")) {
            let reason = "vector selector must contain at least one non-empty matcher".to_owned();
            return Err(ParseFault { position, reason });
        }
        Ok(Expr::Vector(Selector { matchers, offset: None, at: None, ends: Ends::Plain, position }))
    }

    fn matcher(&mut self, named: &mut bool) -> Result<Matcher> {
        let label = match self.next() {
            Token::Name(name) if !name.contains(':') => name,
            Token::Text(text) => {
                if matches!(self.peek(), Token::Sign("," | "}")) {
                    if *named {
                        return self.fail(format!("metric name must not be set twice: {text:?}"));
                    }
                    *named = true;
                    return Ok(Matcher::equal(METRIC_NAME, &text));
                }
                text
            }
            other => {
                return self.unexpected(&other, " in label matching", ", expected identifier or \"}\"");
            }
        };
        let op = match self.next() {
            Token::Sign("=") => MatchOp::Equal,
            Token::Sign("!=") => MatchOp::NotEqual,
            Token::Sign("=~") => MatchOp::Regex,
            Token::Sign("!~") => MatchOp::NotRegex,
            other => {
                let expected = ", expected label matching operator";
                return self.unexpected(&other, " in label matching", expected);
            }
        };
        match self.next() {
            Token::Text(value) => Matcher::new(op, &label, &value).or_else(|reason| self.fail(reason)),
            other => self.unexpected(&other, " in label matching", ", expected string"),
        }
    }

    pub(super) fn postfix(&mut self, mut expr: Expr) -> Result<Expr> {
        loop {
            if self.eat("[") {
                expr = self.range(expr)?;
            } else if self.eat("@") {
                let at = self.at_modifier()?;
                let slot = match &mut expr {
                    Expr::Vector(selector) | Expr::Matrix(selector, _) => &mut selector.at,
                    Expr::Subquery(subquery) => &mut subquery.at,
                    _ => return self.fail("@ modifier must be preceded by an instant vector selector or range vector selector or a subquery"),
                };
                if slot.replace(at).is_some() {
                    return self.fail("@ <timestamp> may not be set multiple times");
                }
            } else if self.is_keyword("offset") {
                self.next();
                let offset = self.offset()?;
                let slot = match &mut expr {
                    Expr::Vector(selector) | Expr::Matrix(selector, _) => &mut selector.offset,
                    Expr::Subquery(subquery) => &mut subquery.offset,
                    _ => return self.fail("offset modifier must be preceded by an instant vector selector or range vector selector or a subquery"),
                };
                if slot.replace(offset).is_some() {
                    return self.fail("offset may not be set multiple times");
                }
            } else if self.experimental == Experimental::Accepted
                && (self.is_keyword("anchored") || self.is_keyword("smoothed"))
            {
                let ends = if self.is_keyword("anchored") { Ends::Anchored } else { Ends::Smoothed };
                match &mut expr {
                    Expr::Matrix(selector, _) | Expr::Vector(selector) if selector.ends == Ends::Plain => {
                        selector.ends = ends;
                    }
                    _ => return self.fail("anchored and smoothed follow a selector, once"),
                }
                self.next();
            } else {
                return Ok(expr);
            }
        }
    }

    fn range(&mut self, expr: Expr) -> Result<Expr> {
        let position = self.position();
        let range = self.positive_span()?;
        if self.eat(":") {
            let step = if *self.peek() == Token::Sign("]") { None } else { Some(self.positive_span()?) };
            self.expect("]", "subquery selector")?;
            let found = expr.value_type();
            if found != Type::Vector {
                return self.fail(format!("subquery is only allowed on instant vector, got {found} instead"));
            }
            let subquery = Subquery { expr, range, step, offset: None, at: None, position };
            return Ok(Expr::Subquery(Box::new(subquery)));
        }
        self.expect("]", "range selector")?;
        match expr {
            Expr::Vector(selector) if selector.offset.is_some() => {
                self.fail("no offset modifiers allowed before range")
            }
            Expr::Vector(selector) if selector.at.is_some() => {
                self.fail("no @ modifiers allowed before range")
            }
            Expr::Vector(selector) => Ok(Expr::Matrix(selector, range)),
            _ => self.fail("ranges only allowed for vector selectors"),
        }
    }

    fn at_modifier(&mut self) -> Result<At> {
        for (word, at) in [("start", At::Start), ("end", At::End)] {
            if self.eat_keyword(word) {
                self.expect("(", "@")?;
                self.expect(")", "@")?;
                return Ok(at);
            }
        }
        let seconds = self.signed_number("@")?;
        let ms = (seconds * 1000.0).round();
        if !seconds.is_finite() || ms.abs() >= 9.2e18 {
            return self.fail(format!("timestamp out of bounds for @ modifier: {seconds}"));
        }
        Ok(At::Ms(ms as i64))
    }

    fn offset(&mut self) -> Result<Span> {
        let is_minus = self.eat("-");
        if !is_minus {
            self.eat("+");
        }
        self.short_span(is_minus)
    }
}
