//! Any text as plain body and as HTML: something written never becomes nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mainstay_mailroom::{html_to_text, strip_html, strip_text};

fuzz_target!(|text: &str| {
    let plain = strip_text(text);
    if text.chars().any(char::is_alphanumeric) {
        assert!(plain.text.chars().any(|c| !c.is_whitespace()), "nothing is left of {text:?}");
    }
    let web = strip_html(text);
    if html_to_text(text).chars().any(char::is_alphanumeric) {
        assert!(web.text.chars().any(|c| !c.is_whitespace()), "nothing is left of {text:?}");
    }
});
