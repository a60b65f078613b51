//! `mainstay organisation`: makes and lists what the installation keeps apart.

use mainstay_kernel::{Fault, tenancy};

use super::{Organisation, OrganisationWord};
use crate::beside::Beside;
use crate::first_minute::ServedAt;
use crate::organisations;

pub(super) async fn organisation(words: Organisation) -> Result<(), Fault> {
    let (data, postgres) = (words.place.data, words.place.postgres);
    match words.what {
        OrganisationWord::List => {
            let beside = Beside::reading(&data, postgres.as_deref()).await?;
            for org in beside.ground.db.read(tenancy::list).await? {
                println!("{:<40} {}", org.slug, org.name);
            }
            beside.close().await
        }
        OrganisationWord::Add { slug, name } => {
            let beside = Beside::writing(&data, postgres.as_deref()).await?;
            let (ground, asked) = (beside.ground.clone(), slug.clone());
            let made = beside.ground.db.write(move |tx| organisations::add(tx, &ground, &asked, &name)).await;
            beside.close().await?;
            let url = ServedAt::read(&data).url;
            println!("Open {url}/in/{}?org={slug}   signs its owner in once, valid 15 min", made?);
            Ok(())
        }
    }
}
