//! Decides which store a test run uses, and whether it skips tests.

use std::io::Write as _;

/// Returns whether the environment variable `WEBHOOKS_TEST_STORE` is `postgres`. If the variable is unset or `sqlite`,
/// tests use the embedded store.
///
/// # Panics
/// If the variable has another value. Without this check, a typing error would select the wrong store.
#[must_use]
pub fn is_wanted() -> bool {
    let Some(store) = std::env::var_os("WEBHOOKS_TEST_STORE") else { return false };
    match store.to_str() {
        Some("postgres") => true,
        Some("sqlite") => false,
        _ => panic!("WEBHOOKS_TEST_STORE is `{}`, but must be `sqlite` or `postgres`", store.display()),
    }
}

/// Returns true if a test must be skipped because one of these programs is not installed. In this case, also prints the
/// line `skipped: needs PROGRAM`.
///
/// # Panics
/// If a program is missing and `WEBHOOKS_TEST_ALL` is set. `cargo xtask ci` sets this variable, because it must run every
/// test.
#[must_use]
pub fn skip_without(programs: &[&str]) -> bool {
    let missing = programs.iter().find(|program| !is_installed(program));
    let Some(missing) = missing else { return false };
    assert!(std::env::var_os("WEBHOOKS_TEST_ALL").is_none(), "this test needs {missing}: run `cargo xtask setup`");
    // The test harness would hide the output of `eprintln!`. One call writes the whole line, because other tests write at
    // the same time.
    let _ = std::io::stderr().write_all(format!("skipped: needs {missing}\n").as_bytes());
    true
}

fn is_installed(program: &str) -> bool {
    match program {
        "postgres" => crate::Binaries::find().is_ok(),
        "pgbouncer" => crate::find_pgbouncer().is_ok(),
        program => crate::binaries::path().iter().any(|directory| directory.join(program).is_file()),
    }
}
