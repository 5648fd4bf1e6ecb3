//! Changes of operations and callbacks, and their effect on users.

use super::finding::{Changes, Effect, Flow, Location, Pair, User, View, pairs};
use super::schemas::difference;
use crate::openapi::node::{METHODS, Node};

const REQUEST: View = View { user: User::Client, flow: Flow::Sends };
const RESPONSE: View = View { user: User::Client, flow: Flow::Reads };
const CALLBACK: View = View { user: User::Receiver, flow: Flow::Reads };
const CALLBACK_RESPONSE: View = View { user: User::Receiver, flow: Flow::Sends };

impl Changes {
    pub(super) fn documents(&mut self, old: &Node, new: &Node) {
        let security = (old.member("security"), new.member("security"));
        for (name, pair) in pairs(Some(old), Some(new)) {
            match name {
                "paths" => {
                    for (path, pair) in pairs(pair.older(), pair.newer()) {
                        let holder = new.member("paths").unwrap_or(new);
                        match pair {
                            Pair::Both(old, new) => self.path(path, old, new, security),
                            Pair::Removed(_) => {
                                self.breaks(REQUEST, pair.location(holder), format!("the path {path} was removed"), "can no longer call it")
                            }
                            Pair::Added(_) => {
                                self.adds(REQUEST, pair.location(holder), format!("the path {path} was added"), "may call it")
                            }
                        }
                    }
                }
                // Changes of these members do not affect users, or other code compares them.
                "openapi" | "info" | "security" | "tags" => {}
                _ => self.unknown(REQUEST, name, &pair, new),
            }
        }
    }

    fn path(&mut self, path: &str, old: &Node, new: &Node, security: (Option<&Node>, Option<&Node>)) {
        for (method, pair) in pairs(Some(old), Some(new)) {
            self.operation = format!("{} {path}", method.to_uppercase());
            match pair {
                Pair::Both(old, new) if METHODS.contains(&method) => self.client_operation(old, new, security),
                Pair::Removed(_) if METHODS.contains(&method) => {
                    self.breaks(REQUEST, pair.location(new), "the operation was removed".to_owned(), "can no longer call it");
                }
                Pair::Added(_) if METHODS.contains(&method) => {
                    self.adds(REQUEST, pair.location(new), "the operation was added".to_owned(), "may call it");
                }
                _ => self.unknown(REQUEST, method, &pair, new),
            }
            self.operation.clear();
        }
    }

    fn client_operation(&mut self, old: &Node, new: &Node, inherited: (Option<&Node>, Option<&Node>)) {
        for (name, pair) in pairs(Some(old), Some(new)) {
            let location = pair.location(new);
            match (name, &pair) {
                ("operationId", Pair::Added(_)) => self.adds(REQUEST, location, difference(name, &pair), "may use it as a name"),
                ("operationId", _) if !pair.is_same() => {
                    self.breaks(REQUEST, location, difference(name, &pair), "that is generated again has another name for the operation");
                }
                // The normal form has only one extension: the scope.
                (name, Pair::Removed(_)) if name.starts_with("x-") => {
                    self.adds(REQUEST, location, difference(name, &pair), "no longer needs a scope")
                }
                (name, _) if name.starts_with("x-") && !pair.is_same() => {
                    self.breaks(REQUEST, location, difference(name, &pair), "may be refused, because its token lacks the scope");
                }
                ("deprecated", _) if !pair.is_same() => {
                    self.adds(REQUEST, location, difference(name, &pair), "is warned of a later removal");
                }
                ("operationId" | "deprecated" | "summary" | "tags" | "security", _) => {}
                (name, _) if name.starts_with("x-") => {}
                ("callbacks", _) => self.callbacks(&pair, new),
                _ => self.message(name, &pair, new, (REQUEST, RESPONSE)),
            }
        }
        let own = |operation: &Node| operation.member("security").is_some();
        let old_security = if own(old) { old.member("security") } else { inherited.0 };
        let new_security = if own(new) { new.member("security") } else { inherited.1 };
        self.client_security(old_security, new_security, new);
    }

