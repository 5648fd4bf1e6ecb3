//! Events of the audit log for the commands of the operator.

use chrono::{DateTime, Utc};

use crate::api::types::AuditEvent;
use crate::audit_log;
use crate::config::Settings;
use crate::model::AuditLogTarget;

/// Returns the event of a command that has succeeded. Its actor is the operator.
#[must_use]
pub(super) fn event(action: &str, at: DateTime<Utc>) -> AuditEvent {
    by_operator(AuditEvent::new(action, AuditEvent::OPERATOR, at))
}

/// Adds the user of the operating system to an event of the operator.
#[must_use]
pub(super) fn by_operator(mut event: AuditEvent) -> AuditEvent {
    event.details.user = user();
    event
}

/// Appends a line to the file of the audit log, if `--audit-log` names a file and the file exists. A command does not
/// create the file, because the server might run as another user. If the line cannot be written, prints a warning: the
/// event is in the database in any case.
pub(super) fn append_to_log(settings: &Settings, event: &AuditEvent) {
    let Some(AuditLogTarget::File(path)) = &settings.audit_log else { return };
    if path.exists()
        && let Err(error) = audit_log::append(path, event)
    {
        eprintln!("warning: the audit log {} has no line for this command: {error}", path.display());
    }
}

/// Returns the name of the user who runs this process, or the number of the user if the name is not known.
fn user() -> Option<String> {
    let id = rustix::process::getuid().as_raw().to_string();
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1) == Some(id.as_str())).then(|| name.to_owned())
    });
    let allowed = |character: char| character.is_ascii_alphanumeric() || "_.-".contains(character);
    let is_valid = |name: &String| (1..=64).contains(&name.len()) && name.chars().all(allowed);
    Some(name.filter(is_valid).unwrap_or(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_of_a_command_names_the_user_of_the_operating_system() {
        let output = std::process::Command::new("id").arg("-un").output().expect("the command exists on Unix");
        let expected = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let event = event("key.rotated", Utc::now());
        assert_eq!(event.details.user, Some(expected));
        assert_eq!(event.details.actor, AuditEvent::OPERATOR);
    }
}
