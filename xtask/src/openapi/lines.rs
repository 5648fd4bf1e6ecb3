//! The line of openapi.json on which each value begins.

use std::collections::HashMap;
use std::iter::Peekable;
use std::str::CharIndices;

use super::normal::token;

/// JSON pointers and the lines, counted from 1, on which their member's name or item stands. The text is valid JSON.
pub(super) fn of_pointers(text: &str) -> HashMap<String, usize> {
    let mut scanner = Scanner { characters: text.char_indices().peekable(), text, line: 1, lines: HashMap::new() };
    scanner.value("");
    scanner.lines
}

/// The line of a pointer, or of the nearest thing around it that exists.
pub(super) fn nearest(lines: &HashMap<String, usize>, pointer: &str) -> usize {
    let mut pointer = pointer;
    loop {
        if let Some(line) = lines.get(pointer) {
            return *line;
        }
        pointer = match pointer.rsplit_once('/') {
            Some((outer, _)) => outer,
            None => return 1,
        };
    }
}

struct Scanner<'a> {
    characters: Peekable<CharIndices<'a>>,
    text: &'a str,
    line: usize,
    lines: HashMap<String, usize>,
}

impl Scanner<'_> {
    fn value(&mut self, pointer: &str) {
        self.skip_space();
        self.lines.entry(pointer.to_owned()).or_insert(self.line);
        match self.characters.peek().map(|(_, character)| *character) {
            Some('{') => self.members(pointer),
            Some('[') => self.items(pointer),
            Some('"') => {
                self.string();
            }
            _ => while self.characters.next_if(|(_, character)| !",]}".contains(*character) && !character.is_whitespace()).is_some() {},
        }
    }

    fn members(&mut self, pointer: &str) {
        self.characters.next();
        loop {
            self.skip_space();
            match self.characters.peek().map(|(_, character)| *character) {
                Some('"') => {
                    let line = self.line;
                    let name = self.string();
                    let member = format!("{pointer}/{}", token(&name));
                    self.lines.insert(member.clone(), line);
                    self.skip_space();
                    self.characters.next();
                    self.value(&member);
                }
                Some(',') => {
                    self.characters.next();
                }
                _ => {
                    self.characters.next();
                    return;
                }
            }
        }
    }

    fn items(&mut self, pointer: &str) {
        self.characters.next();
        let mut index = 0;
        loop {
            self.skip_space();
            match self.characters.peek().map(|(_, character)| *character) {
                None | Some(']') => {
                    self.characters.next();
                    return;
                }
                Some(',') => {
                    self.characters.next();
                }
                Some(_) => {
                    self.value(&format!("{pointer}/{index}"));
                    index += 1;
                }
            }
        }
    }

    fn string(&mut self) -> String {
        let start = self.characters.next().map_or(0, |(start, _)| start);
        let mut escaped = false;
        for (index, character) in self.characters.by_ref() {
            match character {
                '\\' if !escaped => escaped = true,
                '"' if !escaped => return serde_json::from_str(&self.text[start..=index]).unwrap_or_default(),
                _ => escaped = false,
            }
        }
        String::new()
    }

    fn skip_space(&mut self) {
        while let Some((_, character)) = self.characters.next_if(|(_, character)| character.is_whitespace()) {
            self.line += usize::from(character == '\n');
        }
    }
}
