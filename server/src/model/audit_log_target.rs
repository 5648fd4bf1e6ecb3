//! Where the lines of the audit log go.

use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditLogTarget {
    /// Standard error.
    Stderr,
    File(PathBuf),
}

impl FromStr for AuditLogTarget {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<AuditLogTarget, Infallible> {
        Ok(match text {
            "stderr" => AuditLogTarget::Stderr,
            path => AuditLogTarget::File(path.into()),
        })
    }
}
