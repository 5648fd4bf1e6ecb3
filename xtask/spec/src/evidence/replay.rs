//! The recorded exchanges against documents that differ from openapi.json in little: only what a document says otherwise
//! is judged anew.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::coverage::{self, Seen};
use super::document::{Document, Operation};
use super::{Exchange, Judge};
use crate::Profile;
use crate::openapi::node::Cursor;

pub struct Replay<'a> {
    profile: &'a Profile,
    groups: BTreeMap<String, Group>,
    /// What no operation was found for.
    unrouted: Vec<Exchange>,
}

/// The exchanges of one operation, and what openapi.json says of it.
struct Group {
    exchanges: Vec<Exchange>,
    said: Value,
    seen: Seen,
}

impl<'a> Replay<'a> {
    /// # Errors
    /// As [`Judge::new`].
    pub fn new(profile: &'a Profile, document: &Value, exchanges: Vec<Exchange>) -> anyhow::Result<Replay<'a>> {
        let judge = Judge::new(profile, document)?;
        let mut grouped: BTreeMap<String, Vec<Exchange>> = BTreeMap::new();
        let mut unrouted = Vec::new();
        for exchange in exchanges {
            let key = match &exchange {
                Exchange::Answer(answer) => judge.operation(&answer.method, &answer.path).map(key_of),
                Exchange::Callback(callback) => judge.callback(callback).and_then(|found| {
                    let index = judge.document.callbacks.iter().position(|known| known.at == found.at)?;
                    Some(key_of_callback(index))
                }),
            };
            match key {
                Some(key) => grouped.entry(key).or_default().push(exchange),
                None => unrouted.push(exchange),
            }
        }
        let root = Cursor::new(document);
        let mut groups = BTreeMap::new();
        for (key, at) in places(&judge.document) {
            let exchanges = grouped.remove(&key).unwrap_or_default();
            let seen = coverage::of_place(&judge, &at, &exchanges)?;
            groups.insert(key, Group { exchanges, said: said(&root.standing_at(&at), profile.security.scope, 0)?, seen });
        }
        Ok(Replay { profile, groups, unrouted })
    }

    /// The first thing that the exchanges show `document` to be wrong in.
    #[must_use]
    pub fn first_breach(&self, document: &Value) -> Option<String> {
        self.try_first_breach(document).unwrap_or_else(|error| Some(format!("{error:#}")))
    }

    fn try_first_breach(&self, document: &Value) -> anyhow::Result<Option<String>> {
        let judge = Judge::new(self.profile, document)?;
        let places = places(&judge.document);
        let root = Cursor::new(document);
        let mut all = Seen::default();
        for (key, at) in &places {
            let known = self.groups.get(key);
            if let Some(group) =
                known.filter(|group| said(&root.standing_at(at), self.profile.security.scope, 0).is_ok_and(|said| said == group.said))
            {
                all.extend(&group.seen);
                continue;
            }
            let exchanges = known.map(|group| group.exchanges.as_slice()).unwrap_or_default();
            if let Some(breach) = exchanges.iter().flat_map(|exchange| judge.breaches(exchange)).next() {
                return Ok(Some(breach.to_string()));
            }
            all.extend(&coverage::of_place(&judge, at, exchanges)?);
        }
        let lost =
            self.groups.iter().filter(|(key, _)| !places.iter().any(|(known, _)| known == *key)).flat_map(|(_, group)| &group.exchanges);
        let stray = lost.chain(&self.unrouted).flat_map(|exchange| judge.breaches(exchange)).next();
        Ok(stray.map(|breach| breach.to_string()).or_else(|| all.gaps().into_iter().next()))
    }
}

fn key_of(operation: &Operation) -> String {
    format!("{} {}", operation.method, operation.path)
}

/// Its URL and name may be what a document says otherwise.
fn key_of_callback(index: usize) -> String {
    format!("callback {index}")
}

/// Each operation and callback with its pointer.
fn places(document: &Document) -> Vec<(String, String)> {
    let operations = document.operations.iter().map(|operation| (key_of(operation), operation.at.clone()));
    let callbacks = document.callbacks.iter().enumerate().map(|(index, callback)| (key_of_callback(index), callback.at.clone()));
    operations.chain(callbacks).collect()
}

/// Deeper than any schema here is.
const DEPTH: usize = 48;

/// What stands at a place, with every reference followed and without what states nothing.
fn said(here: &Cursor, scope: Option<&str>, depth: usize) -> anyhow::Result<Value> {
    anyhow::ensure!(depth < DEPTH, "{} contains itself", here.at);
    let here = here.follow()?;
    match here.value {
        Value::Object(_) => {
            let mut members = Map::new();
            for (name, value) in here.members()? {
                // A property may have the name of a keyword, and is an object then.
                let is_prose = matches!(name, "description" | "summary" | "title") && value.value.is_string();
                let is_extension = name.starts_with("x-") && Some(name) != scope;
                if !is_prose && !is_extension && !matches!(name, "example" | "callbacks") {
                    members.insert(name.to_owned(), said(&value, scope, depth + 1)?);
                }
            }
            members.sort_keys();
            Ok(members.into())
        }
        Value::Array(_) => {
            here.items()?.iter().map(|item| said(item, scope, depth + 1)).collect::<anyhow::Result<Vec<_>>>().map(Value::from)
        }
        other => Ok(other.clone()),
    }
}
