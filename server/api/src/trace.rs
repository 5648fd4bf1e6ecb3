//! The trace of a publication (W3C Trace Context, level 1). Callbacks contain this trace unchanged. The service does
//! not add a span, so the publisher's span is the parent of each callback.

use http::HeaderMap;

use crate::text::text;

text! {
    /// The header `traceparent` (§3.2). It contains the version, the identifiers of the trace and the span, and the
    /// flags. Only version 00 is defined. An identifier that consists only of zeros is invalid.
    open TraceParent { 55..=55, r"^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$",
        "version 00 of a trace, such as 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        except: r"^00-(0{32}-|[0-9a-f]{32}-0{16}-)" }

    /// The header `tracestate` (§3.3): vendor data, as a list of `key=value` with commas between the items. A service
    /// does not have to forward a header of more than 512 characters.
    open TraceState { 1..=512, r"^[a-z0-9][a-z0-9_*/@-]*=[\x20-\x2b\x2d-\x3c\x3e-\x7e]+([ \t]*,[ \t]*([a-z0-9][a-z0-9_*/@-]*=[\x20-\x2b\x2d-\x3c\x3e-\x7e]+)?)*$",
        "a list of key=value, at most 512 characters long" }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext {
    pub parent: TraceParent,
    pub state: Option<TraceState>,
}

impl TraceContext {
    /// Returns the trace of a request if the `traceparent` of the request is valid. An invalid header is ignored, and
    /// the request is not refused (§3.2.2.3, §3.3.1.2). A `tracestate` without a valid `traceparent` is also ignored.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<TraceContext> {
        let mut parents = headers.get_all("traceparent").iter();
        let parent = TraceParent::parse(parents.next()?.to_str().ok()?).ok()?;
        if parents.next().is_some() {
            return None;
        }
        // §3.3.1: several `tracestate` headers form one list.
        let states: Option<Vec<&str>> = headers.get_all("tracestate").iter().map(|value| value.to_str().ok()).collect();
        let state = states.and_then(|states| TraceState::parse(states.join(",")).ok());
        Some(TraceContext { parent, state })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn of(headers: &[(&'static str, &str)]) -> Option<TraceContext> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().expect("a value"));
        }
        TraceContext::of(&map)
    }

    #[test]
    fn a_trace_parent_has_version_00_and_nonzero_identifiers() {
        for (value, valid) in [
            (PARENT, true),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff", true),
            ("00-00000000000000000000000000000001-0000000000000001-00", true),
            ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false),
            ("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false),
            ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false),
            ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7", false),
            ("", false),
        ] {
            assert_eq!(of(&[("traceparent", value)]).is_some(), valid, "{value}");
        }
        assert_eq!(of(&[("traceparent", PARENT), ("traceparent", PARENT)]), None, "two traceparent headers are invalid");
        assert_eq!(of(&[("tracestate", "a=1")]), None);
    }

    #[test]
    fn a_trace_state_is_kept_unchanged_or_dropped() {
        let long = |length: usize| format!("a={}", "x".repeat(length - 2));
        for (values, expected) in [
            (vec!["a=1"], Some("a=1".to_owned())),
            (vec!["rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"], Some("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE".to_owned())),
            (vec!["fw529a3039@dt=FfAQ", "b=2 , ,c=3"], Some("fw529a3039@dt=FfAQ,b=2 , ,c=3".to_owned())),
            (vec![&long(512)], Some(long(512))),
            (vec![&long(513)], None),
            (vec!["novalue"], None),
            (vec!["A=1"], None),
            (vec![], None),
        ] {
            let states = values.iter().map(|value| ("tracestate", *value));
            let context = of(&[("traceparent", PARENT)].into_iter().chain(states).collect::<Vec<_>>()).expect("a parent");
            assert_eq!(context.parent.as_str(), PARENT);
            assert_eq!(context.state.map(TraceState::into_string), expected, "{values:?}");
        }
    }
}
