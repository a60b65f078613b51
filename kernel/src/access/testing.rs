//! For tests of every crate above: the table of rights and roles, and people who have a role.

use crate::Cx;
use crate::access::{self, BuiltIn, Grantee, Right};
use crate::cx::Who;
use crate::id::PersonId;
use crate::people::{self, Kind};
use crate::testing::House;

/// The table right × built-in role: `✔` held, `·` not. Keep it in a file and compare.
pub fn table(all: &[&'static Right]) -> String {
    let width = all.iter().map(|right| right.word.len()).max().unwrap_or(0);
    let mut rows = vec![format!("{:width$}  owner operator viewer", "")];
    let mut rights = all.to_vec();
    rights.sort_by_key(|right| right.word);
    for right in rights {
        let marks = BuiltIn::ALL.map(|role| {
            let is_held = role == BuiltIn::Owner || role.words(all).iter().any(|word| word == right.word);
            if is_held { "✔" } else { "·" }
        });
        rows.push(format!("{:width$}  {:5} {:8} {}", right.word, marks[0], marks[1], marks[2]));
    }
    rows.join("\n") + "\n"
}

impl House {
    /// Somebody new on the staff with a built-in role (or none), and their calls.
    ///
    /// # Panics
    /// When the store refuses.
    pub async fn person(&self, name: &str, role: Option<BuiltIn>) -> (PersonId, Cx) {
        let (cx, all, given) = (self.cx(), self.ground.rights.clone(), name.to_owned());
        let make = move |tx: &mut crate::store::Tx<'_>| {
            access::built_in(tx, &cx, &all)?;
            let new = people::New {
                name: given.clone(),
                email: format!("{}@example.org", given.to_lowercase().replace(' ', ".")),
                kind: Kind::Staff,
            };
            let id = people::add(tx, &cx, &new)?;
            if let Some(role) = role {
                let roles = access::roles(tx, &cx)?;
                let found = roles.iter().find(|known| known.built_in == Some(role));
                access::grant(tx, &cx, found.expect("made above").id, Grantee::Person(id), None)?;
            }
            Ok(id)
        };
        let id = self.db().write(make).await.expect("the store takes a person");
        (id, self.call_of(id, name).await)
    }

    /// The circumstances of a call by this person, with what they may do now.
    ///
    /// # Panics
    /// When the store refuses.
    pub async fn call_of(&self, id: PersonId, name: &str) -> Cx {
        let org = self.org;
        let rights =
            self.db().read(move |tx| access::rights_of(tx, org, id)).await.expect("rights can be read");
        self.ground.call(org, Who::Person { id, name: name.to_owned() }, rights)
    }
}