    /// Compares the callbacks of an operation, by name, URL and method.
    fn callbacks(&mut self, callbacks: &Pair, operation: &Node) {
        for (name, pair) in pairs(callbacks.older(), callbacks.newer()) {
            self.callback_existence(&format!("the callback `{name}`"), &pair, pair.location_of_member(name, callbacks, operation));
            let Pair::Both(old, new) = pair else { continue };
            for (url, pair) in pairs(Some(old), Some(new)) {
                self.callback_existence(&format!("the callback to {url}"), &pair, pair.location(new));
                let Pair::Both(old, new) = pair else { continue };
                for (method, pair) in pairs(Some(old), Some(new)) {
                    match pair {
                        Pair::Both(old, new) if METHODS.contains(&method) => self.callback_operation(old, new),
                        _ if METHODS.contains(&method) => {
                            self.callback_existence(&format!("the callback by {}", method.to_uppercase()), &pair, pair.location(new));
                        }
                        _ => self.unknown(CALLBACK, method, &pair, new),
                    }
                }
            }
        }
    }

    /// Adds a finding if a callback was added or removed.
    fn callback_existence(&mut self, noun: &str, pair: &Pair, location: Location) {
        match pair {
            Pair::Removed(_) => self.breaks(CALLBACK, location, format!("{noun} was removed"), "no longer gets it"),
            Pair::Added(_) => self.breaks(CALLBACK, location, format!("{noun} was added"), "does not expect it"),
            Pair::Both(..) => {}
        }
    }

    fn callback_operation(&mut self, old: &Node, new: &Node) {
        for (name, pair) in pairs(Some(old), Some(new)) {
            match name {
                // Changes of these members do not affect receivers, or the code below compares them.
                "operationId" | "deprecated" | "security" => {}
                _ => self.message(name, &pair, new, (CALLBACK, CALLBACK_RESPONSE)),
            }
        }
        self.callback_security(old.member("security"), new.member("security"), new);
    }

    /// Compares a member that both operations and callbacks can have. `request` is the view of the request, and
    /// `response` is the view of the response.
    fn message(&mut self, name: &str, pair: &Pair, operation: &Node, (request, response): (View, View)) {
        let holder = pair.newer().unwrap_or(operation);
        match name {
            "parameters" => self.values(request, "parameter", pair, holder),
            "requestBody" => self.body(request, pair, operation),
            "responses" => self.responses(response, pair, holder),
            _ => self.unknown(request, name, pair, operation),
        }
    }

    /// Compares parameters, or the headers of a response.
    fn values(&mut self, view: View, noun: &str, both: &Pair, holder: &Node) {
        for (name, pair) in pairs(both.older(), both.newer()) {
            let Pair::Both(old, new) = pair else {
                self.existence(view, &format!("the {noun} `{name}`"), &pair, pair.location(holder));
                continue;
            };
            for (member, pair) in pairs(Some(old), Some(new)) {
                match (member, &pair) {
                    ("schema", Pair::Both(old, new)) => self.schemas(view, old, new),
                    ("required", _) => self.required_flag(view, &pair, new),
                    ("deprecated", _) if !pair.is_same() => {
                        self.adds(view, pair.location(new), difference(member, &pair), "is warned of a later removal");
                    }
                    ("deprecated", _) => {}
                    _ => self.unknown(view, member, &pair, new),
                }
            }
        }
    }

    fn body(&mut self, view: View, both: &Pair, operation: &Node) {
        let Pair::Both(old, new) = both else { return self.existence(view, "the body", both, both.location(operation)) };
        for (name, pair) in pairs(Some(old), Some(new)) {
            match name {
                "content" => self.content(view, &pair, new),
                "required" => self.required_flag(view, &pair, new),
                _ => self.unknown(view, name, &pair, new),
            }
        }
    }

