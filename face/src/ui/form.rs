//! Forms: a label, a hint, the value kept, and a fault under the field it belongs to.

use maud::{Markup, Render, html};

use super::act::{Act, acts};
use super::icon::{Icon, icon};
use super::state::{State, mark};

/// What every field has.
#[derive(Clone, Debug)]
pub struct Field {
    name: String,
    label: String,
    value: String,
    hint: Option<String>,
    fault: Option<String>,
    kind: &'static str,
    autocomplete: Option<&'static str>,
    placeholder: Option<String>,
    is_optional: bool,
    is_mono: bool,
    is_first: bool,
    form: &'static str,
}

impl Field {
    /// A field that must be filled.
    pub fn new(name: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            label: label.into(),
            value: String::new(),
            hint: None,
            fault: None,
            kind: "text",
            autocomplete: None,
            placeholder: None,
            is_optional: false,
            is_mono: false,
            is_first: false,
            form: "",
        }
    }

    /// What stands in it: what was typed is never lost over a fault.
    #[must_use]
    pub fn value(mut self, value: impl Into<String>) -> Self {
        self.value = value.into();
        self
    }

    /// A grey sentence that helps to fill it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What is wrong, with the other side's answer, and what would help.
    #[must_use]
    pub fn fault(mut self, fault: Option<impl Into<String>>) -> Self {
        self.fault = fault.map(Into::into);
        self
    }

    /// The `type` of the input: `email`, `password`, `number`, `date`, `url`.
    #[must_use]
    pub fn kind(mut self, kind: &'static str) -> Self {
        self.kind = kind;
        self
    }

    /// What a browser or password store may fill in: `username`, `current-password`, `one-time-code`, `off`.
    #[must_use]
    pub fn autocomplete(mut self, what: &'static str) -> Self {
        self.autocomplete = Some(what);
        self
    }

    /// An example inside the empty field; never the label.
    #[must_use]
    pub fn placeholder(mut self, example: impl Into<String>) -> Self {
        self.placeholder = Some(example.into());
        self
    }

    /// May stay empty.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.is_optional = true;
        self
    }

    /// For paths, keys and code.
    #[must_use]
    pub fn mono(mut self) -> Self {
        self.is_mono = true;
        self
    }

    /// Has the cursor when the page opens; one at most.
    #[must_use]
    pub fn first(mut self) -> Self {
        self.is_first = true;
        self
    }

    /// Which form of the page it is in, where several have fields of one name.
    #[must_use]
    pub fn of(mut self, form: &'static str) -> Self {
        self.form = form;
        self
    }

    fn id(&self) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
        let form = if self.form.is_empty() { String::new() } else { format!("{}-", self.form) };
        format!("f-{form}{}", self.name.chars().map(plain).collect::<String>())
    }

    /// The ids of hint and fault, for `aria-describedby`.
    fn described_by(&self) -> Option<String> {
        let id = self.id();
        let hint = self.hint.as_ref().map(|_| format!("{id}-hint"));
        let fault = self.fault.as_ref().map(|_| format!("{id}-fault"));
        let ids: Vec<String> = hint.into_iter().chain(fault).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }

    fn class(&self) -> &'static str {
        if self.is_mono { "input mono" } else { "input" }
    }

    fn around(&self, input: &Markup) -> Markup {
        let id = self.id();
        html! {
            div.field {
                label for=(id) { (self.label) @if self.is_optional { span.optional { " (optional)" } } }
                (input)
                @if let Some(hint) = &self.hint { p.hint id={ (id) "-hint" } { (hint) } }
                @if let Some(fault) = &self.fault {
                    p.error id={ (id) "-fault" } { (mark(State::Bad)) span { (fault) } }
                }
            }
        }
    }
}

/// One line of text.
pub fn field(field: &Field) -> Markup {
    let is_wrong = field.fault.is_some();
    // A password is never sent back to the page.
    let value = (field.kind != "password").then_some(&field.value);
    field.around(&html! {
        input class=(field.class()) id=(field.id()) name=(field.name) type=(field.kind) value=[value]
            placeholder=[field.placeholder.as_ref()] autocomplete=[field.autocomplete]
            required[!field.is_optional] autofocus[field.is_first]
            aria-invalid=[is_wrong.then_some("true")] aria-describedby=[field.described_by()];
    })
}

