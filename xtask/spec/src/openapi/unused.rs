//! Finds components that nothing refers to. The comparison follows references, so it does not compare these
//! components.

use std::collections::BTreeSet;

use serde_json::Value;

use super::node::child;

/// Returns the JSON pointers of the unused components.
pub(super) fn components(document: &Value) -> Vec<String> {
    let mut used = BTreeSet::new();
    references(document, &mut used);
    let mut unused = Vec::new();
    let kinds = document.get("components").and_then(Value::as_object).into_iter().flatten();
    for (kind, components) in kinds {
        for name in components.as_object().into_iter().flat_map(serde_json::Map::keys) {
            let at = child(&child("/components", kind), name);
            if !used.contains(&at) {
                unused.push(at);
            }
        }
    }
    unused
}

/// Collects the components that `$ref`, the `mapping` of a discriminator, and `security` refer to.
fn references(value: &Value, used: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| references(item, used)),
        Value::Object(members) => {
            for (name, value) in members {
                match (name.as_str(), value) {
                    ("$ref", Value::String(target)) => used.extend(target.strip_prefix('#').map(str::to_owned)),
                    ("mapping", Value::Object(mapping)) => {
                        used.extend(mapping.values().filter_map(|target| target.as_str()?.strip_prefix('#')).map(str::to_owned));
                    }
                    ("security", Value::Array(requirements)) => {
                        let schemes = requirements.iter().filter_map(Value::as_object).flat_map(serde_json::Map::keys);
                        used.extend(schemes.map(|scheme| child("/components/securitySchemes", scheme)));
                    }
                    _ => references(value, used),
                }
            }
        }
        _ => {}
    }
}
