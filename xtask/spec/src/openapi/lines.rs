//! On which line of a JSON text a value stands: serde_json does not tell.

use std::collections::HashMap;

use super::node::child;

/// JSON pointers to lines, counted from 1.
pub(super) struct Lines(HashMap<String, usize>);

impl Lines {
    /// `text` must be JSON that serde_json has read.
    pub(super) fn of(text: &str) -> Lines {
        let mut scan = Scan { rest: text.as_bytes(), line: 1, lines: HashMap::new() };
        scan.value("");
        Lines(scan.lines)
    }

    /// The line of what `pointer` names or, where there is no such thing, of what would hold it.
    pub(super) fn of_pointer(&self, mut pointer: &str) -> usize {
        loop {
            if let Some(line) = self.0.get(pointer) {
                return *line;
            }
            match pointer.rfind('/') {
                Some(end) => pointer = &pointer[..end],
                None => return 1,
            }
        }
    }
}

struct Scan<'a> {
    rest: &'a [u8],
    line: usize,
    lines: HashMap<String, usize>,
}

impl Scan<'_> {
    fn value(&mut self, at: &str) {
        self.space();
        self.lines.insert(at.to_owned(), self.line);
        match self.rest.first() {
            Some(b'{') => self.members(b'}', |scan, _| {
                let name = scan.string();
                scan.space();
                scan.skip(1);
                child(at, &name)
            }),
            Some(b'[') => self.members(b']', |_, index| format!("{at}/{index}")),
            Some(b'"') => {
                self.string();
            }
            _ => {
                let end = self.rest.iter().position(|byte| b",]} \t\r\n".contains(byte));
                self.skip(end.unwrap_or(self.rest.len()));
            }
        }
    }

    fn members(&mut self, end: u8, mut place: impl FnMut(&mut Self, usize) -> String) {
        self.skip(1);
        for index in 0.. {
            self.space();
            if self.rest.is_empty() || self.rest.first() == Some(&end) {
                break;
            }
            let at = place(self, index);
            self.value(&at);
            self.space();
            if self.rest.first() == Some(&b',') {
                self.skip(1);
            }
        }
        self.skip(1);
    }

    fn string(&mut self) -> String {
        let mut length = 1;
        while let Some(byte) = self.rest.get(length) {
            match byte {
                b'"' => break,
                b'\\' => length += 2,
                _ => length += 1,
            }
        }
        let (text, _) = self.rest.split_at(usize::min(length + 1, self.rest.len()));
        let text = serde_json::from_slice(text).unwrap_or_default();
        self.skip(length + 1);
        text
    }

    fn space(&mut self) {
        while let Some(byte) = self.rest.first().filter(|byte| byte.is_ascii_whitespace()) {
            self.line += usize::from(*byte == b'\n');
            self.skip(1);
        }
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;

    #[test]
    fn every_value_has_the_line_that_it_begins_on() {
        let lines = Lines::of("{\n  \"a/b\": [1,\n    {\"c\": \"\\\"}\\n\"}\n  ],\n  \"d\": {},\n  \"e\": null\n}\n");
        for (pointer, line) in
            [("", 1), ("/a~1b", 2), ("/a~1b/0", 2), ("/a~1b/1", 3), ("/a~1b/1/c", 3), ("/d", 5), ("/e", 6), ("/d/missing", 5)]
        {
            assert_eq!(lines.of_pointer(pointer), line, "{pointer}");
        }
    }
}
