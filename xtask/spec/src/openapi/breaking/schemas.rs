//! Changes of schemas, and their effect on users who send or read values of the schemas.

use serde_json::Value;

use super::finding::{Changes, Effect, Flow, Location, Pair, View, pairs};
use crate::openapi::node::{Node, child};
use crate::openapi::report::shortened;

impl Changes {
    pub(super) fn schemas(&mut self, view: View, old: &Node, new: &Node) {
        let keywords = pairs(Some(old), Some(new));
        // If the two types have no common values, the other keywords are not comparable.
        if let Some(pair @ Pair::Both(..)) = keywords.get("type")
            && !pair.is_same()
            && scalar_effect("type", pair) == Some(Effect::Other)
        {
            return self.changed(view, pair.location(new), Effect::Other, difference("type", pair));
        }
        for (name, pair) in &keywords {
            if !pair.is_same() {
                self.keyword(view, name, pair, (old, new));
            }
        }
    }

    fn keyword(&mut self, view: View, name: &str, pair: &Pair, (old, new): (&Node, &Node)) {
        match (name, pair) {
            ("properties", _) => self.properties(view, pair, (old, new)),
            ("required", _) => self.required(view, old, new),
            ("enum", Pair::Both(old, new)) => {
                for (value, pair) in pairs(Some(old), Some(new)) {
                    match pair {
                        Pair::Removed(_) => {
                            self.changed(view, pair.location(new), Effect::Narrower, format!("the value `{value}` was removed"))
                        }
                        Pair::Added(_) => self.changed(view, pair.location(new), Effect::Wider, format!("the value `{value}` was added")),
                        Pair::Both(..) => {}
                    }
                }
            }
            ("oneOf" | "anyOf", Pair::Both(old, new)) => self.parts(view, old, new, "variant", (Effect::Narrower, Effect::Wider)),
            ("allOf", Pair::Both(old, new)) => self.parts(view, old, new, "part", (Effect::Wider, Effect::Narrower)),
            ("discriminator", _) => self.discriminator(view, pair, (old, new)),
            ("additionalProperties", _) => self.additional_properties(view, pair, new),
            ("items", Pair::Both(old, new)) => self.schemas(view, old, new),
            ("deprecated", _) => self.adds(view, pair.location(new), difference(name, pair), "is warned of a later removal"),
            _ => {
                let effect = scalar_effect(name, pair).unwrap_or(Effect::Other);
                self.changed(view, pair.location(new), effect, difference(name, pair));
            }
        }
    }

    fn properties(&mut self, view: View, both: &Pair, (old, new): (&Node, &Node)) {
        for (name, pair) in pairs(both.older(), both.newer()) {
            let location = pair.location_of_member(name, both, new);
            match (&pair, view.flow) {
                (Pair::Both(old, new), _) => self.schemas(view, old, new),
                (Pair::Removed(_), Flow::Reads) => self.breaks(view, location, format!("the member `{name}` was removed"), "may expect it"),
                (Pair::Removed(_), Flow::Sends) if is_closed(new) => {
                    self.breaks(view, location, format!("the member `{name}` was removed"), "may send it, which is now refused");
                }
                (Pair::Removed(_), Flow::Sends) => {
                    self.breaks(view, location, format!("the member `{name}` was removed"), "may send it, which is now ignored");
                }
                (Pair::Added(_), Flow::Sends) if requires(new, name) => {
                    self.breaks(view, location, format!("the required member `{name}` was added"), "may omit it, which is now refused");
                }
                (Pair::Added(_), Flow::Reads) if is_closed(old) => {
                    self.breaks(view, location, format!("the member `{name}` was added"), "may refuse undeclared members");
                }
                (Pair::Added(_), Flow::Sends) => self.adds(view, location, format!("the member `{name}` was added"), "may omit it"),
                (Pair::Added(_), Flow::Reads) => self.adds(view, location, format!("the member `{name}` was added"), "may ignore it"),
            }
        }
    }

    /// Compares which members are required. Skips members that were added or removed, because [`Changes::properties`]
    /// reports them.
    fn required(&mut self, view: View, old: &Node, new: &Node) {
        let has = |schema: &Node, name: &str| schema.member("properties").is_some_and(|properties| properties.member(name).is_some());
        let holder = new.member("required").unwrap_or(new);
        for (name, pair) in pairs(old.member("required"), new.member("required")) {
            if has(old, name) != has(new, name) {
                continue;
            }
            match pair {
                Pair::Removed(_) => self.changed(view, pair.location(holder), Effect::Wider, format!("`{name}` is no longer required")),
                Pair::Added(_) => self.changed(view, pair.location(holder), Effect::Narrower, format!("`{name}` is now required")),
                Pair::Both(..) => {}
            }
        }
    }

    /// Compares the members of `allOf`, `oneOf` or `anyOf`. `removed` is the effect if one member is removed, and
    /// `added` is the effect if one member is added.
    fn parts(&mut self, view: View, old: &Node, new: &Node, noun: &str, (removed, added): (Effect, Effect)) {
        for (name, pair) in pairs(Some(old), Some(new)) {
            match pair {
                Pair::Both(old, new) => self.schemas(view, old, new),
                Pair::Removed(_) => self.changed(view, pair.location(new), removed, format!("the {noun} `{name}` was removed")),
                Pair::Added(_) => self.changed(view, pair.location(new), added, format!("the {noun} `{name}` was added")),
            }
        }
    }

