//! The catalogue of the event types that may be published. The operator writes it. Without a catalogue, any type may be
//! published.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::api::json;
use crate::api::types::{
    Description, EventTypeCursor, EventTypePage, EventTypePattern, EventTypeRecord, EventTypes, ObjectOnly, PayloadObject,
    PublishedEventType,
};

/// Maximum size of an example, in bytes. With larger examples, a page with hundreds of entries would be too large.
const MAX_EXAMPLE_BYTES: usize = 16 * 1024;

/// The prefix of the service's own event types. These types need no entry in the catalogue.
const OWN_PREFIX: &str = "webhook.";

#[derive(Debug, Default)]
pub struct Catalogue(Option<BTreeMap<String, EventTypeRecord>>);

impl Catalogue {
    /// Reads a JSON file: a list of objects with `name`, `description` and optionally `example`.
    ///
    /// # Errors
    /// If the file cannot be read or an entry is invalid. The error names the entry.
    pub fn read(path: &Path) -> anyhow::Result<Catalogue> {
        let shown = path.display();
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read the event types in {shown}"))?;
        Catalogue::parse(&text).with_context(|| format!("the event types in {shown} are invalid"))
    }

    fn parse(text: &str) -> anyhow::Result<Catalogue> {
        let entries: Vec<&RawValue> = serde_json::from_str(text).context("the file must contain a JSON list of objects")?;
        let mut catalogue = BTreeMap::new();
        for (index, entry) in entries.into_iter().enumerate() {
            let record = parse_entry(entry).with_context(|| describe_entry(index, entry))?;
            let name = record.name.as_str().to_owned();
            anyhow::ensure!(catalogue.insert(name, record).is_none(), "{}: another entry has this name", describe_entry(index, entry));
        }
        Ok(Catalogue(Some(catalogue)))
    }

    /// Returns whether a type may be published.
    #[must_use]
    pub fn knows(&self, event_type: &str) -> bool {
        self.0.as_ref().is_none_or(|entries| entries.contains_key(event_type))
    }

    /// Returns the index of the first pattern that matches no type of the catalogue and no type of the service itself.
    #[must_use]
    pub fn first_unknown(&self, patterns: &EventTypes) -> Option<usize> {
        let entries = self.0.as_ref()?;
        let matches_some = |pattern: &EventTypePattern| {
            let pattern = pattern.as_str();
            pattern == "*" || pattern.starts_with(OWN_PREFIX) || entries.keys().any(|name| EventTypePattern::matches(pattern, name))
        };
        patterns.0.iter().position(|pattern| !matches_some(pattern))
    }

    #[must_use]
    pub fn example(&self, event_type: &str) -> Option<&RawValue> {
        self.0.as_ref()?.get(event_type)?.example.as_ref().map(PayloadObject::raw)
    }

    /// Returns a page of the catalogue, sorted by name. A page starts after the last name of the previous page. This is
    /// also true if the catalogue was changed between the two requests.
    #[must_use]
    pub fn page(&self, after: Option<&EventTypeCursor>, limit: usize) -> EventTypePage {
        let is_after = |record: &&EventTypeRecord| after.is_none_or(|after| record.name.as_str() > after.as_str());
        let mut rest = self.0.iter().flat_map(BTreeMap::values).filter(is_after);
        let data: Vec<EventTypeRecord> = rest.by_ref().take(limit).cloned().collect();
        let last = data.last().filter(|_| rest.next().is_some());
        let cursor = last.map(|last| EventTypeCursor::stored(last.name.as_str().to_owned()));
        EventTypePage { data, cursor }
    }
}

/// An entry of the file. Entries with unknown members are refused, because an unknown member is probably a mistake.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: PublishedEventType,
    description: Description,
    #[serde(default, deserialize_with = "present")]
    example: Option<PayloadObject>,
}

/// Refuses null, which serde would read as an absent example.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PayloadObject>, D::Error> {
    PayloadObject::deserialize(deserializer).map(Some)
}

fn parse_entry(entry: &RawValue) -> anyhow::Result<EventTypeRecord> {
    if let Err(error) = json::check(entry.get().as_bytes()) {
        anyhow::bail!("`{}` {}", error.pointer, error.detail);
    }
    let mut deserializer = serde_json::Deserializer::from_str(entry.get());
    let entry: Entry = serde_path_to_error::deserialize(ObjectOnly(&mut deserializer)).map_err(|error| {
        let path = error.path().to_string();
        anyhow::Error::from(error.into_inner()).context(format!("`{path}` is invalid"))
    })?;
    if let Some(example) = &entry.example {
        let bytes = example.raw().get().len();
        anyhow::ensure!(bytes <= MAX_EXAMPLE_BYTES, "`example` has {bytes} bytes; at most {MAX_EXAMPLE_BYTES} are allowed");
    }
    Ok(EventTypeRecord { name: entry.name, description: entry.description, example: entry.example })
}

