//! Two normal forms, member by member.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use super::node::{Node, Shape, child};

/// One statement that openapi.json and the code do not agree on.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Where it stands in openapi.json, or would stand: a JSON pointer.
    pub pointer: String,
    /// Where its line is: the pointer, or that of the object which lacks it.
    pub(super) near: String,
    pub spec: Option<Value>,
    pub code: Option<Value>,
    /// The operations that it was seen in; none for what belongs to the whole document.
    pub operations: BTreeSet<String>,
}

/// Every difference once, in the order of openapi.json's normal form: what stands in a shared component is seen from many places.
pub(super) fn compare(spec: &Node, code: &Node) -> Vec<Difference> {
    let mut comparison = Comparison { trail: Vec::new(), differences: Vec::new(), found: 0, same: HashSet::new() };
    comparison.nodes(spec, code);
    comparison.differences
}

struct Comparison {
    trail: Vec<String>,
    differences: Vec<Difference>,
    /// How often a difference was found, the same one in several places included.
    found: usize,
    /// Nodes that are shared, and known to say the same.
    same: HashSet<(*const Node, *const Node)>,
}

impl Comparison {
    fn nodes(&mut self, spec: &Node, code: &Node) {
        let pair = (std::ptr::from_ref(spec), std::ptr::from_ref(code));
        if self.same.contains(&pair) {
            return;
        }
        let found = self.found;
        self.unknown_nodes(spec, code);
        if self.found == found {
            self.same.insert(pair);
        }
    }

    fn unknown_nodes(&mut self, spec: &Node, code: &Node) {
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

    fn add(&mut self, pointer: String, near: &str, spec: Option<Value>, code: Option<Value>) {
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
                    near: near.to_owned(),
                    spec,
                    code,
                    operations: operation.into_iter().collect(),
                });
            }
        }
    }
}
