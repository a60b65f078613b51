//! Builds and looks into index files: `index build OUT SOURCE…`, `index update OUT SOURCE…`, `index show FILE [NAME]`.
//!
//! A source is a file, folder, zip or tar of any format the importers know. The build time is taken from the environment
//! (`SOURCE_DATE`, RFC 3339), so that the same sources give the same bytes.

use std::path::Path;
use std::process::ExitCode;

use mainstay_versions::import::{Limits, Sink, read_path};
use mainstay_versions::index::{Builder, Index};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result =
        match words.as_slice() {
            ["build", out, sources @ ..] if !sources.is_empty() => build(Builder::new(), out, sources),
            ["update", out, sources @ ..] if !sources.is_empty() => Index::open(Path::new(out))
                .map_err(|fault| fault.to_string())
                .and_then(|index| build(Builder::from_index(&index), out, sources)),
            ["show", file] => show(file, None),
            ["show", file, name] => show(file, Some(name)),
            _ => Err("usage: index build OUT SOURCE… | index update OUT SOURCE… | index show FILE [NAME]"
                .to_owned()),
        };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn build(mut builder: Builder, out: &str, sources: &[&str]) -> Result<(), String> {
    for source in sources {
        let path = Path::new(source);
        let mut each = |record| builder.add(record);
        let mut sink = Sink::new(&mut each);
        read_path(path, Limits::default(), &mut sink).map_err(|error| format!("{source}: {error}"))?;
        let outcome = sink.outcome;
        let name =
            path.file_name().map_or_else(|| (*source).to_owned(), |name| name.to_string_lossy().into_owned());
        println!(
            "{name}: {} records, {} damaged, {} other files",
            outcome.records, outcome.damaged, outcome.ignored
        );
        for damage in &outcome.damages {
            println!("  {damage}");
        }
        builder.note(&name, &outcome);
    }
    let built_at = std::env::var("SOURCE_DATE").unwrap_or_default();
    builder.write(Path::new(out), &built_at).map_err(|error| format!("{out}: {error}"))?;
    println!("{out}: {} advisories", builder.len());
    Ok(())
}

fn show(file: &str, name: Option<&str>) -> Result<(), String> {
    let index = Index::open(Path::new(file)).map_err(|fault| fault.to_string())?;
    let Some(name) = name else {
        println!(
            "built {}, {} advisories, {} packages",
            index.built_at(),
            index.advisory_count(),
            index.package_count()
        );
        for source in index.sources() {
            println!("  {}: {} records, {} damaged", source.name, source.records, source.damaged);
        }
        index.damages().for_each(|damage| println!("  damaged: {damage}"));
        return Ok(());
    };
    for advisory in index.named(name) {
        println!("{} ({}) {}", advisory.id(), advisory.source(), advisory.summary());
        advisory.affected().for_each(|affected| println!("  {}", affected.name()));
    }
    Ok(())
}
