//! Scores CVSS vectors: one per line on standard input; one line each with version, base, temporal, environmental and
//! rating between tabs (`-` where the vector has no such metrics), or `?` and the reason.

use std::io::{BufRead, BufWriter, Write};

use mainstay_versions::score::score;

fn main() -> std::io::Result<()> {
    let mut output = BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().split(b'\n') {
        match score(&String::from_utf8_lossy(&line?)) {
            Ok(scores) => {
                let cell =
                    |score: Option<f64>| score.map_or_else(|| "-".to_owned(), |score| format!("{score:.1}"));
                let (temporal, environmental) = (cell(scores.temporal), cell(scores.environmental));
                let rating = format!("{:?}", scores.rating).to_lowercase();
                writeln!(
                    output,
                    "{}\t{:.1}\t{temporal}\t{environmental}\t{rating}",
                    scores.version, scores.base
                )?;
            }
            Err(fault) => writeln!(output, "?\t{fault}")?,
        }
    }
    output.flush()
}
