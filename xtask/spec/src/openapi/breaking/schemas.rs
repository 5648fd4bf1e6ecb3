//! What a change of a schema does to those who send, or read, what it admits.

use serde_json::Value;

use super::finding::{Changes, Effect, Flow, Pair, Place, View, pairs};
use crate::openapi::node::{Node, child};
use crate::openapi::report::shortened;

impl Changes {
    pub(super) fn schemas(&mut self, view: View, old: &Node, new: &Node) {
        let keywords = pairs(Some(old), Some(new));
        // What is of another type is another thing: nothing below can be compared.
        if let Some(pair @ Pair::Both(..)) = keywords.get("type")
            && !pair.is_same()
            && scalar_effect("type", pair) == Some(Effect::Other)
        {
            return self.changed(view, pair.place(new), Effect::Other, difference("type", pair));
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
                        Pair::Gone(_) => self.changed(view, pair.place(new), Effect::Narrower, format!("the value `{value}` is gone")),
                        Pair::New(_) => self.changed(view, pair.place(new), Effect::Wider, format!("the value `{value}` is new")),
                        Pair::Both(..) => {}
                    }
                }
            }
            ("oneOf" | "anyOf", Pair::Both(old, new)) => self.parts(view, old, new, "variant", (Effect::Narrower, Effect::Wider)),
            ("allOf", Pair::Both(old, new)) => self.parts(view, old, new, "part", (Effect::Wider, Effect::Narrower)),
            ("discriminator", _) => self.discriminator(view, pair, (old, new)),
            ("additionalProperties", _) => self.additional_properties(view, pair, new),
            ("items", Pair::Both(old, new)) => self.schemas(view, old, new),
            ("deprecated", _) => self.adds(view, pair.place(new), difference(name, pair), "learns what will go one day"),
            _ => {
                let effect = scalar_effect(name, pair).unwrap_or(Effect::Other);
                self.changed(view, pair.place(new), effect, difference(name, pair));
            }
        }
    }

    fn properties(&mut self, view: View, both: &Pair, (old, new): (&Node, &Node)) {
        for (name, pair) in pairs(both.older(), both.newer()) {
            let place = pair.place_as(name, both, new);
            match (&pair, view.flow) {
                (Pair::Both(old, new), _) => self.schemas(view, old, new),
                (Pair::Gone(_), Flow::Reads) => self.breaks(view, place, format!("the member `{name}` is gone"), "may look for it in vain"),
                (Pair::Gone(_), Flow::Sends) if is_closed(new) => {
                    self.breaks(view, place, format!("the member `{name}` is gone"), "is refused when it sends it");
                }
                (Pair::Gone(_), Flow::Sends) => {
                    self.breaks(view, place, format!("the member `{name}` is gone"), "is no longer heard when it sends it");
                }
                (Pair::New(_), Flow::Sends) if requires(new, name) => {
                    self.breaks(view, place, format!("the required member `{name}` is new"), "is refused for not sending it");
                }
                (Pair::New(_), Flow::Reads) if is_closed(old) => {
                    self.breaks(view, place, format!("the member `{name}` is new"), "was told that there are no others");
                }
                (Pair::New(_), Flow::Sends) => self.adds(view, place, format!("the member `{name}` is new"), "may leave it out"),
                (Pair::New(_), Flow::Reads) => self.adds(view, place, format!("the member `{name}` is new"), "may ignore it"),
            }
        }
    }

    /// Of members that both have, or neither: what is gone or new says so as a member.
    fn required(&mut self, view: View, old: &Node, new: &Node) {
        let has = |schema: &Node, name: &str| schema.member("properties").is_some_and(|properties| properties.member(name).is_some());
        let holder = new.member("required").unwrap_or(new);
        for (name, pair) in pairs(old.member("required"), new.member("required")) {
            if has(old, name) != has(new, name) {
                continue;
            }
            match pair {
                Pair::Gone(_) => self.changed(view, pair.place(holder), Effect::Wider, format!("`{name}` is no longer required")),
                Pair::New(_) => self.changed(view, pair.place(holder), Effect::Narrower, format!("`{name}` is now required")),
                Pair::Both(..) => {}
            }
        }
    }

    /// `gone` and `added` are what a part that is gone, or new, does to the whole.
    fn parts(&mut self, view: View, old: &Node, new: &Node, noun: &str, (gone, added): (Effect, Effect)) {
        for (name, pair) in pairs(Some(old), Some(new)) {
            match pair {
                Pair::Both(old, new) => self.schemas(view, old, new),
                Pair::Gone(_) => self.changed(view, pair.place(new), gone, format!("the {noun} `{name}` is gone")),
                Pair::New(_) => self.changed(view, pair.place(new), added, format!("the {noun} `{name}` is new")),
            }
        }
    }

    /// A value whose variant is gone or new is reported as that variant.
    fn discriminator(&mut self, view: View, pair: &Pair, (old, new): (&Node, &Node)) {
        let Pair::Both(old_discriminator, discriminator) = pair else {
            return match pair {
                Pair::New(_) => self.adds(view, pair.place(new), "the discriminator is new".to_owned(), "can tell the variants apart"),
                _ => self.breaks(view, pair.place(new), "the discriminator is gone".to_owned(), "cannot tell the variants apart"),
            };
        };
        let has_variant = |schema: &Node, name: &str| {
            ["oneOf", "anyOf"].iter().any(|keyword| schema.member(keyword).is_some_and(|variants| variants.member(name).is_some()))
        };
        let names = pairs(Some(old_discriminator), Some(discriminator));
        for (name, pair) in names.iter().filter(|(name, pair)| **name != "mapping" && !pair.is_same()) {
            self.changed(view, pair.place(discriminator), Effect::Other, difference(name, pair));
        }
        let Some(mapping) = names.get("mapping") else { return };
        let holder = mapping.newer().unwrap_or(discriminator);
        for (value, pair) in pairs(mapping.older(), mapping.newer()) {
            if !pair.is_same() && has_variant(old, value) == has_variant(new, value) {
                self.changed(view, pair.place(holder), Effect::Other, difference(value, &pair));
            }
        }
    }

    fn additional_properties(&mut self, view: View, pair: &Pair, schema: &Node) {
        let is_schema = |node: &Node| node.members().is_some();
        let pointer = child(&schema.at, "additionalProperties");
        let place = Place { pointer: pointer.into(), near: &schema.at };
        let (effect, what) = match pair {
            Pair::Both(old, new) if is_schema(old) && is_schema(new) => return self.schemas(view, old, new),
            Pair::Both(old, _) if is_schema(old) => (Effect::Narrower, "members that are not named are now refused"),
            Pair::Both(..) => (Effect::Wider, "members that are not named are no longer refused"),
            Pair::New(new) if is_schema(new) => (Effect::Narrower, "members that are not named now have a schema"),
            Pair::New(_) => (Effect::Narrower, "members that are not named are now refused"),
            Pair::Gone(old) if is_schema(old) => (Effect::Wider, "members that are not named no longer have a schema"),
            Pair::Gone(_) => (Effect::Wider, "members that are not named are no longer refused"),
        };
        self.changed(view, place, effect, what.to_owned());
    }
}

