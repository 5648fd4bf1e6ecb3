//! The recorded exchanges against documents that differ from openapi.json in little: only what a document says otherwise
//! is judged anew.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::coverage::{self, Seen};
use super::document::{CallbackOperation, Document, Operation};
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
    is_callback: bool,
    /// Where it comes in the document.
    index: usize,
    exchanges: Vec<Exchange>,
    said: Value,
    seen: Seen,
}

impl<'a> Replay<'a> {
    /// # Errors
    /// As [`Judge::new`], and when the profile excuses what the document does not have.
    pub fn new(profile: &'a Profile, document: &Value, exchanges: Vec<Exchange>) -> anyhow::Result<Replay<'a>> {
        let judge = Judge::new(profile, document)?;
        judge.check_profile()?;
        let mut grouped: BTreeMap<String, Vec<Exchange>> = BTreeMap::new();
        let mut unrouted = Vec::new();
        for exchange in exchanges {
            let key = match &exchange {
                Exchange::Answer(answer) => judge.operation(&answer.method, &answer.path).map(key_of),
                Exchange::Callback(callback) => judge.callback(callback).map(CallbackOperation::key),
            };
            match key {
                Some(key) => grouped.entry(key).or_default().push(exchange),
                None => unrouted.push(exchange),
            }
        }
        let root = Cursor::new(document);
        let mut groups = BTreeMap::new();
        let operations = operations(&judge.document).map(|place| (place, false));
        let places = operations.chain(callbacks(&judge.document).map(|place| (place, true)));
        for (index, ((key, at), is_callback)) in places.enumerate() {
            let exchanges = grouped.remove(&key).unwrap_or_default();
            let seen = coverage::of_place(&judge, &at, &exchanges)?;
            groups.insert(key, Group { is_callback, index, exchanges, said: said_at(&root, &at, profile.security.scope)?, seen });
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
        let places = self.places(&judge.document);
        let root = Cursor::new(document);
        let mut all = Seen::default();
        for (key, at) in &places {
            let known = self.groups.get(key);
            let is_same = |group: &&Group| said_at(&root, at, self.profile.security.scope).is_ok_and(|said| said == group.said);
            // An exchange with a name contradicts a callback that was renamed.
            let is_renamed = |group: &&Group| self.names_another(&judge, at, group);
            if let Some(group) = known.filter(is_same).filter(|group| !is_renamed(group)) {
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

    /// The key and pointer of each operation and callback of a changed document. A callback with a new key gets the key of one that
    /// the document has no longer, in the order of both documents.
    fn places(&self, document: &Document) -> Vec<(String, String)> {
        let found: Vec<(String, String)> = callbacks(document).collect();
        let is_found = |key: &str| found.iter().any(|(known, _)| known == key);
        let mut lost =
            self.groups.iter().filter(|(key, group)| group.is_callback && !is_found(key)).map(|(key, _)| key.clone()).collect::<Vec<_>>();
        lost.sort_by_key(|key| self.groups[key].index);
        let mut lost = lost.into_iter();
        let callbacks = found.iter().cloned().map(|(key, at)| match self.groups.contains_key(&key) {
            true => (key, at),
            false => (lost.next().unwrap_or(key), at),
        });
        operations(document).chain(callbacks).collect()
    }

    fn names_another(&self, judge: &Judge, at: &str, group: &Group) -> bool {
        let here = judge.document.callbacks.iter().find(|callback| callback.at == at);
        let names = group.exchanges.iter().filter_map(|exchange| match exchange {
            Exchange::Callback(callback) => callback.name.as_ref(),
            Exchange::Answer(_) => None,
        });
        here.is_some_and(|here| names.into_iter().any(|name| *name != here.name))
    }
}

fn key_of(operation: &Operation) -> String {
    format!("{} {}", operation.method, operation.path)
}

/// Each operation with its pointer.
fn operations(document: &Document) -> impl Iterator<Item = (String, String)> {
    document.operations.iter().map(|operation| (key_of(operation), operation.at.clone()))
}

fn callbacks(document: &Document) -> impl Iterator<Item = (String, String)> {
    document.callbacks.iter().map(|callback| (callback.key(), callback.at.clone()))
}

/// Deeper than any schema here is.
const DEPTH: usize = 48;

/// What a document says of the operation at a pointer: the operation, the parameters of its path, and the general `security` when
/// it has none of its own.
fn said_at(root: &Cursor, at: &str, scope: Option<&str>) -> anyhow::Result<Value> {
    let item = root.standing_at(at.rsplit_once('/').map_or("", |(item, _)| item));
    let operation = root.standing_at(at);
    let general = if operation.member("security").is_none() { root.member("security") } else { None };
    let more = item.member("parameters").into_iter().chain(general);
    std::iter::once(operation.clone()).chain(more).map(|part| said(&part, scope, false, 0)).collect()
}

/// What stands at a place, with every reference followed and without what states nothing.
/// With `names`, the author chose the names of the members, and none is a keyword.
fn said(here: &Cursor, scope: Option<&str>, names: bool, depth: usize) -> anyhow::Result<Value> {
    anyhow::ensure!(depth < DEPTH, "{} contains itself", here.at);
    let here = here.follow()?;
    match here.value {
        Value::Object(_) => {
            let mut members = Map::new();
            for (name, value) in here.members()? {
                let is_prose = matches!(name, "description" | "summary" | "title") && value.value.is_string();
                let is_extension = name.starts_with("x-") && Some(name) != scope;
                // Callbacks have groups of their own.
                let is_callbacks = depth == 0 && name == "callbacks";
                if names || !is_prose && !is_extension && !is_callbacks {
                    let names = !names && matches!(name, "properties" | "headers");
                    members.insert(name.to_owned(), said(&value, scope, names, depth + 1)?);
                }
            }
            members.sort_keys();
            Ok(members.into())
        }
        Value::Array(_) => {
            here.items()?.iter().map(|item| said(item, scope, false, depth + 1)).collect::<anyhow::Result<Vec<_>>>().map(Value::from)
        }
        other => Ok(other.clone()),
    }
}
