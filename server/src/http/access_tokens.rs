//! Finds the access token of a request, records the last use of each token, and warns before a token expires.
//!
//! Requests with an invalid token must cost little, because anyone can send them. So the server refuses a text that it has
//! not issued without a look-up. A text that it has issued is looked up at most about once in 750 ms. The MAC of the
//! row is checked only after a look-up.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use slog::Logger;
use uuid::Uuid;

use crate::api::types::Account;
use crate::clock::Clock;
use crate::delivery::StoreMonitor;
use crate::metrics::Metrics;
use crate::model::{StoredToken, Token};
use crate::sampler::Sampler;
use crate::secrets::access_token::{has_token_length, token_hash, verify, was_issued};
use crate::secrets::seal::Vault;
use crate::store::{self, Store};

/// The maximum age of a cached token. A revocation takes effect when the cache entry expires, after less than one second.
const MAX_AGE: Duration = Duration::from_millis(750);

/// The maximum number of cached tokens.
const CAPACITY: usize = 10_000;

/// The time between two writes of the last uses.
const STORE_INTERVAL: TimeDelta = TimeDelta::minutes(1);

/// The time between two checks of all tokens.
const CHECK_INTERVAL: TimeDelta = TimeDelta::hours(1);

/// How long before its expiry a token causes a warning.
const EXPIRES_SOON: TimeDelta = TimeDelta::days(14);

/// The number of last uses that one write stores, so that no write delays other writes for long.
const USES_AT_ONCE: usize = 500;

/// A token that was found in the store.
pub struct KnownToken {
    pub token: Token,
    /// The last minute, since 1970, whose use is stored or will be stored.
    used_minute: AtomicI64,
}

/// The result of a look-up, and its time.
type Entry = (Instant, Option<Arc<KnownToken>>);

pub struct AccessTokens {
    store: Arc<dyn Store>,
    vault: Arc<Vault>,
    clock: Clock,
    metrics: Arc<Metrics>,
    store_monitor: Arc<StoreMonitor>,
    log: Logger,
    /// The tokens that were looked up recently. Only texts that this service has issued are looked up, so strangers cannot
    /// fill the cache.
    cache: Mutex<HashMap<[u8; 32], Entry>>,
    /// The last uses that are not stored yet.
    uses: Mutex<BTreeMap<Uuid, DateTime<Utc>>>,
    /// Limits the messages about tokens whose row was changed.
    changed: Sampler<Uuid>,
    /// Limits the messages about tokens that expire soon.
    expiring: Sampler<Uuid>,
}