/// What a keyword that admits more or less does; none for a keyword that this knows nothing of.
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
        (Pair::New(_), effect) => effect,
        (Pair::Gone(_), Effect::Narrower) => Effect::Wider,
        (Pair::Gone(_), Effect::Wider) => Effect::Narrower,
        (Pair::Gone(_), Effect::Other) => Effect::Other,
        (Pair::Both(..), _) => when_both,
    })
}

/// Of one type or format to another: every integer is a number, and every 32-bit one a 64-bit one.
fn conversion(old: &Value, new: &Value) -> Effect {
    match (old.as_str(), new.as_str()) {
        (Some("integer"), Some("number")) | (Some("int32"), Some("int64")) | (Some("float"), Some("double")) => Effect::Wider,
        (Some("number"), Some("integer")) | (Some("int64"), Some("int32")) | (Some("double"), Some("float")) => Effect::Narrower,
        _ => Effect::Other,
    }
}

pub(super) fn difference(name: &str, pair: &Pair) -> String {
    let shown = |node: &Node| shortened(&node.to_value());
    match pair {
        Pair::Both(old, new) => format!("`{name}` was {} and is {}", shown(old), shown(new)),
        Pair::Gone(old) => format!("`{name}` is gone, and was {}", shown(old)),
        Pair::New(new) => format!("`{name}` is new: {}", shown(new)),
    }
}

fn is_closed(schema: &Node) -> bool {
    schema.member("additionalProperties").is_some_and(|additional| additional.to_value() == Value::Bool(false))
}

fn requires(schema: &Node, name: &str) -> bool {
    schema.member("required").is_some_and(|required| required.member(name).is_some())
}
