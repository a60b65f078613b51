//! The folders that remember orders. One appears whole, and is never taken apart under its own name: an order whose
//! folder is there is known, whatever is killed in between.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::disk;
use crate::wire::Order;

/// The folders of all orders that are remembered. What is half written or half forgotten is removed.
pub fn all(orders: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in fs::read_dir(orders)?.flatten().map(|entry| entry.path()) {
        // The id of an order has no dot.
        let done = match path.extension().and_then(|extension| extension.to_str()) {
            None => {
                found.push(path);
                continue;
            }
            Some("gone") => fs::remove_dir_all(&path),
            Some(_) => forget(&path),
        };
        if let Err(fault) = done {
            tracing::warn!("{} cannot be removed: {fault}", path.display());
        }
    }
    Ok(found)
}

/// Remembers an order, in `path`. One that is known stays as it is.
pub fn remember(path: &Path, order: &Order) -> io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    let draft = draft(path, order)?;
    name(&draft, path)
}

/// Takes the name off before the first file goes: an order of which only the text was left would be begun again. Nobody
/// else can still give a folder with the new name the name of an order, while its files are removed.
pub fn forget(path: &Path) -> io::Result<()> {
    let gone = aside(path, "gone")?;
    fs::rename(path, &gone)?;
    disk::sync_folder(&gone)?;
    fs::remove_dir_all(&gone)
}

/// A folder of its own for everybody who writes the order down: the server may hand it out in two answers at once, and
/// whoever cleaned up after the other would take the text, or what the job has written, from a folder just named.
fn draft(path: &Path, order: &Order) -> io::Result<PathBuf> {
    let draft = aside(path, "making")?;
    disk::private_folder(&draft)?;
    disk::replace(&draft.join("order.json"), &serde_json::to_vec(order)?)?;
    Ok(draft)
}

/// The first draft gets the name. rename(2) puts a folder in place of an empty one only, and that of an order never is.
fn name(draft: &Path, path: &Path) -> io::Result<()> {
    match fs::rename(draft, path) {
        Err(fault)
            if matches!(fault.kind(), io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists) =>
        {
            fs::remove_dir_all(draft)?;
        }
        named => named?,
    }
    disk::sync_folder(path)
}

fn aside(path: &Path, extension: &str) -> io::Result<PathBuf> {
    Ok(path.with_extension(format!("{}.{extension}", disk::random_hex(4)?)))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::sync::Barrier;

    use super::{all, draft, forget, name, remember};
    use crate::orders::read_json;
    use crate::wire::{Order, Task};

    fn order() -> Order {
        let task = Task::Look { sections: Vec::new() };
        Order { id: "o".to_owned(), fence: 1, expires_at_ms: None, limit_s: 1, task }
    }

    fn names(folder: &Path) -> Vec<String> {
        let names =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn an_order_that_comes_in_two_answers_at_once_keeps_its_text_and_that_it_was_begun() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("o");
        let (first, second) = (draft(&path, &order()).unwrap(), draft(&path, &order()).unwrap());
        name(&first, &path).unwrap();
        fs::write(path.join("started"), "1\n").unwrap();
        name(&second, &path).unwrap();
        assert_eq!(fs::read_to_string(path.join("started")).unwrap(), "1\n");
        assert_eq!(read_json::<Order>(&path.join("order.json")).unwrap().id, "o");
        assert_eq!(names(folder.path()), ["o"]);
    }

    #[test]
    fn many_who_remember_the_same_order_at_once_all_find_it_whole() {
        for _ in 0..20 {
            let folder = tempfile::tempdir().unwrap();
            let (path, all_at_once) = (folder.path().join("o"), Barrier::new(4));
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        all_at_once.wait();
                        remember(&path, &order()).unwrap();
                        assert!(read_json::<Order>(&path.join("order.json")).is_some());
                    });
                }
            });
            assert_eq!(
                (names(folder.path()), names(&path)),
                (vec!["o".to_owned()], vec!["order.json".to_owned()])
            );
        }
    }

    #[test]
    fn what_is_half_written_or_half_forgotten_is_no_order_and_an_order_without_its_text_stays() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["o.1.making", "p.1.gone", "q.making", "begun", "whole"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        fs::write(folder.path().join("p.1.gone/order.json"), serde_json::to_vec(&order()).unwrap()).unwrap();
        fs::write(folder.path().join("o.1.making/order.json"), "{").unwrap();
        let mut found = all(folder.path()).unwrap();
        found.sort();
        assert_eq!(found, [folder.path().join("begun"), folder.path().join("whole")]);
        assert_eq!(names(folder.path()), ["begun", "whole"]);
        forget(&folder.path().join("whole")).unwrap();
        assert_eq!(names(folder.path()), ["begun"]);
    }
}
