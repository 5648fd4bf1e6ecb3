//! The text formats of metrics.

use std::collections::HashSet;

use http::{HeaderMap, header};

use crate::api::negotiation::weights;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextFormat {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// The text format 0.0.4 of Prometheus.
    Prometheus,
}

impl TextFormat {
    pub(super) fn media_type(self) -> &'static str {
        match self {
            TextFormat::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            TextFormat::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    /// Converts a text from OpenMetrics to this format.
    pub(super) fn convert(self, open_metrics: String) -> String {
        match self {
            TextFormat::OpenMetrics => open_metrics,
            TextFormat::Prometheus => to_prometheus(&open_metrics),
        }
    }

    /// Returns the format that the client prefers (RFC 9110 §12.5.1). If it prefers neither, this is OpenMetrics.
    pub(super) fn preferred(request_headers: &HeaderMap) -> TextFormat {
        let (mut open_metrics, mut prometheus) = (0.0_f32, 0.0_f32);
        for (media_range, weight) in weights(request_headers, header::ACCEPT) {
            match media_range.as_str() {
                "application/openmetrics-text" | "application/*" => open_metrics = open_metrics.max(weight),
                "text/plain" | "text/*" => prometheus = prometheus.max(weight),
                _ => {}
            }
        }
        if prometheus > open_metrics { TextFormat::Prometheus } else { TextFormat::OpenMetrics }
    }
}

/// Converts OpenMetrics to the text format of Prometheus. In this format, the description of a counter has the full name
/// with `_total`, and there are no units and no end mark.
fn to_prometheus(open_metrics: &str) -> String {
    let typed = |kind: &str| -> HashSet<&str> {
        open_metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(kind)?.strip_suffix(' ')).collect()
    };
    let (counters, infos) = (typed("counter"), typed("info"));
    let mut text = String::with_capacity(open_metrics.len());
    for line in open_metrics.lines() {
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        match words[..] {
            ["#", "UNIT" | "EOF", ..] => continue,
            ["#", keyword, name, rest] if counters.contains(name) => text.extend(["# ", keyword, " ", name, "_total ", rest]),
            ["#", "TYPE", name, _] if infos.contains(name) => text.extend(["# TYPE ", name, "_info gauge"]),
            ["#", keyword, name, rest] if infos.contains(name) => text.extend(["# ", keyword, " ", name, "_info ", rest]),
            ["#", "TYPE", name, "unknown"] => text.extend(["# TYPE ", name, " untyped"]),
            _ => text.push_str(line),
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preferred_format_is_used() {
        for (accept, expected) in [
            (None, TextFormat::OpenMetrics),
            (Some("*/*"), TextFormat::OpenMetrics),
            (Some("text/plain;version=0.0.4"), TextFormat::Prometheus),
            (Some("text/plain"), TextFormat::Prometheus),
            (Some("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"), TextFormat::OpenMetrics),
            (Some("application/openmetrics-text;q=0.2, text/plain;q=0.3"), TextFormat::Prometheus),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(accept) = accept {
                headers.insert(header::ACCEPT, accept.parse().expect("a value"));
            }
            assert_eq!(TextFormat::preferred(&headers), expected, "{accept:?}");
        }
    }

    #[test]
    fn counters_and_infos_have_their_full_names() {
        let open_metrics = "# HELP a Sent.\n# TYPE a counter\na_total{b=\"c # d\"} 1\n# HELP s Size.\n# TYPE s_bytes gauge\n# UNIT s_bytes bytes\n\
                            s_bytes 2\n# HELP i Build.\n# TYPE i info\ni_info{version=\"1\"} 1\n# EOF\n";
        let prometheus = "# HELP a_total Sent.\n# TYPE a_total counter\na_total{b=\"c # d\"} 1\n# HELP s Size.\n# TYPE s_bytes gauge\n\
                          s_bytes 2\n# HELP i_info Build.\n# TYPE i_info gauge\ni_info{version=\"1\"} 1\n";
        assert_eq!(to_prometheus(open_metrics), prometheus);
    }
}
