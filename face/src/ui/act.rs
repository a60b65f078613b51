//! What a person can do: links that look like buttons, and forms of one button. Both work without script.

use maud::{Markup, Render, html};

use super::icon::{Icon, icon};

/// One action: a link, or a form that posts.
#[derive(Clone, Debug)]
pub struct Act {
    label: String,
    goal: Goal,
    look: Look,
    is_small: bool,
    key: Option<&'static str>,
    icon: Option<Icon>,
    count: Option<String>,
    why_not: Option<String>,
}

#[derive(Clone, Debug)]
enum Goal {
    Link(String),
    Post { to: String, fields: Vec<(String, String)> },
    Submit { name: Option<(String, String)> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Usual,
    Primary,
    Danger,
    Plain,
}

impl Act {
    /// Opens a page.
    pub fn link(label: impl Into<String>, to: impl Into<String>) -> Self {
        Self::new(label.into(), Goal::Link(to.into()))
    }

    /// Posts a form of its own to `to`.
    pub fn post(label: impl Into<String>, to: impl Into<String>) -> Self {
        Self::new(label.into(), Goal::Post { to: to.into(), fields: Vec::new() })
    }

    /// Sends the form it stands in.
    pub fn submit(label: impl Into<String>) -> Self {
        Self::new(label.into(), Goal::Submit { name: None })
    }

    fn new(label: String, goal: Goal) -> Self {
        Self {
            label,
            goal,
            look: Look::Usual,
            is_small: false,
            key: None,
            icon: None,
            count: None,
            why_not: None,
        }
    }

    /// Adds a hidden field to a post, or names a submit button.
    #[must_use]
    pub fn field(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        match &mut self.goal {
            Goal::Post { fields, .. } => fields.push((name.into(), value.into())),
            Goal::Submit { name: own } => *own = Some((name.into(), value.into())),
            Goal::Link(_) => {}
        }
        self
    }

    /// The next step: at most one on a screen region.
    #[must_use]
    pub fn primary(mut self) -> Self {
        self.look = Look::Primary;
        self
    }

    /// Something that cannot be taken back.
    #[must_use]
    pub fn danger(mut self) -> Self {
        self.look = Look::Danger;
        self
    }

    /// Without a frame, beside louder ones.
    #[must_use]
    pub fn plain(mut self) -> Self {
        self.look = Look::Plain;
        self
    }

    /// The size inside rows.
    #[must_use]
    pub fn small(mut self) -> Self {
        self.is_small = true;
        self
    }

    /// The single key that does it, shown on the button where there is a keyboard. `Enter` belongs to the row
    /// under the cursor, `mod+Enter` sends the form one writes in.
    #[must_use]
    pub fn key(mut self, key: &'static str) -> Self {
        self.key = Some(key);
        self
    }

    /// An icon before the words.
    #[must_use]
    pub fn icon(mut self, icon: Icon) -> Self {
        self.icon = Some(icon);
        self
    }

    /// A grey figure after the words.
    #[must_use]
    pub fn count(mut self, count: impl Into<String>) -> Self {
        self.count = Some(count.into());
        self
    }

    /// Shows it switched off, with the reason: what a person may not do now is said, not hidden.
    #[must_use]
    pub fn unless(mut self, why_not: Option<impl Into<String>>) -> Self {
        self.why_not = why_not.map(Into::into);
        self
    }

    fn class(&self) -> String {
        let look = match self.look {
            Look::Usual => "",
            Look::Primary => " primary",
            Look::Danger => " danger",
            Look::Plain => " plain",
        };
        format!("btn{look}{}", if self.is_small { " small" } else { "" })
    }

    fn inside(&self) -> Markup {
        html! {
            @if let Some(drawing) = self.icon { (icon(drawing)) }
            (self.label)
            @if let Some(count) = &self.count { " " span.dim.num { (count) } }
            @if let Some(key) = self.key { " " (key_cap(key)) }
        }
    }
}

impl Render for Act {
    fn render(&self) -> Markup {
        let (class, inside, key) = (self.class(), self.inside(), self.key);
        if let Some(why_not) = &self.why_not {
            return html! { button type="button" class=(class) aria-disabled="true" title=(why_not) {
                (inside) span.sr { ": not now. " (why_not) }
            } };
        }
        match &self.goal {
            Goal::Link(to) => html! { a class=(class) href=(to) data-key=[key] { (inside) } },
            Goal::Post { to, fields } => html! {
                form method="post" action=(to) {
                    @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
                    button class=(class) data-key=[key] { (inside) }
                }
            },
            Goal::Submit { name: Some((name, value)) } => html! {
                button class=(class) name=(name) value=(value) data-key=[key] { (inside) }
            },
            Goal::Submit { name: None } => html! { button class=(class) data-key=[key] { (inside) } },
        }
    }
}

/// Several actions side by side.
pub fn acts(acts: &[Act]) -> Markup {
    html! { @if !acts.is_empty() { div.acts { @for act in acts { (act) } } } }
}

/// A key as a cap: `C`, `Ctrl K`, `↵`. Not read aloud: the sheet under `?` lists the keys.
pub fn key_cap(key: &str) -> Markup {
    let cap = match key {
        "mod+k" => "Ctrl K".to_owned(),
        "Enter" => "↵".to_owned(),
        "mod+Enter" => "Ctrl ↵".to_owned(),
        other => other.to_uppercase(),
    };
    html! { kbd aria-hidden="true" { (cap) } }
}

/// A link inside a sentence.
pub fn link(words: impl Render, to: &str) -> Markup {
    html! { a.link href=(to) { (words) } }
}
