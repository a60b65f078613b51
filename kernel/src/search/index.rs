//! The index itself: its fields, how a question is asked of it, and what its folder remembers.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use tantivy::collector::TopDocs;
use tantivy::indexer::IndexWriterOptions;
use tantivy::query::{
    AllQuery, BooleanQuery, BoostQuery, FuzzyTermQuery, Occur, PhraseQuery, Query, TermQuery, TermSetQuery,
};
use tantivy::schema::{
    Field, INDEXED, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions, Value,
};
use tantivy::tokenizer::{AsciiFoldingFilter, LowerCaser, RemoveLongFilter, SimpleTokenizer, TextAnalyzer};
use tantivy::{Index as Store, IndexReader, IndexWriter, ReloadPolicy, Searcher, TantivyDocument, Term};

use super::Document;
use super::query::{Part, What};
use crate::Fault;
use crate::access::Scopes;
use crate::id::{OrgId, Ref};

/// Counts up whenever fields or analysis change; an index of another version is built anew.
const VERSION: &str = "2";
const WORDS: &str = "words";
/// The least that tantivy takes; one thread of it.
const WRITER_BYTES: usize = 15_000_000;
const LONGEST_WORD: usize = 60;
/// A word in the title counts as if it were said so often. Title and body are one field, so that a word is one list to
/// read: with a field each, words that stand in a million things took three times as long.
const TITLE_WEIGHT: usize = 3;

/// What the caller may see of one kind.
#[derive(Clone, Debug)]
pub(super) struct Sight {
    pub(super) kind: &'static str,
    pub(super) scopes: Scopes,
}

/// How far each organisation's events have been read.
pub(super) type Marks = BTreeMap<i64, i64>;

#[derive(Clone, Copy)]
struct Fields {
    key: Field,
    org: Field,
    kind: Field,
    team: Field,
    words: Field,
    title: Field,
    number: Field,
    state: Field,
}

/// An open index. Cheap to clone.
#[derive(Clone)]
pub(super) struct Index {
    store: Store,
    reader: IndexReader,
    fields: Fields,
}

impl Index {
    /// Opens the index in this folder; makes it anew when there is none, or another version, or it is damaged.
    pub(super) fn open(folder: &Path) -> Result<Self, Fault> {
        match Self::try_open(folder) {
            Ok(index) => Ok(index),
            Err(error) => {
                tracing::info!(%error, folder = %folder.display(), "the search index is made anew");
                throw_away(folder)?;
                Self::try_open(folder).map_err(broken)
            }
        }
    }

    fn try_open(folder: &Path) -> tantivy::Result<Self> {
        let place = folder.join(VERSION);
        fs::create_dir_all(&place)?;
        let (schema, fields) = schema();
        let store = Store::open_or_create(tantivy::directory::MmapDirectory::open(&place)?, schema)?;
        let analyzer = TextAnalyzer::builder(SimpleTokenizer::default())
            .filter(RemoveLongFilter::limit(LONGEST_WORD))
            .filter(LowerCaser)
            .filter(AsciiFoldingFilter)
            .build();
        store.tokenizers().register(WORDS, analyzer);
        let reader = store.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        Ok(Self { store, reader, fields })
    }

