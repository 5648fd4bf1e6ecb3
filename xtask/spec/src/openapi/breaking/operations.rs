//! What a change of an operation, or of a callback, does to those who use it.

use super::finding::{Changes, Effect, Flow, Pair, Place, User, View, pairs};
use super::schemas::difference;
use crate::openapi::node::{METHODS, Node};

const REQUEST: View = View { user: User::Client, flow: Flow::Sends };
const RESPONSE: View = View { user: User::Client, flow: Flow::Reads };
const CALLBACK: View = View { user: User::Receiver, flow: Flow::Reads };
const ANSWER: View = View { user: User::Receiver, flow: Flow::Sends };

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
                            Pair::Gone(_) => {
                                self.breaks(REQUEST, pair.place(holder), format!("the path {path} is gone"), "calls it in vain")
                            }
                            Pair::New(_) => self.adds(REQUEST, pair.place(holder), format!("the path {path} is new"), "may call it"),
                        }
                    }
                }
                // Of these, what users see is compared elsewhere, or is nothing.
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
                Pair::Gone(_) if METHODS.contains(&method) => {
                    self.breaks(REQUEST, pair.place(new), "the operation is gone".to_owned(), "calls it in vain");
                }
                Pair::New(_) if METHODS.contains(&method) => {
                    self.adds(REQUEST, pair.place(new), "the operation is new".to_owned(), "may call it");
                }
                _ => self.unknown(REQUEST, method, &pair, new),
            }
            self.operation.clear();
        }
    }

    fn client_operation(&mut self, old: &Node, new: &Node, inherited: (Option<&Node>, Option<&Node>)) {
        for (name, pair) in pairs(Some(old), Some(new)) {
            let place = pair.place(new);
            match (name, &pair) {
                ("operationId", Pair::New(_)) => self.adds(REQUEST, place, difference(name, &pair), "may call it by that name"),
                ("operationId", _) if !pair.is_same() => {
                    self.breaks(REQUEST, place, difference(name, &pair), "that is generated again no longer has the name that is called");
                }
                // Of extensions, the normal form has only the one that names the scope.
                (name, Pair::Gone(_)) if name.starts_with("x-") => self.adds(REQUEST, place, difference(name, &pair), "needs no scope"),
                (name, _) if name.starts_with("x-") && !pair.is_same() => {
                    self.breaks(REQUEST, place, difference(name, &pair), "is refused with the scope that its token has");
                }
                ("deprecated", _) if !pair.is_same() => {
                    self.adds(REQUEST, place, difference(name, &pair), "learns what will go one day");
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

    /// Callbacks by name, by URL, by method.
    fn callbacks(&mut self, callbacks: &Pair, operation: &Node) {
        for (name, pair) in pairs(callbacks.older(), callbacks.newer()) {
            self.callback_part(&format!("the callback `{name}`"), &pair, pair.place_as(name, callbacks, operation));
            let Pair::Both(old, new) = pair else { continue };
            for (url, pair) in pairs(Some(old), Some(new)) {
                self.callback_part(&format!("the callback to {url}"), &pair, pair.place(new));
                let Pair::Both(old, new) = pair else { continue };
                for (method, pair) in pairs(Some(old), Some(new)) {
                    match pair {
                        Pair::Both(old, new) if METHODS.contains(&method) => self.callback_operation(old, new),
                        _ if METHODS.contains(&method) => {
                            self.callback_part(&format!("the callback by {}", method.to_uppercase()), &pair, pair.place(new));
                        }
                        _ => self.unknown(CALLBACK, method, &pair, new),
                    }
                }
            }
        }
    }

    fn callback_part(&mut self, what: &str, pair: &Pair, place: Place) {
        match pair {
            Pair::Gone(_) => self.breaks(CALLBACK, place, format!("{what} is gone"), "waits for it in vain"),
            Pair::New(_) => self.breaks(CALLBACK, place, format!("{what} is new"), "gets it and does not know it"),
            Pair::Both(..) => {}
        }
    }

    fn callback_operation(&mut self, old: &Node, new: &Node) {
        for (name, pair) in pairs(Some(old), Some(new)) {
            match name {
                // Nobody calls a callback by its name.
                "operationId" | "deprecated" | "security" => {}
                _ => self.message(name, &pair, new, (CALLBACK, ANSWER)),
            }
        }
        self.callback_security(old.member("security"), new.member("security"), new);
    }

    /// What operations and callbacks have alike. The views are those of the request and of the answer.
    fn message(&mut self, name: &str, pair: &Pair, operation: &Node, (request, answer): (View, View)) {
        let holder = pair.newer().unwrap_or(operation);
        match name {
            "parameters" => self.values(request, "parameter", pair, holder),
            "requestBody" => self.body(request, pair, operation),
            "responses" => self.responses(answer, pair, holder),
            _ => self.unknown(request, name, pair, operation),
        }
    }

    /// Parameters, or headers of an answer.
    fn values(&mut self, view: View, noun: &str, both: &Pair, holder: &Node) {
        for (name, pair) in pairs(both.older(), both.newer()) {
            let Pair::Both(old, new) = pair else {
                self.existence(view, &format!("the {noun} `{name}`"), &pair, pair.place(holder));
                continue;
            };
            for (member, pair) in pairs(Some(old), Some(new)) {
                match (member, &pair) {
                    ("schema", Pair::Both(old, new)) => self.schemas(view, old, new),
                    ("required", _) => self.necessity(view, &pair, new),
                    ("deprecated", _) if !pair.is_same() => {
                        self.adds(view, pair.place(new), difference(member, &pair), "learns what will go one day");
                    }
                    ("deprecated", _) => {}
                    _ => self.unknown(view, member, &pair, new),
                }
            }
        }
    }

    fn body(&mut self, view: View, both: &Pair, operation: &Node) {
        let Pair::Both(old, new) = both else { return self.existence(view, "the body", both, both.place(operation)) };
        for (name, pair) in pairs(Some(old), Some(new)) {
            match name {
                "content" => self.content(view, &pair, new),
                "required" => self.necessity(view, &pair, new),
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
            let place = pair.place_as(status, both, holder);
            let (gone, added) = (format!("the answer {status} is gone"), format!("the answer {status} is new"));
            let succeeds = status.starts_with(['1', '2', '3']);
            match (&pair, view.flow) {
                (Pair::Both(old, new), _) => self.response(view, old, new),
                (Pair::Gone(_), Flow::Reads) if succeeds => self.breaks(view, place, gone, "waits for it in vain"),
                (Pair::New(_), Flow::Reads) if succeeds => self.breaks(view, place, added, "may not know it for a success"),
                (Pair::Gone(_), Flow::Reads) => self.adds(view, place, gone, "never meets it"),
                (Pair::New(_), Flow::Reads) => self.adds(view, place, added, "takes it as any error of its class"),
                (Pair::Gone(_), Flow::Sends) => self.breaks(view, place, gone, "answers it, and it no longer means what it did"),
                (Pair::New(_), Flow::Sends) if covers(both.older(), status) => {
                    self.breaks(view, place, added, "answers it today, and it means something else");
                }
                (Pair::New(_), Flow::Sends) => self.adds(view, place, added, "may answer it"),
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
            let place = media_type_pair.place(holder);
            let (gone, added) = (format!("the media type {media_type} is gone"), format!("the media type {media_type} is new"));
            match (&media_type_pair, view) {
                (Pair::Gone(_), View { flow: Flow::Sends, .. }) => self.breaks(view, place, gone, "is refused for sending it"),
                (Pair::Gone(_), View { flow: Flow::Reads, .. }) => self.breaks(view, place, gone, "asks for it in vain"),
                (Pair::New(_), CALLBACK) => self.breaks(view, place, added, "cannot say that it does not read it"),
                (Pair::New(_), _) => self.adds(view, place, added, "need not use it"),
                (Pair::Both(old, new), _) => {
                    for (name, pair) in pairs(Some(old), Some(new)) {
                        match (name, &pair) {
                            ("schema", Pair::Both(old, new)) => self.schemas(view, old, new),
                            ("schema", Pair::New(_)) => {
                                let place = pair.place_as(name, &media_type_pair, new);
                                self.changed(view, place, Effect::Narrower, "the schema is new".to_owned());
                            }
                            ("schema", Pair::Gone(_)) => {
                                let place = pair.place_as(name, &media_type_pair, new);
                                self.changed(view, place, Effect::Wider, "the schema is gone".to_owned());
                            }
                            _ => self.unknown(view, name, &pair, new),
                        }
                    }
                }
            }
        }
    }

    /// Of something that one of the documents has.
    fn existence(&mut self, view: View, noun: &str, pair: &Pair, place: Place) {
        match (pair, view.flow) {
            (Pair::Gone(_), Flow::Sends) => {
                self.breaks(view, place, format!("{noun} is gone"), "is refused, or not heard, when it sends it")
            }
            (Pair::Gone(_), Flow::Reads) => self.breaks(view, place, format!("{noun} is gone"), "may look for it in vain"),
            (Pair::New(new), Flow::Sends) if new.member("required").is_some() => {
                self.breaks(view, place, format!("{noun} is new, and required"), "is refused for not sending it");
            }
            (Pair::New(_), Flow::Sends) => self.adds(view, place, format!("{noun} is new"), "may leave it out"),
            (Pair::New(_), Flow::Reads) => self.adds(view, place, format!("{noun} is new"), "may ignore it"),
            (Pair::Both(..), _) => {}
        }
    }

    /// Of the member `required`, which is there or not.
    fn necessity(&mut self, view: View, pair: &Pair, holder: &Node) {
        match pair {
            Pair::Gone(_) => self.changed(view, pair.place(holder), Effect::Wider, "no longer required".to_owned()),
            Pair::New(_) => self.changed(view, pair.place(holder), Effect::Narrower, "now required".to_owned()),
            Pair::Both(..) => {}
        }
    }

    fn unknown(&mut self, view: View, name: &str, pair: &Pair, holder: &Node) {
        if !pair.is_same() {
            self.changed(view, pair.place(holder), Effect::Other, difference(name, pair));
        }
    }

    /// Each requirement is a choice, and an empty list leaves none but to come without credentials.
    fn client_security(&mut self, old: Option<&Node>, new: Option<&Node>, operation: &Node) {
        let (was_open, is_open) = (is_open(old), is_open(new));
        let holder = new.unwrap_or(operation);
        for (name, pair) in pairs(old, new) {
            let place = pair.place(holder);
            let what = || if name.is_empty() { "access without credentials".to_owned() } else { format!("the credentials {name}") };
            match &pair {
                Pair::Both(old, new) => self.scopes(old, new),
                Pair::Gone(_) if is_open => self.adds(REQUEST, place, format!("{} no longer needed", what()), "may come without"),
                Pair::Gone(_) => self.breaks(REQUEST, place, format!("{} no longer taken", what()), "is refused with them"),
                Pair::New(_) if was_open && !is_open => {
                    self.breaks(REQUEST, place, format!("{} now needed", what()), "is refused without them");
                }
                Pair::New(_) => self.adds(REQUEST, place, format!("{} now taken", what()), "may come with them"),
            }
        }
    }

    fn scopes(&mut self, old: &Node, new: &Node) {
        for (_, scheme) in pairs(Some(old), Some(new)) {
            let (Some(old), Some(new)) = (scheme.older(), scheme.newer()) else { continue };
            let Some(holder) = new.member("scopes") else { continue };
            for (scope, pair) in pairs(old.member("scopes"), Some(holder)) {
                match pair {
                    Pair::New(_) => {
                        self.breaks(REQUEST, pair.place(holder), format!("the scope {scope} is now needed"), "is refused without it")
                    }
                    Pair::Gone(_) => {
                        self.adds(REQUEST, pair.place(holder), format!("the scope {scope} is no longer needed"), "may come without")
                    }
                    Pair::Both(..) => {}
                }
            }
        }
    }

    /// A new kind of credentials comes only to those who register it; to come without any is no kind.
    fn callback_security(&mut self, old: Option<&Node>, new: Option<&Node>, operation: &Node) {
        let holder = new.unwrap_or(operation);
        for (name, pair) in pairs(old, new) {
            let place = pair.place(holder);
            match &pair {
                Pair::Gone(_) if name.is_empty() && is_open(new) => {}
                Pair::Gone(_) if name.is_empty() => {
                    self.adds(CALLBACK, place, "callbacks always have credentials".to_owned(), "can rely on them");
                }
                Pair::Gone(_) => self.breaks(CALLBACK, place, format!("the credentials {name} are gone"), "asks for them in vain"),
                Pair::New(_) if name.is_empty() => {
                    self.breaks(CALLBACK, place, "callbacks may have no credentials".to_owned(), "asks for them in vain");
                }
                Pair::New(_) => self.adds(CALLBACK, place, format!("the credentials {name} are new"), "gets them if it registers them"),
                Pair::Both(..) => {}
            }
        }
    }
}

/// Whether one may come without credentials.
fn is_open(security: Option<&Node>) -> bool {
    security.and_then(Node::members).is_none_or(|members| members.is_empty() || members.contains_key(""))
}