impl AccessTokens {
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        vault: Arc<Vault>,
        clock: Clock,
        metrics: Arc<Metrics>,
        store_monitor: Arc<StoreMonitor>,
        log: Logger,
    ) -> AccessTokens {
        let [changed, expiring] = [(); 2].map(|()| Sampler::every(TimeDelta::days(1)));
        AccessTokens {
            store,
            vault,
            clock,
            metrics,
            store_monitor,
            log,
            cache: Mutex::default(),
            uses: Mutex::default(),
            changed,
            expiring,
        }
    }

    /// Returns the token with this secret text. The token may be revoked or expired. Returns `None` if there is no such
    /// token, or if its row was changed by somebody else than this service.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn find(&self, text: &str) -> store::Result<Option<Arc<KnownToken>>> {
        if !has_token_length(text) {
            return Ok(None);
        }
        let hash = token_hash(text);
        if let Some((read_at, known)) = lock(&self.cache).get(&hash)
            && read_at.elapsed() < MAX_AGE
        {
            return Ok(known.clone());
        }
        if !was_issued(&self.vault, text) {
            return Ok(None);
        }
        let read_at = Instant::now();
        self.metrics.access_token_looked_up();
        let stored = self.store.find_token(hash).await?;
        let known = stored.and_then(|stored| self.verify(&stored)).map(|token| Arc::new(KnownToken::new(token)));
        self.remember(hash, (read_at, known.clone()));
        Ok(known)
    }

    fn remember(&self, hash: [u8; 32], entry: Entry) {
        let mut cache = lock(&self.cache);
        // The entries of a full cache are dropped after the lock is released.
        let full = if cache.len() >= CAPACITY { std::mem::take(&mut *cache) } else { HashMap::new() };
        cache.insert(hash, entry);
        drop(cache);
        drop(full);
    }

    /// Checks the MAC of a row. If it is wrong, logs the token, but at most once a day.
    fn verify(&self, stored: &StoredToken) -> Option<Token> {
        let token = verify(&self.vault, stored);
        if token.is_none()
            && let Some(omitted) = self.changed.sample(stored.id, self.clock.now())
        {
            slog::error!(self.log, # "token.changed", "an access token is refused, because its row in the database was not written by this service: \
                find out who can write to the database, revoke the token with `webhooks-server token revoke ID`, and create another one";
                "token" => %stored.id, "omitted" => omitted);
        }
        token
    }

    /// Records that a token is used now. This only changes memory.
    pub fn note_use(&self, known: &KnownToken, now: DateTime<Utc>) {
        let minute = now.timestamp().div_euclid(60);
        if known.used_minute.fetch_max(minute, Ordering::Relaxed) < minute {
            self.add_use(known.token.id, DateTime::from_timestamp(minute * 60, 0).unwrap_or(now));
        }
    }

    fn add_use(&self, id: Uuid, at: DateTime<Utc>) {
        let mut uses = lock(&self.uses);
        let last = uses.entry(id).or_insert(at);
        *last = at.max(*last);
    }

    /// Stores the last uses of the tokens that were used since the previous call.
    pub async fn store_uses(&self) {
        let uses: Vec<(Uuid, DateTime<Utc>)> = std::mem::take(&mut *lock(&self.uses)).into_iter().collect();
        for uses in uses.chunks(USES_AT_ONCE) {
            if let Err(error) = self.store.record_token_uses(uses.to_vec()).await {
                self.store_monitor.report("store when access tokens were last used", &error, self.clock.now());
                uses.iter().for_each(|(id, at)| self.add_use(*id, *at));
            }
        }
    }

    /// Stores the last uses every minute, and checks all tokens every hour. Never returns.
    pub async fn maintain(self: Arc<AccessTokens>) {
        let mut check_at = DateTime::<Utc>::MIN_UTC;
        loop {
            let now = self.clock.now();
            self.store_uses().await;
            // The second condition is true after the clock was set back.
            if now >= check_at || now + CHECK_INTERVAL < check_at {
                self.check_all(now).await;
                check_at = now + CHECK_INTERVAL;
            }
            // The timeout limits the wait if the clock is set back.
            let _ = tokio::time::timeout(Duration::from_secs(120), self.clock.sleep_until(now + STORE_INTERVAL)).await;
        }
    }

    /// Checks the MAC of each row, and warns about each token that expires soon, at most once a day. A token that a
    /// rotation has replaced causes no warning.
    async fn check_all(&self, now: DateTime<Utc>) {
        let tokens = match self.store.list_tokens().await {
            Ok(tokens) => tokens,
            Err(error) => {
                self.store_monitor.report("check which access tokens expire soon", &error, now);
                return;
            }
        };
        let mut next_expiry = None;
        for stored in &tokens {
            // The check of many tokens must not delay other tasks of this thread.
            tokio::task::coop::consume_budget().await;
            if self.verify(stored).is_none() || !stored.valid_at(now) || stored.replaced_by.is_some() {
                continue;
            }
            let Some(expires_at) = stored.expires_at else { continue };
            next_expiry = next_expiry.into_iter().chain([expires_at]).min();
            if expires_at <= now + EXPIRES_SOON
                && let Some(omitted) = self.expiring.sample(stored.id, now)
            {
                slog::warn!(self.log, # "token.expires_soon", "an access token expires soon: replace it with `webhooks-server token rotate ID`, \
                    and give the new token to its user";
                    "token" => %stored.id, "name" => &stored.name, "account" => stored.account.as_ref().map_or("none", Account::as_str),
                    "expires_at" => expires_at.to_rfc3339(), "omitted" => omitted);
            }
        }
        self.metrics.set_next_access_token_expiry(next_expiry);
    }
}

impl KnownToken {
    fn new(token: Token) -> KnownToken {
        let used_minute = token.last_used_at.map_or(i64::MIN, |at| at.timestamp().div_euclid(60));
        KnownToken { token, used_minute: AtomicI64::new(used_minute) }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
