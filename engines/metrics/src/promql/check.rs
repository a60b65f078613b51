//! The rules of types: which operands, arguments and parameters fit.

use super::ast::{Aggregate, Aggregator, Binary, Call, Cardinality, Ends, Expr, Type};
use super::parse::{ParseFault, Result};

fn expect(wanted: Type, expr: &Expr, place: &str, position: usize) -> Result<()> {
    let found = expr.value_type();
    if found == wanted {
        return Ok(());
    }
    let position = expr.position().unwrap_or(position);
    Err(ParseFault { position, reason: format!("expected type {wanted} in {place}, got {found}") })
}

pub fn binary(mut binary: Binary) -> Result<Binary> {
    let fail = |reason: String| Err(ParseFault { position: binary.position, reason });
    let (left, right) = (binary.left.value_type(), binary.right.value_type());
    let is_value = |t| matches!(t, Type::Scalar | Type::Vector);
    if !is_value(left) || !is_value(right) {
        return fail("binary expression must contain only scalar and instant vector types".into());
    }
    let has_scalar = left == Type::Scalar || right == Type::Scalar;
    if left == Type::Scalar && right == Type::Scalar && binary.operator.is_comparison() && !binary.is_bool {
        return fail("comparisons between scalars must use BOOL modifier".into());
    }
    if binary.operator.is_set() && has_scalar {
        return fail(format!(
            "set operator {:?} not allowed in binary scalar expression",
            binary.operator.text()
        ));
    }
    if has_scalar {
        if !binary.matching.labels.is_empty() || binary.matching.cardinality != Cardinality::OneToOne {
            return fail("vector matching only allowed between instant vectors".into());
        }
        binary.matching.is_on = false;
    }
    Ok(binary)
}

pub fn unary(inner: Expr, is_minus: bool, position: usize) -> Result<Expr> {
    let found = inner.value_type();
    if !matches!(found, Type::Scalar | Type::Vector) {
        let reason = format!(
            "unary expression only allowed on expressions of type scalar or instant vector, got {:?}",
            found.to_string()
        );
        return Err(ParseFault { position, reason });
    }
    Ok(match inner {
        Expr::Number(number) if is_minus => Expr::Number(-number),
        inner if is_minus => Expr::Negate(Box::new(inner)),
        inner => inner,
    })
}

pub fn aggregate(aggregate: &Aggregate) -> Result<()> {
    expect(Type::Vector, &aggregate.expr, "aggregation expression", aggregate.position)?;
    if let Some(parameter) = &aggregate.parameter {
        let wanted = if aggregate.aggregator == Aggregator::CountValues { Type::Text } else { Type::Scalar };
        let place = format!("aggregation {:?} parameter", aggregate.aggregator.text());
        expect(wanted, parameter, &place, aggregate.position)?;
    }
    Ok(())
}

pub fn call(call: &Call) -> Result<()> {
    let function = call.function;
    let fail = |reason: String| Err(ParseFault { position: call.position, reason });
    let (listed, found) = (function.arguments.len(), call.arguments.len());
    if function.variadic == 0 {
        if found != listed {
            return fail(format!(
                "expected {listed} argument(s) in call to {:?}, got {found}",
                function.name
            ));
        }
    } else {
        let least = listed - 1;
        if found < least {
            return fail(format!(
                "expected at least {least} argument(s) in call to {:?}, got {found}",
                function.name
            ));
        }
        let most = least + usize::try_from(function.variadic).unwrap_or(usize::MAX / 2);
        if found > most {
            return fail(format!(
                "expected at most {most} argument(s) in call to {:?}, got {found}",
                function.name
            ));
        }
    }
    if function.name == "info"
        && let Some(second) = call.arguments.get(1)
        && !matches!(second, Expr::Vector(_))
    {
        return fail("expected label selectors as the second argument to the info function".into());
    }
    for argument in &call.arguments {
        ends(call, argument)?;
    }
    for (i, argument) in call.arguments.iter().enumerate() {
        let wanted = function.arguments[i.min(listed - 1)];
        expect(wanted, argument, &format!("call to function {:?}", function.name), call.position)?;
    }
    Ok(())
}

/// Values at the very ends of a range mean something to a few functions only.
fn ends(call: &Call, argument: &Expr) -> Result<()> {
    let Expr::Matrix(selector, _) = argument.bare() else { return Ok(()) };
    let (modifier, fitting): (_, &[&str]) = match selector.ends {
        Ends::Plain => return Ok(()),
        Ends::Anchored => ("anchored", &["changes", "delta", "increase", "rate", "resets"]),
        Ends::Smoothed => ("smoothed", &["delta", "increase", "rate"]),
    };
    if fitting.contains(&call.function.name) {
        return Ok(());
    }
    let reason = format!(
        "{modifier} modifier can only be used with: {} - not with {}",
        fitting.join(", "),
        call.function.name
    );
    Err(ParseFault { position: selector.position, reason })
}
