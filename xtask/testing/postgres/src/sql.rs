//! Runs SQL with psql.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context as _;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::binaries::Binaries;
use crate::directory::{check_output, clean_command};

/// The parameters of a connection to a server.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    pub(crate) port: u16,
    pub(crate) encrypted: bool,
    pub(crate) password: Option<String>,
}

impl Access {
    /// Returns a URL that every client understands, such as tokio-postgres, sqlx or psql.
    pub(crate) fn url(&self, database: &str) -> String {
        let password = self.password.as_ref().map(|password| format!(":{}", utf8_percent_encode(password, UNRESERVED))).unwrap_or_default();
        let mode = if self.encrypted { "?sslmode=require" } else { "" };
        format!("postgres://postgres{password}@127.0.0.1:{}/{}{mode}", self.port, utf8_percent_encode(database, UNRESERVED))
    }

    /// Sets the environment variables from which the programs of PostgreSQL read these parameters.
    pub(crate) fn environment(&self, command: &mut Command) {
        command.envs([("PGHOST", "127.0.0.1"), ("PGUSER", "postgres"), ("PGCONNECT_TIMEOUT", "10")]);
        command.env("PGPORT", self.port.to_string()).env("PGSSLMODE", if self.encrypted { "require" } else { "disable" });
        command.envs(self.password.as_ref().map(|password| ("PGPASSWORD", password)));
    }

    /// Runs statements until one fails. Returns the rows, one row per line. The values of a row are separated by `|`.
    pub(crate) fn execute(&self, database: &str, sql: &str) -> anyhow::Result<String> {
        let mut command = clean_command(&Binaries::find()?.path("psql"));
        self.environment(&mut command);
        command.args(["--no-psqlrc", "--no-align", "--tuples-only", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1"]);
        command.args(["--dbname", database, "--file", "-"]).current_dir(Path::new("/"));
        run(&mut command, sql).with_context(|| format!("in {database}: {sql}"))
    }
}

/// The characters that a URL must encode: all except the unreserved characters of RFC 3986, section 2.3.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Runs a program with this input, waits for its end, and returns its output.
fn run(command: &mut Command, input: &str) -> anyhow::Result<String> {
    let name = command.get_program().display().to_string();
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().with_context(|| name.clone())?;
    let mut stdin = child.stdin.take().context("the program has no standard input")?;
    let output = std::thread::scope(|scope| {
        // The write fails if the program ends early. This failure is ignored, because the error of the program is more
        // useful.
        scope.spawn(move || stdin.write_all(input.as_bytes()));
        child.wait_with_output()
    })?;
    check_output(&name, output)
}

#[cfg(test)]
mod tests {
    use super::Access;

    #[test]
    fn a_password_is_encoded_in_the_url() {
        let access = Access { port: 5432, encrypted: true, password: Some("a/b@c d".to_owned()) };
        assert_eq!(access.url("test"), "postgres://postgres:a%2Fb%40c%20d@127.0.0.1:5432/test?sslmode=require");
    }
}
