//! `webhooks-server check`: examines what a server with these settings needs. Uses the code that a server uses at its start, and
//! changes nothing. A server may run at the same time.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use url::Url;

use crate::config::Settings;
use crate::model::event_types::Catalogue;
use crate::node::data_dir::DataDir;
use crate::node::descriptors::Descriptors;
use crate::node::listener::tls::{ApiCertificate, validity};
use crate::node::master_keys::GivenKeys;
use crate::node::outbound::read_authorities;

mod network;
mod store;

/// How long before its expiry a certificate causes a warning.
const EXPIRES_SOON: TimeDelta = TimeDelta::days(14);

/// No correct clock shows an earlier time, because this program is newer.
const EARLIEST: DateTime<Utc> = DateTime::from_timestamp(1_767_225_600, 0).expect("2026-01-01 is a time");

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Ok,
    /// The server works, but something needs attention.
    Warning,
    /// The server does not start, or does not work.
    Error,
}

impl Verdict {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Warning => "warning",
            Verdict::Error => "error",
        }
    }
}

/// The result of one check.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    pub verdict: Verdict,
    /// What was checked, for example `certificate`.
    pub check: &'static str,
    /// The file, address or setting that was checked.
    pub object: String,
    /// What was found.
    pub cause: String,
    /// What to do. Absent if nothing has to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl Finding {
    fn ok(check: &'static str, object: impl ToString, cause: impl Into<String>) -> Finding {
        Finding { verdict: Verdict::Ok, check, object: object.to_string(), cause: cause.into(), next: None }
    }

    fn warning(check: &'static str, object: impl ToString, cause: impl Into<String>, next: &str) -> Finding {
        Finding { verdict: Verdict::Warning, next: Some(next.to_owned()), ..Finding::ok(check, object, cause) }
    }

    fn error(check: &'static str, object: impl ToString, cause: impl Into<String>, next: &str) -> Finding {
        Finding { verdict: Verdict::Error, ..Finding::warning(check, object, cause, next) }
    }

    /// The text of an error of this program names the cause and usually what to do.
    fn failed(check: &'static str, object: impl ToString, error: &anyhow::Error) -> Finding {
        Finding::error(check, object, format!("{error:#}"), "correct this; a server with these settings does not start")
    }
}

/// Runs all checks. With `egress`, also sends a request to this URL.
pub async fn run(settings: &Settings, egress: Option<&Url>, now: DateTime<Utc>) -> Vec<Finding> {
    let data_dir = DataDir::at(&settings.data_dir);
    let mut findings = vec![configuration(settings)];
    let keys = GivenKeys::read(settings, data_dir.master_key_file()).await;
    findings.extend(store::check(settings, &data_dir, &keys, now).await);
    findings.extend(certificate(settings, now));
    findings.extend(settings.ca_files.iter().map(|file| authorities(file, now)));
    findings.extend(file_limits(settings, Descriptors::raise()));
    findings.extend(network::check(settings, &data_dir, egress).await);
    findings
}

/// The settings themselves are valid, because the command line was parsed and checked before.
fn configuration(settings: &Settings) -> Finding {
    let object = settings.config.as_deref().map_or_else(|| "options and environment".to_owned(), |file| file.display().to_string());
    match settings.event_types_file.as_deref().map(Catalogue::read).transpose() {
        Ok(None) => Finding::ok("configuration", object, "the settings are valid"),
        Ok(Some(_)) => Finding::ok("configuration", object, "the settings and the catalogue of event types are valid"),
        Err(error) => Finding::failed("configuration", object, &error),
    }
}

fn certificate(settings: &Settings, now: DateTime<Utc>) -> Option<Finding> {
    let (certificate, key) = settings.tls_cert_file.as_deref().zip(settings.tls_key_file.as_deref())?;
    let shown = certificate.display();
    Some(match ApiCertificate::read(certificate, key) {
        Ok(certificate) => judge_validity("certificate", shown, certificate.validity(), now),
        Err(error) => Finding::failed("certificate", shown, &error),
    })
}

fn authorities(file: &Path, now: DateTime<Utc>) -> Finding {
    match read_authorities(file) {
        Ok(certificates) => {
            let periods: Option<Vec<_>> = certificates.iter().map(validity).collect();
            let shortest = periods.and_then(|periods| periods.into_iter().min_by_key(|(_, end)| *end));
            judge_validity("authorities", file.display(), shortest, now)
        }
        Err(error) => Finding::failed("authorities", file.display(), &error),
    }
}

fn judge_validity(
    check: &'static str,
    object: impl ToString,
    validity: Option<(DateTime<Utc>, DateTime<Utc>)>,
    now: DateTime<Utc>,
) -> Finding {
    let Some((begin, end)) = validity else {
        return Finding::warning(check, object, "its validity cannot be read", "check the certificate with `openssl x509 -text`");
    };
    let day = |time: DateTime<Utc>| time.format("%Y-%m-%dT%H:%M:%SZ");
    if end < now {
        Finding::error(check, object, format!("a certificate expired at {}", day(end)), "renew it; a running server loads the new files")
    } else if begin > now {
        let cause = format!("a certificate is not valid before {}", day(begin));
        Finding::error(check, object, cause, "check the clock of this machine, or use another certificate")
    } else if end < now + EXPIRES_SOON {
        let cause = format!("a certificate expires at {}, in {} days", day(end), (end - now).num_days());
        Finding::warning(check, object, cause, "renew it; a running server loads the new files")
    } else {
        Finding::ok(check, object, format!("valid until {}", day(end)))
    }
}

/// Compares the limit of this process with the limits in the settings. A service manager may set another limit.
fn file_limits(settings: &Settings, descriptors: Descriptors) -> Vec<Finding> {
    const NEXT: &str = "raise the hard limit of open files (ulimit -Hn, or LimitNOFILE in systemd), or lower the setting";
    let attempts = (settings.max_in_flight, descriptors.attempts(settings.max_in_flight) as usize, "delivery.max_in_flight");
    let connections = (settings.max_connections, descriptors.connections(settings.max_connections), "limits.connections");
    let judge = |(wanted, possible, setting): (u32, usize, &str)| match possible < wanted as usize {
        true => {
            let cause = format!("{wanted} are configured, and the limit of {descriptors} open files of this process allows {possible}");
            Finding::warning("file_limits", setting, cause, NEXT)
        }
        false => Finding::ok("file_limits", setting, format!("the limit of {descriptors} open files of this process allows {wanted}")),
    };
    [attempts, connections].map(judge).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_judged_by_its_period() {
        let now = EARLIEST;
        let period = |begin, end| Some((now + TimeDelta::days(begin), now + TimeDelta::days(end)));
        for (validity, expected) in [
            (period(-10, 15), Verdict::Ok),
            (period(-10, 13), Verdict::Warning),
            (period(-10, -1), Verdict::Error),
            (period(1, 100), Verdict::Error),
            (None, Verdict::Warning),
        ] {
            let finding = judge_validity("certificate", "file", validity, now);
            assert_eq!((finding.verdict, finding.next.is_some()), (expected, expected != Verdict::Ok), "{}", finding.cause);
        }
    }
}
