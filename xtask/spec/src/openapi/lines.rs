//! Finds the line of each value in a JSON text. serde_json does not provide lines.

use std::collections::HashMap;

use super::node::child;

/// The line number of each JSON pointer. The first line has number 1.
pub(super) struct Lines(HashMap<String, usize>);

impl Lines {
    /// `text` must be valid JSON.
    pub(super) fn of(text: &str) -> Lines {
        let mut scanner = Scanner { rest: text.as_bytes(), line: 1, lines: HashMap::new() };
        scanner.value("");
        Lines(scanner.lines)
    }

    /// Returns the line of the value at a pointer. If there is no such value, returns the line of the innermost
    /// existing object or list around it.
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

struct Scanner<'a> {
    /// The text that is not read yet.
    rest: &'a [u8],
    line: usize,
    lines: HashMap<String, usize>,
}

impl Scanner<'_> {
    fn value(&mut self, at: &str) {
        self.skip_space();
        self.lines.insert(at.to_owned(), self.line);
        match self.rest.first() {
            Some(b'{') => self.members(b'}', |scanner, _| {
                let name = scanner.string();
                scanner.skip_space();
                scanner.skip(1);
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

    fn members(&mut self, end: u8, mut read_pointer: impl FnMut(&mut Self, usize) -> String) {
        self.skip(1);
        for index in 0.. {
            self.skip_space();
            if self.rest.is_empty() || self.rest.first() == Some(&end) {
                break;
            }
            let at = read_pointer(self, index);
            self.value(&at);
            self.skip_space();
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

    fn skip_space(&mut self) {
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
    fn each_value_has_the_line_on_which_it_begins() {
        let lines = Lines::of("{\n  \"a/b\": [1,\n    {\"c\": \"\\\"}\\n\"}\n  ],\n  \"d\": {},\n  \"e\": null\n}\n");
        for (pointer, line) in
            [("", 1), ("/a~1b", 2), ("/a~1b/0", 2), ("/a~1b/1", 3), ("/a~1b/1/c", 3), ("/d", 5), ("/e", 6), ("/d/missing", 5)]
        {
            assert_eq!(lines.of_pointer(pointer), line, "{pointer}");
        }
    }
}
