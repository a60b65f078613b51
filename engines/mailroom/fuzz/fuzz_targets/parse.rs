//! Any bytes: parse and classify end, without panic, within the limits.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mainstay_mailroom::{Desk, Limits, classify, identity, parse};

fuzz_target!(|raw: &[u8]| {
    let limits = Limits::default();
    let mail = parse(raw);
    assert!(mail.attachments.len() <= limits.parts + 500);
    for attachment in &mail.attachments {
        assert!(!attachment.name.is_empty() && !attachment.name.contains(['/', '\\', '\0']));
        if let Some(inner) = attachment.as_mail(&limits) {
            let _ = inner.body_text();
        }
    }
    let verdict = classify(&mail, &Desk::default());
    assert!(!verdict.reason.is_empty());
    assert_eq!(identity("box", &mail).key.len(), 64);
});
