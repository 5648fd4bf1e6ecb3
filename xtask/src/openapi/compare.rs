//! The comparison of two normal forms, and what it reports.

use serde_json::Value;

use super::normal::{Kind, Node};

/// One thing that the document and the code do not say alike.
#[derive(Debug)]
pub(crate) struct Difference {
    /// Where in openapi.json (RFC 6901), or where it is missing.
    pub(crate) pointer: String,
    spec: Option<Value>,
    code: Option<Value>,
}

/// Values are shown up to this many characters: a whole schema tells less than its beginning.
const SHOWN: usize = 160;

impl Difference {
    pub(super) fn new(pointer: &str, spec: Option<Value>, code: Option<Value>) -> Difference {
        Difference { pointer: pointer.to_owned(), spec, code }
    }

    pub(super) fn render(&self, line: usize) -> String {
        let show = |value: &Option<Value>| match value {
            None => "nothing".to_owned(),
            Some(value) => {
                let text = value.to_string();
                match text.char_indices().nth(SHOWN) {
                    Some((end, _)) => format!("{}…", &text[..end]),
                    None => text,
                }
            }
        };
        format!("openapi.json:{line}: {}: the document says {}, the code says {}", self.pointer, show(&self.spec), show(&self.code))
    }
}

pub(super) fn nodes(spec: &Node, code: &Node, differences: &mut Vec<Difference>) {
    match (&spec.kind, &code.kind) {
        (Kind::Members(of_spec), Kind::Members(of_code)) => {
            for (name, node) in of_spec {
                match of_code.get(name) {
                    Some(other) => nodes(node, other, differences),
                    None => differences.push(Difference::new(&node.pointer, Some(node.to_value()), None)),
                }
            }
            for (name, node) in of_code.iter().filter(|(name, _)| !of_spec.contains_key(*name)) {
                let pointer = format!("{}/{}", spec.pointer, super::normal::token(name));
                differences.push(Difference::new(&pointer, None, Some(node.to_value())));
            }
        }
        (Kind::Items(of_spec), Kind::Items(of_code)) if of_spec.len() == of_code.len() => {
            for (node, other) in of_spec.iter().zip(of_code) {
                nodes(node, other, differences);
            }
        }
        _ => {
            let (of_spec, of_code) = (spec.to_value(), code.to_value());
            if of_spec != of_code {
                differences.push(Difference::new(&spec.pointer, Some(of_spec), Some(of_code)));
            }
        }
    }
}
