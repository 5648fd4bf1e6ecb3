//! The help of the program. Its commands are in groups, and `-h` fits one screen.

use std::fmt::Write as _;

use clap::{Command, CommandFactory as _};

use crate::arguments::CommandLine;
use crate::output::{Screen, wrapped};

const GROUPS: [(&str, &[&str]); 6] = [
    (
        "Webhooks",
        &[
            "register",
            "list",
            "get",
            "health",
            "update",
            "deactivate",
            "activate",
            "delete",
            "test",
            "signing-secret",
            "rotate-signing-secret",
            "recover",
        ],
    ),
    ("Notifications", &["publish", "trigger", "notifications", "delete-notification", "event-types"]),
    ("Deliveries", &["deliveries", "why", "curl", "redeliver", "redeliver-deliveries", "cancel-deliveries", "stats"]),
    ("Receivers", &["listen", "replay", "check-receiver"]),
    ("Operators", &["status", "accounts", "pauses", "pause", "resume"]),
    ("Other", &["whoami", "audit-events", "completions", "man"]),
];

/// Like the default template, but the groups come before the options.
const TEMPLATE: &str = "{about-with-newline}\n{usage-heading} {usage}{after-help}\n\n{all-args}";

/// The width of the text in the short help.
const WIDTH: usize = 80;

/// Returns the definition of the command line for completions and manual pages.
pub(crate) fn complete() -> Command {
    CommandLine::command()
}

/// Returns the definition of the command line with the help in groups.
pub(crate) fn command() -> Command {
    let command = complete();
    let (short, long) = (short(), long(&command));
    command
        .help_template(TEMPLATE)
        .override_usage("webhooks [OPTIONS] <COMMAND>")
        .after_help(short)
        .after_long_help(long)
        .disable_help_subcommand(true)
        // The groups list the commands instead.
        .mut_subcommands(|command| command.hide(true))
}

fn short() -> String {
    let mut text = String::from("Commands (`webhooks COMMAND -h` explains one, and `webhooks --help` all):\n");
    for (heading, names) in GROUPS {
        let begin = format!("  {:15}", format!("{heading}:"));
        let mut line = begin;
        for name in names {
            if line.len() + 1 + name.len() > WIDTH {
                let _ = writeln!(text, "{}", line.trim_end());
                line = " ".repeat(17);
            }
            let _ = write!(line, "{name} ");
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text.trim_end().to_owned()
}

fn long(command: &Command) -> String {
    const INDENT: usize = 25;
    // The long help of clap has at most 120 characters per line, and 100 outside a terminal.
    let width = Screen::stdout().width.unwrap_or(100).min(120).saturating_sub(INDENT);
    let mut text = String::new();
    for (heading, names) in GROUPS {
        let _ = writeln!(text, "{heading}:");
        for name in names {
            let about = command.find_subcommand(name).and_then(Command::get_about).map(ToString::to_string).unwrap_or_default();
            let about = wrapped(&about, width).replace('\n', &format!("\n{}", " ".repeat(INDENT)));
            let _ = writeln!(text, "  {name:21}  {about}");
        }
        text.push('\n');
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn each_command_is_in_one_group() {
        let mut count: BTreeMap<String, usize> = complete().get_subcommands().map(|command| (command.get_name().to_owned(), 0)).collect();
        for name in GROUPS.iter().flat_map(|(_, names)| *names) {
            *count.entry((*name).to_owned()).or_default() += 1;
        }
        assert!(count.values().all(|count| *count == 1), "{count:?}");
        assert_eq!(count.len(), complete().get_subcommands().count());
    }

    #[test]
    fn the_short_help_of_the_program_and_of_each_command_fits_one_screen() {
        let mut command = command().term_width(WIDTH);
        command.build();
        let mut all = vec![command.clone()];
        all.extend(command.get_subcommands().map(|subcommand| subcommand.clone().term_width(WIDTH)));
        let too_long: Vec<String> = all
            .into_iter()
            .map(|mut command| command.render_help().to_string())
            .filter(|text| text.lines().count() > 24 || text.lines().any(|line| line.chars().count() > WIDTH))
            .map(|text| format!("{} lines:\n{text}", text.lines().count()))
            .collect();
        assert!(too_long.is_empty(), "{}", too_long.join("\n"));
    }

    #[test]
    fn the_long_help_has_each_group_with_its_commands() {
        let text = command().render_long_help().to_string();
        for (heading, names) in GROUPS {
            let (_, group) = text.split_once(&format!("{heading}:\n")).expect(heading);
            assert!(names.iter().all(|name| group.lines().any(|line| line.starts_with(&format!("  {name} ")))), "{group}");
        }
        assert!(text.contains("Connection:\n"), "{text}");
    }
}