/// Several lines of text; grows with them. `Ctrl Enter` sends its form.
pub fn textarea(field: &Field) -> Markup {
    let is_wrong = field.fault.is_some();
    // The first line break after the tag is dropped by browsers, so that a value may begin with one.
    field.around(&html! {
        textarea class=(field.class()) id=(field.id()) name=(field.name) placeholder=[field.placeholder.as_ref()]
            required[!field.is_optional] autofocus[field.is_first]
            aria-invalid=[is_wrong.then_some("true")] aria-describedby=[field.described_by()] { "\n" (field.value) }
    })
}

/// One of several: value and label.
#[derive(Clone, Debug)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What is shown.
    pub label: String,
}

impl Choice {
    /// A choice.
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into() }
    }
}

/// One of several; the field's value is the one chosen.
pub fn select(field: &Field, choices: &[Choice]) -> Markup {
    let is_wrong = field.fault.is_some();
    field.around(&html! {
        select class=(field.class()) id=(field.id()) name=(field.name) autofocus[field.is_first]
            aria-invalid=[is_wrong.then_some("true")] aria-describedby=[field.described_by()] {
            @for choice in choices {
                option value=(choice.value) selected[choice.value == field.value] { (choice.label) }
            }
        }
    })
}

/// Yes or no.
pub fn checkbox(name: &str, value: &str, label: impl Render, is_checked: bool) -> Markup {
    html! { label.choice { input type="checkbox" name=(name) value=(value) checked[is_checked]; span { (label) } } }
}

/// A value nobody needs to see.
pub fn hidden(name: &str, value: impl Render) -> Markup {
    html! { input type="hidden" name=(name) value=(value); }
}

/// A form that posts. Where faults belong to no field they stand above it.
#[derive(Debug)]
pub struct Form {
    /// Where it goes.
    pub to: String,
    /// Faults of the whole.
    pub faults: Vec<String>,
    /// Its fields.
    pub fields: Markup,
    /// Its buttons, the one that sends first.
    pub acts: Vec<Act>,
}

/// The form. The browser's own bubbles stay away: faults stand in the page, said by the server.
pub fn form(form: &Form) -> Markup {
    html! {
        form.form method="post" action=(form.to) novalidate {
            @if !form.faults.is_empty() {
                div.banner.bad role="alert" { (mark(State::Bad)) div.grow { @for fault in &form.faults { p { (fault) } } } }
            }
            (form.fields)
            (acts(&form.acts))
        }
    }
}

/// The search above a list: a GET form, so that what was looked for stands in the address.
pub fn search_field(to: &str, name: &str, label: &str, value: &str, others: impl Render) -> Markup {
    html! {
        form.filters action=(to) role="search" {
            div.field {
                label for={ "f-" (name) } { (label) }
                input.input id={ "f-" (name) } name=(name) type="search" value=(value) data-key="/";
            }
            (others)
            button.btn { (icon(Icon::Find)) "Look" }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_tied_to_its_field_and_the_value_is_kept() {
        let html = field(
            &Field::new("to[0]", "Where to")
                .value("sftp://\"x\"")
                .hint("A path.")
                .fault(Some("refused <mainstay>")),
        )
        .0;
        assert!(html.contains("aria-invalid=\"true\""));
        assert!(html.contains("aria-describedby=\"f-to_0_-hint f-to_0_-fault\""));
        assert!(html.contains("id=\"f-to_0_-fault\""));
        assert!(html.contains("value=\"sftp://&quot;x&quot;\""));
        assert!(html.contains("refused &lt;mainstay&gt;"));
    }

    #[test]
    fn a_password_is_never_sent_back() {
        let html = field(&Field::new("password", "Password").kind("password").value("secret")).0;
        assert!(!html.contains("secret"));
    }

    #[test]
    fn a_text_that_begins_with_a_line_break_keeps_it() {
        let html = textarea(&Field::new("text", "Text").value("\nfirst")).0;
        assert!(html.contains(">\n\nfirst</textarea>"));
    }
}
