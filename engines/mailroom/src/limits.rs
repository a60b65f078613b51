//! How much of a hostile mail is looked at before the rest is set aside.

/// Bounds on the work one mail may cause. What is beyond them is left out and named in
/// [`Mail::hurt`](crate::Mail::hurt); the raw bytes stay complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Header fields read per part; later ones are skipped.
    pub headers: usize,
    /// Bytes of one header field that are decoded.
    pub header_bytes: usize,
    /// Addresses read from all fields of one kind (`To`, `Cc` …).
    pub addresses: usize,
    /// Parts in the whole mail, multiparts counted.
    pub parts: usize,
    /// Levels of multipart in multipart, and of message in message.
    pub depth: usize,
    /// Decoded text that is read for the body, per kind (plain, HTML).
    pub text_bytes: usize,
    /// Decoded bytes of all attachments together, those inside containers counted.
    pub expanded_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            headers: 1_000,
            header_bytes: 64 << 10,
            addresses: 2_000,
            parts: 1_000,
            depth: 16,
            text_bytes: 2 << 20,
            expanded_bytes: 100 << 20,
        }
    }
}

impl Limits {
    /// The limits for a mail inside this one: one level less to go.
    #[must_use]
    pub fn inner(self) -> Self {
        Self { depth: self.depth.saturating_sub(1), ..self }
    }
}
