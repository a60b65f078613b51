//! RPM modules: builds of one stream are comparable with builds of the same stream only.

use std::iter::Peekable;

use crate::advisory::EventKind;
use crate::matching::{Judgement, Reason, State, Statement, judged};

/// Whether the release of an EVR was built for a module.
pub(crate) fn is_module_build(evr: &str) -> bool {
    evr.contains(".module_") || evr.contains(".module+")
}

/// Module and stream of a label `php:8.1:9040020240809:f7998665`; rpm prints `(none)` for an ordinary package.
pub(crate) fn of_label(label: &str) -> &str {
    let end = label.match_indices(':').nth(1).map_or(label.len(), |(at, _)| at);
    if label == "(none)" { "" } else { &label[..end] }
}

/// Decides where the streams decide; `None` where the versions have to be compared. `module` is the installed package's
/// own label, or empty where nobody collected it.
pub(crate) fn judge<'a>(
    version: &str,
    module: &str,
    statement: &impl Statement<'a>,
) -> Option<Judgement<'a>> {
    let named = statement.module();
    if !named.is_empty() && !module.is_empty() {
        return (named != module).then_some(other(named));
    }
    let is_modular = !module.is_empty() || is_module_build(version);
    let fixes =
        || statement.ranges().flat_map(|(_, events)| events).filter(|(kind, _)| *kind == EventKind::Fixed);
    let mut modular_fixes = fixes().map(|(_, fix)| fix).filter(|fix| is_module_build(fix)).peekable();
    let first = modular_fixes.peek().copied();
    match (is_modular, !named.is_empty() || first.is_some()) {
        (false, false) => None,
        (true, false) if fixes().next().is_none() => None,
        (true, false) => Some(other("-")),
        (false, true) => Some(other(if named.is_empty() { first.unwrap_or_default() } else { named })),
        (true, true) if module.is_empty() && !named.is_empty() => by_version(version, named, modular_fixes),
        (true, true) => {
            let is_same_line = modular_fixes.all(|fix| upstream(fix).next() == upstream(version).next());
            (!is_same_line).then_some(judged(State::Undecidable, Reason::StreamUnknown))
        }
    }
}

const fn other(module: &str) -> Judgement<'_> {
    judged(State::NotAffected, Reason::OtherModule { module })
}

/// The stream is named, the installed package's is not. Where the fixes carry the stream's number (`8.3.33` of `php:8.3`)
/// the installed version tells its stream too; elsewhere it cannot be known.
fn by_version<'a>(
    version: &str,
    named: &'a str,
    mut fixes: Peekable<impl Iterator<Item = &'a str>>,
) -> Option<Judgement<'a>> {
    let stream = named.split_once(':').map_or("", |(_, stream)| stream);
    let is_in_stream = |evr: &str| upstream(evr).take(stream.split('.').count()).eq(stream.split('.'));
    let has_number = fixes.peek().is_some() && fixes.all(&is_in_stream);
    match (has_number, is_in_stream(version)) {
        (true, true) => None,
        (true, false) => Some(other(named)),
        (false, _) => Some(judged(State::Undecidable, Reason::StreamUnknown)),
    }
}

/// The parts of the version between dots, without epoch and release.
fn upstream(evr: &str) -> impl Iterator<Item = &str> {
    let version = evr.split_once(':').map_or(evr, |(_, rest)| rest);
    version.rsplit_once('-').map_or(version, |(version, _)| version).split('.')
}
