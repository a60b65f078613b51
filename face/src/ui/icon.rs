//! Icons: one sprite, drawn in the colour of the text around them.

use maud::{Markup, html};

use crate::assets;

include!(concat!(env!("OUT_DIR"), "/icons.rs"));

/// An icon beside words that say the same; it is not read aloud.
pub fn icon(icon: Icon) -> Markup {
    html! { svg.icon aria-hidden="true" { use href={ (assets::ICONS.path) "#" (icon.name()) } {} } }
}

/// Our mark: a mast and its stay.
pub fn brand_mark() -> Markup {
    html! { svg viewBox="0 0 20 20" aria-hidden="true" { path d="M8 2.2v14.6M8 3l9 13.8M2.4 16.8h15.2M8 8.6 4 16.8" {} } }
}