    fn responses(&mut self, view: View, both: &Pair, holder: &Node) {
        let covers = |responses: Option<&Node>, status: &str| {
            let class = format!("{}XX", status.get(..1).unwrap_or_default());
            [class.as_str(), "default"].iter().any(|name| responses.is_some_and(|responses| responses.member(name).is_some()))
        };
        for (status, pair) in pairs(both.older(), both.newer()) {
            let location = pair.location_of_member(status, both, holder);
            let (removed, added) = (format!("the response {status} was removed"), format!("the response {status} was added"));
            let is_success = status.starts_with(['1', '2', '3']);
            match (&pair, view.flow) {
                (Pair::Both(old, new), _) => self.response(view, old, new),
                (Pair::Removed(_), Flow::Reads) if is_success => self.breaks(view, location, removed, "may expect it"),
                (Pair::Added(_), Flow::Reads) if is_success => self.breaks(view, location, added, "may not recognize it as a success"),
                (Pair::Removed(_), Flow::Reads) => self.adds(view, location, removed, "no longer gets it"),
                (Pair::Added(_), Flow::Reads) => self.adds(view, location, added, "treats it as a general 4xx or 5xx error"),
                (Pair::Removed(_), Flow::Sends) => self.breaks(view, location, removed, "may send it, but it has lost its meaning"),
                (Pair::Added(_), Flow::Sends) if covers(both.older(), status) => {
                    self.breaks(view, location, added, "may send it already, with another meaning");
                }
                (Pair::Added(_), Flow::Sends) => self.adds(view, location, added, "may send it"),
            }
        }
    }

    fn response(&mut self, view: View, old: &Node, new: &Node) {
        for (name, pair) in pairs(Some(old), Some(new)) {
            match name {
                "content" => self.content(view, &pair, new),
                "headers" => self.values(view, "header", &pair, pair.newer().unwrap_or(new)),
                _ => self.unknown(view, name, &pair, new),
            }
        }
    }

    fn content(&mut self, view: View, both: &Pair, holder: &Node) {
        let holder = both.newer().unwrap_or(holder);
        for (media_type, media_type_pair) in pairs(both.older(), both.newer()) {
            let location = media_type_pair.location(holder);
            let removed = format!("the media type {media_type} was removed");
            let added = format!("the media type {media_type} was added");
            match (&media_type_pair, view) {
                (Pair::Removed(_), View { flow: Flow::Sends, .. }) => {
                    self.breaks(view, location, removed, "may send it, which is now refused")
                }
                (Pair::Removed(_), View { flow: Flow::Reads, .. }) => self.breaks(view, location, removed, "may expect it"),
                (Pair::Added(_), CALLBACK) => self.breaks(view, location, added, "may not support it"),
                (Pair::Added(_), _) => self.adds(view, location, added, "may use it"),
                (Pair::Both(old, new), _) => {
                    for (name, pair) in pairs(Some(old), Some(new)) {
                        match (name, &pair) {
                            ("schema", Pair::Both(old, new)) => self.schemas(view, old, new),
                            ("schema", Pair::Added(_)) => {
                                let location = pair.location_of_member(name, &media_type_pair, new);
                                self.changed(view, location, Effect::Narrower, "a schema was added".to_owned());
                            }
                            ("schema", Pair::Removed(_)) => {
                                let location = pair.location_of_member(name, &media_type_pair, new);
                                self.changed(view, location, Effect::Wider, "the schema was removed".to_owned());
                            }
                            _ => self.unknown(view, name, &pair, new),
                        }
                    }
                }
            }
        }
    }

    /// Adds a finding if a parameter, header or body was added or removed.
    fn existence(&mut self, view: View, noun: &str, pair: &Pair, location: Location) {
        match (pair, view.flow) {
            (Pair::Removed(_), Flow::Sends) => {
                self.breaks(view, location, format!("{noun} was removed"), "may send it, which is now refused or ignored")
            }
            (Pair::Removed(_), Flow::Reads) => self.breaks(view, location, format!("{noun} was removed"), "may expect it"),
            (Pair::Added(new), Flow::Sends) if new.member("required").is_some() => {
                self.breaks(view, location, format!("{noun} was added and is required"), "may omit it, which is now refused");
            }
            (Pair::Added(_), Flow::Sends) => self.adds(view, location, format!("{noun} was added"), "may omit it"),
            (Pair::Added(_), Flow::Reads) => self.adds(view, location, format!("{noun} was added"), "may ignore it"),
            (Pair::Both(..), _) => {}
        }
    }

