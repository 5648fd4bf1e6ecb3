//! The ports to which callbacks may be sent. The ports below 1024 belong to services of the system, and most of these
//! services do not use HTTP.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// One port, or a range of ports such as `1024-65535`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ports(RangeInclusive<u16>);

impl Ports {
    /// Returns the default ports: 443 and 1024 to 65535. If `http` URLs are allowed, also their default port.
    #[must_use]
    pub fn default_for(allow_http: bool) -> Vec<Ports> {
        let http = allow_http.then_some(Ports(80..=80));
        http.into_iter().chain([Ports(443..=443), Ports(1024..=u16::MAX)]).collect()
    }

    #[must_use]
    pub fn contains(&self, port: u16) -> bool {
        self.0.contains(&port)
    }
}

impl FromStr for Ports {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Ports, &'static str> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        match (first.parse(), last.parse()) {
            (Ok(first), Ok(last)) if 0 < first && first <= last => Ok(Ports(first..=last)),
            _ => Err("must be a port from 1 to 65535 such as 443, or a range such as 1024-65535"),
        }
    }
}

impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.start(), self.0.end()) {
            (first, last) if first == last => write!(f, "{first}"),
            (first, last) => write!(f, "{first}-{last}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_or_a_range_is_parsed_and_everything_else_is_refused() {
        for text in ["1", "443", "1024-65535", "65535"] {
            assert_eq!(text.parse::<Ports>().expect(text).to_string(), text);
        }
        for text in ["", "0", "0-1", "65536", "2-1", "-1", "1-", "a", "1-2-3", "1,2", " 1"] {
            text.parse::<Ports>().expect_err(text);
        }
    }
}
