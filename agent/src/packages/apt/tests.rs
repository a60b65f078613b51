//! The upgrade compared with apt's own.

use crate::Host;

#[test]
fn live() {
    let seen = super::updates(&Host::live());
    for gap in &seen.unseen {
        println!("unseen: {} because {}", gap.what, gap.because);
    }
    let updates = seen.value.unwrap();
    for update in &updates.updates {
        println!("{} {:?} {} {}", update.name, update.installed, update.candidate, update.is_security);
    }
    println!("{} updates, {} new, {} leaving, kept {:?}", updates.updates.len(), updates.arriving.len(), updates.leaving.len(), updates.kept_back);
}