/// Returns a text with the number of an entry, and with its name if the entry has a name.
fn describe_entry(index: usize, entry: &RawValue) -> String {
    #[derive(Deserialize)]
    struct Named {
        name: String,
    }
    let name = Named::deserialize(ObjectOnly(&mut serde_json::Deserializer::from_str(entry.get())));
    let name = name.map_or_else(|_| String::new(), |named| format!(" ({:?})", named.name));
    format!("entry {}{name}", index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogue(names: &[&str]) -> Catalogue {
        let entries: Vec<_> = names.iter().map(|name| serde_json::json!({ "name": name, "description": "text" })).collect();
        Catalogue::parse(&serde_json::Value::from(entries).to_string()).expect("a catalogue")
    }

    fn patterns(texts: &[&str]) -> EventTypes {
        EventTypes(texts.iter().map(|text| EventTypePattern::parse(*text).expect("a pattern")).collect())
    }

    #[test]
    fn the_error_of_an_invalid_file_names_the_entry_and_the_mistake() {
        let valid = r#"{"name":"a.b","description":"text","example":{}}"#;
        let too_long = format!(r#"{{"name":"a.c","description":"text","example":{{"a":"{}"}}}}"#, "x".repeat(MAX_EXAMPLE_BYTES));
        for (text, expected) in [
            ("", "must contain a JSON list of objects"),
            ("{}", "must contain a JSON list of objects"),
            (&format!("[{valid}, []]"), "entry 2: `.` is invalid: invalid type: sequence"),
            (&format!("[{valid}, {valid}]"), r#"entry 2 ("a.b"): another entry has this name"#),
            (r#"[{"name":"a.b"}]"#, r#"entry 1 ("a.b"): `.` is invalid: missing field `description`"#),
            (r#"[{"description":"text"}]"#, "entry 1: `.` is invalid: missing field `name`"),
            (r#"[{"name":"A","description":"text"}]"#, r#"entry 1 ("A"): `name` is invalid: must be a dotted lower-case name"#),
            (r#"[{"name":"webhook.test","description":"text"}]"#, r#"entry 1 ("webhook.test"): `name` is invalid: "#),
            (r#"[{"name":"a.b","description":""}]"#, r#"entry 1 ("a.b"): `description` is invalid: "#),
            (r#"[{"name":"a.b","description":"text","example":[]}]"#, r#"entry 1 ("a.b"): `example` is invalid: must be a JSON object"#),
            (r#"[{"name":"a.b","description":"text","example":null}]"#, "`example` is invalid: must be a JSON object"),
            (r#"[{"name":"a.b","description":"text","example":{"n":1e400}}]"#, r#"entry 1 ("a.b"): `/example/n` must not contain"#),
            (r#"[{"name":"a.b","description":"text","schema":{}}]"#, "unknown field `schema`"),
            (&format!("[{too_long}]"), r#"entry 1 ("a.c"): `example` has "#),
        ] {
            let error = format!("{:#}", Catalogue::parse(text).expect_err(text));
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn a_pattern_is_known_if_it_matches_a_type() {
        let catalogue = catalogue(&["catalog.purchase.closed", "order"]);
        for (known, expected) in [
            (&["*", "catalog.*", "catalog.purchase.*", "catalog.purchase.closed", "order", "webhook.*", "webhook.test"][..], None),
            (&["order", "order.*"], Some(1)),
            (&["catalog"], Some(0)),
            (&["*", "order", "catalog.purchase"], Some(2)),
        ] {
            assert_eq!(catalogue.first_unknown(&patterns(known)), expected, "{known:?}");
        }
        assert_eq!(Catalogue::default().first_unknown(&patterns(&["anything"])), None);
        assert!(Catalogue::default().knows("anything") && !catalogue.knows("anything") && catalogue.knows("order"));
    }

    #[test]
    fn pages_are_sorted_by_name_and_adjacent() {
        let catalogue = catalogue(&["b", "a.b", "a", "c"]);
        let names = |page: &EventTypePage| page.data.iter().map(|record| record.name.as_str().to_owned()).collect::<Vec<_>>();
        let first = catalogue.page(None, 3);
        assert_eq!(names(&first), ["a", "a.b", "b"]);
        let second = catalogue.page(first.cursor.as_ref(), 3);
        assert_eq!((names(&second), second.cursor), (vec!["c".to_owned()], None));
        assert!(catalogue.page(None, 4).cursor.is_none());
        // No entry has the name in the cursor, so the page starts with the next name.
        assert_eq!(names(&catalogue.page(Some(&EventTypeCursor::parse("aa").expect("a cursor")), 1)), ["b"]);
        assert!(Catalogue::default().page(None, 10).data.is_empty());
    }
}
