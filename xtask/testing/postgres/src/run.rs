//! What a run of tests is on.

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
