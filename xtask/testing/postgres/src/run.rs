//! What a run of tests is on.

use std::io::Write as _;

/// Whether `WEBHOOKS_TEST_STORE` says `postgres`. Without it, or with `sqlite`, the run is on the embedded store.
///
/// # Panics
/// When it says anything else: such a run would show nothing.
#[must_use]
pub fn is_wanted() -> bool {
    let Some(store) = std::env::var_os("WEBHOOKS_TEST_STORE") else { return false };
    match store.to_str() {
        Some("postgres") => true,
        Some("sqlite") => false,
        _ => panic!("WEBHOOKS_TEST_STORE is `{}`, and can be `sqlite` or `postgres`", store.display()),
    }
}

/// Whether a test has to be left out, because one of these programs is not installed. Says so in a line
/// `skipped: needs PROGRAM`.
///
/// # Panics
/// When `WEBHOOKS_TEST_ALL` is set, as in `cargo xtask ci`, where every test has to run.
#[must_use]
pub fn skip_without(programs: &[&str]) -> bool {
    let missing = programs.iter().find(|program| !is_installed(program));
    let Some(missing) = missing else { return false };
    assert!(std::env::var_os("WEBHOOKS_TEST_ALL").is_none(), "this test needs {missing}: run `cargo xtask setup`");
    // Not with `eprintln!`, whose lines the test harness hides; and in one piece, as other tests write at the same time.
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