    /// What the last commit remembers.
    pub(super) fn marks(&self) -> Result<Marks, Fault> {
        let payload = self.store.load_metas().map_err(broken)?.payload;
        Ok(payload.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    pub(super) fn writer(&self) -> Result<IndexWriter, Fault> {
        let options = IndexWriterOptions::builder()
            .num_worker_threads(1)
            .num_merge_threads(1)
            .memory_budget_per_thread(WRITER_BYTES)
            .build();
        self.store.writer_with_options(options).map_err(broken)
    }

    /// Puts a thing in place of what was there of it; without a document it is taken out.
    pub(super) fn put(
        &self,
        writer: &IndexWriter,
        org: OrgId,
        of: &Ref,
        document: Option<&Document>,
    ) -> Result<(), Fault> {
        let key = format!("{}|{}|{}", org.0, of.kind, of.id);
        writer.delete_term(Term::from_field_text(self.fields.key, &key));
        let Some(document) = document else { return Ok(()) };
        let mut entry = TantivyDocument::default();
        entry.add_text(self.fields.key, &key);
        entry.add_i64(self.fields.org, org.0);
        entry.add_text(self.fields.kind, &of.kind);
        entry.add_i64(self.fields.team, document.team.map_or(0, |team| team.0));
        for _ in 0..TITLE_WEIGHT {
            entry.add_text(self.fields.words, &document.title);
        }
        entry.add_text(self.fields.words, &document.body);
        entry.add_text(self.fields.title, &document.title);
        if let Some(number) = document.number {
            entry.add_i64(self.fields.number, number);
        }
        entry.add_text(self.fields.state, document.state.to_lowercase());
        writer.add_document(entry).map(drop).map_err(broken)
    }

    /// Makes what was put findable and remembers how far it goes.
    pub(super) fn commit(&self, writer: &mut IndexWriter, marks: &Marks) -> Result<(), Fault> {
        let payload = serde_json::to_string(marks).map_err(Fault::broken)?;
        let mut prepared = writer.prepare_commit().map_err(broken)?;
        prepared.set_payload(&payload);
        prepared.commit().map_err(broken)?;
        self.reader.reload().map_err(broken)
    }

    /// The best hits, with typos or without.
    pub(super) fn find(
        &self,
        org: OrgId,
        sights: &[Sight],
        parts: &[Part],
        with_typos: bool,
        limit: usize,
    ) -> Result<Vec<Ref>, Fault> {
        let searcher = self.reader.searcher();
        let mut clauses: Vec<(Occur, Box<dyn Query>)> = Vec::new();
        let own = Term::from_field_i64(self.fields.org, org.0);
        if is_choice(&searcher, std::slice::from_ref(&own))? {
            clauses.push((Occur::Must, exact(own)));
        }
        let kinds: Vec<Term> =
            sights.iter().map(|sight| Term::from_field_text(self.fields.kind, sight.kind)).collect();
        if sights.iter().any(|sight| sight.scopes != Scopes::All) || is_choice(&searcher, &kinds)? {
            clauses.push((Occur::Must, self.seen(sights)));
        }
        if parts.iter().all(|part| part.is_without) {
            clauses.push((Occur::Must, Box::new(AllQuery)));
        }
        for part in parts {
            let occur = if part.is_without { Occur::MustNot } else { Occur::Must };
            clauses.push((occur, self.part(part, with_typos)));
        }
        let best = TopDocs::with_limit(limit).order_by_score();
        let found = searcher.search(&BooleanQuery::new(clauses), &best).map_err(broken)?;
        let mut hits = Vec::new();
        for (_, address) in found {
            let entry: TantivyDocument = searcher.doc(address).map_err(broken)?;
            let key = entry.get_first(self.fields.key).and_then(|value| value.as_str()).unwrap_or_default();
            let mut words = key.split('|').skip(1);
            if let (Some(kind), Some(Ok(id))) = (words.next(), words.next().map(str::parse)) {
                hits.push(Ref { kind: kind.to_owned().into(), id });
            }
        }
        Ok(hits)
    }

    fn seen(&self, sights: &[Sight]) -> Box<dyn Query> {
        let sight = |sight: &Sight| -> (Occur, Box<dyn Query>) {
            let kind = exact(Term::from_field_text(self.fields.kind, sight.kind));
            let query = match &sight.scopes {
                Scopes::All => kind,
                Scopes::Teams(teams) => {
                    let teams = teams.iter().map(|team| Term::from_field_i64(self.fields.team, team.0));
                    Box::new(BooleanQuery::new(vec![
                        (Occur::Must, kind),
                        (Occur::Must, Box::new(TermSetQuery::new(teams))),
                    ]))
                }
            };
            (Occur::Should, query)
        };
        // What may be seen decides, it does not rank.
        Box::new(BoostQuery::new(Box::new(BooleanQuery::new(sights.iter().map(sight).collect())), 0.0))
    }

    fn part(&self, part: &Part, with_typos: bool) -> Box<dyn Query> {
        let typos = with_typos && part.may_be_mistyped();
        match &part.what {
            What::Number(number) => exact(Term::from_field_i64(self.fields.number, *number)),
            What::State(state) => exact(Term::from_field_text(self.fields.state, state)),
            What::Word(text) if typos => self.title_first(text, |terms| words(terms, true)),
            What::Word(text) | What::Phrase(text) => words(self.terms(self.fields.words, text), false),
            What::Beginning(text) => self.title_first(text, beginning),
        }
    }

    /// For words that are not known exactly: how often they stand somewhere says nothing, so the title does.
    fn title_first(&self, text: &str, query: impl Fn(Vec<Term>) -> Box<dyn Query>) -> Box<dyn Query> {
        let title = query(self.terms(self.fields.title, text));
        let weight = u8::try_from(TITLE_WEIGHT).map_or(1.0, f32::from);
        Box::new(BooleanQuery::new(vec![
            (Occur::Must, query(self.terms(self.fields.words, text))),
            (Occur::Should, Box::new(BoostQuery::new(title, weight))),
        ]))
    }

    fn terms(&self, field: Field, text: &str) -> Vec<Term> {
        self.tokens(text).iter().map(|token| Term::from_field_text(field, token)).collect()
    }

    fn tokens(&self, text: &str) -> Vec<String> {
        let Some(mut analyzer) = self.store.tokenizers().get(WORDS) else { return Vec::new() };
        let mut tokens = Vec::new();
        analyzer.token_stream(text).process(&mut |token| tokens.push(token.text.clone()));
        tokens
    }
}

/// Removes the folder of an index, whatever is in it.
pub(super) fn throw_away(folder: &Path) -> Result<(), Fault> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Fault::broken(error)),
        _ => Ok(()),
    }
}

