//! Compares the recorded exchanges with slightly changed versions of openapi.json. Only changed operations are checked again.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::coverage::{self, Sightings};
use super::document::{CallbackOperation, Document, Operation};
use super::{Checker, Exchange};
use crate::Profile;
use crate::openapi::node::Cursor;

/// The recorded exchanges, grouped by operation.
pub struct Replay<'a> {
    profile: &'a Profile,
    groups: BTreeMap<String, Group>,
    /// Exchanges that match no operation.
    unrouted: Vec<Exchange>,
}

/// The exchanges of one operation or callback, and the statements of openapi.json about this operation or callback.
struct Group {
    is_callback: bool,
    /// The position of the operation in the document.
    index: usize,
    exchanges: Vec<Exchange>,
    /// The result of [`statements_at`] for the unchanged openapi.json.
    statements: Value,
    sightings: Sightings,
}

impl<'a> Replay<'a> {
    /// # Errors
    /// When [`Checker::new`] fails, or `unseen` of the profile has a response that the document does not have.
    pub fn new(profile: &'a Profile, document: &Value, exchanges: Vec<Exchange>) -> anyhow::Result<Replay<'a>> {
        let checker = Checker::new(profile, document)?;
        checker.check_profile()?;
        let mut grouped: BTreeMap<String, Vec<Exchange>> = BTreeMap::new();
        let mut unrouted = Vec::new();
        for exchange in exchanges {
            let key = match &exchange {
                Exchange::Api(exchange) => checker.operation(&exchange.method, &exchange.path).map(key_of),
                Exchange::Callback(callback) => checker.callback(callback).map(CallbackOperation::key),
            };
            match key {
                Some(key) => grouped.entry(key).or_default().push(exchange),
                None => unrouted.push(exchange),
            }
        }
        let root = Cursor::new(document);
        let mut groups = BTreeMap::new();
        let operations = operations(&checker.document).map(|operation| (operation, false));
        let all = operations.chain(callbacks(&checker.document).map(|callback| (callback, true)));
        for (index, ((key, at), is_callback)) in all.enumerate() {
            let exchanges = grouped.remove(&key).unwrap_or_default();
            let sightings = coverage::sightings_at(&checker, &at, &exchanges)?;
            let statements = statements_at(&root, &at, profile.security.scope)?;
            groups.insert(key, Group { is_callback, index, exchanges, statements, sightings });
        }
        Ok(Replay { profile, groups, unrouted })
    }

    /// Returns the first statement of `document` that the exchanges contradict or do not show.
    #[must_use]
    pub fn first_violation(&self, document: &Value) -> Option<String> {
        self.try_first_violation(document).unwrap_or_else(|error| Some(format!("{error:#}")))
    }

    fn try_first_violation(&self, document: &Value) -> anyhow::Result<Option<String>> {
        let checker = Checker::new(self.profile, document)?;
        let operations = self.keys(&checker.document);
        let root = Cursor::new(document);
        let mut all = Sightings::default();
        for (key, at) in &operations {
            let known = self.groups.get(key);
            let is_same = |group: &&Group| {
                statements_at(&root, at, self.profile.security.scope).is_ok_and(|statements| statements == group.statements)
            };
            // If an exchange has the name of a callback and the callback is renamed, the exchange contradicts the
            // document.
            let is_renamed = |group: &&Group| has_other_name(&checker, at, group);
            if let Some(group) = known.filter(is_same).filter(|group| !is_renamed(group)) {
                all.extend(&group.sightings);
                continue;
            }
            let exchanges = known.map(|group| group.exchanges.as_slice()).unwrap_or_default();
            if let Some(violation) = exchanges.iter().flat_map(|exchange| checker.violations(exchange)).next() {
                return Ok(Some(violation.to_string()));
            }
            all.extend(&coverage::sightings_at(&checker, at, exchanges)?);
        }
        let removed = self.groups.iter().filter(|(key, _)| !operations.iter().any(|(known, _)| known == *key));
        let unmatched = removed.flat_map(|(_, group)| &group.exchanges).chain(&self.unrouted);
        let violation = unmatched.flat_map(|exchange| checker.violations(exchange)).next();
        Ok(violation.map(|violation| violation.to_string()).or_else(|| all.gaps().into_iter().next()))
    }

    /// Returns the group key and the pointer of each operation and callback of a changed document. A callback with an
    /// unknown key may be a changed callback. So it gets the key of a group whose callback is missing in the changed
    /// document. These keys are assigned in the order of the changed document.
    fn keys(&self, document: &Document) -> Vec<(String, String)> {
        let found: Vec<(String, String)> = callbacks(document).collect();
        let is_found = |key: &str| found.iter().any(|(known, _)| known == key);
        let mut removed =
            self.groups.iter().filter(|(key, group)| group.is_callback && !is_found(key)).map(|(key, _)| key.clone()).collect::<Vec<_>>();
        removed.sort_by_key(|key| self.groups[key].index);
        let mut removed = removed.into_iter();
        let callbacks = found.iter().cloned().map(|(key, at)| match self.groups.contains_key(&key) {
            true => (key, at),
            false => (removed.next().unwrap_or(key), at),
        });
        operations(document).chain(callbacks).collect()
    }
}

/// Whether an exchange of the group has a name that is not the name of the callback at the pointer `at`.
fn has_other_name(checker: &Checker, at: &str, group: &Group) -> bool {
    let operation = checker.document.callbacks.iter().find(|callback| callback.at == at);
    let mut names = group.exchanges.iter().filter_map(|exchange| match exchange {
        Exchange::Callback(callback) => callback.name.as_ref(),
        Exchange::Api(_) => None,
    });
    operation.is_some_and(|operation| names.any(|name| *name != operation.name))
}

fn key_of(operation: &Operation) -> String {
    format!("{} {}", operation.method, operation.path)
}

/// Returns the key and the pointer of each operation.
fn operations(document: &Document) -> impl Iterator<Item = (String, String)> {
    document.operations.iter().map(|operation| (key_of(operation), operation.at.clone()))
}

/// Returns the key and the pointer of each callback.
fn callbacks(document: &Document) -> impl Iterator<Item = (String, String)> {
    document.callbacks.iter().map(|callback| (callback.key(), callback.at.clone()))
}

/// Maximum depth of an operation after all references are replaced by their targets. If the operation is deeper, a
/// schema probably contains itself.
const MAX_DEPTH: usize = 48;

/// Returns all statements about the operation at the pointer `at`, and the parameters of its path. If the operation
/// has no `security`, the result also has the `security` of the document.
fn statements_at(root: &Cursor, at: &str, scope: Option<&str>) -> anyhow::Result<Value> {
    let item = root.at_pointer(at.rsplit_once('/').map_or("", |(item, _)| item));
    let operation = root.at_pointer(at);
    let default_security = if operation.member("security").is_none() { root.member("security") } else { None };
    let inherited = item.member("parameters").into_iter().chain(default_security);
    std::iter::once(operation.clone()).chain(inherited).map(|part| statements(&part, scope, false, 0)).collect()
}

/// Returns the value at a cursor. Replaces references by their targets. Removes prose and extensions. If `names` is
/// true, the member names of this value are not keywords.
fn statements(here: &Cursor, scope: Option<&str>, names: bool, depth: usize) -> anyhow::Result<Value> {
    anyhow::ensure!(depth < MAX_DEPTH, "{} contains itself", here.at);
    let here = here.follow()?;
    match here.value {
        Value::Object(_) => {
            let mut members = Map::new();
            for (name, value) in here.members()? {
                let is_prose = matches!(name, "description" | "summary" | "title") && value.value.is_string();
                let is_extension = name.starts_with("x-") && Some(name) != scope;
                // Each callback has its own group.
                let is_callbacks = depth == 0 && name == "callbacks";
                if names || !is_prose && !is_extension && !is_callbacks {
                    let names = !names && matches!(name, "properties" | "headers");
                    members.insert(name.to_owned(), statements(&value, scope, names, depth + 1)?);
                }
            }
            members.sort_keys();
            Ok(members.into())
        }
        Value::Array(_) => {
            here.items()?.iter().map(|item| statements(item, scope, false, depth + 1)).collect::<anyhow::Result<Vec<_>>>().map(Value::from)
        }
        other => Ok(other.clone()),
    }
}
