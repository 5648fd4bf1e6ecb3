//! Which store and which programs a test run uses.

use std::io::Write as _;

/// Returns whether `WEBHOOKS_TEST_STORE` is `postgres`. If it is unset or `sqlite`, tests use the embedded store.
///
/// # Panics
/// If it has another value, because the run would test the wrong store.
#[must_use]
pub fn is_wanted() -> bool {
    let Some(store) = std::env::var_os("WEBHOOKS_TEST_STORE") else { return false };
    match store.to_str() {
        Some("postgres") => true,
        Some("sqlite") => false,
        _ => panic!("WEBHOOKS_TEST_STORE is `{}`, but must be `sqlite` or `postgres`", store.display()),
    }
}

/// Returns whether to skip a test because one of these programs is not installed. If so, prints the line
/// `skipped: needs PROGRAM`.
///
/// # Panics
/// If a program is missing and `WEBHOOKS_TEST_ALL` is set, as in `cargo xtask ci`, where every test must run.
#[must_use]
pub fn skip_without(programs: &[&str]) -> bool {
    let missing = programs.iter().find(|program| !is_installed(program));
    let Some(missing) = missing else { return false };
    assert!(std::env::var_os("WEBHOOKS_TEST_ALL").is_none(), "this test needs {missing}: run `cargo xtask setup`");
    // Not `eprintln!`, because the test harness hides its output. One write, because other tests write at the same time.
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