fn schema() -> (Schema, Fields) {
    let mut schema = Schema::builder();
    let text = || {
        let indexing = TextFieldIndexing::default()
            .set_tokenizer(WORDS)
            .set_index_option(IndexRecordOption::WithFreqsAndPositions);
        TextOptions::default().set_indexing_options(indexing)
    };
    let fields = Fields {
        key: schema.add_text_field("key", STRING | STORED),
        org: schema.add_i64_field("org", INDEXED),
        kind: schema.add_text_field("kind", STRING),
        team: schema.add_i64_field("team", INDEXED),
        words: schema.add_text_field("words", text()),
        title: schema.add_text_field("title", text()),
        number: schema.add_i64_field("number", INDEXED),
        state: schema.add_text_field("state", STRING),
    };
    (schema.build(), fields)
}

/// Whether some document of the index has none of these terms, of which none has two. A condition that all fulfil need
/// not be asked of a million of them.
fn is_choice(searcher: &Searcher, terms: &[Term]) -> Result<bool, Fault> {
    let mut fitting = 0;
    for term in terms {
        fitting += searcher.doc_freq(term).map_err(broken)?;
    }
    // Both count what was taken out and is still there.
    let all: u64 = searcher.segment_readers().iter().map(|segment| u64::from(segment.max_doc())).sum();
    Ok(fitting < all)
}

fn exact(term: Term) -> Box<dyn Query> {
    Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs))
}

/// A word like `ERR-00012` is several to the index, and a phrase to people.
fn words(mut terms: Vec<Term>, with_typos: bool) -> Box<dyn Query> {
    match (terms.pop(), terms.is_empty()) {
        (None, _) => Box::new(BooleanQuery::new(Vec::new())),
        (Some(term), true) if with_typos => {
            let letters = term.value().as_str().map_or(0, |text| text.chars().count());
            Box::new(FuzzyTermQuery::new(term, if letters < 8 { 1 } else { 2 }, true))
        }
        (Some(term), true) => exact(term),
        (Some(last), false) => {
            terms.push(last);
            Box::new(PhraseQuery::new(terms))
        }
    }
}

fn beginning(mut terms: Vec<Term>) -> Box<dyn Query> {
    match (terms.pop(), terms.is_empty()) {
        (None, _) => Box::new(BooleanQuery::new(Vec::new())),
        (Some(term), true) => Box::new(FuzzyTermQuery::new_prefix(term, 0, true)),
        (Some(last), false) => {
            terms.push(last);
            Box::new(tantivy::query::PhrasePrefixQuery::new(terms))
        }
    }
}

fn broken(error: tantivy::TantivyError) -> Fault {
    Fault::broken(error)
}
