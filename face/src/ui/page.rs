//! One page: its title, what stands beside it, and the frame around it.

use maud::{DOCTYPE, Markup, Render, html};

use super::act::{Act, acts};
use super::layout;
use super::parts;
use super::shell::Shell;
use super::toast::toast;
use crate::assets;

/// A page before it is framed. `Page::new("db-01").section("assets").main(html! { … }).render(&shell)`
#[derive(Debug)]
pub struct Page {
    title: String,
    section: &'static str,
    crumbs: Vec<(String, String)>,
    marks: Option<Markup>,
    lead: Option<Markup>,
    acts: Vec<Act>,
    above: Option<Markup>,
    main: Markup,
    aside: Option<Markup>,
    is_aside_wide: bool,
    topics: Vec<String>,
    /// Where the inside comes from anew, and at which topics.
    fresh: Option<(String, Vec<String>)>,
}

impl Page {
    /// An empty page. The title is the conclusion, not the category: `3 things need you now`.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            section: "",
            crumbs: Vec::new(),
            marks: None,
            lead: None,
            acts: Vec::new(),
            above: None,
            main: html! {},
            aside: None,
            is_aside_wide: false,
            topics: Vec::new(),
            fresh: None,
        }
    }

    /// The section of the rail it belongs to.
    #[must_use]
    pub fn section(mut self, name: &'static str) -> Self {
        self.section = name;
        self
    }

    /// A step on the way here, outermost first.
    #[must_use]
    pub fn crumb(mut self, label: impl Into<String>, href: impl Into<String>) -> Self {
        self.crumbs.push((label.into(), href.into()));
        self
    }

    /// The line above the title: number, tags, since when.
    #[must_use]
    pub fn marks(mut self, marks: Markup) -> Self {
        self.marks = Some(marks);
        self
    }

    /// The grey sentence under the title.
    #[must_use]
    pub fn lead(mut self, lead: impl Render) -> Self {
        self.lead = Some(lead.render());
        self
    }

    /// An action beside the title; the primary one last.
    #[must_use]
    pub fn act(mut self, act: Act) -> Self {
        self.acts.push(act);
        self
    }

    /// What runs over the whole width under the title: strip, tabs, chain, banner.
    #[must_use]
    pub fn above(mut self, above: Markup) -> Self {
        self.above = Some(above);
        self
    }

    /// The content.
    #[must_use]
    pub fn main(mut self, main: Markup) -> Self {
        self.main = main;
        self
    }

    /// The side column: cards below each other. Under 1100 px it follows the content.
    #[must_use]
    pub fn aside(mut self, aside: Markup) -> Self {
        self.aside = Some(aside);
        self
    }

    /// A side column with room for figures and texts.
    #[must_use]
    pub fn wide_aside(mut self, aside: Markup) -> Self {
        self.is_aside_wide = true;
        self.aside(aside)
    }

    /// A topic of the live stream this page listens to, see [`crate::live`].
    #[must_use]
    pub fn live(mut self, topic: impl Into<String>) -> Self {
        self.topics.push(topic.into());
        self
    }

    /// The page keeps itself true: at each topic named before it fetches its inside from `href` and morphs it in place.
    /// What is typed, focused or scrolled stays.
    #[must_use]
    pub fn refreshes(self, href: impl Into<String>) -> Self {
        let topics = self.topics.clone();
        self.refreshes_at(href, topics)
    }

    /// As [`Page::refreshes`], at some of its topics only.
    #[must_use]
    pub fn refreshes_at(mut self, href: impl Into<String>, topics: impl IntoIterator<Item = String>) -> Self {
        self.fresh = Some((href.into(), topics.into_iter().collect()));
        self
    }

    /// The whole document.
    pub fn render(&self, shell: &Shell) -> Markup {
        let body = html! {
            a.skip href="#main" { "Skip to content" }
            div.busy aria-hidden="true" {}
            div.shell {
                (layout::rail(shell, self.section))
                div {
                    (layout::top_bar(shell))
                    (layout::lost_connection())
                    main #main tabindex="-1" { (self.inside()) }
                    @if let Some((href, topics)) = &self.fresh {
                        div hidden hx-get=(href) hx-trigger=(parts::triggers(topics.iter().map(String::as_str)))
                            hx-target="#main" hx-swap="innerMorph" hx-sync="this:replace" {}
                    }
                }
            }
            (layout::dock(shell, self.section))
            (layout::palette(shell))
            (layout::key_sheet())
            div #toasts .toasts role="status" { @if let Some(words) = &shell.toast { (toast(words)) } }
            (layout::stream(&self.topics, &shell.live_since))
        };
        document(&format!("{} · {}", self.title, shell.org), shell, &body)
    }

    /// The inside of `<main>` alone: the answer to a request for a fragment of this page.
    pub fn inside(&self) -> Markup {
        html! {
            (self.head())
            @if let Some(above) = &self.above { (above) }
            @if let Some(aside) = &self.aside {
                div.two.wide[self.is_aside_wide] {
                    div.stack { (self.main) }
                    aside.stack { (aside) }
                }
            } @else { (self.main) }
        }
    }

    fn head(&self) -> Markup {
        html! {
            @if !self.crumbs.is_empty() {
                nav aria-label="Where this is" { ol.crumbs {
                    @for (label, href) in &self.crumbs { li { a href=(href) { (label) } } }
                } }
            }
            div.head {
                div.grow {
                    @if let Some(marks) = &self.marks { div.marks { (marks) } }
                    h1 { (self.title) }
                    @if let Some(lead) = &self.lead { p.sub { (lead) } }
                }
                (acts(&self.acts))
            }
        }
    }
}

/// A document without a rail: signing in, a fault before anybody is known, a public page.
pub fn bare_document(title: &str, forced_theme: Option<&str>, body: &Markup) -> Markup {
    framed(title, forced_theme, None, body)
}

fn document(title: &str, shell: &Shell, body: &Markup) -> Markup {
    framed(title, shell.theme.forced(), Some(shell.words.now.as_millisecond()), body)
}

/// htmx evaluates nothing here: the policy of the page forbids it, and no attribute of ours asks for it.
const HTMX_CONFIG: &str = r#"{"includeIndicatorCSS":false,"history":false,"defaultTimeout":30000,"morphSkip":"[hx-morph-skip],form[data-typed]"}"#;

fn framed(title: &str, theme: Option<&str>, now_ms: Option<i64>, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" data-theme=[theme] data-now=[now_ms] {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                link rel="preload" href=(assets::FONT.path) as="font" type="font/woff2" crossorigin;
                link rel="stylesheet" href=(assets::CSS.path);
                link rel="icon" href=(assets::MARK.path) type="image/svg+xml";
                meta name="color-scheme" content="light dark";
                meta name="htmx-config" content=(HTMX_CONFIG);
                script defer src=(assets::HTMX.path) {}
                script defer src=(assets::APP.path) {}
            }
            body { (body) }
        }
    }
}
