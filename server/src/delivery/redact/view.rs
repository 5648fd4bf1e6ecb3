//! A text in one form, with the origin of each byte.

use std::ops::Range;

/// The range in the original text from which a byte was decoded. The original text has less than 64 KiB.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source {
    pub(super) start: u16,
    pub(super) end: u16,
}

impl Source {
    pub(super) fn new(start: usize, end: usize) -> Source {
        let position = |at| u16::try_from(at).unwrap_or(u16::MAX);
        Source { start: position(start), end: position(end) }
    }
}

/// The original text or a decoded text, with the source of each byte.
#[derive(Default)]
pub(super) struct View {
    pub(super) bytes: Vec<u8>,
    sources: Vec<Source>,
}

impl View {
    pub(super) fn of(text: &[u8]) -> View {
        View { bytes: text.to_vec(), sources: (0..text.len()).map(|at| Source::new(at, at + 1)).collect() }
    }

    pub(super) fn with_capacity(bytes: usize) -> View {
        View { bytes: Vec::with_capacity(bytes), sources: Vec::with_capacity(bytes) }
    }

    pub(super) fn push(&mut self, byte: u8, source: Source) {
        self.bytes.push(byte);
        self.sources.push(source);
    }

    /// Returns the source of a non-empty part of this view.
    pub(super) fn source(&self, part: Range<usize>) -> Source {
        Source { start: self.sources[part.start].start, end: self.sources[part.end - 1].end }
    }
}
