//! Lists page by key, never by number: a cursor says after which row to go on, so a page stays right while rows
//! come and go, and the millionth costs what the first costs.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, de};

/// Rows on a page when nobody asks otherwise.
pub const USUAL_ROWS: u32 = 50;
/// Rows on a page at most.
pub const MOST_ROWS: u32 = 200;
const LONGEST_CURSOR: usize = 1_000;

/// Where a list goes on: opaque to whoever holds it, the sort key of a row to whoever made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Cursor(String);

impl Cursor {
    /// The cursor of a row, by its whole sort key such as `(created_ms, id)`.
    pub fn of(key: &impl Serialize) -> Self {
        Self(URL_SAFE_NO_PAD.encode(serde_json::to_vec(key).expect("a sort key is plain data")))
    }

    /// The sort key again; none when somebody made the cursor up or it is of another list.
    pub fn key<K: DeserializeOwned>(&self) -> Option<K> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(&self.0).ok()?).ok()
    }

    /// As it stands in an address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.len() <= LONGEST_CURSOR && URL_SAFE_NO_PAD.decode(&text).is_ok() {
            Ok(Self(text))
        } else {
            Err(de::Error::custom("not a cursor of ours; start again without it"))
        }
    }
}

/// The paging parameters of a list. Rooms put them into their own parameters with `#[serde(flatten)]`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
pub struct Paging {
    /// Rows after this one: older.
    pub after: Option<Cursor>,
    /// Rows before this one: newer.
    pub before: Option<Cursor>,
    /// How many; see [`Paging::rows`].
    #[serde(default, deserialize_with = "number")]
    pub limit: Option<u32>,
}

/// A flattened struct gets every parameter as text, so a number is read from text here.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(|_| de::Error::custom(format!("`{text}` is not a number of rows")))
}

impl Paging {
    /// How many rows to show, between 1 and 200.
    pub fn rows(&self) -> u32 {
        self.limit.unwrap_or(USUAL_ROWS).clamp(1, MOST_ROWS)
    }

    /// How many rows to read: one more than shown tells whether there are more.
    pub fn to_read(&self) -> u32 {
        self.rows() + 1
    }
}

/// One page of a list as the API says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Slice<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where it goes on; none at the end.
    pub next: Option<Cursor>,
    /// Where what is newer is; none at the beginning.
    #[serde(skip)]
    pub previous: Option<Cursor>,
}

impl<T> Slice<T> {
    /// Makes a page of the rows that were read, [`Paging::to_read`] at most. They come in the list's order when
    /// paging `after`, in the opposite order when paging `before`, as the statement finds them.
    pub fn new<K: Serialize>(mut rows: Vec<T>, paging: &Paging, key: impl Fn(&T) -> K) -> Self {
        let most = paging.rows() as usize;
        let has_more = rows.len() > most;
        rows.truncate(most);
        let is_backward = paging.before.is_some();
        if is_backward {
            rows.reverse();
        }
        let first = rows.first().map(|row| Cursor::of(&key(row)));
        let last = rows.last().map(|row| Cursor::of(&key(row)));
        let (has_older, has_newer) =
            if is_backward { (true, has_more) } else { (has_more, paging.after.is_some()) };
        Self { items: rows, next: last.filter(|_| has_older), previous: first.filter(|_| has_newer) }
    }

    /// The addresses before and after: `path` with its own parameters, which may be empty.
    pub fn pager(
        &self,
        path: &str,
        parameters: &[(&str, &str)],
        words: impl Into<String>,
    ) -> crate::ui::Pager {
        let address = |name: &str, cursor: &Cursor| {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(parameters).append_pair(name, cursor.as_str());
            format!("{path}?{}", query.finish())
        };
        crate::ui::Pager {
            words: words.into(),
            newer: self.previous.as_ref().map(|cursor| address("before", cursor)),
            older: self.next.as_ref().map(|cursor| address("after", cursor)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list of 1 to 12, newest first, as a statement with a key would read it.
    fn read(paging: &Paging) -> Slice<u32> {
        let key = |cursor: &Option<Cursor>| cursor.as_ref().map(|cursor| cursor.key::<u32>().unwrap());
        let to_read = paging.to_read() as usize;
        let rows: Vec<u32> = match (key(&paging.after), key(&paging.before)) {
            (_, Some(before)) => (before + 1..=12).take(to_read).collect(),
            (Some(after), _) => (1..after).rev().take(to_read).collect(),
            _ => (1..=12).rev().take(to_read).collect(),
        };
        Slice::new(rows, paging, |row| *row)
    }

    #[test]
    fn walking_forth_and_back_shows_every_row_once() {
        let mut paging = Paging { limit: Some(5), ..Paging::default() };
        let mut pages = vec![read(&paging)];
        while let Some(next) = pages.last().unwrap().next.clone() {
            paging.after = Some(next);
            pages.push(read(&paging));
        }
        let seen: Vec<u32> = pages.iter().flat_map(|page| page.items.clone()).collect();
        assert_eq!(seen, (1..=12).rev().collect::<Vec<_>>());
        assert_eq!(pages[0].previous, None);

        let mut paging = Paging { limit: Some(5), ..Paging::default() };
        paging.before = pages[2].previous.clone();
        let back = read(&paging);
        assert_eq!(back.items, pages[1].items);
        paging.before = back.previous.clone();
        assert_eq!(read(&paging).items, pages[0].items);
        assert_eq!(read(&paging).previous, None);
    }

    #[test]
    fn a_cursor_is_ours_or_refused() {
        let cursor = Cursor::of(&(1_700_000_000_000_i64, "wrk_1"));
        assert_eq!(cursor.key(), Some((1_700_000_000_000_i64, "wrk_1".to_owned())));
        assert_eq!(cursor.key::<u32>(), None);
        let read = |text: &str| serde_json::from_value::<Cursor>(text.into());
        assert_eq!(read(cursor.as_str()).unwrap(), cursor);
        assert!(read("not base64!").is_err());
        assert!(read(&"A".repeat(1_200)).is_err());
    }

    #[test]
    fn a_room_adds_its_own_parameters() {
        #[derive(Deserialize)]
        struct Filter {
            q: Option<String>,
            #[serde(flatten)]
            paging: Paging,
        }
        let after = Cursor::of(&7);
        let query = format!("q=vpn&limit=20&after={}", after.as_str());
        let filter: Filter = crate::query::read(&query).unwrap();
        assert_eq!((filter.q.as_deref(), filter.paging.rows()), (Some("vpn"), 20));
        assert_eq!(filter.paging.after, Some(after));
        assert!(crate::query::read::<Filter>("").is_ok());
        assert!(crate::query::read::<Filter>("limit=many").is_err());
        assert!(crate::query::read::<Filter>("after=!!").is_err());
    }

    #[test]
    fn limits_hold() {
        for (asked, rows) in [(None, 50), (Some(0), 1), (Some(7), 7), (Some(9_999), 200)] {
            assert_eq!(Paging { limit: asked, ..Paging::default() }.rows(), rows);
        }
    }

    #[test]
    fn addresses_keep_the_filters() {
        let page = read(&Paging { limit: Some(5), ..Paging::default() });
        let pager = page.pager("/work", &[("q", "a b&c")], "");
        assert_eq!(pager.older.unwrap(), format!("/work?q=a+b%26c&after={}", Cursor::of(&8).as_str()));
        assert_eq!(pager.newer, None);
    }
}
