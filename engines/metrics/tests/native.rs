//! Native histograms in queries, as the specification of Prometheus has them. `CASES` names a file with more cases.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::float_cmp,
    reason = "numbers are made up"
)]

mod cases;

#[test]
fn queries_over_native_histograms_give_what_the_documentation_says() {
    let failed = cases::run(include_str!("cases/native.txt"));
    assert!(failed.is_empty(), "{} cases:\n{}", failed.len(), failed.join("\n"));
}

#[test]
#[ignore = "give a file of cases in CASES"]
fn cases_of_a_file() {
    let path = std::env::var("CASES").expect("CASES names a file");
    let failed = cases::run(&std::fs::read_to_string(path).unwrap());
    assert!(failed.is_empty(), "{} cases:\n{}", failed.len(), failed.join("\n"));
}
