//! Summation that keeps the digits that plain addition loses (Kahan, in the form of Neumaier 1974).

/// Adds `value` to a sum with its compensation; the result is `sum + carry`.
pub fn add(value: f64, sum: &mut f64, carry: &mut f64) {
    let total = *sum + value;
    if total.is_infinite() {
        *carry = 0.0;
    } else if sum.abs() >= value.abs() {
        *carry += (*sum - total) + value;
    } else {
        *carry += (value - total) + *sum;
    }
    *sum = total;
}