    /// Adds a finding if the member `required` was added or removed.
    fn required_flag(&mut self, view: View, pair: &Pair, holder: &Node) {
        match pair {
            Pair::Removed(_) => self.changed(view, pair.location(holder), Effect::Wider, "it is no longer required".to_owned()),
            Pair::Added(_) => self.changed(view, pair.location(holder), Effect::Narrower, "it is now required".to_owned()),
            Pair::Both(..) => {}
        }
    }

    /// Adds a finding if a member whose meaning is unknown was changed.
    fn unknown(&mut self, view: View, name: &str, pair: &Pair, holder: &Node) {
        if !pair.is_same() {
            self.changed(view, pair.location(holder), Effect::Other, difference(name, pair));
        }
    }

    /// Compares the security requirements of an operation. A client needs to satisfy only one of the requirements. If
    /// the list is empty, no credentials are needed.
    fn client_security(&mut self, old: Option<&Node>, new: Option<&Node>, operation: &Node) {
        let (was_open, is_open) = (is_open(old), is_open(new));
        let holder = new.unwrap_or(operation);
        for (name, pair) in pairs(old, new) {
            let location = pair.location(holder);
            let noun = || if name.is_empty() { "access without credentials is".to_owned() } else { format!("the credentials {name} are") };
            match &pair {
                Pair::Both(old, new) => self.scopes(old, new),
                Pair::Removed(_) if is_open => self.adds(REQUEST, location, format!("{} no longer needed", noun()), "may omit them"),
                Pair::Removed(_) => {
                    self.breaks(REQUEST, location, format!("{} no longer accepted", noun()), "may send them, which is now refused")
                }
                Pair::Added(_) if was_open && !is_open => {
                    self.breaks(REQUEST, location, format!("{} now needed", noun()), "may omit them, which is now refused");
                }
                Pair::Added(_) => self.adds(REQUEST, location, format!("{} now accepted", noun()), "may send them"),
            }
        }
    }

    fn scopes(&mut self, old: &Node, new: &Node) {
        for (_, scheme) in pairs(Some(old), Some(new)) {
            let (Some(old), Some(new)) = (scheme.older(), scheme.newer()) else { continue };
            let Some(holder) = new.member("scopes") else { continue };
            for (scope, pair) in pairs(old.member("scopes"), Some(holder)) {
                match pair {
                    Pair::Added(_) => self.breaks(
                        REQUEST,
                        pair.location(holder),
                        format!("the scope {scope} is now needed"),
                        "is refused if its token lacks the scope",
                    ),
                    Pair::Removed(_) => self.adds(
                        REQUEST,
                        pair.location(holder),
                        format!("the scope {scope} is no longer needed"),
                        "may use a token without it",
                    ),
                    Pair::Both(..) => {}
                }
            }
        }
    }

    /// Compares the security requirements of a callback. A receiver gets new credentials only if it registers them. A
    /// requirement with an empty name means a callback without credentials.
    fn callback_security(&mut self, old: Option<&Node>, new: Option<&Node>, operation: &Node) {
        let holder = new.unwrap_or(operation);
        for (name, pair) in pairs(old, new) {
            let location = pair.location(holder);
            match &pair {
                Pair::Removed(_) if name.is_empty() && is_open(new) => {}
                Pair::Removed(_) if name.is_empty() => {
                    self.adds(CALLBACK, location, "callbacks always have credentials".to_owned(), "can rely on credentials");
                }
                Pair::Removed(_) => self.breaks(CALLBACK, location, format!("the credentials {name} were removed"), "may expect them"),
                Pair::Added(_) if name.is_empty() => {
                    self.breaks(CALLBACK, location, "callbacks may have no credentials".to_owned(), "may expect credentials");
                }
                Pair::Added(_) => {
                    self.adds(CALLBACK, location, format!("the credentials {name} were added"), "gets them if it registers them")
                }
                Pair::Both(..) => {}
            }
        }
    }
}

/// Whether no credentials are needed.
fn is_open(security: Option<&Node>) -> bool {
    security.and_then(Node::members).is_none_or(|members| members.is_empty() || members.contains_key(""))
}