    /// Compares discriminators. Skips the values of variants that were added or removed, because [`Changes::parts`]
    /// reports them.
    fn discriminator(&mut self, view: View, pair: &Pair, (old, new): (&Node, &Node)) {
        let Pair::Both(old_discriminator, discriminator) = pair else {
            return match pair {
                Pair::Added(_) => {
                    self.adds(view, pair.location(new), "a discriminator was added".to_owned(), "can distinguish the variants")
                }
                _ => self.breaks(view, pair.location(new), "the discriminator was removed".to_owned(), "cannot distinguish the variants"),
            };
        };
        let has_variant = |schema: &Node, name: &str| {
            ["oneOf", "anyOf"].iter().any(|keyword| schema.member(keyword).is_some_and(|variants| variants.member(name).is_some()))
        };
        let names = pairs(Some(old_discriminator), Some(discriminator));
        for (name, pair) in names.iter().filter(|(name, pair)| **name != "mapping" && !pair.is_same()) {
            self.changed(view, pair.location(discriminator), Effect::Other, difference(name, pair));
        }
        let Some(mapping) = names.get("mapping") else { return };
        let holder = mapping.newer().unwrap_or(discriminator);
        for (value, pair) in pairs(mapping.older(), mapping.newer()) {
            if !pair.is_same() && has_variant(old, value) == has_variant(new, value) {
                self.changed(view, pair.location(holder), Effect::Other, difference(value, &pair));
            }
        }
    }

    fn additional_properties(&mut self, view: View, pair: &Pair, schema: &Node) {
        let is_schema = |node: &Node| node.members().is_some();
        let pointer = child(&schema.at, "additionalProperties");
        let location = Location { pointer: pointer.into(), existing: &schema.at };
        let (effect, what) = match pair {
            Pair::Both(old, new) if is_schema(old) && is_schema(new) => return self.schemas(view, old, new),
            Pair::Both(old, _) if is_schema(old) => (Effect::Narrower, "undeclared members are now refused"),
            Pair::Both(..) => (Effect::Wider, "undeclared members are no longer refused"),
            Pair::Added(new) if is_schema(new) => (Effect::Narrower, "undeclared members now have a schema"),
            Pair::Added(_) => (Effect::Narrower, "undeclared members are now refused"),
            Pair::Removed(old) if is_schema(old) => (Effect::Wider, "undeclared members no longer have a schema"),
            Pair::Removed(_) => (Effect::Wider, "undeclared members are no longer refused"),
        };
        self.changed(view, location, effect, what.to_owned());
    }
}

/// Returns the effect of a changed keyword that contains no schemas. Returns `None` if the keyword is unknown.
fn scalar_effect(name: &str, pair: &Pair) -> Option<Effect> {
    let number = |node: &Node| node.to_value().as_f64();
    let (when_new, when_both) = match (name, pair) {
        ("type" | "format", Pair::Both(old, new)) => (Effect::Narrower, conversion(&old.to_value(), &new.to_value())),
        ("minLength" | "minItems" | "minProperties" | "minimum", Pair::Both(old, new)) => {
            (Effect::Narrower, if number(new) > number(old) { Effect::Narrower } else { Effect::Wider })
        }
        ("maxLength" | "maxItems" | "maxProperties" | "maximum", Pair::Both(old, new)) => {
            (Effect::Narrower, if number(new) < number(old) { Effect::Narrower } else { Effect::Wider })
        }
        (
            "type" | "format" | "minLength" | "minItems" | "minProperties" | "minimum" | "maxLength" | "maxItems" | "maxProperties"
            | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "uniqueItems" | "pattern" | "multipleOf" | "enum" | "items" | "not",
            _,
        ) => (Effect::Narrower, Effect::Other),
        ("nullable", _) => (Effect::Wider, Effect::Other),
        _ => return None,
    };
    Some(match (pair, when_new) {
        (Pair::Added(_), effect) => effect,
        (Pair::Removed(_), Effect::Narrower) => Effect::Wider,
        (Pair::Removed(_), Effect::Wider) => Effect::Narrower,
        (Pair::Removed(_), Effect::Other) => Effect::Other,
        (Pair::Both(..), _) => when_both,
    })
}

/// Returns the effect of a changed type or format. Every integer is a number, and every 32-bit number is a 64-bit number.
fn conversion(old: &Value, new: &Value) -> Effect {
    match (old.as_str(), new.as_str()) {
        (Some("integer"), Some("number")) | (Some("int32"), Some("int64")) | (Some("float"), Some("double")) => Effect::Wider,
        (Some("number"), Some("integer")) | (Some("int64"), Some("int32")) | (Some("double"), Some("float")) => Effect::Narrower,
        _ => Effect::Other,
    }
}

/// Describes a change of a member.
pub(super) fn difference(name: &str, pair: &Pair) -> String {
    let shown = |node: &Node| shortened(&node.to_value());
    match pair {
        Pair::Both(old, new) => format!("`{name}` was {} and is {}", shown(old), shown(new)),
        Pair::Removed(old) => format!("`{name}` was removed: {}", shown(old)),
        Pair::Added(new) => format!("`{name}` was added: {}", shown(new)),
    }
}

fn is_closed(schema: &Node) -> bool {
    schema.member("additionalProperties").is_some_and(|additional| additional.to_value() == Value::Bool(false))
}

fn requires(schema: &Node, name: &str) -> bool {
    schema.member("required").is_some_and(|required| required.member(name).is_some())
}
