//! Compares two normal forms.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use super::node::{Node, Shape, child};

/// A statement on which openapi.json and the code do not agree.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The JSON pointer in openapi.json. If only the code has the statement, openapi.json has no value at this
    /// pointer.
    pub pointer: String,
    /// A pointer that exists in openapi.json: `pointer`, or the pointer of the object that lacks the statement. The
    /// report prints the line number of this pointer.
    pub(super) existing: String,
    pub spec: Option<Value>,
    pub code: Option<Value>,
    /// `METHOD path` of each operation with the difference. The set is empty if the statement is about the whole
    /// document.
    pub operations: BTreeSet<String>,
}

/// Returns the differences. If many operations use a component, a difference in the component is returned only once.
pub(super) fn compare(spec: &Node, code: &Node) -> Vec<Difference> {
    let mut comparison = Comparison { trail: Vec::new(), differences: Vec::new(), found: 0, same: HashSet::new() };
    comparison.nodes(spec, code);
    comparison.differences
}

struct Comparison {
    /// The names of the members from the root to the current node.
    trail: Vec<String>,
    differences: Vec<Difference>,
    /// The number of differences that were found. If a difference is found twice, it counts as two.
    found: usize,
    /// Pairs of nodes without differences. All references to a component share one node, so the same pair occurs
    /// often.
    same: HashSet<(*const Node, *const Node)>,
}

impl Comparison {
    fn nodes(&mut self, spec: &Node, code: &Node) {
        let pair = (std::ptr::from_ref(spec), std::ptr::from_ref(code));
        if self.same.contains(&pair) {
            return;
        }
        let found = self.found;
        self.compare_nodes(spec, code);
        if self.found == found {
            self.same.insert(pair);
        }
    }

    fn compare_nodes(&mut self, spec: &Node, code: &Node) {
        match (&spec.shape, &code.shape) {
            (Shape::Map(in_spec), Shape::Map(in_code)) => {
                let names: BTreeSet<&String> = in_spec.keys().chain(in_code.keys()).collect();
                for name in names {
                    self.trail.push(name.clone());
                    match (in_spec.get(name), in_code.get(name)) {
                        (Some(spec), Some(code)) => self.nodes(spec, code),
                        (Some(only), None) => self.add(only.at.clone(), &only.at, Some(only.to_value()), None),
                        (None, Some(only)) => self.add(child(&spec.at, name), &spec.at, None, Some(only.to_value())),
                        (None, None) => {}
                    }
                    self.trail.pop();
                }
            }
            (Shape::Leaf(in_spec), Shape::Leaf(in_code)) if in_spec == in_code => {}
            _ => self.add(spec.at.clone(), &spec.at, Some(spec.to_value()), Some(code.to_value())),
        }
    }

    fn add(&mut self, pointer: String, existing: &str, spec: Option<Value>, code: Option<Value>) {
        self.found += 1;
        let operation = match self.trail.as_slice() {
            [paths, path, method, ..] if paths == "paths" => Some(format!("{} {path}", method.to_uppercase())),
            _ => None,
        };
        let known = self.differences.iter_mut().find(|known| known.pointer == pointer && known.spec == spec && known.code == code);
        match known {
            Some(known) => known.operations.extend(operation),
            None => {
                self.differences.push(Difference {
                    pointer,
                    existing: existing.to_owned(),
                    spec,
                    code,
                    operations: operation.into_iter().collect(),
                });
            }
        }
    }
}
